"""The outside of a worker process: start it, send it batches, hear from it, end it.

The process is a plain ``python -c``, not one of :mod:`multiprocessing`, which would import the user's
script again and so run a script without ``if __name__ == "__main__"`` twice. A thread reads its replies
and hands them on as events, because waiting for several pipes at once is not portable.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, Reply, read_frame, write_frame

__all__ = ["WorkerHandle"]

# The parent's search path is taken over before anything of ours is imported.
_PROGRAM = """
import json, sys
path, limit = json.loads(sys.argv[1])
sys.path[:] = path
from qiskit_qoro.local.workers.worker_process import main
main(limit)
"""


class WorkerHandle:
    """A running worker process.

    Args:
        memory_limit_bytes: The most memory that one of its tasks may take, ``None`` for no limit.
        threads: How many threads the engine may use, unless the environment says so.
        on_reply: Called with the handle and each reply, from a thread of the handle's own. The first
            reply only says that the process is ready.
        on_end: Called once with the handle, from the same thread, when the process has ended.
    """

    def __init__(
        self,
        *,
        memory_limit_bytes: int | None,
        threads: int,
        on_reply: Callable[[WorkerHandle, Reply], None],
        on_end: Callable[[WorkerHandle], None],
    ) -> None:
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100  "" is the current directory
        self._process = subprocess.Popen(  # noqa: S603  this interpreter, this package
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps([path, memory_limit_bytes])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Engines that together have more threads than there are processors wait for each other busily.
            env={"OMP_NUM_THREADS": str(threads)} | dict(os.environ),
            # Ctrl-C in the terminal is for the process that started this one.
            start_new_session=True,
        )
        self._on_reply = on_reply
        self._on_end = on_end
        self._thread = threading.Thread(target=self._listen, name=f"worker-{self.pid}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, batch: tuple[CircuitTask | QuboTask, ...]) -> None:
        """Hand over a batch; each task will be replied to, in order.

        A process that is gone is not an error here: ``on_end`` tells of it.
        """
        try:
            write_frame(_pipe(self._process.stdin), batch)
        except (OSError, ValueError):  # broken, or closed already
            self._process.kill()

    def kill(self) -> None:
        """End the process now; ``on_end`` follows."""
        self._process.kill()

    def join(self) -> None:
        """Wait until the process has ended and everybody has been told."""
        self._thread.join()

    def describe_end(self) -> str:
        """How the process ended: by which signal, or with which code."""
        code = self._process.returncode
        if code is None or code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def _listen(self) -> None:
        while (reply := self._read()) is not None:
            self._on_reply(self, reply)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was left in its buffer has nowhere to go
                _pipe(stream).close()
        self._on_end(self)

    def _read(self) -> Reply | None:
        try:
            reply = read_frame(_pipe(self._process.stdout))
        except Exception:  # the end of the pipe, or a mangled message: either way it is over
            return None
        return reply if isinstance(reply, Reply) else None


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the process was started without a pipe")
    return stream
