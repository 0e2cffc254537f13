"""Several jobs at once: which one is done next, and waiting without a thread.

Jobs are looked at one at a time, at the pace of :mod:`qiskit_qoro.service.polling`: each ever more rarely,
all together never faster than one new job alone.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from qiskit_qoro.errors import JobTimeoutError
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.service.clock import SYSTEM_CLOCK
from qiskit_qoro.service.polling import Poller, max_retries_error, waits

__all__ = ["Pollable", "as_completed", "until_final"]

_LONGEST_S = 3.0
_MAX_POLLS = 5000


class Pollable(Protocol):
    """A job that can be looked at.

    Its ``service``, where it has one, sets the pace. Its ``is_known_final``, where it has one, tells whether
    there is no need to look.
    """

    def job_id(self) -> str:
        """Its identifier."""

    def in_final_state(self) -> bool:
        """Look at it once, and tell whether it is done, failed or cancelled."""


_Job = TypeVar("_Job", bound=Pollable)


def as_completed(jobs: Iterable[_Job], timeout: float | None = None) -> Iterator[_Job]:
    """Hand out jobs as they come to an end, whether done, failed or cancelled.

    Those that are known to have come to an end are first, and the service is not asked about them again.

    Args:
        jobs: Jobs of backends or of primitives, of one service or of several.
        timeout: Seconds to wait at most for all of them, ``None`` for as long as it takes.

    Yields:
        Each of ``jobs`` once. Its ``result()`` then needs no more waiting.

    Raises:
        JobTimeoutError: Not all came to an end in time; the others go on.
        MaxRetriesReachedError: A job did not after the client's ``max_retries`` looks; it goes on.
        QoroAPIError: A service answered with an error.
        QoroConnectionError: There was no answer.
    """
    given = list(jobs)
    poller = _poller_of(given)
    deadline = math.inf if timeout is None else poller.clock.now() + timeout
    waiting = {place: job for place, job in enumerate(given) if not _is_known_final(job)}
    yield from (job for place, job in enumerate(given) if place not in waiting)
    looks: Counter[int] = Counter()
    schedule = poller.schedule(waiting)
    while waiting:
        now = poller.clock.now()
        moment, place = schedule.take(now)
        job = waiting[place]
        with note_on_interrupt(job.job_id() for job in waiting.values()):
            poller.clock.wait(max(0.0, min(moment, deadline) - now))
            is_final = job.in_final_state()
        looks[place] += 1
        if is_final:
            del waiting[place]
            yield job
        elif moment >= deadline:
            raise JobTimeoutError(
                f"{len(waiting)} of {len(given)} jobs are not done after {timeout:g} s, among them "
                f"{job.job_id()}. They go on: wait again, or get them back later by their ids",
                job_id=job.job_id(),
            )
        elif looks[place] == poller.max_retries:
            raise max_retries_error(job.job_id(), poller.max_retries)
        else:
            schedule.reschedule(place, poller.clock.now())


async def until_final(job: Pollable) -> None:
    """Wait until a job is done, failed or cancelled, and let others run meanwhile.

    Raises:
        MaxRetriesReachedError: It was not after the client's ``max_retries`` looks; it goes on.
        QoroAPIError: The service answered with an error.
        QoroConnectionError: There was no answer.
    """
    poller = _poller_of([job])
    for pause_s in islice(waits(poller.first_s, poller.longest_s, poller.growth), poller.max_retries):
        await asyncio.sleep(pause_s)
        if await asyncio.to_thread(job.in_final_state):
            return
    raise max_retries_error(job.job_id(), poller.max_retries)


def _is_known_final(job: Pollable) -> bool:
    return getattr(job, "is_known_final", False) is True


def _poller_of(jobs: Sequence[Pollable]) -> Poller:
    """The pace that suits the services of all these jobs: that of the one which needs most consideration."""
    services = [getattr(job, "service", None) for job in jobs]
    pollers = [service.poller for service in services if isinstance(service, QoroService)]
    if not pollers:
        return Poller(_LONGEST_S, _MAX_POLLS, SYSTEM_CLOCK)
    return Poller(
        longest_s=max(poller.longest_s for poller in pollers),
        max_retries=max(poller.max_retries for poller in pollers),
        clock=pollers[0].clock,
        first_s=max(poller.first_s for poller in pollers),
        growth=max(poller.growth for poller in pollers),
    )
