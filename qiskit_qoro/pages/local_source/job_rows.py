"""A job of the local service as a list shows it, and its life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from qiskit_qoro.jobs.job_document import name_circuits
from qiskit_qoro.local.store.job_listing import ListedJob
from qiskit_qoro.models.jobs import JobStatus, JobType
from qiskit_qoro.pages.views import Action, Event, JobRow

__all__ = ["events_of", "job_row", "notes_of"]

_UNFINISHED = frozenset({Action.CANCEL, Action.DELETE})
# Our labels mean nothing to people. Without the circuits they become indices.
_number_circuits = partial(name_circuits, experiments={})


def job_row(job: ListedJob, now: datetime, named: Callable[[str], str] = _number_circuits) -> JobRow:
    """Return what a list shows of a job.

    Args:
        job: The job.
        now: The present, with a time zone.
        named: Replaces the labels that a reason quotes.
    """
    return JobRow(
        job_id=job.job_id,
        status=job.status.value,
        kind=job.kind.value,
        tag=job.tag,
        target=job.target,
        num_circuits=job.num_circuits,
        num_finished=job.num_finished,
        submitted=job.created_at,
        duration_s=_duration_s(job, now),
        reason=None if job.reason is None else named(job.reason),
        actions=_actions(job),
    )


def events_of(job: ListedJob) -> list[Event]:
    """Return the life of a job so far. A job that waits again has not started."""
    events = [Event(JobStatus.PENDING.value, job.created_at)]
    if job.status is JobStatus.RUNNING or _has_run(job):
        events.append(Event(JobStatus.RUNNING.value, job.started_at))
    if job.status.is_final:
        events.append(Event(job.status.value, job.ended_at))
    return events


def notes_of(job: ListedJob, problem: str) -> list[str]:
    """Return sentences about what is not known of a job, or what it waits for.

    Args:
        job: The job.
        problem: Why no job can run now; empty if jobs can run.
    """
    notes = []
    if job.created_at is None:
        notes.append("The times are unknown, because an earlier version of the service did not store them.")
    if not job.is_finalized and not job.status.is_final:
        missing = "problem" if job.job_type is JobType.VALIDATE else "last circuits"
        notes.append(f"The job waits for its {missing}: its submission is not complete.")
    if job.status is JobStatus.PENDING and job.num_finished:
        notes.append(
            "The job was interrupted. It keeps what has finished, and continues with the other circuits."
        )
    if job.status is JobStatus.PENDING and job.is_finalized and problem:
        notes.append(f"No job can run now, so the job waits: {problem}.")
    return notes


def _has_run(job: ListedJob) -> bool:
    # Databases of the earlier version have no times.
    return job.started_at is not None or (job.status.is_final and bool(job.run_time_s))


def _duration_s(job: ListedJob, now: datetime) -> float | None:
    if job.status is JobStatus.RUNNING:
        return None if job.started_at is None else max(0.0, (now - job.started_at).total_seconds())
    if not _has_run(job):
        return None
    if job.run_time_s is not None:
        return job.run_time_s
    if job.started_at is None or job.ended_at is None:
        return None
    return max(0.0, (job.ended_at - job.started_at).total_seconds())  # a job that was cancelled


def _actions(job: ListedJob) -> frozenset[Action]:
    if not job.status.is_final:
        return _UNFINISHED
    return frozenset({Action.DELETE, Action.RESUBMIT} if job.is_finalized else {Action.DELETE})
