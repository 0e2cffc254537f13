"""The table that maps the service's job statuses to Qiskit's."""

from __future__ import annotations

from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["QISKIT_STATUS"]

QISKIT_STATUS = {
    JobStatus.PENDING: QiskitStatus.QUEUED,
    JobStatus.SCHEDULED: QiskitStatus.QUEUED,
    JobStatus.RUNNING: QiskitStatus.RUNNING,
    JobStatus.PAUSED: QiskitStatus.QUEUED,
    JobStatus.COMPLETED: QiskitStatus.DONE,
    JobStatus.FAILED: QiskitStatus.ERROR,
    JobStatus.CANCELLED: QiskitStatus.CANCELLED,
    JobStatus.INSUFFICIENT_CREDITS: QiskitStatus.ERROR,
    JobStatus.TIMED_OUT: QiskitStatus.ERROR,
}
"""Service status to Qiskit status. A status that is not in this table counts as running."""
