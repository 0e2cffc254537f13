"""A line of the journal, and the words for where a submission stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind

__all__ = ["JournalEntry", "ListedStatus", "Stage"]


class Stage(StrEnum):
    """How far a submission has come."""

    SUBMITTING = "submitting"
    """It is under way, or it was when its process ended."""
    SUBMITTED = "submitted"
    """The service has confirmed all of it."""
    FAILED = "failed"
    """It ended with an error."""


class ListedStatus(StrEnum):
    """What may be known of a job beside the words of the service, :class:`~.models.jobs.JobStatus`."""

    SUBMITTING = "SUBMITTING"
    """A process is submitting it."""
    INTERRUPTED = "INTERRUPTED"
    """The process that submitted it ended in the middle of that."""
    NOT_SUBMITTED = "NOT_SUBMITTED"
    """Its submission failed."""
    SUBMITTED = "SUBMITTED"
    """It has been submitted, and the service has not been asked about it since."""
    GONE = "GONE"
    """The service does not know it any more."""
    DELETED = "DELETED"
    """It was deleted from here."""


@dataclass(frozen=True)
class JournalEntry:
    """A submission as the journal knows it.

    Attributes:
        number: Its place in the journal.
        job_id: The job's identifier, ``None`` as long as the service has given none.
        service: Where it went: a base URL, or ``local:`` and the file of a local service's database.
        backend: The simulator cluster or QPU system.
        kind: What submitted it.
        time: When the submission began, in UTC.
        tag: The job's tag.
        num_circuits: How many circuits it has.
        stage: How far the submission came.
        status: What the service said of the job when it was asked last, or a
            :class:`ListedStatus`; ``None`` where
            nobody has asked.
        reason: Why the submission failed.
        is_abandoned: Whether it is unfinished and nobody works on it any more.
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
    def fate(self) -> str:
        """Where the job stands, in a word of the service or of :class:`ListedStatus`."""
        if self.status is not None and (
            self.stage is Stage.SUBMITTED or self.status != JobStatus.PENDING.value
        ):
            return self.status
        if self.stage is Stage.SUBMITTED:
            return ListedStatus.SUBMITTED.value
        if self.stage is Stage.FAILED:
            return ListedStatus.NOT_SUBMITTED.value
        return ListedStatus.INTERRUPTED.value if self.is_abandoned else ListedStatus.SUBMITTING.value

    @property
    def is_final(self) -> bool:
        """Whether nothing new is to be heard of the job."""
        if self.job_id is None:
            return True
        return self.status is not None and (
            self.status == ListedStatus.DELETED.value or JobStatus(self.status).is_final
        )
