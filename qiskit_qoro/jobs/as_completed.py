"""Wait for several jobs and yield each when it ends; wait for one job in a coroutine.

Both use the schedule of :mod:`qiskit_qoro.service.polling`: jobs are polled one at a time, at growing
intervals, and several jobs cause no more requests per second than one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from qiskit_qoro.display.progress import NO_PROGRESS, ProgressOptions, progress
from qiskit_qoro.models.arguments import timeout_of
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.service.clock import SYSTEM_CLOCK, Deadline
from qiskit_qoro.service.polling import Poller
from qiskit_qoro.service.progress import show_states

__all__ = ["Pollable", "as_completed", "until_final"]

_LONGEST_DELAY_S = 3.0
_MAX_POLLS = 5000


class Pollable(Protocol):
    """A job that can be polled.

    Further attributes are optional. ``service`` is the client of the job, whose settings decide when the job
    is polled, and whether progress is shown. ``shows_progress`` is false if the job shows none.
    ``is_known_final`` is true if the job is known to have ended, so that no poll is needed.
    ``in_final_state_before`` polls the job until a deadline, and lets the service hold the poll.
    ``known_states`` are the states that the polls have found.
    """

    def job_id(self) -> str:
        """The identifier of the job."""

    def in_final_state(self) -> bool:
        """Poll the job once, and return whether it is done, failed or cancelled."""


_Job = TypeVar("_Job", bound=Pollable)


def as_completed(jobs: Iterable[_Job], timeout: float | None = None) -> Iterator[_Job]:
    """Yield jobs in the order in which they end, whether done, failed or cancelled.

    Jobs that are known to have ended come first and are not polled again. A long wait shows a progress line.

    Args:
        jobs: Jobs of backends or of primitives, of one or several services. Entries of ``provider.jobs()``
            are retrieved first, and their jobs are yielded, each once.
        timeout: Seconds to wait at most for all of them, or ``None`` for no limit. A request that begins
            shortly before the end of this time may take one second.

    Yields:
        Each of ``jobs`` once. Its ``result()`` then returns without waiting.

    Raises:
        JobTimeoutError: Some jobs did not end in time. They keep running.
        MaxRetriesReachedError: A job did not end within ``max_retries`` polls. It keeps running.
        QoroAPIError: A service answered with an error.
        QoroConnectionError: A service did not answer.
    """
    given = _retrieve_all(jobs)
    limit_s = timeout_of("timeout", timeout)
    poller = _shared_poller(given)
    # Read once, because a job may become final in another thread at any moment.
    known_final = [_is_known_final(job) for job in given]
    waiting = [job for job, is_final in zip(given, known_final, strict=True) if not is_final]
    # The time limit begins here. It includes the time that the caller spends on the jobs that are yielded
    # first.
    deadline = Deadline.after(limit_s, poller.clock)
    yield from (job for job, is_final in zip(given, known_final, strict=True) if is_final)
    # By index, because the same job may occur twice.
    unfinished = dict(enumerate(waiting))

    # While one job is held, no other job can be polled.
    def holds(index: int) -> bool | None:
        return _holds_polls(waiting[index]) if len(unfinished) == 1 else False

    with progress(_progress_of(given), unit="jobs", now=poller.clock.now) as line:
        if line.is_visible:
            poller = poller.with_short_holds()  # so that the line appears in time
        is_held = len(waiting) == 1 and _holds_polls(waiting[0]) is True
        schedule = poller.schedule([job.job_id() for job in waiting], deadline=deadline, is_held=is_held)

        def poll(index: int, hold_s: int) -> bool:
            is_final = _is_final(waiting[index], deadline, hold_s)
            if not is_final:
                line("", len(given) - len(unfinished), len(given))
            return is_final

        completed = poller.poll_until_final(schedule, poll, holds=holds)
        while unfinished:
            # This covers the wait only, and not Ctrl-C in the caller's code between two jobs.
            with note_on_interrupt(job.job_id() for job in unfinished.values()):
                index = next(completed)
            line.pause()  # while the caller's code runs
            yield unfinished.pop(index)


async def until_final(job: Pollable) -> None:
    """Wait until a job is done, failed or cancelled, without blocking the event loop.

    Raises:
        MaxRetriesReachedError: The job did not end within ``max_retries`` polls. It keeps running.
        QoroAPIError: The service answered with an error.
        QoroConnectionError: The service did not answer.
    """
    now = asyncio.get_running_loop().time
    schedule = _shared_poller([job]).schedule([job.job_id()], now=now())
    with progress(_progress_of([job]), now=now) as line:
        while schedule:
            index, delay_s = schedule.next_poll(now())
            await asyncio.sleep(delay_s)
            is_final = await asyncio.to_thread(job.in_final_state)
            states = getattr(job, "known_states", None)
            if states:
                show_states(line, states, len(states))
            schedule.record(index, is_final, now())


def _retrieve_all(jobs: Iterable[_Job]) -> list[_Job]:
    """Return jobs, and in the place of entries of a list their jobs. Several entries may have one job."""
    found: list[_Job] = []
    retrieved: set[str] = set()
    for job in jobs:
        retrieve: Callable[[], _Job] | None = getattr(job, "retrieve", None)
        if retrieve is None or hasattr(job, "in_final_state"):
            found.append(job)
            continue
        of_entry = retrieve()
        if of_entry.job_id() not in retrieved:
            retrieved.add(of_entry.job_id())
            found.append(of_entry)
    return found


def _is_final(job: Pollable, deadline: Deadline, hold_s: int) -> bool:
    """Poll a job until the deadline. A job of another package has time limits of its own."""
    poll = getattr(job, "in_final_state_before", None)
    return job.in_final_state() if poll is None else bool(poll(deadline, hold_s=hold_s))


def _progress_of(jobs: Sequence[Pollable]) -> ProgressOptions:
    """Return whether and where to show the progress of jobs, as the first client among them says."""
    shown = [job for job in jobs if getattr(job, "shows_progress", True)]
    services = [getattr(job, "service", None) for job in shown]
    options = (service.progress for service in services if isinstance(service, QoroService))
    return next(options, ProgressOptions() if shown else NO_PROGRESS)


def _holds_polls(job: Pollable) -> bool | None:
    service = getattr(job, "service", None)
    return service.holds_polls() if isinstance(service, QoroService) else False


def _is_known_final(job: Pollable) -> bool:
    return getattr(job, "is_known_final", False) is True


def _shared_poller(jobs: Sequence[Pollable]) -> Poller:
    """Combine the polling settings of the jobs' clients: the longest delays, and the most polls."""
    services = [getattr(job, "service", None) for job in jobs]
    pollers = [service.poller for service in services if isinstance(service, QoroService)]
    if not pollers:
        return Poller(_LONGEST_DELAY_S, _MAX_POLLS, SYSTEM_CLOCK)
    return Poller(
        longest_s=max(poller.longest_s for poller in pollers),
        max_retries=max(poller.max_retries for poller in pollers),
        clock=pollers[0].clock,
        first_s=max(poller.first_s for poller in pollers),
        growth=max(poller.growth for poller in pollers),
    )
