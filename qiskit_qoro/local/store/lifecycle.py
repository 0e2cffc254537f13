"""The life cycle of a job, as a table: which status may follow which.

Every status change is checked by :func:`may_become`, in the transaction that makes the change. If two changes
race, for example cancelling and completing, exactly one of them succeeds and the other one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["LIFECYCLE", "may_become"]

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
