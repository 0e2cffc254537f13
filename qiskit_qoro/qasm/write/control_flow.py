"""Translation of control flow into lines with conditions.

The branches of ``if_else`` and ``switch`` are written one after the other, each operation under the condition
of its branch. Nested branches run under the intersection of their conditions, and ``else`` is the complement.
This is correct if no operation changes a bit that the condition of a later operation tests. If one does, or
if a condition would take many lines for every operation, the conditions are latched first: one scratch bit
for each branch shows whether the branch is taken. No latch is needed if the only such operation is the final
measurement of one branch, because this branch can be written last.

Loops are unrolled. A ``break`` or ``continue`` inside a branch sets a scratch bit, and the operations that it
may skip run only if this bit is 0. Such a bit is never cleared before its loop or iteration ends.
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
    num_tested_bits,
    simplify,
    subtract,
    support,
    unite,
)
from qiskit_qoro.qasm.write.branches import JUMPS, Branch, Scope, has_many_values, order_writers_last
from qiskit_qoro.qasm.write.lines import Lines
from qiskit_qoro.qasm.write.qiskit_conditions import read_condition, read_equality
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["ControlFlow", "WriteBlock"]

_MAX_ITERATIONS = 1_000_000  # of all loops together


class WriteBlock(Protocol):
    """A function that writes the instructions of a block until one of them jumps."""

    def __call__(
        self, block: QuantumCircuit, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None: ...


@dataclass
class _Loop:
    """A loop that is being unrolled.

    Attributes:
        num_branches: How many branches enclose it.
        break_bit: The scratch bit that is 1 if a conditional ``break`` was taken, or ``None`` if there was
            none. It stays in use until the end of the loop.
        continue_bit: The scratch bit that is 1 if a conditional ``continue`` was taken in this iteration, or
            ``None`` if there was none. It stays in use until the end of the iteration.
        left: Whether an unconditional ``break`` was reached, so that no further iteration is written.
    """

    num_branches: int
    break_bit: int | None = None
    continue_bit: int | None = None
    left: bool = False

    @property
    def skip_bits(self) -> list[int]:
        """The scratch bits that have to be 0 for the following operations to run."""
        return [bit for bit in (self.break_bit, self.continue_bit) if bit is not None]


class ControlFlow:
    """Writes control flow.

    The current condition of ``lines`` always is: all enclosing branches are taken, and no enclosing loop is
    being skipped. Every method that changes ``_branches`` or the bits of a loop calls ``_update_condition``.

    Args:
        lines: The lines to append to.
        write_block: Writes the instructions of a block.

    Attributes:
        jumped: Whether the rest of the block that is being written is never reached.
    """

    def __init__(self, lines: Lines, write_block: WriteBlock) -> None:
        self.jumped = False
        self._lines = lines
        self._write_block = write_block
        self._branches: list[Branch] = []  # the enclosing branches, outermost first
        self._loops: list[_Loop] = []  # the enclosing loops, outermost first
        self._num_iterations = 0

    def write(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> bool:
        """Write an instruction if it is control flow.

        Args:
            instruction: The instruction.
            qubits: The name of each qubit.
            clbits: The index of each classical bit.

        Returns:
            Whether it is control flow.

        Raises:
            UnwritableError: It is control flow that cannot be translated.
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
            self._write_in_scope(operation.blocks[0], scope)
        elif isinstance(operation, JUMPS):
            self._write_jump(leaves=isinstance(operation, BreakLoopOp))
        elif isinstance(operation, WhileLoopOp):
            raise UnwritableError(
                "how often a while loop runs is known only during the run, and OpenQASM 2 has no loops; use "
                "a for loop with a maximum number of iterations, and break_loop() in an if_test() to leave it"
            )
        elif isinstance(operation, Store):
            raise UnwritableError(
                "OpenQASM 2 has neither real-time variables nor assignments to classical bits; measure into "
                "a classical register, and use the register in conditions"
            )
        elif isinstance(operation, ControlFlowOp):
            raise UnwritableError(
                "this kind of control flow is not supported; use if_test, switch or for_loop"
            )
        else:
            return False
        return True

    def _write_in_scope(self, block: QuantumCircuit, scope: Scope) -> None:
        self._write_block(block, scope.qubits_of(block), scope.clbits_of(block))

    def _write_if_else(self, operation: IfElseOp, scope: Scope) -> None:
        condition = read_condition(operation.condition, scope.clbits)
        blocks = [*operation.blocks, None]  # the second block is optional
        branches = [Branch(condition, blocks[0])]
        # The complement of a comparison has a cube for each bit. Without an `else`, it is not needed.
        is_complete = blocks[1] is not None or len(condition) != 1 or condition == ALWAYS
        if is_complete:
            branches.append(Branch(complement(condition), blocks[1]))
        self._write_choice(branches, scope, is_complete=is_complete)

    def _write_switch(self, operation: SwitchCaseOp, scope: Scope) -> None:
        branches = []
        rest = ALWAYS  # the condition that no earlier case matches
        for values, block in operation.cases_specifier():
            condition = NEVER
            for value in values:
                matches = (
                    rest if value is CASE_DEFAULT else read_equality(operation.target, value, scope.clbits)
                )
                condition = unite(condition, intersect(matches, rest))
            rest = subtract(rest, condition)
            branches.append(Branch(condition, block))
        self._write_choice([*branches, Branch(rest, None)], scope)

    def _write_choice(self, branches: Sequence[Branch], scope: Scope, *, is_complete: bool = True) -> None:
        """Write branches of which exactly one is taken, or at most one if they are not complete."""
        tested_bits = 0
        for branch in branches:
            tested_bits |= support(branch.condition)
        branches = [branch for branch in branches if branch.condition != NEVER]
        ordered = None if self._lines.piece_by_piece else order_writers_last(branches, tested_bits, scope)
        if ordered is not None and not any(has_many_values(branch) for branch in ordered):
            self._write_branches(ordered, scope)
            return
        latched, bits = self._latch_branches(branches, is_complete=is_complete)
        self._write_branches(latched, scope)
        for bit in bits:
            self._lines.return_scratch_bit(bit)

    def _write_branches(self, branches: Sequence[Branch], scope: Scope) -> None:
        for branch in branches:
            if branch.block is None or not branch.block.data:
                continue
            self._branches.append(branch)
            self._update_condition()
            if self._lines.condition != NEVER:
                self._write_in_scope(branch.block, scope)
            self._branches.pop()
            self._update_condition()
            # A jump in a branch is conditional, so what follows the branches may be reached.
            self.jumped = False

    def _latch_branches(
        self, branches: Sequence[Branch], *, is_complete: bool
    ) -> tuple[list[Branch], list[int]]:
        """Latch the conditions of branches.

        If one of the branches is always taken, the one with the longest condition is not latched from its
        condition: it is taken if no other branch is.

        Returns:
            The branches with scratch bits as their conditions, and these scratch bits.
        """
        others = sorted(branches, key=lambda branch: num_tested_bits(branch.condition))
        last = others.pop() if is_complete else Branch(NEVER, None)
        bits = [self._lines.latch_here(branch.condition) for branch in others]
        latched = [
            Branch(equals([bit], 1), branch.block, latched=True)
            for bit, branch in zip(bits, others, strict=True)
        ]
        if last.block is None:
            return latched, bits
        if len(bits) < 2 and self._lines.condition == ALWAYS:
            # "No other branch is taken" is the value of at most one bit, which can be tested directly.
            return [*latched, Branch(equals(bits, 0), last.block)], bits
        last_bit = self._lines.latch_here(unless=bits)
        return [*latched, Branch(equals([last_bit], 1), last.block, latched=True)], [*bits, last_bit]

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
        # len() fails for very long ranges.
        if (
            isinstance(values, range)
            and abs(values.stop - values.start) // abs(values.step) > _MAX_ITERATIONS
        ):
            raise _too_many_iterations()
        loop = _Loop(len(self._branches))
        self._loops.append(loop)
        for value in values:
            self._count_iteration()
            bound = block if parameter is None else _bind(block, parameter, value)
            self._write_in_scope(bound, scope)
            self.jumped = False  # a jump ends only this iteration; `left` ends the loop
            if loop.continue_bit is not None:
                self._lines.return_scratch_bit(loop.continue_bit)
                loop.continue_bit = None
                self._update_condition()
            if loop.left:
                break
        self._loops.pop()
        if loop.break_bit is not None:
            self._lines.return_scratch_bit(loop.break_bit)
            self._update_condition()

    def _count_iteration(self) -> None:
        self._num_iterations += 1
        if self._num_iterations > _MAX_ITERATIONS:
            raise _too_many_iterations()

    def _write_jump(self, *, leaves: bool) -> None:
        """Write a ``break`` (``leaves``) or a ``continue``."""
        if not self._loops:
            raise UnwritableError("it is outside of a loop; put it into the block of a for_loop()")
        self.jumped = True
        loop = self._loops[-1]
        in_branch = len(self._branches) > loop.num_branches
        if not in_branch and (not leaves or loop.continue_bit is None):
            # Unless an earlier jump was taken, this one always is: no scratch bit is needed.
            loop.left = loop.left or leaves
            return
        # A break must not be taken if a continue was taken before it, so its condition tests the continue
        # bit. The other bits of this loop are not tested. If such a bit is already 1, the operations after
        # the jump are skipped anyway, and latching a bit that is already 1 changes nothing.
        tested = [loop.continue_bit] if leaves and loop.continue_bit is not None else []
        condition = self._current_condition(loop, tested)
        bit = loop.break_bit if leaves else loop.continue_bit
        if bit is None:
            bit = self._lines.take_scratch_bit()
        if leaves:
            loop.break_bit = bit
        else:
            loop.continue_bit = bit
        self._lines.latch(bit, condition)
        self._update_condition()

    def _update_condition(self) -> None:
        self._lines.condition = self._current_condition()

    def _current_condition(
        self, innermost: _Loop | None = None, bits_of_innermost: Sequence[int] = ()
    ) -> Condition:
        """Return the condition that all enclosing branches are taken and no enclosing loop is being skipped.

        Args:
            innermost: A loop whose own skip bits are not tested.
            bits_of_innermost: The scratch bits that are tested for this loop instead.
        """
        condition = ALWAYS
        for branch in self._branches:
            # A latched condition already includes the conditions of the branches around it.
            condition = branch.condition if branch.latched else intersect(condition, branch.condition)
        for loop in self._loops:
            bits = bits_of_innermost if loop is innermost else loop.skip_bits
            condition = intersect(condition, equals(bits, 0))
        return simplify(condition)


def _too_many_iterations() -> UnwritableError:
    return UnwritableError(f"all loops together run more than {_MAX_ITERATIONS} times; shorten them")


def _bind(block: QuantumCircuit, parameter: Any, value: int) -> QuantumCircuit:
    if parameter not in block.parameters:
        return block
    bound: QuantumCircuit = block.assign_parameters({parameter: value})
    return bound
