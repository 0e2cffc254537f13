"""Waiting for jobs: often at first, rarely later, and never many requests at once.

The first look is soon, each wait 1.5 times the one before, none longer than the user's interval: a job of
0.2 s is noticed within 0.1 s, a job of an hour is looked at every ``polling_interval`` seconds. How soon the
first look is, and how fast the waits grow, depends on where the service is: over a network
:data:`FIRST_POLL_S` and :data:`GROWTH`, on this machine :data:`LOCAL_FIRST_POLL_S` and :data:`LOCAL_GROWTH`.
Each of several jobs has its own growing waits, and two looks, at whichever jobs, are never closer to each
other than a first look: so many jobs cost no more requests a second than one new one.

:class:`PollSchedule` knows when to look at which job; it neither waits nor looks. :class:`Poller` does.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from qiskit_qoro.errors import JobTimeoutError, MaxRetriesReachedError
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.service.clock import Clock

__all__ = [
    "FIRST_POLL_S",
    "GROWTH",
    "LOCAL_FIRST_POLL_S",
    "LOCAL_GROWTH",
    "PollSchedule",
    "Poller",
    "max_retries_error",
    "waits",
]

FIRST_POLL_S = 0.05
"""Seconds until the first look at a job."""

LOCAL_FIRST_POLL_S = 0.002
"""The same where the service is on this machine. A look takes a millisecond, a small job not much more."""

GROWTH = 1.5
"""How much longer each wait is than the one before."""

LOCAL_GROWTH = 1.2
"""The same where the service is on this machine. A job of 0.2 s is noticed within 0.04 s."""

_Key = TypeVar("_Key", bound=Hashable)


def waits(first_s: float, longest_s: float, growth: float = GROWTH) -> Iterator[float]:
    """The seconds to wait before each look, without end.

    Args:
        first_s: The first of them.
        longest_s: What no wait exceeds.
        growth: How much longer each is than the one before.
    """
    seconds = first_s
    while True:
        yield min(seconds, longest_s)
        seconds = min(seconds * growth, longest_s)


class PollSchedule(Generic[_Key]):
    """When to look at which of several jobs.

    Args:
        keys: What stands for the jobs.
        first_s: Seconds until the first look at a job, and between two looks at different jobs at least.
        longest_s: The longest wait between two looks at one job, in seconds.
        now: The present, in seconds.
        growth: How much longer each wait is than the one before.
    """

    def __init__(
        self, keys: Iterable[_Key], *, first_s: float, longest_s: float, now: float, growth: float = GROWTH
    ) -> None:
        self._pauses = {key: waits(first_s, longest_s, growth) for key in keys}
        self._gap_s = min(first_s, longest_s)
        self._earliest = now
        self._place = 0
        self._due: list[tuple[float, int, _Key]] = []
        for key in self._pauses:
            self.reschedule(key, now)

    def __len__(self) -> int:
        """How many jobs there are still to look at."""
        return len(self._due)

    def reschedule(self, key: _Key, now: float) -> None:
        """Have a job looked at again, after a longer wait than the last time."""
        self._place += 1
        heapq.heappush(self._due, (now + next(self._pauses[key]), self._place, key))

    def take(self, now: float) -> tuple[float, _Key]:
        """The moment of the next look, and the job, which then is not on the schedule any more."""
        due, _, key = heapq.heappop(self._due)
        moment = max(due, self._earliest, now)
        self._earliest = moment + self._gap_s
        return moment, key


@dataclass(frozen=True)
class Poller:
    """Looks at jobs until they are done.

    Attributes:
        longest_s: The longest wait between two looks at a job, in seconds.
        max_retries: How many looks at a job there are at most.
        clock: What is waited with.
        first_s: Seconds until the first look at a job, and between two looks at different jobs at least.
        growth: How much longer each wait is than the one before.
    """

    longest_s: float
    max_retries: int
    clock: Clock
    first_s: float = FIRST_POLL_S
    growth: float = GROWTH

    def schedule(self, keys: Iterable[_Key]) -> PollSchedule[_Key]:
        """When to look at which of these jobs, from now on."""
        return PollSchedule(
            keys,
            first_s=self.first_s,
            longest_s=self.longest_s,
            now=self.clock.now(),
            growth=self.growth,
        )

    def until_final(
        self,
        read: Callable[[], JobState],
        *,
        job_id: str,
        wait: Callable[[float], None] | None = None,
        timeout_s: float | None = None,
        on_poll: Callable[[int, JobState], None] | None = None,
    ) -> JobState:
        """Look at a job until its status is final; :meth:`until_all_final` for one.

        Args:
            read: Reads the job's state.
            job_id: The job.
            wait: Lets seconds pass, in place of the clock; it may raise to end the polling.
            timeout_s: Seconds after which to give up, ``None`` for never.
            on_poll: Called after each look with the number of looks so far and the state.

        Raises:
            MaxRetriesReachedError: The job was not final after :attr:`max_retries` looks.
            JobTimeoutError: It was not final within ``timeout_s``.
        """

        def looked(count: int, states: Mapping[str, JobState]) -> None:
            if on_poll is not None:
                on_poll(count, states[job_id])

        return self.until_all_final({job_id: read}, wait=wait, timeout_s=timeout_s, on_poll=looked)[job_id]

    def until_all_final(
        self,
        reads: Mapping[str, Callable[[], JobState]],
        *,
        wait: Callable[[float], None] | None = None,
        timeout_s: float | None = None,
        on_poll: Callable[[int, Mapping[str, JobState]], None] | None = None,
    ) -> dict[str, JobState]:
        """Look at jobs, one at a time, until the status of each is final.

        Args:
            reads: What reads the state of a job, by its identifier.
            wait: Lets seconds pass, in place of the clock; it may raise to end the polling.
            timeout_s: Seconds after which to give up, ``None`` for never.
            on_poll: Called after each look with the number of looks so far, at any job, and the last known
                state of each job that has been looked at.

        Returns:
            The final states, in the order of ``reads``.

        Raises:
            MaxRetriesReachedError: A job was not final after :attr:`max_retries` looks at it.
            JobTimeoutError: A job was not final within ``timeout_s``. Each is looked at once more when the
                time is over, up to the first that is not final.
        """
        wait = wait or self.clock.wait
        deadline = math.inf if timeout_s is None else self.clock.now() + timeout_s
        states: dict[str, JobState] = {}
        looks: Counter[str] = Counter()
        schedule = self.schedule(reads)
        while schedule:
            now = self.clock.now()
            moment, job_id = schedule.take(now)
            wait(max(0.0, min(moment, deadline) - now))
            states[job_id] = state = reads[job_id]()
            looks[job_id] += 1
            if on_poll is not None:
                on_poll(looks.total(), states)
            if state.status.is_final:
                continue
            if moment >= deadline:
                raise _timeout(job_id, state, timeout_s, others=len(schedule))
            if looks[job_id] == self.max_retries:
                raise max_retries_error(job_id, self.max_retries)
            schedule.reschedule(job_id, self.clock.now())
        return {job_id: states[job_id] for job_id in reads}


def max_retries_error(job_id: str, looks: int) -> MaxRetriesReachedError:
    """The error that a job was not done after so many looks."""
    return MaxRetriesReachedError(
        f"job {job_id} was not done after {looks} looks at its status. It goes on: wait again, or raise "
        "max_retries or polling_interval",
        job_id=job_id,
        retries=looks,
    )


def _timeout(job_id: str, state: JobState, timeout_s: float | None, *, others: int) -> JobTimeoutError:
    more = f" (and {others} others were still waited for)" if others else ""
    return JobTimeoutError(
        f"job {job_id} is {state.status.value} after {timeout_s:g} s{more}. It goes on: wait again, "
        "or get it back later by its id",
        job_id=job_id,
        status=state.status,
    )
