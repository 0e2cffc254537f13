"""Decide when jobs are polled, and poll them until their status is final.

A job is polled first after a short delay. Each further delay is longer than the one before, up to the user's
``polling_interval``. The end of a job that takes 0.2 s is noticed within 0.1 s, and a job that takes an hour
is polled every ``polling_interval`` seconds. The first delay and the growth depend on where the service is:
:data:`FIRST_POLL_S` and :data:`GROWTH` over a network, :data:`LOCAL_FIRST_POLL_S` and :data:`LOCAL_GROWTH` on
this machine.

Several jobs are polled one at a time. Each job has its own growing delays, and any two polls are at least the
first delay apart. So many jobs cause no more requests per second than one new job.

A service may offer to *hold* a poll: it answers when the job has ended, or after some whole seconds. Then the
service waits instead of the client, and the first poll needs no delay. If a service does not hold polls, it
answers at once, and the delays stay as they are.

:class:`PollSchedule` decides which job to poll next, when, and when to give up. It does no I/O and never
waits, so that a blocking loop and a coroutine can both use it. :class:`Poller` is the blocking loop.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qiskit_qoro.errors import JobTimeoutError, MaxRetriesReachedError
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.service.clock import NO_DEADLINE, Clock, Deadline

__all__ = [
    "FIRST_POLL_S",
    "GROWTH",
    "LOCAL_FIRST_POLL_S",
    "LOCAL_GROWTH",
    "LONGEST_HOLD_S",
    "SHORT_HOLD_S",
    "PollSchedule",
    "Poller",
]

FIRST_POLL_S = 0.05
"""Seconds until the first poll of a job on a remote service."""

LOCAL_FIRST_POLL_S = 0.002
"""Seconds until the first poll of a job on this machine, where a poll takes about 1 ms."""

GROWTH = 1.5
"""Ratio of two successive delays for a remote service."""

LOCAL_GROWTH = 1.2
"""Ratio of two successive delays on this machine.

