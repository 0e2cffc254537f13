"""Control flow as lines with conditions.

Branches of ``if_else`` and ``switch`` are written one after the other, each under its condition; nesting and
``else`` only make other conditions. That is right as long as no branch changes what the conditions look at.
Where one does, or where a condition would take many lines for every operation, the conditions are latched
first: whether a branch is taken is then a scratch bit. A branch whose last operation measures into its own
condition needs no latch: it is written last.

Loops are unrolled. ``break`` and ``continue`` under a condition are sticky scratch bits, and what they skip
is run if these are 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qiskit.circuit import (
    BoxOp,
    BreakLoopOp,
    CircuitInstruction,
    ForLoopOp,
    IfElseOp,
    Parameter,
    QuantumCircuit,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.controlflow import CASE_DEFAULT, ControlFlowOp

from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    complement,
    equals,
    intersect,
    length,
    simplify,
    subtract,
    support,
    unite,
)
from qiskit_qoro.qasm.write.branches import JUMPS, Branch, Scope, is_long, writers_last
from qiskit_qoro.qasm.write.lines import Lines
from qiskit_qoro.qasm.write.qiskit_conditions import read_condition, read_equality
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["ControlFlow", "WriteBlock"]

_MOST_ITERATIONS = 1_000_000


class WriteBlock(Protocol):
    """Writes the instructions of a block until one of them jumps."""

    def __call__(
        self, block: QuantumCircuit, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None: ...


@dataclass
class _Loop:
    """A loop that is being unrolled.

    Attributes:
        num_branches: How many branches were open around it.
        break_bit: The scratch bit that says that it was left.
        continue_bit: The scratch bit that says that the rest of this iteration is skipped.
        left: Whether it was left whatever the bits hold.
    """

    num_branches: int
    break_bit: int | None = None
    continue_bit: int | None = None
    left: bool = False

    @property
    def bits(self) -> list[int]:
        """The scratch bits that have to be 0 for anything to happen."""
        return [bit for bit in (self.break_bit, self.continue_bit) if bit is not None]


class ControlFlow:
    """Writes control flow into lines.

    Args:
        lines: What is written to.
        write_block: Writes the instructions of a block.

    Attributes:
        jumped: Whether what follows in the block that is being written is never reached.
    """

    def __init__(self, lines: Lines, write_block: WriteBlock) -> None:
        self.jumped = False
        self._lines = lines
        self._write_block = write_block
        self._branches: list[Branch] = []
        self._loops: list[_Loop] = []
        self._iterations = 0

    def write(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> bool:
        """Write an instruction if it is control flow.

        Args:
            instruction: The instruction.
            qubits: How each qubit is written.
            clbits: The index of each classical bit.

        Returns:
            Whether it is control flow.

        Raises:
            UnwritableError: It is, and cannot be lowered.
        """
        operation = instruction.operation
        scope = Scope(instruction, qubits, clbits)
        if isinstance(operation, IfElseOp):
            self._write_if_else(operation, scope)
        elif isinstance(operation, SwitchCaseOp):
            self._write_switch(operation, scope)
        elif isinstance(operation, ForLoopOp):
            self._write_for_loop(operation, scope)
        elif isinstance(operation, BoxOp):
            self._write(operation.blocks[0], scope)
        elif isinstance(operation, JUMPS):
            self._write_jump(leaves=isinstance(operation, BreakLoopOp))
        elif isinstance(operation, WhileLoopOp):
            raise UnwritableError(
                "how often a while loop runs is known only during the run, and OpenQASM 2 has no loops; use "
                "a for loop with a largest number of iterations, and break_loop() in an if_test() to leave it"
            )
        elif isinstance(operation, Store):
            raise UnwritableError(
                "real-time variables cannot be run, and values cannot be stored in classical bits; measure "
                "into a classical register, and use it in the conditions themselves"
            )
        elif isinstance(operation, ControlFlowOp):
            raise UnwritableError(
                "this kind of control flow is not known here; use if_test, switch or for_loop"
            )
        else:
            return False
        return True

    def _write(self, block: QuantumCircuit, scope: Scope) -> None:
        self._write_block(block, scope.qubits_of(block), scope.clbits_of(block))

    def _write_if_else(self, operation: IfElseOp, scope: Scope) -> None:
        condition = read_condition(operation.condition, scope.clbits)
        blocks = [*operation.blocks, None]
        self._choose([Branch(condition, blocks[0]), Branch(complement(condition), blocks[1])], scope)

    def _write_switch(self, operation: SwitchCaseOp, scope: Scope) -> None:
        branches = []
        rest = ALWAYS
        for values, block in operation.cases_specifier():
            condition = NEVER
            for value in values:
                found = (
                    rest if value is CASE_DEFAULT else read_equality(operation.target, value, scope.clbits)
                )
                condition = unite(condition, intersect(found, rest))
            rest = subtract(rest, condition)
            branches.append(Branch(condition, block))
        self._choose([*branches, Branch(rest, None)], scope)

    def _choose(self, branches: Sequence[Branch], scope: Scope) -> None:
        """Write branches whose conditions exclude each other and leave nothing out."""
        read = 0
        for branch in branches:
            read |= support(branch.condition)
        branches = [branch for branch in branches if branch.condition]
        ordered = None if self._lines.bit_by_bit else writers_last(branches, read, scope)
        if ordered is not None and not any(is_long(branch) for branch in ordered):
            self._write_branches(ordered, scope)
            return
        latched, bits = self._latch(branches)
        self._write_branches(latched, scope)
        for bit in bits:
            self._lines.return_scratch_bit(bit)

    def _write_branches(self, branches: Sequence[Branch], scope: Scope) -> None:
        for branch in branches:
            if branch.block is None or not branch.block.data:
                continue
            self._branches.append(branch)
            self._update()
            if self._lines.condition != NEVER:
                self._write(branch.block, scope)
            self._branches.pop()
            self._update()
            self.jumped = False

    def _latch(self, branches: Sequence[Branch]) -> tuple[list[Branch], list[int]]:
        """The branches with scratch bits as their conditions, and these bits.

        The branch with the longest condition is taken where no other one is. It needs no bit of its own if
        that is seen from a single bit.
        """
        others = sorted(branches, key=lambda branch: length(branch.condition))
        last = others.pop()
        bits = [self._lines.latched(branch.condition) for branch in others]
        latched = [
            Branch(equals([bit], 1), branch.block, latched=True)
            for bit, branch in zip(bits, others, strict=True)
        ]
        if last.block is None:
            return latched, bits
        if len(bits) < 2 and self._lines.condition == ALWAYS:
            return [*latched, Branch(equals(bits, 0), last.block)], bits
        rest = self._lines.latched(ALWAYS)
        self._lines.unlatch(rest, [branch.condition for branch in latched])
        return [*latched, Branch(equals([rest], 1), last.block, latched=True)], [*bits, rest]

    def _write_for_loop(self, operation: ForLoopOp, scope: Scope) -> None:
        values, parameter, block = operation.params
        if parameter is not None and not isinstance(parameter, Parameter):
            raise UnwritableError(
                "its loop variable is a real-time variable, which has no value before the run; use a "
                "Parameter"
            )
        if not isinstance(values, range | tuple):
            raise UnwritableError(
                "its values are known only during the run; use a range or a tuple of numbers"
            )
        if not block.data:
            return
        # The length of a very long range is no number that len() may return.
        if (
            isinstance(values, range)
            and abs(values.stop - values.start) // abs(values.step) > _MOST_ITERATIONS
        ):
            raise _too_many_iterations()
        loop = _Loop(len(self._branches))
        self._loops.append(loop)
        for value in values:
            self._count_iteration()
            bound = block if parameter is None else _bind(block, parameter, value)
            self._write(bound, scope)
            self.jumped = False
            if loop.continue_bit is not None:
                self._lines.return_scratch_bit(loop.continue_bit)
                loop.continue_bit = None
                self._update()
            if loop.left:
                break
        self._loops.pop()
        if loop.break_bit is not None:
            self._lines.return_scratch_bit(loop.break_bit)
            self._update()

    def _count_iteration(self) -> None:
        self._iterations += 1
        if self._iterations > _MOST_ITERATIONS:
            raise _too_many_iterations()

    def _write_jump(self, *, leaves: bool) -> None:
        if not self._loops:
            raise UnwritableError("it stands outside of a loop; put it into the block of a for_loop()")
        self.jumped = True
        loop = self._loops[-1]
        in_branch = len(self._branches) > loop.num_branches
        if not in_branch and (not leaves or loop.continue_bit is None):
            loop.left = loop.left or leaves
            return
        # The bits are sticky: where they are 1 already it does no harm to make them 1 again, so that the
        # condition need not look at them.
        keep = [loop.continue_bit] if leaves and loop.continue_bit is not None else []
        condition = self._condition(loop, keep)
        if leaves:
            loop.break_bit = self._lines.take_scratch_bit() if loop.break_bit is None else loop.break_bit
            self._lines.latch(loop.break_bit, condition)
        else:
            loop.continue_bit = (
                self._lines.take_scratch_bit() if loop.continue_bit is None else loop.continue_bit
            )
            self._lines.latch(loop.continue_bit, condition)
        self._update()

    def _update(self) -> None:
        self._lines.condition = self._condition()

    def _condition(self, innermost: _Loop | None = None, bits_of_innermost: Sequence[int] = ()) -> Condition:
        """When what is written now is run: all open branches are taken, and nothing was jumped over."""
        condition = ALWAYS
        for branch in self._branches:
            condition = branch.condition if branch.latched else intersect(condition, branch.condition)
        for loop in self._loops:
            bits = bits_of_innermost if loop is innermost else loop.bits
            condition = intersect(condition, equals(bits, 0))
        return simplify(condition)


def _too_many_iterations() -> UnwritableError:
    return UnwritableError(f"loops run more than {_MOST_ITERATIONS} times in all; shorten them")


def _bind(block: QuantumCircuit, parameter: Any, value: int) -> QuantumCircuit:
    if parameter not in block.parameters:
        return block
    bound: QuantumCircuit = block.assign_parameters({parameter: value})
    return bound
