"""The errors of jobs, which are Qiskit's errors of jobs too."""

from __future__ import annotations

from enum import StrEnum

from qiskit.providers import JobError
from qiskit.providers import JobTimeoutError as QiskitJobTimeoutError

from qiskit_qoro.errors import QoroError

__all__ = ["JobCancelledError", "JobFailedError", "JobTimeoutError", "QoroJobError"]


class QoroJobError(QoroError, JobError):
    """A job has no results, or none that can be used.

    Handle its subclasses, which say what to do.

    Attributes:
        status: The job's status on the service, or ``None`` if the error does not depend on it. It is a
            :class:`~qiskit_qoro.models.jobs.JobStatus`, which this module does not import because it is the
            lowest layer.
    """

    def __init__(self, message: str, *, job_id: str | None = None, status: StrEnum | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.status = status


class JobFailedError(QoroJobError):
    """The job failed, or its results do not match the submission.

    Read the reasons. ``job.result(partial=True)`` returns the results of the other circuits. ``status`` tells
    whether the job failed, took too long, or could not be paid for.
    """


class JobCancelledError(QoroJobError):
    """The job was cancelled.

    Submit again if the job was cancelled by mistake. A cancelled job has no results.
    """


class JobTimeoutError(QoroJobError, QiskitJobTimeoutError):
    """The job was not final within the time limit of the wait. The job continues.

    Wait again, with the same job or with ``provider.retrieve_job(error.job_id)``.
    """


# They are public names of the package, and tracebacks and pickles name them in this way.
for _name in __all__:
    globals()[_name].__module__ = __package__
