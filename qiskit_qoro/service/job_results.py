"""Read the results of a job from the service, page by page.

The first page is fetched alone. It contains the total number of results, and its length shows where the next
pages are likely to begin. If more than :data:`SEQUENTIAL_PAGES` pages remain, up to :data:`PARALLEL_FETCHES`
of them are fetched at the same time. Without a readable total, the pages are fetched one after the other.

A predicted offset can be wrong, because the service chooses the length of each page. A prefetched page is
therefore used only if reading arrives at exactly its offset, and a page that was not predicted is fetched
when it is needed. The result is the same for pages of any length.

Only the HTTP requests run in parallel. The calling thread decodes the pages: Python runs one thread at a
time, so decoding in several threads would be slower.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar, cast

from qiskit_qoro.errors import QoroAPIError, WireError
from qiskit_qoro.models.jobs import CircuitResult, JobOutcome, ResultDetails, ResultsPage
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline
from qiskit_qoro.service.transport import Response, Transport, json_of, read_answer
from qiskit_qoro.wire.endpoints import GET_RESULTS
from qiskit_qoro.wire.results import failed_page_from_json, results_page_from_json
from qiskit_qoro.wire.states.arrays import StateArray, array_from_json

__all__ = [
    "LOCAL_RESULTS_PAGE_SIZE",
    "MAX_UNCOUNTED_RESULTS",
    "PARALLEL_FETCHES",
    "RESULTS_PAGE_SIZE",
    "SEQUENTIAL_PAGES",
    "FetchedPages",
    "PageOfJob",
    "read_first_label",
    "read_outcome",
    "read_page",
    "read_pages",
    "read_results",
    "read_state_arrays",
]

_log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

FetchedPages = dict[int, Response]
"""Fetched pages of the results of a job, by offset. The results of a completed job never change."""


class PageOfJob(NamedTuple):
    """A page of the results of a job, and the reason why the job failed; ``None`` if it completed."""

    page: ResultsPage
    reason: str | None


RESULTS_PAGE_SIZE = 100
"""Results per page that the client asks a remote service for."""

LOCAL_RESULTS_PAGE_SIZE = 500
"""Results per page that the client asks a service on this machine for. Requests there are fast."""

PARALLEL_FETCHES = 4
"""Most pages that are fetched at the same time."""

MAX_UNCOUNTED_RESULTS = 1_000_000
"""Most results that are read if the service does not report their number."""

SEQUENTIAL_PAGES = 2
"""Up to this many remaining pages are fetched sequentially."""


def read_results(
    transport: Transport,
    job_id: str,
    *,
    deadline: Deadline = NO_DEADLINE,
    fetched: FetchedPages | None = None,
) -> JobOutcome:
    """Fetch all results of a completed job.

    Args:
        transport: Sends the requests.
        job_id: The job.
        deadline: When all results must have arrived.
        fetched: Pages of the job that were fetched before and are not fetched again. New ones are added.

    Returns:
        An outcome that holds results only, in the order of submission.

    Raises:
        DeadlineError: Not all results arrived in time. ``fetched`` has those that did.
        QoroAPIError: The job has no results (400), or the service answered with another error.
        WireError: A page breaks the protocol, or the pages do not add up.
    """
    pages: FetchedPages = {} if fetched is None else fetched

    def fetch(offset: int) -> Response:
        # Several threads fetch pages, each a different one.
        if offset not in pages:
            pages[offset] = _fetch_page(transport, job_id, offset, deadline=deadline)
        return pages[offset]

    return read_pages(job_id, fetch, partial(_results_page, job_id=job_id))


def read_first_label(transport: Transport, job_id: str) -> str | None:
    """Fetch the label of a completed job's first circuit, or ``None`` if the job has no circuit."""
    page = _results_page(_fetch_page(transport, job_id, 0, limit=1), job_id=job_id)
    return next(iter(page.results), None)


def read_page(
    transport: Transport,
    job_id: str,
    *,
    limit: int,
    offset: int,
    are_arrays: bool = False,
    deadline: Deadline = NO_DEADLINE,
) -> PageOfJob:
    """Fetch one page of the results of a completed job, or of the results and failures of a failed one.

    Args:
        transport: Sends the request.
        job_id: The job.
        limit: The largest number of circuits. The service may choose a smaller one.
        offset: The number of circuits before the page.
        are_arrays: Whether the job is of the type ``STATE``, whose results are arrays.
        deadline: When the page must have arrived.

    Returns:
        The page. It is empty if the service does not tell the outcome of the circuits of a failed job.

    Raises:
        QoroAPIError: The service answered with an error other than 400.
        WireError: The page breaks the protocol.
    """
    try:
        response = _fetch_page(transport, job_id, offset, limit=limit, deadline=deadline)
    except QoroAPIError as error:
        if error.status_code != 400:
            raise
        return PageOfJob(_failed_page(error.response, job_id=job_id), error.detail)
    read = partial(results_page_from_json, read=array_from_json) if are_arrays else results_page_from_json
    return PageOfJob(read_answer(response, read, job_id=job_id), None)


def read_state_arrays(transport: Transport, job_id: str) -> dict[str, StateArray | None]:
    """Fetch the results of a completed job of the type ``STATE``.

    Args:
        transport: Sends the requests.
        job_id: The job.

    Returns:
        Label to array, or to ``None`` for a circuit without a value of its own.

    Raises:
        QoroAPIError: The job has no results (400), or the service answered with another error.
        WireError: A page breaks the protocol, or the job computed something else.
    """
    read = partial(results_page_from_json, read=array_from_json)
    outcome = read_pages(
        job_id,
        partial(_fetch_page, transport, job_id),
        lambda response: read_answer(response, read, job_id=job_id),
    )
    return cast("dict[str, StateArray | None]", dict(outcome.results))


