"""Waiting for a job: often at first, rarely later.

The first look is after 50 ms, each wait 1.5 times the one before, none longer than the user's interval: a
job of 0.2 s is noticed within 0.1 s, a job of an hour is looked at every ``polling_interval`` seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qiskit_qoro.errors import JobTimeoutError, MaxRetriesReachedError
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.service.clock import Clock

__all__ = ["FIRST_LOOK_S", "GROWTH", "Poller", "waits"]

FIRST_LOOK_S = 0.05
"""Seconds until the first look at a job."""

GROWTH = 1.5
"""How much longer each wait is than the one before."""


def waits(longest_s: float) -> Iterator[float]:
    """The seconds to wait before each look, without end.

    Args:
        longest_s: What no wait exceeds.
    """
    seconds = FIRST_LOOK_S
    while True:
        yield min(seconds, longest_s)
        seconds = min(seconds * GROWTH, longest_s)


@dataclass(frozen=True)
class Poller:
    """Looks at jobs until they are done.

    Attributes:
        longest_s: The longest wait between two looks, in seconds.
        max_retries: How many looks there are at most.
        clock: What is waited with.
    """

    longest_s: float
    max_retries: int
    clock: Clock

    def until_final(
        self,
        read: Callable[[], JobState],
        *,
        job_id: str,
        wait: Callable[[float], None] | None = None,
        timeout_s: float | None = None,
        on_look: Callable[[int, JobState], None] | None = None,
    ) -> JobState:
        """Look at a job until its status is final.

        Args:
            read: Reads the job's state.
            job_id: The job, for errors.
            wait: Lets seconds pass, in place of the clock; it may raise to end the polling.
            timeout_s: Seconds after which to give up, ``None`` for never.
            on_look: Called after each look with the number of looks so far and the state.

        Raises:
            MaxRetriesReachedError: The job was not final after :attr:`max_retries` looks.
            JobTimeoutError: It was not final within ``timeout_s``.
        """
        wait = wait or self.clock.wait
        deadline = math.inf if timeout_s is None else self.clock.now() + timeout_s
        for retry_count, pause_s in zip(range(1, self.max_retries + 1), waits(self.longest_s), strict=False):
            left_s = max(0.0, deadline - self.clock.now())
            wait(min(pause_s, left_s))
            state = read()
            if on_look is not None:
                on_look(retry_count, state)
            if state.status.is_final:
                return state
            if left_s <= pause_s:
                raise JobTimeoutError(
                    f"job {job_id} is {state.status.value} after {timeout_s:g} s. It goes on: wait again, "
                    "or get it back later by its id",
                    job_id=job_id,
                    status=state.status,
                )
        raise MaxRetriesReachedError(
            f"job {job_id} was not done after {self.max_retries} looks at its status. It goes on: poll "
            "again, or raise max_retries or polling_interval",
            job_id=job_id,
            retries=self.max_retries,
        )
