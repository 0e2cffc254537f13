"""The pages of a job's results: one after the other, and where there are many, a few ahead.

Each page says how many results there are altogether, and so where the next ones begin if they are as long as
it is. Where more than :data:`FEW` are still to come, up to :data:`AT_ONCE` are fetched at the same time.
Where they begin is a guess: a page is used only if reading comes to its beginning, and one that nobody
guessed is fetched when it is needed. So pages of any length come together right, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import CircuitResult, JobOutcome, ResultsPage

__all__ = ["AT_ONCE", "FEW", "read_pages"]

AT_ONCE = 4
"""How many pages are fetched at the same time."""

FEW = 2
"""So many pages are fetched one after the other."""


def read_pages(job_id: str, fetch: Callable[[int], ResultsPage]) -> JobOutcome:
    """All pages of what came of a job's circuits.

    Args:
        job_id: The job.
        fetch: Fetches the page that begins at a circuit, counted from 0. Several threads may call it.

    Raises:
        WireError: The pages do not add up.
        QoroError: What ``fetch`` raises; no page is begun after that.
    """
    pool = ThreadPoolExecutor(AT_ONCE)  # has no threads before it has work
    try:
        return _read(job_id, fetch, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _read(job_id: str, fetch: Callable[[int], ResultsPage], pool: ThreadPoolExecutor) -> JobOutcome:
    results: dict[str, CircuitResult] = {}
    failures: dict[str, str] = {}
    ahead: dict[int, Future[ResultsPage]] = {}
    while True:
        before = len(results) + len(failures)
        page = ahead.pop(before).result() if before in ahead else fetch(before)
        results |= page.results
        failures |= page.failures
        read = len(results) + len(failures)
        if page.next is None:
            break
        length = len(page.results) + len(page.failures)
        if read != before + length or read == before or read > page.count:
            raise WireError(
                f"results of job {job_id}: the page after {before} results repeats others, holds nothing "
                f"or goes past the {page.count} results that there are",
                job_id=job_id,
            )
        if page.count - read > FEW * length:
            _fetch_ahead(range(read, min(page.count, read + AT_ONCE * length), length), ahead, fetch, pool)
    if read != page.count:
        raise WireError(f"results of job {job_id}: expected {page.count}, got {read}", job_id=job_id)
    return JobOutcome(results, failures)


def _fetch_ahead(
    beginnings: range,
    ahead: dict[int, Future[ResultsPage]],
    fetch: Callable[[int], ResultsPage],
    pool: ThreadPoolExecutor,
) -> None:
    """Begin to fetch the pages that are not on their way."""
    for offset in beginnings:
        if offset not in ahead:
            ahead[offset] = pool.submit(fetch, offset)
