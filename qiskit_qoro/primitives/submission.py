"""Submit the jobs of a primitive's plan, all or none."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.jobs.resubmission import submit_jointly
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob

__all__ = ["submit"]


def submit(backend: QoroBackend, plan: Plan, *, show_progress: bool) -> QoroPrimitiveJob:
    """Submit all jobs of a plan.

    Args:
        backend: The backend that runs the jobs.
        plan: The plan.
        show_progress: Whether to show a progress line during a long wait for the results.

    Raises:
        BudgetExceededError: A budget has no room for all jobs. Nothing was sent.
        QoroError: The service refused a job or did not answer. The jobs that were submitted before it have
            been cancelled as far as possible, and the error names them.
    """
    service = backend.service
    return QoroPrimitiveJob(
        service,
        submit_jointly(service, plan.submissions),
        recipe=plan.postprocessor,
        show_progress=show_progress,
        submitted=datetime.now(UTC),
        sent=partial(tuple, plan.submissions),
    )
