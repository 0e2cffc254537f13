"""The life of a job, as a table: from which status it may go to which.

Every change of a status goes through :func:`may_become`, in the same transaction as the change itself, so
that of two calls that race (cancel against complete) exactly one wins and the other one is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["LIFECYCLE", "may_become"]

LIFECYCLE: Mapping[JobStatus, frozenset[JobStatus]] = {
    # To FAILED without having run: a job that is opened so, for the tests of clients.
    # To INSUFFICIENT_CREDITS when its turn comes and its account cannot pay for it.
    JobStatus.PENDING: frozenset(
        {JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.INSUFFICIENT_CREDITS}
    ),
    # Back to PENDING when the service stops, or has died, before the job was done.
    JobStatus.RUNNING: frozenset(
        {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.PENDING}
    ),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.INSUFFICIENT_CREDITS: frozenset(),
}


def may_become(current: JobStatus, new: JobStatus) -> bool:
    """Whether a job in status ``current`` may go to status ``new``."""
    return new in LIFECYCLE.get(current, frozenset())
