"""The targets of the local service, with the jobs of an account that wait for them or run on them."""

from __future__ import annotations

from qiskit_qoro.local.engine.devices import NOISY_DEVICES, QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.unfinished_jobs import count_unfinished
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.pages.views import TargetView

__all__ = ["targets_of"]


def targets_of(parts: ServiceParts, account: str) -> list[TargetView]:
    """Return the targets, simulator clusters first. They are those of the API.

    Args:
        parts: The parts of the service.
        account: The name of the account whose jobs are counted.
    """
    with parts.database.read() as connection:
        counts = count_unfinished(connection, account)

    targets: list[SimulatorCluster | QPUSystem] = [*SIMULATOR_CLUSTERS, *QPU_SYSTEMS]
    return [
        TargetView(
            target,
            counts.get((target.name, JobStatus.PENDING), 0),
            counts.get((target.name, JobStatus.RUNNING), 0),
            _noise_of(target),
        )
        for target in targets
    ]


def _noise_of(system: SimulatorCluster | QPUSystem) -> str:
    if isinstance(system, SimulatorCluster):
        names = ", ".join(device.name for device in NOISY_DEVICES)
        return f"None, unless a job asks for it: a noise model, or the device {names}."
    widest = system.widest_qpu
    return "" if widest is None else f"That of {widest.nickname}, the widest QPU, on which all jobs run."
