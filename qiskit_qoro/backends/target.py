"""The transpiler ``Target`` of a simulator cluster or a QPU system.

The target holds every gate that the engine accepts by name, on every qubit and every pair of qubits, without
a coupling map: the service decides where gates run and routes them. Instructions are global, that is, without
properties, so a transpiled circuit keeps its own width.

There is one exception. On simulators of up to :data:`SIMULATOR_WIDTH` qubits, the one-qubit gates that are
not always Clifford gates have a tiny error, so that the transpiler prefers Clifford gates, which simulators
run fastest. The transpiler ignores the errors of global instructions, so these gates have an entry for each
qubit, which makes transpiling somewhat slower.

If the service reports the properties of a QPU, the target of its system holds the gates of this QPU instead.
They have their coupling, errors and durations. The target then also has the unit ``dt``, and T1 and T2 of
each qubit.

The target also holds ``measure``, ``reset`` and ``delay``. Circuits and pass managers that contain delays
must be accepted, although most services do not get them. A barrier needs no entry, because the transpiler
accepts it for every target.

The target holds the control flow that the OpenQASM writer can lower to conditions: ``if_else``,
``switch_case``, ``for_loop`` with its jumps, and ``box``. A ``while_loop`` cannot be lowered, so the
transpiler refuses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit.circuit import (
    BoxOp,
    BreakLoopOp,
    ContinueLoopOp,
    Delay,
    ForLoopOp,
    IfElseOp,
    Measure,
    Parameter,
    Reset,
    SwitchCaseOp,
)
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.systems import SIMULATOR_WIDTH
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.circuit import Instruction

    from qiskit_qoro.models.devices import DeviceProperties, OperationProperties
    from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = ["SIMULATOR_WIDTH", "build_qpu_target", "build_simulator_target"]

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "switch_case": SwitchCaseOp,
    "for_loop": ForLoopOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
    "box": BoxOp,
}


# The transpiler compares sums of errors. So any positive number makes a gate more expensive than a gate
# without an error. This one is too small to matter to anyone who reads errors from the target.
_NON_CLIFFORD_ERROR = 1e-10
_NON_CLIFFORD_GATES = frozenset(
    name for name, gate in GATES.items() if gate.num_qubits == 1 and name not in CLIFFORD_GATES
)

# Gates that are the same in both directions. A service reports one direction.
_SYMMETRIC_GATES = frozenset({"cz", "swap", "cp", "cu1"})


def build_simulator_target(cluster: SimulatorCluster, *, num_qubits: int = SIMULATOR_WIDTH) -> Target:
    """Build the target of a simulator cluster.

    Args:
        cluster: The cluster.
        num_qubits: The number of qubits that a circuit may have, 1 or more.

    Returns:
        A target of that width in which all qubits are connected.

    Raises:
        QoroInputError: ``num_qubits`` is not a positive integer.
    """
    return _build(cluster.name, num_qubits, prefers_clifford_gates=True)


def build_qpu_target(system: QPUSystem) -> Target:
    """Build the target of a QPU system.

    It describes the widest operational QPU, or the widest QPU if none is operational.

    Args:
        system: The system.

    Returns:
        A target with the gates, the coupling and the calibration of the QPU. If the service does not report
        them, a target in which all qubits are connected.

    Raises:
        QoroInputError: The system has no QPU with a known number of qubits, 1 or more.
    """
    qpu = system.widest_qpu
    if qpu is None:
        raise QoroInputError(
            f"QPU system {system.name!r} has no QPU with a known number of qubits, 1 or more: choose another "
            "system"
        )
    if qpu.properties is not None:
        target = _build_from_properties(system.name, qpu.q_bits, qpu.properties)
        if target is not None:
            return target
    return _build(system.name, qpu.q_bits)


def _build_from_properties(description: str, num_qubits: int, properties: DeviceProperties) -> Target | None:
    """Build the target of a device, or return ``None`` if no operation of it is a gate of the engine."""
    found: dict[str, dict[tuple[int, ...], InstructionProperties]] = {}
    for item in properties.operations:
        if _is_usable(item, num_qubits):
            values = InstructionProperties(duration=item.duration_s, error=item.error)
            found.setdefault(item.name, {})[item.qubits] = values
            if item.name in _SYMMETRIC_GATES:
                found[item.name].setdefault(item.qubits[::-1], values)
    if not GATES.keys() & found.keys():
        return None
    qubits = [QubitProperties(t1=each.t1_s, t2=each.t2_s) for each in properties.qubits[:num_qubits]]
    target = Target(
        description=description,
        num_qubits=num_qubits,
        dt=properties.dt_s,
        # Qiskit expects one for each qubit, or none at all.
        qubit_properties=qubits if len(qubits) == num_qubits else None,
    )
    every_qubit: Mapping[tuple[int, ...], None] = {(qubit,): None for qubit in range(num_qubits)}
    for name, places in found.items():
        target.add_instruction(_operation(name), places, name=name)
    for name in ("measure", "reset", "delay"):
        if name not in found:
            target.add_instruction(_operation(name), dict(every_qubit), name=name)
    _add_control_flow(target)
    return target


def _is_usable(item: OperationProperties, num_qubits: int) -> bool:
    """Whether the target can hold an operation. A newer service may report others."""
    known = GATES[item.name].num_qubits if item.name in GATES else item.name in ("measure", "reset")
    return len(item.qubits) == known == len(set(item.qubits)) and max(item.qubits) < num_qubits


def _operation(name: str) -> Instruction:
    if name in GATES:
        spec = GATES[name]
        return spec.constructor(*[Parameter(f"angle_{index}") for index in range(spec.num_params)])
    return {"measure": Measure(), "reset": Reset(), "delay": Delay(Parameter("duration"))}[name]


def _build(description: str, num_qubits: int, *, prefers_clifford_gates: bool = False) -> Target:
    if isinstance(num_qubits, bool) or not isinstance(num_qubits, int) or num_qubits < 1:
        raise QoroInputError(f"num_qubits is {num_qubits!r}, expected an integer of 1 or more")
    target = Target(description=description, num_qubits=num_qubits)
    # The same value for all qubits, so that a wide target stays small.
    error = InstructionProperties(error=_NON_CLIFFORD_ERROR)
    for name in (*GATES, "measure", "reset", "delay"):
        if prefers_clifford_gates and num_qubits <= SIMULATOR_WIDTH and name in _NON_CLIFFORD_GATES:
            target.add_instruction(
                _operation(name), {(qubit,): error for qubit in range(num_qubits)}, name=name
            )
        else:
            # Instructions that are added without properties are global: they apply to all qubits and pairs.
            target.add_instruction(_operation(name), name=name)
    _add_control_flow(target)
    return target


def _add_control_flow(target: Target) -> None:
    for name, kind in _CONTROL_FLOW.items():
        target.add_instruction(kind, name=name)
