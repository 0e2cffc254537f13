"""Branches of control flow: their blocks, their conditions, and whether one changes what another looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit.circuit import BreakLoopOp, CircuitInstruction, ContinueLoopOp, Measure, QuantumCircuit
from qiskit.circuit.controlflow import ControlFlowOp

from qiskit_qoro.qasm.write.bit_conditions import Condition, number_of_values

__all__ = ["JUMPS", "Branch", "Scope", "is_long", "writers_last"]

JUMPS = (BreakLoopOp, ContinueLoopOp)

_MOST_VALUES = 16  # of a condition that is written before each operation; more are latched


@dataclass(frozen=True)
class Branch:
    """A block and when it is run.

    Attributes:
        condition: When, among the branches of its operation.
        block: What is run; ``None`` for nothing.
        latched: Whether the condition is a scratch bit that has all conditions around it in it.
    """

    condition: Condition
    block: QuantumCircuit | None
    latched: bool = False


class Scope:
    """What the bits of an instruction mean inside its blocks."""

    def __init__(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        self.clbits = clbits
        self._instruction = instruction
        self._qubits = qubits

    def qubits_of(self, block: QuantumCircuit) -> dict[Any, str]:
        """How the qubits of a block are written."""
        return dict(zip(block.qubits, (self._qubits[bit] for bit in self._instruction.qubits), strict=True))

    def clbits_of(self, block: QuantumCircuit) -> dict[Any, int]:
        """The index of each classical bit of a block."""
        return dict(zip(block.clbits, (self.clbits[bit] for bit in self._instruction.clbits), strict=True))


def writers_last(branches: Sequence[Branch], read: int, scope: Scope) -> list[Branch] | None:
    """The branches in an order in which none changes a condition that is needed after it, if there is one."""
    writers = [
        branch
        for branch in branches
        if branch.block is not None and _written(branch.block.data, scope.clbits_of(branch.block)) & read
    ]
    if not writers:
        return list(branches)
    block = writers[0].block
    if len(writers) > 1 or block is None:
        return None
    *before, last = block.data
    if not isinstance(last.operation, Measure) or _written(before, scope.clbits_of(block)) & read:
        return None
    return [branch for branch in branches if branch is not writers[0]] + writers


def _written(instructions: Iterable[CircuitInstruction], clbits: Mapping[Any, int]) -> int:
    """The classical bits that instructions may write, as a mask."""
    mask = 0
    for item in instructions:
        mask |= _written_by(item, clbits)
    return mask


def _written_by(instruction: CircuitInstruction, clbits: Mapping[Any, int]) -> int:
    operation = instruction.operation
    if not instruction.clbits or isinstance(operation, JUMPS):
        return 0
    places = [clbits[bit] for bit in instruction.clbits]
    mask = 0
    if not isinstance(operation, ControlFlowOp):
        for place in places:
            mask |= 1 << place
        return mask
    for block in operation.blocks:
        mask |= _written(block.data, dict(zip(block.clbits, places, strict=True)))
    return mask


def is_long(branch: Branch) -> bool:
    """Whether each operation of a branch would take many lines."""
    return (
        branch.block is not None
        and bool(branch.block.data)
        and number_of_values(branch.condition) > _MOST_VALUES
    )
