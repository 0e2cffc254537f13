"""The answer to ``GET /job/<id>/resultsV2/``: a page of a job's results, or the reason why there are none.

The store keeps each result as the JSON text that is sent. A page is put together from these texts, without
decoding them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.web.calls import Answer, Call, json_answer
from qiskit_qoro.local.web.request_body import int_from_query
from qiskit_qoro.models.jobs import JobStatus, JobType, ResultsPage
from qiskit_qoro.wire.payloads import error_to_json
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX, failed_page_to_json, results_page_to_json

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "MAX_OFFSET", "answer_with_results"]

DEFAULT_LIMIT = 100
"""The number of items on a page, unless the query sets it."""

MAX_LIMIT = 1000
"""The largest number of items on a page."""

MAX_OFFSET = 2**63 - 1
"""The largest offset, which is the largest integer of SQLite."""


def answer_with_results(store: JobStore, call: Call) -> Answer:
    """Answer with a page of a job's results.

    Returns:
        For a completed job, the page. For any other job, status 400 and the reason. If the job failed, the
        error also holds a page with the results and failures of its circuits.

    Raises:
        JobNotFoundError: The caller has no such job.
        WireError: ``limit`` or ``offset`` is out of its range.
    """
    limit = int_from_query(call.query, "limit", default=DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
    offset = int_from_query(call.query, "offset", default=0, minimum=0, maximum=MAX_OFFSET)
    job = store.job(call.owner, call.job_id)
    has_failed = job.status is JobStatus.FAILED
    has_page = has_failed or job.status is JobStatus.COMPLETED
    if job.job_type is JobType.VALIDATE or not has_page:
        return json_answer(error_to_json(_reason(job)), 400)
    count, results, failures = store.outcomes(call.owner, call.job_id, limit, offset)
    page = ResultsPage(
        count,
        next=_link(call, limit, offset + limit) if offset + limit < count else None,
        previous=_link(call, limit, max(0, offset - limit)) if offset else None,
    )
    if has_failed:
        envelope = failed_page_to_json(_reason(job), page)
        return Answer(400, _render(envelope, results=results, failures=failures))
    return Answer(200, _render(results_page_to_json(page), results=results))


def _render(envelope: Mapping[str, Any], **lists: Sequence[str]) -> str:
    """Render ``envelope`` as JSON, with its lists replaced by ``lists``, whose items are JSON already."""
    # `envelope` has empty lists under the same keys, so the order of its keys is kept.
    fields = {key: json.dumps(value) for key, value in envelope.items()}
    fields |= {key: f"[{','.join(items)}]" for key, items in lists.items()}
    return "{" + ", ".join(f'"{key}": {text}' for key, text in fields.items()) + "}"


def _reason(job: StoredJob) -> str:
    """Why a job has no results, or why it failed."""
    if job.status is JobStatus.FAILED:
        return f"{FAILED_JOB_PREFIX}{job.reason}"
    if job.status is JobStatus.COMPLETED:
        return f"job {job.job_id} characterizes a QUBO: read its validation_result instead"
    if job.status is JobStatus.INSUFFICIENT_CREDITS:
        return f"job was not run: {job.reason}"
    return f"results not available: job {job.job_id} is {job.status}"


def _link(call: Call, limit: int, offset: int) -> str:
    return f"{call.find_url()}?limit={limit}&offset={offset}"
