"""An entry of the journal, and the states of a submission and of a listed job."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qiskit_qoro.models.jobs import JobState, JobStatus, joint_state
from qiskit_qoro.models.submissions import JobKind

__all__ = [
    "JournalEntry",
    "ListedStatus",
    "RecordedJob",
    "Stage",
    "is_final_status",
    "joint_status",
    "listed_status",
]


class Stage(StrEnum):
    """The progress of a submission. It begins as ``SUBMITTING`` and ends as one of the others.

    A process that is killed in the middle of a submission leaves ``SUBMITTING`` behind.
    """

    SUBMITTING = "submitting"
    """Requests are being sent, or the process ended while they were."""
    SUBMITTED = "submitted"
    """The service has confirmed all uploads."""
    FAILED = "failed"
    """The submission ended with an error."""


class ListedStatus(StrEnum):
    """The statuses of a listed job that are not a :class:`~.models.jobs.JobStatus` of the service."""

    SUBMITTING = "SUBMITTING"
    """A process is submitting the job."""
    INTERRUPTED = "INTERRUPTED"
    """The submitting process ended during the submission."""
    NOT_SUBMITTED = "NOT_SUBMITTED"
    """The submission failed."""
    SUBMITTED = "SUBMITTED"
    """The job has been submitted. The service has not been asked about it since."""
    GONE = "GONE"
    """The job does not exist on the service any more."""
    DELETED = "DELETED"
    """This machine deleted the job."""


@dataclass(frozen=True)
class JournalEntry:
    """A submission as recorded in the journal.

    Attributes:
        number: The number of the entry. Later entries have higher numbers.
        job_id: The job's identifier, or ``None`` if the service had not yet returned one.
        service: The service: a base URL, or ``local:`` and the path of a local service's database.
        backend: The name of the simulator cluster or QPU system, or ``None`` if unknown.
        kind: What submitted the job.
        time: When the submission began, in UTC.
        tag: The job's tag.
        num_circuits: The number of circuits.
        stage: The progress of the submission.
        status: The last status that the service reported, or ``GONE`` or ``DELETED``; ``None`` if the service
            has not been asked.
        reason: Why the submission failed, or ``None`` if it did not.
        is_abandoned: Whether the submission is unfinished and the submitting process died.
    """

    number: int
    job_id: str | None
    service: str
    backend: str | None
    kind: JobKind
    time: datetime
    tag: str
    num_circuits: int
    stage: Stage
    status: str | None = None
    reason: str | None = None
    is_abandoned: bool = False

    @property
    def listed_status(self) -> str:
        """The status to show: a status of the service, or one of :class:`ListedStatus`."""
        return listed_status(self.stage, self.status, lambda: self.is_abandoned)

    @property
    def is_final(self) -> bool:
        """Whether the service need not be asked: the job has no identifier, or its status cannot change."""
        if self.job_id is None:
            return True
        return self.status is not None and is_final_status(self.status)


@dataclass(frozen=True)
class RecordedJob:
    """A whole job as recorded in the journal.

    Attributes:
        job_id: Its identifier, which joins those of several service jobs, or ``None`` if it is not known.
        entries: The entries of its service jobs, as far as the journal has them. The first one stands for the
            job.
    """

    job_id: str | None
    entries: tuple[JournalEntry, ...]


def listed_status(stage: Stage, status: str | None, is_abandoned: Callable[[], bool]) -> str:
    """Return the status to show of a service job.

    Args:
        stage: The progress of its submission.
        status: The last status that is recorded, or ``None``.
        is_abandoned: Returns whether the submitting process has ended.
    """
    # A job whose circuits were not all sent stays PENDING on the service. Then the stage is more informative.
    if status is not None and (stage is Stage.SUBMITTED or status != JobStatus.PENDING.value):
        return status
    if stage is Stage.SUBMITTED:
        return ListedStatus.SUBMITTED.value
    if stage is Stage.FAILED:
        return ListedStatus.NOT_SUBMITTED.value
    return ListedStatus.INTERRUPTED.value if is_abandoned() else ListedStatus.SUBMITTING.value


def is_final_status(status: str) -> bool:
    """Whether a recorded status cannot change any more."""
    return status == ListedStatus.DELETED.value or JobStatus(status).is_final


def joint_status(statuses: Iterable[str]) -> str:
    """Combine the listed statuses of service jobs that belong together.

    This follows :func:`~.models.jobs.joint_state` for statuses of the service. In addition, the job is
    ``GONE`` if one of its service jobs is gone or deleted.
    """
    given = set(statuses)
    if len(given) == 1:
        return given.pop()
    if given & {ListedStatus.GONE.value, ListedStatus.DELETED.value}:
        return ListedStatus.GONE.value
    for status in (ListedStatus.INTERRUPTED, ListedStatus.NOT_SUBMITTED, ListedStatus.SUBMITTING):
        if status.value in given:
            return status.value
    # The others have been asked about, and a job that was not may be pending.
    known = {JobStatus.PENDING if status == ListedStatus.SUBMITTED else JobStatus(status) for status in given}
    return joint_state([JobState(status) for status in sorted(known)]).status.value
