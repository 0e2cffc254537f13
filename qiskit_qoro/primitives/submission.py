"""What both primitives do with PUBs beside translating them: blame the right one, and submit a plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qiskit_qoro.backend import QoroBackend
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.primitives.plan import Plan
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.programs import RowPrograms

__all__ = ["check_backend", "check_width", "naming_pub", "submit"]


def check_backend(backend: object, generic: str) -> QoroBackend:
    """The backend that a primitive was given.

    Args:
        backend: What was given.
        generic: Qiskit's class that takes backends of any provider.

    Raises:
        QoroInputError: It is no :class:`QoroBackend`.
    """
    if not isinstance(backend, QoroBackend):
        raise QoroInputError(
            f"backend is {type(backend).__name__}, expected a QoroBackend from QoroProvider().get_backend(); "
            f"for those of other providers there is Qiskit's {generic}"
        )
    return backend


@contextmanager
def naming_pub(index: int) -> Iterator[None]:
    """Every input error within names the PUB."""
    try:
        yield
    except QoroInputError as error:
        error.introduce(f"PUB {index}")
        raise


def check_width(backend: QoroBackend, programs: RowPrograms) -> None:
    """Refuse a circuit that uses more qubits than the backend has.

    Raises:
        QoroInputError: It does.
    """
    if programs.program.num_qubits > backend.num_qubits:
        raise QoroInputError(
            f"the circuit uses {programs.program.num_qubits} qubits, {backend.name!r} has "
            f"{backend.num_qubits}: choose a wider backend"
        )


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
    return QoroPrimitiveJob(service, job_ids, recipe=plan.recipe, show_progress=show_progress)


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
