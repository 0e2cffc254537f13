"""The card of a job in a notebook. It shows what is known, and asks the service for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from qiskit_qoro.display.cards import Badge, Card, Hinted, level_of_status
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.times import ago, duration, exact_time, local_now
from qiskit_qoro.models.jobs import JobState, JobStatus
from qiskit_qoro.printable import printable_line, quoted_name
from qiskit_qoro.service.settings import ServiceOrigin

__all__ = ["describe_job", "job_card"]


def describe_job(kind: str, job_id: str, backend_name: str | None, status: JobStatus) -> str:
    """Return the ``repr`` of a job, with its last known status."""
    backend = "" if backend_name is None else f" on {quoted_name(backend_name)}"
    first, others = _split_id(job_id)
    return f"<{kind} {first!r}{others}{backend}: {printable_line(status.value)}>"


def job_card(
    job_id: str,
    state: JobState,
    rows: Iterable[tuple[str, str | None]],
    *,
    submitted: datetime | None,
    origin: ServiceOrigin | None,
    reason: str | None = None,
    reason_call: str = "result()",
) -> Card:
    """Return the card of a job.

    Args:
        job_id: The identifier.
        state: The last known state.
        rows: What is known about the job. Rows with ``None`` are left out.
        submitted: When the job was submitted, or ``None`` if unknown.
        origin: How a user gets a provider of the service, or ``None`` if the job is on no service.
        reason: Why the job failed, or ``None`` if it did not or if that is not known.
        reason_call: The call that tells the reason.
    """
    shown: list[tuple[str, str | Hinted]] = [(name, text) for name, text in rows if text is not None]
    progress = _progress(state)
    if progress is not None:
        shown.append(("finished", f"{state.num_finished:,} of {state.num_circuits:,} circuits"))
    if submitted is not None:
        now = local_now()
        shown.append(("submitted", Hinted(ago(submitted, now=now), exact_time(submitted, now=now))))
    if state.run_time_s is not None:
        shown.append(("run time", duration(state.run_time_s)))
    if not reason and state.status is JobStatus.FAILED:
        reason = f"{reason_call} tells it"  # only another request would read it
    if reason:
        shown.append(("reason", reason))
    note = origin.note if origin else "All values were computed in this process. No job was sent."
    return Card(
        "Job",
        "".join(_split_id(job_id)),
        badge=Badge(state.status.value, level_of_status(state.status.value)),
        progress=progress,
        rows=shown,
        code=f"{origin.code}.retrieve_job({job_id!r})" if origin else "",
        note=note,
    )


def _progress(state: JobState) -> float | None:
    """Return the finished part of a job that has not ended, or ``None`` if it is not known."""
    if state.status.is_final or state.num_finished is None or not state.num_circuits:
        return None
    return min(1.0, state.num_finished / state.num_circuits)


def _split_id(job_id: str) -> tuple[str, str]:
    """Return the first of the identifiers that an identifier consists of, and the number of the others."""
    first, *others = job_id.split("+")
    return first, f" and {counted(len(others), 'more job')}" if others else ""
