"""Requests about the systems that run jobs: simulator clusters, QPU systems, and the QPU vendors' options."""

from __future__ import annotations

from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.vendors import VendorBlueprint
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.endpoints import QPU_SYSTEMS, SIMULATOR_CLUSTERS, VENDOR_BLUEPRINT
from qiskit_qoro.wire.listings import qpu_systems_from_json, simulator_clusters_from_json
from qiskit_qoro.wire.vendors import vendor_blueprints_from_json

__all__ = ["fetch_qpu_systems", "fetch_simulator_clusters", "fetch_vendor_blueprints"]


def fetch_qpu_systems(transport: Transport) -> list[QPUSystem]:
    """Fetch the QPU systems that the service offers."""
    return read_answer(transport.send(QPU_SYSTEMS), qpu_systems_from_json)


def fetch_simulator_clusters(transport: Transport) -> list[SimulatorCluster]:
    """Fetch the simulator clusters that the service offers."""
    return read_answer(transport.send(SIMULATOR_CLUSTERS), simulator_clusters_from_json)


def fetch_vendor_blueprints(transport: Transport) -> dict[str, VendorBlueprint]:
    """Fetch the blueprint of each QPU vendor: the options of its jobs and the credentials it needs."""
    return read_answer(transport.send(VENDOR_BLUEPRINT), vendor_blueprints_from_json)
