"""Jobs of the journal as rows of a list, with their last known status."""

from __future__ import annotations

from qiskit_qoro.connection import LOCAL_PREFIX
from qiskit_qoro.history import RecordedJob
from qiskit_qoro.history.job_entry import may_run
from qiskit_qoro.history.journal_entry import ListedStatus, joint_status
from qiskit_qoro.models.jobs import JobState, JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.views import Action, JobRow

__all__ = ["actions_of", "job_row", "status_of"]

_NOT_THERE = frozenset({ListedStatus.GONE.value, ListedStatus.DELETED.value})


def status_of(job: RecordedJob) -> str:
    """Return the last known status of a job."""
    return joint_status(entry.listed_status for entry in job.entries)


def actions_of(job: RecordedJob, *, has_programs: bool) -> frozenset[Action]:
    """Return what the owner of a job can do with it.

    Args:
        job: The job.
        has_programs: Whether the journal has its programs.
    """
    statuses = [entry.listed_status for entry in job.entries if entry.job_id is not None]
    found = {Action.RESUBMIT} if has_programs and job.job_id is not None else set()
    if any(map(may_run, statuses)):
        found.add(Action.CANCEL)
    if not _NOT_THERE.issuperset(statuses):
        found.add(Action.DELETE)
    return frozenset(found)


def job_row(
    job: RecordedJob,
    *,
    state: JobState | None = None,
    reason: str | None = None,
    actions: frozenset[Action] = frozenset(),
    names_service: bool = False,
) -> JobRow:
    """Return the row of a job.

    Args:
        job: The job.
        state: The state that the service has reported, or ``None`` if it was not asked.
        reason: Why the job failed, if that has been read from the service.
        actions: What the user can do with it.
        names_service: Whether the row says which service has the job.
    """
    first, status = job.entries[0], status_of(job)
    num_circuits = sum(entry.num_circuits for entry in job.entries)
    num_finished = None if state is None else state.num_finished
    if status == JobStatus.COMPLETED.value:
        num_finished = num_circuits
    is_characterization = first.kind is JobKind.CHARACTERIZATION
    return JobRow(
        job_id=job.job_id,
        status=status,
        kind=first.kind.value,
        tag=first.tag,
        target=first.backend,
        num_circuits=None if is_characterization else num_circuits,
        num_finished=None if is_characterization else num_finished,
        submitted=first.time,
        duration_s=None if state is None else state.run_time_s,
        reason=next((entry.reason for entry in job.entries if entry.reason is not None), reason),
        actions=actions,
        service=_service_name(first.service) if names_service else "",
    )


def _service_name(service: str) -> str:
    if service.startswith(LOCAL_PREFIX):
        return f"local {service.removeprefix(LOCAL_PREFIX)}".strip()
    return service
