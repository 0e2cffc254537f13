"""Keep a program running in a process of its own, as long as this process lives.

The program runs with ``python -c``, as the worker processes do: :mod:`multiprocessing` would run the user's
script again. Its standard input is a pipe that ends with this process, also if it is killed, and the program
ends with its input. If it ends by itself, it is started again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["ChildProgram"]

# The pause before the program is started again, which doubles each time when it ends soon.
_PAUSE_S = 0.2
_MAX_PAUSE_S = 30.0
_SOON_S = 10.0

_END_S = 3.0

# The end of what the program has written to standard error.
_ERROR_BYTES = 2000

# The process gets this process's search path before it imports the package.
_PROGRAM = """
import json, sys
path, module, arguments = json.loads(sys.argv[1])
sys.path[:] = path
from importlib import import_module
import_module(module).main(**arguments)
"""


class ChildProgram:
    """A program that is kept running.

    Args:
        module: The module whose function ``main`` is the program.
        log: The file for its standard error.
        arguments: Returns the arguments of ``main``, which have to fit into JSON, for each start.
        on_line: Called with each line that it writes to standard output.
        environment: Variables to add to the environment.
        clock: Returns seconds from an arbitrary start.
        wait: Waits for an event, but not longer than some seconds.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        arguments: Callable[[], Mapping[str, Any]],
        *,
        on_line: Callable[[str], None] = lambda _line: None,
        environment: Mapping[str, str] = {},
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._module = module
        self._log = log
        self._arguments = arguments
        self._on_line = on_line
        self._environment = environment
        self._clock = clock
        self._wait = wait
        self._stopping = threading.Event()
        # Guards the process: it is either stopped or not started any more.
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keep-{log.stem}", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process, or ``None`` before the first start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the program."""
        self._thread.start()

    def begin_to_stop(self) -> None:
        """Let the program end."""
        self._stopping.set()
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()

    def stop(self) -> None:
        """End the program and wait for it. May be called again."""
        self.begin_to_stop()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            self._process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def last_error(self) -> str:
        """Return the last line that the program has written to standard error, or an empty text."""
        try:
            text = self._log.read_bytes()[-_ERROR_BYTES:].decode(errors="replace")
        except OSError:
            return ""
        return text.strip().rpartition("\n")[2]

    def _keep(self) -> None:
        pause_s = _PAUSE_S
        while True:
            started = self._clock()
            if not self._run_once():
                return
            ran_long = self._clock() - started > _SOON_S
            pause_s = _PAUSE_S if ran_long else min(2 * pause_s, _MAX_PAUSE_S)
            self._wait(self._stopping, pause_s)

    def _run_once(self) -> bool:
        """Run the program until it ends. Returns whether it should be started again."""
        with self._lock:
            if self._stopping.is_set():
                return False
            # The file may be gone, if the machine cleans its temporary files up.
            with open(self._log if self._log.parent.exists() else os.devnull, "wb") as log:  # noqa: PTH123
                self._process = self._spawn(log.fileno())
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                self._on_line(line.rstrip("\n"))
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        return True

    def _spawn(self, log: int) -> subprocess.Popen[str]:
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100  "" is the current directory
        call: Sequence[Any] = (path, self._module, dict(self._arguments()))
        return subprocess.Popen(  # noqa: S603  this interpreter, this package
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(call)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **self._environment},
            # A new session does not receive Ctrl-C from the terminal.
            start_new_session=True,
        )
