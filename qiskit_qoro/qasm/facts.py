"""What a parsed program does, as far as choosing how to run it depends on that.

One pass over the operations. The definition of a gate that a program defines is looked at once a
name, and only for whether all it uses are Clifford gates; that it nests at most a few dozen levels is the
parser's promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit_qoro.qasm.gates import CLIFFORD_GATES

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

__all__ = ["ProgramInfo", "inspect_program"]

_TIMING = frozenset({"barrier", "delay"})
_NEUTRAL = _TIMING | {"measure", "reset"}


@dataclass(frozen=True)
class ProgramInfo:
    """Facts about a program.

    Attributes:
        num_qubits: How many qubits it declares.
        num_clbits: How many classical bits it declares.
        num_operations: How many operations it has; barriers and delays count, definitions are not expanded.
        used_qubits: The indices of the qubits that something other than a barrier or a delay acts
            on, ascending.
        measured_clbits: The indices of the classical bits that a measurement writes, ascending.
        has_conditions: Whether an operation depends on classical bits.
        has_midcircuit_operations: Whether there is a reset, a condition, or a measurement with
            any later operation on its qubit (a second measurement included, a barrier not).
        is_clifford: Whether all gates, those inside definitions included, are named Clifford
            gates. Rotations by multiples of 90° do not count.
    """

    num_qubits: int
    num_clbits: int
    num_operations: int
    used_qubits: tuple[int, ...]
    measured_clbits: tuple[int, ...]
    has_conditions: bool
    has_midcircuit_operations: bool
    is_clifford: bool

    @property
    def has_measurements(self) -> bool:
        """Whether anything is measured."""
        return bool(self.measured_clbits)


def inspect_program(circuit: QuantumCircuit) -> ProgramInfo:
    """Find out what a program does.

    Args:
        circuit: What :func:`qiskit_qoro.qasm.parse_program` returned.

    Returns:
        Its facts, found in a time linear in its length.
    """
    used: set[object] = set()
    measured: set[object] = set()
    written: set[object] = set()
    clifford: dict[str, bool] = {}
    has_reset = has_conditions = has_late_operations = False
    is_clifford = True
    for instruction in circuit.data:
        name, qubits = instruction.name, instruction.qubits
        if name in _TIMING:
            continue
        used.update(qubits)
        has_late_operations = has_late_operations or not measured.isdisjoint(qubits)
        if name == "measure":
            measured.update(qubits)
            written.update(instruction.clbits)
        elif name == "reset":
            has_reset = True
        elif name == "if_else":
            has_conditions = True
            body = inspect_program(instruction.operation.blocks[0])
            is_clifford = is_clifford and body.is_clifford
            written.update(instruction.clbits[index] for index in body.measured_clbits)
        elif is_clifford:
            is_clifford = _is_clifford(instruction, clifford)
    return ProgramInfo(
        num_qubits=circuit.num_qubits,
        num_clbits=circuit.num_clbits,
        num_operations=len(circuit.data),
        used_qubits=tuple(index for index, bit in enumerate(circuit.qubits) if bit in used),
        measured_clbits=tuple(index for index, bit in enumerate(circuit.clbits) if bit in written),
        has_conditions=has_conditions,
        has_midcircuit_operations=has_reset or has_conditions or has_late_operations,
        is_clifford=is_clifford,
    )


def _is_clifford(instruction: CircuitInstruction, known: dict[str, bool]) -> bool:
    name: str = instruction.name
    if name in _NEUTRAL or instruction.is_standard_gate():
        return name in _NEUTRAL or name in CLIFFORD_GATES
    if name not in known:
        definition = instruction.operation.definition
        known[name] = definition is not None and all(_is_clifford(inner, known) for inner in definition.data)
    return known[name]