def read_outcome(transport: Transport, job_id: str, *, deadline: Deadline = NO_DEADLINE) -> JobOutcome:
    """Fetch the results of a completed job, or the results and failures of a failed one.

    The service answers a request for the results of a failed job with 400. Some services add a page with the
    outcome of each circuit to the body of that error.

    Args:
        transport: Sends the requests.
        job_id: The job.
        deadline: When the whole outcome must have arrived.

    Raises:
        DeadlineError: The outcome did not arrive in time.
        QoroAPIError: The service answered with an error other than 400.
        WireError: A page breaks the protocol, or the pages do not add up.
    """
    # Each refused page has a reason, and the first one is reported. Several threads may append.
    reasons: list[str] = []

    def fetch(offset: int) -> Response:
        try:
            return _fetch_page(transport, job_id, offset, deadline=deadline)
        except QoroAPIError as error:
            if error.status_code != 400:
                raise
            reasons.append(error.detail)
            return error.response

    def read(response: Response) -> ResultsPage:
        return (
            _results_page(response, job_id=job_id) if response.ok else _failed_page(response, job_id=job_id)
        )

    outcome = read_pages(job_id, fetch, read)
    return replace(outcome, reason=reasons[0]) if reasons else outcome


def _fetch_page(
    transport: Transport,
    job_id: str,
    offset: int,
    *,
    limit: int | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> Response:
    if limit is None:
        limit = LOCAL_RESULTS_PAGE_SIZE if transport.is_local else RESULTS_PAGE_SIZE
    params = {"limit": limit, "offset": offset}
    return transport.send(GET_RESULTS, job_id=job_id, params=params, deadline=deadline)


def _results_page(response: Response, *, job_id: str) -> ResultsPage:
    return read_answer(response, results_page_from_json, job_id=job_id)


def _failed_page(response: Response, *, job_id: str) -> ResultsPage:
    """Read the page in the body of an error; return an empty page if the body has none that can be read.

    The page adds details to the reason of a failed job. It must not hide the reason.
    """
    try:
        body = json_of(response)
    except WireError:
        return ResultsPage(0)
    try:
        return failed_page_from_json(body) or ResultsPage(0)
    except WireError as error:
        _log.warning("job %s: the outcome of its circuits cannot be read: %s", job_id, error)
        return ResultsPage(0)


# --- paging -------------------------------------------------------------------------------------------


def read_pages(
    job_id: str, fetch: Callable[[int], _Answer], read: Callable[[_Answer], ResultsPage]
) -> JobOutcome:
    """Fetch and combine all pages of a job's results.

    Args:
        job_id: The job.
        fetch: Fetches the page that begins at an offset, counted from 0. Several threads may call it.
        read: Decodes a fetched page. Only the calling thread calls it.

    Raises:
        WireError: The pages do not add up.
        QoroError: ``fetch`` or ``read`` raised it. No further page is requested then.
    """
    pool = ThreadPoolExecutor(PARALLEL_FETCHES)  # starts no thread until it gets work
    try:
        return _combine(job_id, fetch, read, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _combine(
    job_id: str,
    fetch: Callable[[int], _Answer],
    read: Callable[[_Answer], ResultsPage],
    pool: ThreadPoolExecutor,
) -> JobOutcome:
    results: dict[str, CircuitResult] = {}
    failures: dict[str, str] = {}
    details: dict[str, ResultDetails] = {}
    prefetched: dict[int, Future[_Answer]] = {}  # by offset
    page: ResultsPage | None = None
    while True:
        # Every circuit has either a result or a failure, so their number is the offset of the next page.
        offset = len(results) + len(failures)
        try:
            answer = prefetched.pop(offset).result() if offset in prefetched else fetch(offset)
        except QoroAPIError as error:
            if page is None or page.next is not None or error.status_code not in {400, 404}:
                raise
            # This page was expected only because of the total.
            raise _inconsistent(job_id, page.count, offset, offset) from error
        page = read(answer)
        results |= page.results
        failures |= page.failures
        details |= page.details
        known = len(results) + len(failures)
        # `next` decides whether there are more pages. The total can only add pages: results that the service
        # counts must not be lost because it does not announce them.
        if page.next is None and known >= (page.count or 0):
            return JobOutcome(results, failures, details=details)
        length = len(page.results) + len(page.failures)
        limit = MAX_UNCOUNTED_RESULTS if page.count is None else page.count
        # A label that occurs twice makes `known` smaller than expected.
        if known != offset + length or known == offset or known > limit:
            raise _inconsistent(job_id, page.count, offset, known)
        if page.count is not None and page.count - known > SEQUENTIAL_PAGES * length:
            end = min(page.count, known + PARALLEL_FETCHES * length)
            for ahead in range(known, end, length):
                if ahead not in prefetched:
                    prefetched[ahead] = pool.submit(fetch, ahead)


def _inconsistent(job_id: str, count: int | None, offset: int, known: int) -> WireError:
    total = "an unknown number of" if count is None else f"the total of {count}"
    return WireError(
        f"results of job {job_id}: the page at offset {offset} is empty, repeats labels, or exceeds {total} "
        f"results; got {known} so far",
        job_id=job_id,
    )
