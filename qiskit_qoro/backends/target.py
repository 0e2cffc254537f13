"""What Qiskit's transpiler may use on a simulator cluster or a QPU system.

Every gate that the engine takes by name is there, on every qubit and every pair, with no coupling map:
where a gate runs and how it is routed is the service's business. All instructions are global (they carry
no properties), which keeps the target independent of its width and lets a circuit keep its own width.

Beside the gates there are ``measure``, ``reset`` and ``delay``. A delay is timing only and is not
sent, but circuits and pass managers that contain delays have to pass; there is no ``dt``. A barrier needs
no entry, the transpiler lets it through everywhere.

Of control flow there is what is lowered to conditions: ``if_else``, ``switch_case``, ``for_loop`` with its
jumps, and ``box``. A ``while_loop`` cannot be lowered, so that the transpiler refuses it.
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
from qiskit.transpiler import Target

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES

if TYPE_CHECKING:
    from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = ["SIMULATOR_WIDTH", "build_qpu_target", "build_simulator_target"]

SIMULATOR_WIDTH = 1024
"""Qubits of a simulator's target. Clusters name no limit; matrix product states and stabilizers go this
far, and transpiling a Bell pair at level 3 takes 6 ms, against 5 ms for 127 qubits and 45 ms for 10,000."""

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "switch_case": SwitchCaseOp,
    "for_loop": ForLoopOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
    "box": BoxOp,
}


def build_simulator_target(cluster: SimulatorCluster, *, num_qubits: int = SIMULATOR_WIDTH) -> Target:
    """The target of a simulator cluster.

    Args:
        cluster: The cluster.
        num_qubits: How many qubits a circuit may have, 1 or more.

    Returns:
        An all-to-all target of that width.

    Raises:
        QoroInputError: ``num_qubits`` is no positive whole number.
    """
    return _build(cluster.name, num_qubits)


def build_qpu_target(system: QPUSystem) -> Target:
    """The target of a QPU system, as wide as its widest QPU that is operational, or its widest if none is.

    Args:
        system: The system.

    Returns:
        An all-to-all target.

    Raises:
        QoroInputError: The system has no QPU with at least one qubit.
    """
    widths = [qpu.q_bits for qpu in system.qpus if qpu.is_operational] or [qpu.q_bits for qpu in system.qpus]
    if max(widths, default=0) < 1:
        raise QoroInputError(
            f"QPU system '{system.name}' lists no QPU with qubits, so nothing can be compiled for it; "
            "choose another system"
        )
    return _build(system.name, max(widths))


def _build(description: str, num_qubits: int) -> Target:
    if isinstance(num_qubits, bool) or not isinstance(num_qubits, int) or num_qubits < 1:
        raise QoroInputError(f"num_qubits is {num_qubits!r}, expected a whole number of at least 1")
    target = Target(description=description, num_qubits=num_qubits)
    for gate, spec in GATES.items():
        angles = [Parameter(f"angle_{index}") for index in range(spec.num_params)]
        target.add_instruction(spec.constructor(*angles), name=gate)
    for operation in (Measure(), Reset(), Delay(Parameter("duration"))):
        target.add_instruction(operation)
    for name, kind in _CONTROL_FLOW.items():
        target.add_instruction(kind, name=name)
    return target
