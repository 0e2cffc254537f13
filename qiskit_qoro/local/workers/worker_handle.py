"""Start a worker process, send batches to it, receive its replies, and end it.

The process runs ``python -c``. :mod:`multiprocessing` would import the user's script again, and so run a
script without ``if __name__ == "__main__"`` twice. A thread for each process reads its replies, because
waiting for several pipes at once is not portable.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import IO

from qiskit_qoro.local.workers.tasks import AnyTask, Progress, Reply, read_frame, write_frame

__all__ = ["WorkerHandle"]

# The process gets this process's search path before it imports the package. The exceptions of this package
# are those of Qiskit, which would take longer to import than everything else that most tasks need.
_PROGRAM = """
import json, sys
path, limit = json.loads(sys.argv[1])
sys.path[:] = path
from qiskit_qoro.lazy_imports import import_alone
import_alone("qiskit.exceptions")
from qiskit_qoro.local.workers.worker_process import main
main(limit)
"""


class WorkerHandle:
    """A running worker process.

    Args:
        memory_limit_bytes: The maximum memory of one task, or ``None`` for no limit.
        threads: The number of threads for the engine, unless the environment sets it.
        now: Returns the time of day.
        on_reply: Called with the handle and each reply, in a thread of the handle. The first reply means that
            the process is ready.
        on_end: Called once with the handle, in the same thread, after the process has ended.

    Attributes:
        started: When the process was started.
    """

    def __init__(
        self,
        *,
        memory_limit_bytes: int | None,
        threads: int,
        now: Callable[[], datetime],
        on_reply: Callable[[WorkerHandle, Reply | Progress], None],
        on_end: Callable[[WorkerHandle], None],
    ) -> None:
        self.started = now()
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100  "" is the current directory
        self._process = subprocess.Popen(  # noqa: S603  this interpreter, this package
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps([path, memory_limit_bytes])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # With more threads than processors in total, the engines slow each other down by busy waiting.
            env={"OMP_NUM_THREADS": str(threads)} | dict(os.environ),
            # A new session does not receive Ctrl-C from the terminal.
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

    def send(self, batch: Sequence[AnyTask]) -> None:
        """Send a batch. The replies to its tasks arrive in order.

        It is not an error if the process has ended; ``on_end`` reports that.
        """
        try:
            write_frame(_pipe(self._process.stdin), batch)
        except (OSError, ValueError):  # the pipe is broken, or closed on this side
            self._process.kill()

    def kill(self) -> None:
        """End the process now. ``on_end`` follows."""
        self._process.kill()

    def join(self) -> None:
        """Wait until the process has ended and ``on_end`` has returned."""
        self._thread.join()

    def describe_end(self) -> str:
        """Return the signal that ended the process, or its exit code."""
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
            with contextlib.suppress(OSError):  # closing flushes a buffer that nobody reads any more
                _pipe(stream).close()
        self._on_end(self)

    def _read(self) -> Reply | Progress | None:
        try:
            reply = read_frame(_pipe(self._process.stdout))
        except Exception:  # end of the pipe, or an incomplete message
            return None
        return reply if isinstance(reply, Reply | Progress) else None


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the process was started without a pipe")
    return stream
