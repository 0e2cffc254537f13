"""What a job costs: the charge of the service if it is known, and an estimate otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from qiskit_qoro.models.costs import NO_COST, Cost
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.budgets.spending import is_free

__all__ = ["cost_of_jobs"]

_UNKNOWN = Cost(circuits=None, shots=None)


def cost_of_jobs(
    service: QoroService, statuses: Mapping[str, JobStatus], expected: Sequence[Cost] | None
) -> Cost | None:
    """Return what service jobs cost together, or ``None`` if nothing is known about it.

    Args:
        service: The client.
        statuses: The status of each job, by identifier, in order.
        expected: What each job was expected to cost when it was submitted, without credits; ``None`` if that
            is unknown.
    """
    if not statuses:
        return NO_COST
    charges = service.fetch_charges([job_id for job_id, status in statuses.items() if status.is_final])
    known = dict(zip(statuses, expected, strict=True)) if expected is not None else {}
    costs = [
        _cost(service, status, charges.get(job_id), known.get(job_id, _UNKNOWN))
        for job_id, status in statuses.items()
    ]
    total = sum(costs, start=NO_COST)
    return None if total.credits is None and total.circuits is None else total


def _cost(service: QoroService, status: JobStatus, charge: Decimal | None, expected: Cost) -> Cost:
    if charge is not None:
        return replace(expected, credits=charge, is_estimate=False)
    if is_free(status, is_local=service.is_local):
        return replace(expected, credits=Decimal(0), is_estimate=not service.is_local)
    return expected.priced(service.prices())
