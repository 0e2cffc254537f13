"""The card of a backend in a notebook. It shows what is known, and asks the service for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qiskit.transpiler import Target

from qiskit_qoro.backends.run_options import RUN_OPTIONS
from qiskit_qoro.display.cards import Badge, Card, CardTable, Picture
from qiskit_qoro.display.reprs import counted, short_code, short_list
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.service import QoroService

__all__ = ["backend_card"]


def backend_card(
    system: SimulatorCluster | QPUSystem,
    target: Target,
    options: Iterable[tuple[str, Any]],
    service: QoroService,
) -> Card:
    """Return the card of a backend.

    Args:
        system: The service's description of the backend.
        target: What circuits are transpiled for.
        options: Name and value of its options.
        service: The client that submits the jobs.
    """
    is_simulator = isinstance(system, SimulatorCluster)
    changed = {name: value for name, value in options if value != RUN_OPTIONS.get(name)}
    rows = [
        ("qubits", f"up to {target.num_qubits:,}" if is_simulator else f"{target.num_qubits:,}"),
        ("coupling", _coupling(system)),
        ("gates", _gates(target)),
        ("expectation values", "computed exactly" if system.supports_expval else "sampled"),
        ("options", ", ".join(f"{name}={short_code(value)}" for name, value in changed.items())),
        ("service", service.description),
    ]
    return Card(
        "Simulator" if is_simulator else "QPU system",
        system.name,
        badge=None if is_simulator else _badge(system),
        pictures=_map(system),
        rows=[(name, text) for name, text in rows if text],
        tables=[_qpus(system)] if isinstance(system, QPUSystem) and len(system.qpus) > 1 else [],
    )


def _badge(system: SimulatorCluster | QPUSystem) -> Badge:
    is_operational = system.is_operational
    return Badge("operational" if is_operational else "not operational", "good" if is_operational else "bad")


def _coupling(system: SimulatorCluster | QPUSystem) -> str:
    qpu = None if isinstance(system, SimulatorCluster) else system.widest_qpu
    if qpu is None or qpu.properties is None:
        return "all pairs of qubits"
    pairs = qpu.properties.pairs
    shown = short_list(f"{one}\u2013{other}" for one, other in pairs)
    return f"{counted(len(pairs), 'pair')}: {shown}"


def _map(system: SimulatorCluster | QPUSystem) -> list[Picture]:
    """Draw the map of the widest QPU; nothing if the service does not report its coupling."""
    qpu = None if isinstance(system, SimulatorCluster) else system.widest_qpu
    if qpu is None or qpu.properties is None:
        return []
    from qiskit_qoro.display import device_map  # noqa: PLC0415 - as needed

    if qpu.q_bits > device_map.MAX_QUBITS:
        return []
    properties, count = qpu.properties, qpu.q_bits
    errors = device_map.DeviceErrors(properties.readout_errors(count), properties.pair_errors(count))
    drawn = device_map.draw_device_map(f"Map of {qpu.nickname}", device_map.CAPTION, errors)
    return [Picture(drawn, device_map.CAPTION)] if drawn else []


def _gates(target: Target) -> str:
    """Return the names of the gates, one-qubit gates first."""
    sizes = {
        name: item.num_qubits
        for name in target.operation_names
        if not isinstance(item := target.operation_from_name(name), type)
        and name not in {"measure", "reset", "delay"}
    }
    names = sorted(sizes, key=lambda name: (sizes[name], name))
    return f"{len(names)}: {short_list(names)}"


def _qpus(system: QPUSystem) -> CardTable:
    rows = [[qpu.nickname, f"{qpu.q_bits:,}", qpu.status] for qpu in system.qpus]
    return CardTable(["QPU", "qubits", "status"], rows, numbers=[1])
