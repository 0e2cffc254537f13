"""The pages of a job's results: one after the other, and where there are many, a few ahead.

Each page says how many results there are altogether, and so where the next ones begin if they are as long as
it is. Where more than :data:`FEW` are still to come, up to :data:`AT_ONCE` are fetched at the same time.
Where they begin is a guess: a page is used only if reading comes to its beginning, and one that nobody
guessed is fetched when it is needed. So pages of any length come together right, in order.

Only waiting for answers is done at the same time. What they say is read by the thread that asks for it:
several that decode at once would be in each other's way, for Python computes in one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import CircuitResult, JobOutcome, ResultsPage

__all__ = ["AT_ONCE", "FEW", "read_pages"]

_Answer = TypeVar("_Answer")

AT_ONCE = 4
"""How many pages are fetched at the same time."""

FEW = 2
"""So many pages are fetched one after the other."""


def read_pages(
    job_id: str, fetch: Callable[[int], _Answer], read: Callable[[_Answer], ResultsPage]
) -> JobOutcome:
    """All pages of what came of a job's circuits.

    Args:
        job_id: The job.
        fetch: Fetches the answer with the page that begins at a circuit, counted from 0. Several threads may
            call it.
        read: The page in an answer.

    Raises:
        WireError: The pages do not add up.
        QoroError: What ``fetch`` or ``read`` raises; no page is begun after that.
    """
    pool = ThreadPoolExecutor(AT_ONCE)  # has no threads before it has work
    try:
        return _read(job_id, fetch, read, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _read(
    job_id: str,
    fetch: Callable[[int], _Answer],
    read: Callable[[_Answer], ResultsPage],
    pool: ThreadPoolExecutor,
) -> JobOutcome:
    results: dict[str, CircuitResult] = {}
    failures: dict[str, str] = {}
    ahead: dict[int, Future[_Answer]] = {}
    while True:
        before = len(results) + len(failures)
        page = read(ahead.pop(before).result() if before in ahead else fetch(before))
        results |= page.results
        failures |= page.failures
        known = len(results) + len(failures)
        if page.next is None:
            break
        length = len(page.results) + len(page.failures)
        if known != before + length or known == before or known > page.count:
            raise WireError(
                f"results of job {job_id}: the page after {before} results repeats others, holds nothing "
                f"or goes past the {page.count} results that there are",
                job_id=job_id,
            )
        if page.count - known > FEW * length:
            _fetch_ahead(range(known, min(page.count, known + AT_ONCE * length), length), ahead, fetch, pool)
    if known != page.count:
        raise WireError(f"results of job {job_id}: expected {page.count}, got {known}", job_id=job_id)
    return JobOutcome(results, failures)


def _fetch_ahead(
    beginnings: range,
    ahead: dict[int, Future[_Answer]],
    fetch: Callable[[int], _Answer],
    pool: ThreadPoolExecutor,
) -> None:
    """Begin to fetch the pages that are not on their way."""
    for offset in beginnings:
        if offset not in ahead:
            ahead[offset] = pool.submit(fetch, offset)