The end of a job that takes 0.2 s is noticed within 0.04 s.
"""

LONGEST_HOLD_S = 10
"""The longest time for which a service is asked to hold a poll, less than the time limit of the answer."""

SHORT_HOLD_S = 1
"""The longest hold while the progress of a job is shown, so that its numbers keep changing."""


class PollSchedule:
    """The polls of one or more jobs: which job is next, when, and when to give up.

    The caller repeats three steps until the schedule is empty: call :meth:`next_poll`, wait and poll that
    job, and report the outcome with :meth:`record`. Jobs are identified by their index in ``job_ids``, so
    that a job may occur twice. The caller passes the present time to each method.

    Args:
        job_ids: The jobs, for error messages.
        now: The present, in seconds.
        first_s: The delay before the first poll of a job, and the least time between two polls of any jobs.
        longest_s: The longest delay between two polls of one job, in seconds.
        growth: The ratio of two successive delays.
        max_polls: How often each job may be polled.
        timeout_s: Seconds from ``now`` after which to give up, or ``None`` for no limit.
        end: The time at which to give up, if the time limit began earlier than ``now``.
        is_held: Whether the service is expected to hold polls. Then the first poll of a job has no delay.
        longest_hold_s: The longest time for which the service is asked to hold a poll, in seconds.
    """

    def __init__(
        self,
        job_ids: Sequence[str],
        now: float,
        *,
        first_s: float,
        longest_s: float,
        growth: float,
        max_polls: int,
        timeout_s: float | None = None,
        end: float | None = None,
        is_held: bool = False,
        longest_hold_s: int = LONGEST_HOLD_S,
    ) -> None:
        self._job_ids = list(job_ids)
        self._longest_s = longest_s
        self._most_hold_s = longest_hold_s
        self._growth = growth
        self._max_polls = max_polls
        self._timeout_s = timeout_s
        self._deadline = end if end is not None else now + (math.inf if timeout_s is None else timeout_s)
        self._gap_s = min(first_s, longest_s)
        self._delays_s = [self._gap_s] * len(self._job_ids)  # before the next poll of each job
        self._num_polls = [0] * len(self._job_ids)
        # A heap of (time, order, index). `order` counts entries, so that jobs that are due at the same time
        # are polled in the order in which they were scheduled. A job is in the heap unless it is final or
        # being polled.
        self._due: list[tuple[float, int, int]] = []
        self._order = 0
        # No poll may be earlier than this: the time of the previous poll plus the gap.
        self._earliest = now
        self._current_time = now
        is_held = is_held and self._longest_hold_s(now) > 0
        if is_held:
            # If the service holds no polls after all, the usual delays begin with the second poll.
            self._delays_s = [self._gap_s / growth] * len(self._job_ids)
        for index, delay_s in enumerate(self._delays_s):
            self._schedule(index, now if is_held else now + delay_s)

    def __len__(self) -> int:
        """The number of jobs that are scheduled for another poll."""
        return len(self._due)

    def next_poll(self, now: float) -> tuple[int, float]:
        """Take the next job off the schedule.

        Returns:
            The index of the job, and the seconds to wait before it is polled.
        """
        due, _, index = heapq.heappop(self._due)
        # If polls take longer than planned, the delayed polls do not follow in a burst. They keep the gap
        # too, because it is counted from the present time.
        self._current_time = max(due, self._earliest, now)
        self._earliest = self._current_time + self._gap_s
        # At the deadline every job is polled once more, without waiting for its time.
        return index, max(0.0, min(self._current_time, self._deadline) - now)

    def hold_s(self, index: int, now: float) -> int:
        """Return the whole seconds for which the service may hold the next poll of a job; 0 for not at all.

        The time of a hold counts as a delay: it grows in the same way, and ends before the deadline.
        """
        return int(min(self._longest_hold_s(now), max(1.0, self._delays_s[index])))

    def record(self, index: int, is_final: bool, now: float, *, next_at: float | None = None) -> None:
        """Report the outcome of the poll that :meth:`next_poll` returned, and schedule the job's next one.

        Args:
            index: The job.
            is_final: Whether its status is final.
            now: The present.
            next_at: The earliest time of its next poll, if the service has held this one. By default the next
                poll follows after the usual delay.

        Raises:
            JobTimeoutError: The job is not final, and the time limit is over.
            MaxRetriesReachedError: The job is not final, and it may not be polled again.
        """
        self._num_polls[index] += 1
        if is_final:
            return
        if self._current_time >= self._deadline:
            raise self._timeout_error(index)
        if self._num_polls[index] == self._max_polls:
            raise self._max_polls_error(index)
        self._delays_s[index] = min(self._delays_s[index] * self._growth, self._longest_s)
        self._schedule(index, now + self._delays_s[index] if next_at is None else next_at)

    def _longest_hold_s(self, now: float) -> int:
        # A hold takes whole seconds. If less is left, or if polls have to be closer together, there is none.
        return max(0, int(min(self._longest_s, self._deadline - now, self._most_hold_s)))

    def _schedule(self, index: int, due: float) -> None:
        self._order += 1
        heapq.heappush(self._due, (due, self._order, index))

    def _timeout_error(self, index: int) -> JobTimeoutError:
        job_id, total, unfinished = self._job_ids[index], len(self._job_ids), len(self._due) + 1
        after = f"not final after {self._timeout_s:g} s"
        if total == 1:
            message = f"job {job_id} is {after}. It keeps running: wait again, or retrieve it later by its id"
        else:
            message = (
                f"{unfinished} of {total} jobs are {after}, among them {job_id}. They keep running: wait "
                "again, or retrieve them later by their ids"
            )
        return JobTimeoutError(message, job_id=job_id)

    def _max_polls_error(self, index: int) -> MaxRetriesReachedError:
        job_id = self._job_ids[index]
        return MaxRetriesReachedError(
            f"job {job_id} is not final after {self._max_polls} polls. It keeps running: wait again, or "
            "increase max_retries or polling_interval",
            job_id=job_id,
            retries=self._max_polls,
        )


@dataclass(frozen=True)
class Poller:
    """Polls jobs until their status is final.

    Attributes:
        longest_s: The longest delay between two polls of a job, in seconds.
        max_retries: How often each job is polled at most.
        clock: Measures time and waits.
        first_s: The delay before the first poll of a job, and the least time between two polls of any jobs,
            in seconds.
        growth: The ratio of two successive delays.
        longest_hold_s: The longest time for which the service is asked to hold a poll, in seconds.
    """

    longest_s: float
    max_retries: int
    clock: Clock
    first_s: float = FIRST_POLL_S
    growth: float = GROWTH
    longest_hold_s: int = LONGEST_HOLD_S

    def with_short_holds(self) -> Poller:
        """Return a poller whose polls are answered often enough to show the progress of a job."""
        return replace(self, longest_hold_s=SHORT_HOLD_S)

    def schedule(
        self,
        job_ids: Sequence[str],
        *,
        now: float | None = None,
        deadline: Deadline = NO_DEADLINE,
        is_held: bool = False,
    ) -> PollSchedule:
        """Create the schedule for polling some jobs.

        Args:
            job_ids: The jobs.
            now: The present, in seconds; by default that of the clock.
            deadline: When to give up.
            is_held: Whether the service is expected to hold polls.
        """
        return PollSchedule(
            job_ids,
            self.clock.now() if now is None else now,
            first_s=self.first_s,
            longest_s=self.longest_s,
            growth=self.growth,
            max_polls=self.max_retries,
            timeout_s=deadline.timeout_s,
            end=deadline.at,
            is_held=is_held,
            longest_hold_s=self.longest_hold_s,
        )

    def poll_until_final(
        self,
        schedule: PollSchedule,
        poll: Callable[[int, int], bool],
        *,
        holds: Callable[[int], bool | None],
        wait: Callable[[float], None] | None = None,
    ) -> Iterator[int]:
        """Poll jobs, one at a time, and yield each when it becomes final.

        Args:
            schedule: The jobs, from :meth:`schedule`.
            poll: Polls the job at an index, and asks the service to hold the poll for some seconds; returns
                whether the status of the job is final.
            holds: Whether the service of the job at an index holds polls; ``None`` if that is unknown.
            wait: Waits some seconds, in place of the clock. It may raise an error to stop the polling.

        Yields:
            The index of each job, in the order in which the jobs become final.

        Raises:
            MaxRetriesReachedError: A job was not final after :attr:`max_retries` polls.
            JobTimeoutError: A job was not final in time.
        """
        wait = wait or self.clock.wait
        while schedule:
            index, delay_s = schedule.next_poll(self.clock.now())
            wait(delay_s)
            begin = self.clock.now()
            hold_s = 0 if holds(index) is False else schedule.hold_s(index, begin)
            is_final = poll(index, hold_s)
            # The poll has told whether the service holds polls, if that was unknown.
            was_held = hold_s > 0 and holds(index) is True
            schedule.record(index, is_final, self.clock.now(), next_at=begin + hold_s if was_held else None)
            if is_final:
                yield index

    def wait_for_states(
        self,
        polls: Mapping[str, Callable[[int], JobState]],
        *,
        holds: Callable[[], bool | None],
        wait: Callable[[float], None] | None = None,
        deadline: Deadline = NO_DEADLINE,
        on_poll: Callable[[int, Mapping[str, JobState]], None] | None = None,
    ) -> dict[str, JobState]:
        """Poll jobs until the status of each is final, and return their final states.

        Args:
            polls: Job identifier to a function that polls the job. Its argument is the time for which the
                service may hold the poll, in seconds.
            holds: Whether the service holds polls; ``None`` if that is unknown.
            wait: As for :meth:`poll_until_final`.
            deadline: When to give up.
            on_poll: Called after each poll with the number of polls so far, of any job, and the last known
                state of each polled job by identifier.

        Returns:
            The final state of each job by identifier, in the order of ``polls``.

        Raises:
            MaxRetriesReachedError: A job was not final after :attr:`max_retries` polls.
            JobTimeoutError: A job was not final at the deadline; the error has its last status.
        """
        job_ids = list(polls)
        states: dict[str, JobState] = {}
        num_polls = 0

        def poll(index: int, hold_s: int) -> bool:
            nonlocal num_polls
            job_id = job_ids[index]
            states[job_id] = state = polls[job_id](hold_s)
            num_polls += 1
            if on_poll is not None:
                on_poll(num_polls, states)
            return state.status.is_final

        schedule = self.schedule(job_ids, deadline=deadline, is_held=holds() is True)
        try:
            for _ in self.poll_until_final(schedule, poll, holds=lambda _: holds(), wait=wait):
                pass
        except JobTimeoutError as error:
            if error.job_id in states and error.status is None:
                error.status = states[error.job_id].status
                error.extend(f"The last status of job {error.job_id} is {error.status.value}")
            raise
        return {job_id: states[job_id] for job_id in job_ids}
