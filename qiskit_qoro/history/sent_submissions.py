"""Read from the journal what was sent for a job, so that its programs can be shown and sent again."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import JournalEntry, ListedStatus
from qiskit_qoro.history.journal_path import JOURNAL_VARIABLE, PROGRAMS_VARIABLE
from qiskit_qoro.history.program_store import KeptPrograms, share_bytes
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.service.submission import Submission

__all__ = ["read_submissions"]


def read_submissions(journal: Journal | None, job_ids: Sequence[str]) -> tuple[Submission, ...]:
    """Read the submissions of service jobs from the journal.

    Args:
        journal: The journal of this machine, or ``None`` if there is none.
        job_ids: The identifiers of the service jobs.

    Returns:
        One submission for each job, in order.

    Raises:
        QoroInputError: The journal does not have the programs of a job. The message says why.
        QoroError: The journal cannot be read.
    """
    return tuple(_read_submission(journal, job_id) for job_id in job_ids)


def _read_submission(journal: Journal | None, job_id: str) -> Submission:
    entry = journal.find(job_id) if journal else None
    if journal is None or entry is None:
        raise _missing(
            job_id,
            f"no journal is kept, because of journal=False or {JOURNAL_VARIABLE}=off"
            if journal is None
            else "the journal of this machine has no entry for it: programs are kept where a job was sent",
        )
    kept = journal.programs_of(entry.number)
    if kept.bodies is None:
        raise _missing(job_id, _why_missing(entry, kept, journal.program_limit_bytes))
    request, *uploads = kept.bodies
    facts = SubmissionFacts(
        kind=entry.kind,
        target=entry.backend,
        tag=entry.tag,
        num_circuits=entry.num_circuits,
        structure=journal.structure_of(job_id),
        names=kept.names,
    )
    return Submission(request, tuple(uploads), facts)


def _why_missing(entry: JournalEntry, kept: KeptPrograms, limit_bytes: int) -> str:
    if entry.kind is JobKind.CHARACTERIZATION:
        return "a characterization has none"
    if entry.status == ListedStatus.DELETED.value:
        return "they were removed from the journal together with the job"
    if kept.size is not None:
        return (
            f"they have {_mib(kept.size)}, and the journal keeps at most {_mib(share_bytes(limit_bytes))} of "
            f"one job. Set {PROGRAMS_VARIABLE} to a larger number of MiB for all jobs, of which one job may "
            "use an eighth"
        )
    if kept.was_removed:
        return (
            f"later jobs needed the space: the journal keeps at most {_mib(limit_bytes)} of programs. Set "
            f"{PROGRAMS_VARIABLE} to a larger number of MiB"
        )
    return f"{PROGRAMS_VARIABLE} was off, or an older release submitted the job"


def _mib(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:.3g} MiB"


def _missing(job_id: str, reason: str) -> QoroInputError:
    return QoroInputError(f"the programs of job {job_id} are not available: {reason}", job_id=job_id)
