"""The recorder that writes the submissions of a client into a journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import ListedStatus, Stage
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import SubmissionFacts
from qiskit_qoro.wire.json_values import encodable_text

__all__ = ["JournalRecorder"]


@dataclass(frozen=True)
class JournalRecorder:
    """Records the submissions of one client in a journal.

    Attributes:
        journal: The journal.
        service: The name of the client's service in the journal.
    """

    journal: Journal
    service: str

    def begin(self, facts: SubmissionFacts) -> int | None:
        """Record that a submission begins."""
        return self.journal.begin(self.service, facts)

    def opened(self, entry: int | None, job_id: str) -> None:
        """Record that the service has opened the job."""
        self.journal.set_job_id(entry, job_id)

    def done(self, entry: int | None) -> None:
        """Record that the service has confirmed all uploads."""
        self.journal.set_stage(entry, Stage.SUBMITTED)

    def failed(self, entry: int | None, reason: str) -> None:
        """Record that the submission failed."""
        # The reason may quote the service. A lone surrogate in it must not keep it from being recorded.
        self.journal.set_stage(entry, Stage.FAILED, encodable_text(reason))

    def joined(self, job_ids: Sequence[str]) -> None:
        """Record that several jobs belong together."""
        self.journal.set_joined(self.service, job_ids)

    def ended(self, job_id: str, status: JobStatus) -> None:
        """Record the final status of a job."""
        self.journal.set_status_of(self.service, job_id, status.value)

    def deleted(self, job_id: str) -> None:
        """Record that a job was deleted, and remove its programs."""
        self.journal.remove_programs_of(self.service, job_id)
        self.journal.set_status_of(self.service, job_id, ListedStatus.DELETED.value)
