"""Submit the jobs of a primitive's plan, all or none."""

from __future__ import annotations

from datetime import UTC, datetime

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.printable import printable_line

__all__ = ["submit"]


def submit(backend: QoroBackend, plan: Plan, *, show_progress: bool) -> QoroPrimitiveJob:
    """Submit all jobs of a plan.

    Args:
        backend: The backend that runs the jobs.
        plan: The plan.
        show_progress: Whether to show a progress line during a long wait for the results.

    Raises:
        QoroError: The service refused a job or did not answer. The jobs that were submitted before it have
            been cancelled as far as possible, and the error names them.
    """
    service = backend.service
    job_ids: list[str] = []
    try:
        # One at a time, so that it is known which jobs have to be cancelled if one fails.
        for submission in plan.submissions:
            job_id = service.submit(submission).job_id
            job_ids.append(str(job_id))
    except BaseException as error:
        if job_ids:
            note = _cancel_all(backend, job_ids)
            if isinstance(error, QoroError):
                error.extend(note)
            else:
                error.add_note(printable_line(note))
        raise
    return QoroPrimitiveJob(
        service,
        job_ids,
        recipe=plan.postprocessor,
        show_progress=show_progress,
        submitted=datetime.now(UTC),
    )


def _cancel_all(backend: QoroBackend, job_ids: list[str]) -> str:
    """Cancel the jobs that were submitted before one failed, and describe the outcome."""
    remaining = [job_id for job_id in job_ids if not _cancel(backend, job_id)]
    outcome = (
        f"these could not be cancelled and may run: {', '.join(remaining)}"
        if remaining
        else "all have been cancelled"
    )
    return f"The same submission had already submitted {', '.join(job_ids)}; {outcome}"


def _cancel(backend: QoroBackend, job_id: str) -> bool:
    """Cancel a job; return whether that succeeded."""
    try:
        backend.service.cancel_job(ExecutionResult(job_id=job_id))
    except QoroError:
        return False
    return True
