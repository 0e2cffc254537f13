"""The clock that the client measures time and waits with. It is an argument, so that tests need not wait."""

from __future__ import annotations

import time
from threading import Event
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "SystemClock"]


class Clock(Protocol):
    """Measures time and waits."""

    def now(self) -> float:
        """The present in seconds, on a clock that never goes backwards."""

    def wait(self, seconds: float, event: Event | None = None) -> None:
        """Wait for ``seconds``, or until ``event`` is set."""


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> float:
        """The seconds of :func:`time.monotonic`."""
        return time.monotonic()

    def wait(self, seconds: float, event: Event | None = None) -> None:
        """Sleep for ``seconds``, or until ``event`` is set."""
        if event is None:
            time.sleep(seconds)
        else:
            event.wait(seconds)


SYSTEM_CLOCK = SystemClock()
