"""The life cycle of a job: a table of which status may follow which, and what is stored with a status.

Every status change is checked by :func:`may_become`, in the transaction that makes the change. If two changes
race, for example cancelling and completing, exactly one of them succeeds and the other one is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from qiskit_qoro.local.store.records import time_to_text
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["LIFECYCLE", "may_become", "write_status"]

LIFECYCLE: Mapping[JobStatus, frozenset[JobStatus]] = {
    # FAILED without having run: a job that `POST /job/create_failed/` opens for tests of clients.
    # INSUFFICIENT_CREDITS: the job is next in the queue and its account cannot pay for it.
    JobStatus.PENDING: frozenset(
        {JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.INSUFFICIENT_CREDITS}
    ),
    # Back to PENDING: the service stopped or died, or the workers could not be reached, before the job was
    # done.
    JobStatus.RUNNING: frozenset(
        {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.PENDING}
    ),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.INSUFFICIENT_CREDITS: frozenset(),
}


def may_become(current: JobStatus, new: JobStatus) -> bool:
    """Whether a job may change from status ``current`` to status ``new``."""
    return new in LIFECYCLE.get(current, frozenset())


def write_status(
    connection: sqlite3.Connection,
    number: int,
    status: JobStatus,
    *,
    now: datetime,
    run_time_s: float | None = None,
    reason: str | None = None,
) -> None:
    """Store a new status of a job with its time. It works within the caller's transaction.

    Args:
        connection: The database.
        number: The job.
        status: The status, which may follow the present one.
        now: The time of day.
        run_time_s: If the job has ended or waits again, how long it has just run, in seconds; ``None`` if
            that is unknown. The times of its runs are added up.
        reason: Why it failed or was not run.
    """
    if status is JobStatus.RUNNING:
        query = "UPDATE jobs SET status = ?, started_at = ? WHERE number = ?"
        connection.execute(query, (status.value, time_to_text(now), number))
    elif status is JobStatus.PENDING:
        # A job that waits again has not started.
        connection.execute(
            "UPDATE jobs SET status = ?, started_at = NULL, num_finished = nullif(?, 0),"
            " run_time_s = nullif(ifnull(run_time_s, 0) + ifnull(?, 0), 0) WHERE number = ?",
            (status.value, _count_finished(connection, number), run_time_s, number),
        )
    else:
        # A completed job has a result for each circuit.
        is_whole = status is JobStatus.COMPLETED
        num_finished = None if is_whole else _count_finished(connection, number)
        connection.execute(
            "UPDATE jobs SET status = ?, ended_at = ?, run_time_s = ifnull(run_time_s, 0) + ?, reason = ?,"
            " num_finished = ? WHERE number = ?",
            (status.value, time_to_text(now), run_time_s, reason, num_finished, number),
        )


def _count_finished(connection: sqlite3.Connection, number: int) -> int:
    """Count the outcomes of a job. The number in memory is too large if a transaction was rolled back."""
    query = "SELECT count(*) FROM results WHERE job = ?"
    return int(connection.execute(query, (number,)).fetchone()[0])
