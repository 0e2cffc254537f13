"""Time as an argument: what the client waits with, so that tests need not wait."""

from __future__ import annotations

import time
from threading import Event
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "SystemClock"]


class Clock(Protocol):
    """What the client needs of time."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def wait(self, seconds: float, event: Event | None = None) -> None:
        """Let ``seconds`` pass, or fewer when ``event`` is set."""


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds of :func:`time.monotonic`."""
        return time.monotonic()

    def wait(self, seconds: float, event: Event | None = None) -> None:
        """Sleep for ``seconds``, or until ``event`` is set."""
        if event is None:
            time.sleep(seconds)
        else:
            event.wait(seconds)


SYSTEM_CLOCK = SystemClock()
