"""Show the progress of a wait in one line, which moves while the wait lasts and leaves nothing behind.

A wait opens a line with :func:`progress` and reports each new state to it::

    with progress(ProgressOptions(delay_s=0)) as show:
        show("RUNNING", finished=12, total=40)

The line is shown in a notebook, or on standard error if that is a terminal. It appears when the wait has
taken a while, so that short waits show and import nothing. A thread redraws it. Only one line is shown at a
time: a wait within another wait, or in another thread, shows nothing as long as the first one shows its line.
"""

from __future__ import annotations

import contextvars
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self, TextIO

from qiskit_qoro.display.progress_screens import Screen, find_screen
from qiskit_qoro.display.progress_text import Pace, ProgressState, progress_text
from qiskit_qoro.process_local import ProcessLocal

__all__ = [
    "NO_PROGRESS",
    "PROGRESS_VARIABLE",
    "ProgressLine",
    "ProgressOptions",
    "is_switched_off",
    "progress",
]

PROGRESS_VARIABLE = "QISKIT_QORO_PROGRESS"
"""The environment variable that switches all progress lines off."""

_OFF = frozenset({"off", "0", "false", "no"})

# The line that is shown, if there is one, under the key _LINE. Only one operation is needed to take the place
# or to leave it, so that Ctrl-C cannot come in between.
_shown: ProcessLocal[dict[str, ProgressLine]] = ProcessLocal(lambda _inherited: {})
_LINE = "line"


@dataclass(frozen=True)
class ProgressOptions:
    """Whether and where progress lines are shown.

    Attributes:
        enabled: Whether to show any.
        delay_s: Seconds of waiting before a line appears.
        stream: The terminal to show it on. By default it is shown in the notebook, or on standard error.
    """

    enabled: bool = True
    delay_s: float = 1.0
    stream: TextIO | None = None


NO_PROGRESS = ProgressOptions(enabled=False)
"""Show nothing."""


def is_switched_off() -> bool:
    """Whether :data:`PROGRESS_VARIABLE` is ``off``, ``0``, ``false`` or ``no``."""
    return os.environ.get(PROGRESS_VARIABLE, "").strip().lower() in _OFF


def progress(
    options: ProgressOptions | None = None,
    *,
    title: str = "",
    unit: str = "circuits",
    now: Callable[[], float] = time.monotonic,
) -> ProgressLine:
    """Show the progress of the wait in a ``with`` statement.

    Args:
        options: Whether and where to show it.
        title: What is waited for, if that needs to be said.
        unit: What is counted, in the plural.
        now: The clock, in seconds.

    Returns:
        The line, a context manager. Call it with each new state.
    """
    return ProgressLine(options or ProgressOptions(), ProgressState(title=title, unit=unit), now)


class ProgressLine:
    """A progress line; see :func:`progress`.

    Args:
        options: Whether and where to show it.
        state: What it says at first.
        now: The clock, in seconds.
    """

    def __init__(self, options: ProgressOptions, state: ProgressState, now: Callable[[], float]) -> None:
        self._delay_s, self._now, self._begin = options.delay_s, now, now()
        self._state = state
        self._pace = Pace()
        self._tick = 0
        is_enabled = options.enabled and not is_switched_off()
        self._screen: Screen | None = find_screen(options.stream) if is_enabled else None
        self._pid = os.getpid()  # a forked child does not continue the line
        # The thread that redraws the line, and the event that stops it. Both exist from the first state on
        # until the line is removed. There is no thread if none can be started.
        self._thread: threading.Thread | None = None
        self._stop: threading.Event | None = None
        self._lock = threading.RLock()  # guards drawing, which both threads do

    def __enter__(self) -> Self:
        try:
            if self._delay_s <= 0:
                self("waiting")  # until a state is known
            return self
        except BaseException:  # the statement does not call __exit__ if this method fails
            self.__exit__()
            raise

    def __exit__(self, *_error: object) -> None:
        try:
            self.close()
        except KeyboardInterrupt:
            self.close()  # to the end
            raise

    @property
    def is_visible(self) -> bool:
        """Whether the line is shown, or will be if the wait lasts."""
        return self._screen is not None

    def __call__(
        self,
        status: str = "",
        finished: int | None = None,
        total: int | None = None,
        unit: str | None = None,
    ) -> None:
        """Show a new state.

        Args:
            status: The status, or an empty text.
            finished: The number of finished items, or ``None`` if it is unknown.
            total: The number of all items, or ``None`` if it is unknown.
            unit: What is counted, in the plural, if that has changed.
        """
        if self._screen is None or os.getpid() != self._pid:
            return
        if status != self._state.status:
            self._pace = Pace()  # the time in a queue says nothing about the time that is left
        self._pace.observe(finished, total, self._now())
        unit = unit or self._state.unit
        self._state = replace(self._state, status=str(status), finished=finished, total=total, unit=unit)
        if self._stop is None:
            self._start(self._screen)
        else:
            self._draw(self._stop)

    def pause(self) -> None:
        """Remove the line until the next state is shown."""
        if self._stop is None or os.getpid() != self._pid:
            return
        self._stop.set()
        try:
            # While nothing is shown, there is no thread that a fork would leave behind.
            if self._thread is not None:
                self._thread.join()
        finally:
            self._erase()
            self._stop = self._thread = None

    def close(self) -> None:
        """Remove the line for good."""
        self.pause()
        self._screen = None

    def _start(self, screen: Screen) -> None:
        stop = self._stop = threading.Event()

        def redraw() -> None:
            wait_s = max(0.0, self._begin + self._delay_s - self._now())
            while not stop.wait(wait_s):
                self._tick += 1
                self._draw(stop)
                wait_s = screen.interval_s

        self._draw(stop)
        # In the context of the wait, so that a notebook shows the line below the right cell.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(redraw,), name="qoro-progress", daemon=True)
        # If no thread can be started, as when the interpreter exits, only new states move the line.
        with suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def _draw(self, stop: threading.Event) -> None:
        with self._lock:
            now, screen = self._now(), self._screen
            if screen is None or stop.is_set() or now - self._begin < self._delay_s:
                return
            if _shown.get().setdefault(_LINE, self) is not self:
                return
            screen.draw(
                progress_text(
                    self._state,
                    now - self._begin,
                    self._pace.left_s(now),
                    tick=self._tick,
                    width=screen.width(),
                    plain=screen.is_plain,
                )
            )

    def _erase(self) -> None:
        with self._lock:
            shown = _shown.get()
            if shown.get(_LINE) is self and self._screen is not None:
                self._screen.erase()
                del shown[_LINE]
