"""What both primitives do with PUBs beside translating them: blame the right one, and submit a plan."""

from __future__ import annotations

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob

__all__ = ["submit"]


def submit(backend: QoroBackend, plan: Plan, *, show_progress: bool) -> QoroPrimitiveJob:
    """Submit all jobs of a plan.

    Args:
        backend: Where to.
        plan: What to submit.
        show_progress: Whether a long wait for the results is shown.

    Raises:
        QoroError: A job was refused, or the service did not answer. The jobs submitted before it have been
            cancelled as far as possible, and the error names them.
    """
    service = backend.service
    job_ids: list[str] = []
    try:
        # One at a time: what has been submitted has to be known when the next one fails.
        for submission in plan.submissions:
            job_id = service.submit(submission).job_id
            job_ids.append(str(job_id))
    except BaseException as error:
        if job_ids:
            note = _cancel_all(backend, job_ids)
            if isinstance(error, QoroError):
                error.extend(note)
            else:
                error.add_note(note)
        raise
    return QoroPrimitiveJob(service, job_ids, postprocessor=plan.postprocessor, show_progress=show_progress)


def _cancel_all(backend: QoroBackend, job_ids: list[str]) -> str:
    """Cancel the jobs that were submitted before one failed; say what became of them."""
    left = [job_id for job_id in job_ids if not _cancelled(backend, job_id)]
    fate = f"could not be cancelled and may run: {', '.join(left)}" if left else "all have been cancelled"
    return f"Before it, the same submission had submitted {', '.join(job_ids)}; {fate}"


def _cancelled(backend: QoroBackend, job_id: str) -> bool:
    try:
        backend.service.cancel_job(ExecutionResult(job_id=job_id))
    except QoroError:
        return False
    return True
