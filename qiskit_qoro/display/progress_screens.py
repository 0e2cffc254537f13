"""Where a progress line is shown: in a terminal or in a notebook.

The terminal needs no escape sequences: the line returns to its first column, and spaces erase it. So it works
in every terminal and looks the same without colours.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, Protocol, TextIO
from uuid import uuid4

from qiskit_qoro.display.progress_text import text_width

__all__ = ["NotebookScreen", "Screen", "TerminalScreen", "find_kernel_shell", "find_screen"]

_ECHO = 2  # columns of the ^C that a terminal shows when Ctrl-C is pressed
_UNKNOWN_WIDTH = 80


class Screen(Protocol):
    """Shows one line, which changes, and removes it."""

    interval_s: float
    """Seconds between two changes of the line."""
    is_plain: bool
    """Whether the line may contain ASCII characters only."""

    def width(self) -> int:
        """The most columns that the line may take."""

    def draw(self, text: str) -> None:
        """Show a line in place of the one before."""

    def erase(self) -> None:
        """Remove the line. It can be drawn again."""


def find_screen(stream: TextIO | None = None) -> Screen | None:
    """Return the screen of this process, or ``None`` if there is none.

    Args:
        stream: The terminal to use. By default it is standard error.
    """
    kernel_shell = find_kernel_shell() if stream is None else None
    if kernel_shell is not None:
        return NotebookScreen(kernel_shell)
    terminal = stream or _find_stderr()
    if terminal is None or not _is_terminal(terminal) or os.environ.get("TERM") == "dumb":
        return None
    return TerminalScreen(terminal)


def _find_stderr() -> TextIO | None:
    stream: object = sys.stderr
    if isinstance(stream, _GuardedStream):  # another wait is showing its line
        stream = stream.stream
    # It is None in a process without a console. If it has been replaced by an object of another kind, as by
    # displays of rich, the line would not stay a line.
    return stream if isinstance(stream, TextIOWrapper) else None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it has been closed or detached
        return False


def find_kernel_shell() -> Any:
    """Return the shell of IPython if it belongs to a kernel of Jupyter, and ``None`` otherwise."""
    # A kernel has imported it. Another thread may be importing it just now.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if get_ipython is None else get_ipython()
    return None if getattr(shell, "kernel", None) is None else shell


class TerminalScreen:
    """The last line of a terminal.

    While the line is shown, standard output and standard error are guarded: what others print or log there
    appears above the line.

    Args:
        stream: The terminal.
    """

    interval_s = 0.1

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_plain = not _can_encode(stream, "⠴·")
        self._pid = os.getpid()
        # Reentrant, because a signal handler may print while the line is drawn.
        self._lock = threading.RLock()
        self._num_columns = 0  # the columns that the shown line has taken, 0 if none is shown
        self._is_line_open = False  # whether the last text of others did not end its line
        self._guards: list[tuple[str, _GuardedStream]] = []  # while the line is shown

    def width(self) -> int:
        """The most columns that the line may take, one less than the terminal has."""
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):  # not the terminal of a system
            columns = 0
        return (columns or _UNKNOWN_WIDTH) - 1  # a terminal that does not know its width says 0

    def draw(self, text: str) -> None:
        """Show a line in place of the one before, unless the line of another text is not complete."""
        with self._lock:
            self._guard()
            if self._is_line_open:
                return
            num_columns = text_width(text)
            rest = max(0, min(self._num_columns + _ECHO, self.width()) - num_columns)
            self._num_columns = max(self._num_columns, num_columns)  # in case that the write is interrupted
            self._write(f"\r{text}{' ' * rest}{chr(8) * rest}")
            self._num_columns = num_columns

    def erase(self) -> None:
        """Remove the line. It can be drawn again."""
        with self._lock:
            self._hide()
            for name, guard in self._guards:
                if getattr(sys, name) is guard:
                    setattr(sys, name, guard.stream)
                _redirect_log(guard, guard.stream)
                guard.screen = None
            self._guards.clear()
            self._is_line_open = False

    def write_above(self, stream: TextIO, text: str) -> int:
        """Write a text of others to a stream. The line is shown again after it."""
        # Somebody may keep the guard. A forked child has no line, and perhaps inherits a lock that is held.
        if not self._guards or os.getpid() != self._pid:
            return stream.write(text)
        with self._lock:
            self._hide()
            written = stream.write(text)
            stream.flush()
            if text:
                self._is_line_open = not text.endswith("\n")
            return written

    def _hide(self) -> None:
        if self._num_columns:
            blank = " " * min(self._num_columns + _ECHO, self.width())
            self._write(f"\r{blank}\r")
            self._num_columns = 0

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # the terminal has been closed
            self._stream.write(text)
            self._stream.flush()

    def _guard(self) -> None:
        if self._guards:
            return
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if isinstance(stream, TextIOWrapper) and _is_terminal(stream):
                guard = _guard_of(stream)
                guard.screen = self
                self._guards.append((name, guard))
                setattr(sys, name, guard)
                _redirect_log(stream, guard)


class _GuardedStream:
    """A stream of the process that writes above the line. It behaves as the stream in everything else.

    Args:
        stream: The stream.

    Attributes:
        stream: As above.
        screen: Shows the line; ``None`` while no line is shown.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.screen: TerminalScreen | None = None

    def write(self, text: str) -> int:
        """Write a text."""
        screen = self.screen
        return self.stream.write(text) if screen is None else screen.write_above(self.stream, text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _guard_of(stream: TextIOWrapper) -> _GuardedStream:
    """Return the guard of a stream, which lives as long as the stream.

    In some releases of Python, ``print`` holds no reference to ``sys.stdout`` while it writes to it. If the
    guard ended with the line, a ``print`` in another thread would crash the process.
    """
    guard: _GuardedStream = vars(stream).setdefault("_qoro_guard", _GuardedStream(stream))
    return guard


def _redirect_log(old: object, new: object) -> None:
    """Let the handlers of the log that write to one stream write to another one."""
    for logger in (logging.getLogger(), logging.getLogger("qiskit_qoro")):
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is old:
                # Not setStream(): that takes the handler's lock, which a thread that writes above the line
                # holds while it waits for the lock of the screen.
                handler.stream = new


class NotebookScreen:
    """An output of the present cell of a notebook.

    Args:
        shell: The shell of IPython in the kernel.
    """

    interval_s = 0.5
    is_plain = False

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._display_id: str | None = None
        self._text: str | None = None  # what is shown

    def width(self) -> int:
        """The most columns that the line may take."""
        return _UNKNOWN_WIDTH

    def draw(self, text: str) -> None:
        """Show a line in place of the one before."""
        if text != self._text:  # each poll draws, also if nothing has changed
            self._publish({"text/plain": text})
            self._text = text

    def erase(self) -> None:
        """Replace the line by an output without content, of which frontends show nothing."""
        self._publish({})
        self._text = None

    def _publish(self, content: dict[str, str]) -> None:
        is_update = self._display_id is not None
        self._display_id = self._display_id or uuid4().hex
        self._shell.display_pub.publish(content, transient={"display_id": self._display_id}, update=is_update)


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
