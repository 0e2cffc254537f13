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
    # Back to PENDING: the service stopped or died before the job was done.
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
        run_time_s: If the job has ended, how long it ran, in seconds.
        reason: Why it failed or was not run.
    """
    if not status.is_final:
        # A job that waits again after a restart has not started.
        started_at = time_to_text(now) if status is JobStatus.RUNNING else None
        query = "UPDATE jobs SET status = ?, started_at = ? WHERE number = ?"
        connection.execute(query, (status.value, started_at, number))
        return
    num_finished = None
    if status is not JobStatus.COMPLETED:
        # The number in memory is too large if a transaction was rolled back.
        query = "SELECT count(*) FROM results WHERE job = ?"
        (num_finished,) = connection.execute(query, (number,)).fetchone()
    connection.execute(
        "UPDATE jobs SET status = ?, ended_at = ?, run_time_s = ?, reason = ?, num_finished = ?"
        " WHERE number = ?",
        (status.value, time_to_text(now), run_time_s, reason, num_finished, number),
    )
