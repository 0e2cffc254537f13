"""Branches of control flow, and the analysis of which classical bits they write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit.circuit import BreakLoopOp, CircuitInstruction, ContinueLoopOp, Measure, QuantumCircuit
from qiskit.circuit.controlflow import ControlFlowOp

from qiskit_qoro.qasm.write.bit_conditions import Condition, number_of_values

__all__ = ["JUMPS", "Branch", "Scope", "has_many_values", "order_writers_last"]

JUMPS = (BreakLoopOp, ContinueLoopOp)

_MAX_DIRECT_VALUES = 16  # a condition with more values is latched instead of written before each operation


@dataclass(frozen=True)
class Branch:
    """A block and the condition under which it runs.

    Attributes:
        condition: The condition. The conditions of the branches of one operation exclude each other.
        block: The instructions, or ``None`` for an empty branch.
        latched: Whether the condition is a scratch bit that already includes all enclosing conditions.
    """

    condition: Condition
    block: QuantumCircuit | None
    latched: bool = False


class Scope:
    """Translates the bits of a control-flow instruction into the bits of its blocks.

    Args:
        instruction: The instruction.
        qubits: The name of each qubit outside.
        clbits: The index of each classical bit outside.
    """

    def __init__(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        self.clbits = clbits
        self._instruction = instruction
        self._qubits = qubits

    def qubits_of(self, block: QuantumCircuit) -> dict[Any, str]:
        """Return the name of each qubit of a block."""
        return dict(zip(block.qubits, (self._qubits[bit] for bit in self._instruction.qubits), strict=True))

    def clbits_of(self, block: QuantumCircuit) -> dict[Any, int]:
        """Return the index of each classical bit of a block."""
        return dict(zip(block.clbits, (self.clbits[bit] for bit in self._instruction.clbits), strict=True))


def order_writers_last(branches: Sequence[Branch], tested_bits: int, scope: Scope) -> list[Branch] | None:
    """Order branches so that their conditions can be written directly before each operation.

    This is possible if no operation changes a bit that a later operation's condition tests. It holds if no
    branch writes tested bits, or if one branch writes them with its last operation, a measurement, and this
    branch comes last.

    Args:
        branches: The branches of one operation.
        tested_bits: The bits that any of their conditions test, as a mask.
        scope: The scope of the operation.

    Returns:
        The branches in a suitable order, or ``None`` if there is none.
    """
    writers = [
        branch
        for branch in branches
        if branch.block is not None
        and _written_bits(branch.block.data, scope.clbits_of(branch.block)) & tested_bits
    ]
    if not writers:
        return list(branches)
    block = writers[0].block
    if len(writers) > 1 or block is None:
        return None
    # No operation with these conditions follows the last one, so it may write tested bits if it is a
    # measurement. Its own line may be repeated for other values of the register, but measuring a qubit again
    # gives the same value. Control flow is not allowed here, because it may consist of different lines.
    *before, last = block.data
    if not isinstance(last.operation, Measure) or _written_bits(before, scope.clbits_of(block)) & tested_bits:
        return None
    return [branch for branch in branches if branch is not writers[0]] + writers


def _written_bits(instructions: Iterable[CircuitInstruction], clbits: Mapping[Any, int]) -> int:
    """Return the classical bits that instructions may write, as a mask."""
    mask = 0
    for item in instructions:
        mask |= _bits_written_by(item, clbits)
    return mask


def _bits_written_by(instruction: CircuitInstruction, clbits: Mapping[Any, int]) -> int:
    operation = instruction.operation
    # Jumps list all bits of their block, but write none.
    if not instruction.clbits or isinstance(operation, JUMPS):
        return 0
    indices = [clbits[bit] for bit in instruction.clbits]
    mask = 0
    if not isinstance(operation, ControlFlowOp):
        for index in indices:
            mask |= 1 << index
        return mask
    # Control flow lists the bits that it tests too; only what its blocks write counts.
    for block in operation.blocks:
        mask |= _written_bits(block.data, dict(zip(block.clbits, indices, strict=True)))
    return mask


def has_many_values(branch: Branch) -> bool:
    """Whether each operation of a branch would take many lines."""
    return (
        branch.block is not None
        and bool(branch.block.data)
        and number_of_values(branch.condition) > _MAX_DIRECT_VALUES
    )
