"""The clock that the client measures time and waits with, and deadlines on that clock.

The clock is an argument, so that tests need not wait.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from threading import Event
from typing import Protocol, Self

__all__ = ["GRACE_S", "NO_DEADLINE", "SYSTEM_CLOCK", "Clock", "Deadline", "SystemClock"]

GRACE_S = 1.0
"""A request that begins shortly before a deadline, or at it, may take this many seconds."""


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
            if seconds > 0:  # to sleep for no time lets other threads run first
                time.sleep(seconds)
        else:
            event.wait(seconds)


SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True)
class Deadline:
    """The time by which a caller wants an answer.

    Attributes:
        timeout_s: The time limit that the caller gave, in seconds; ``None`` for no limit.
        at: The end of that time on the clock.
        clock: The clock.
    """

    timeout_s: float | None
    at: float
    clock: Clock

    @classmethod
    def after(cls, timeout_s: float | None, clock: Clock) -> Self:
        """Return the deadline that is ``timeout_s`` seconds from now. ``None`` means that there is none."""
        return cls(timeout_s, math.inf if timeout_s is None else clock.now() + timeout_s, clock)

    @property
    def remaining_s(self) -> float:
        """The seconds until the deadline, negative after it."""
        return self.at - self.clock.now()

    def end_of_request(self) -> float:
        """Return the time on the clock at which a request that begins now has to be answered.

        It is the deadline itself, unless the request begins less than :data:`GRACE_S` before it. Without that
        grace, a wait with a time limit of 0 could send no request at all. No request may last longer than
        :data:`GRACE_S` after the deadline.
        """
        return min(max(self.at, self.clock.now() + GRACE_S), self.at + GRACE_S)


NO_DEADLINE = Deadline(None, math.inf, SYSTEM_CLOCK)
"""A deadline that never passes."""
