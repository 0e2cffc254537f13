"""The transpiler ``Target`` of a simulator cluster or a QPU system.

The target holds every gate that the engine accepts by name, on every qubit and every pair of qubits, without
a coupling map: the service decides where gates run and routes them. All instructions are global, that is,
without properties. So the size of the target does not depend on its width, and a transpiled circuit keeps its
own width.

The target also holds ``measure``, ``reset`` and ``delay``. Delays are not sent to the service, but circuits
and pass managers that contain them must be accepted; there is no ``dt``. A barrier needs no entry, because
the transpiler accepts it for every target.

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
from qiskit.transpiler import Target

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES

if TYPE_CHECKING:
    from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = ["MAX_WIDTH", "SIMULATOR_WIDTH", "build_qpu_target", "build_simulator_target"]

SIMULATOR_WIDTH = 1024
"""The number of qubits of a simulator's target.

The service does not report a limit. Matrix product states and stabilizers can simulate this many qubits.
Transpiling a Bell pair at level 3 takes 6 ms with this width, 5 ms with 127 qubits, and 45 ms with 10,000.
"""

MAX_WIDTH = 2**32 - 1
"""The number of qubits of the widest target that Qiskit can represent."""

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "switch_case": SwitchCaseOp,
    "for_loop": ForLoopOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
    "box": BoxOp,
}


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
    return _build(cluster.name, num_qubits)


def build_qpu_target(system: QPUSystem) -> Target:
    """Build the target of a QPU system.

    Its width is the width of the widest operational QPU, or of the widest QPU if none is operational.

    Args:
        system: The system.

    Returns:
        A target in which all qubits are connected.

    Raises:
        QoroInputError: The system has no QPU with a known number of qubits, 1 or more.
    """
    # A width of 0 means that the service reports none, or none that can be read.
    usable = [qpu for qpu in system.qpus if 1 <= qpu.q_bits <= MAX_WIDTH]
    if not usable:
        raise QoroInputError(
            f"QPU system {system.name!r} has no QPU with a known number of qubits, 1 or more: choose another "
            "system"
        )
    operational = [qpu for qpu in usable if qpu.is_operational]
    return _build(system.name, max(qpu.q_bits for qpu in operational or usable))


def _build(description: str, num_qubits: int) -> Target:
    if isinstance(num_qubits, bool) or not isinstance(num_qubits, int) or num_qubits < 1:
        raise QoroInputError(f"num_qubits is {num_qubits!r}, expected an integer of 1 or more")
    target = Target(description=description, num_qubits=num_qubits)
    # Instructions that are added without properties are global: they apply to all qubits and pairs.
    for gate, spec in GATES.items():
        angles = [Parameter(f"angle_{index}") for index in range(spec.num_params)]
        target.add_instruction(spec.constructor(*angles), name=gate)
    for operation in (Measure(), Reset(), Delay(Parameter("duration"))):
        target.add_instruction(operation)
    for name, kind in _CONTROL_FLOW.items():
        target.add_instruction(kind, name=name)
    return target
