"""The lines of a program that is being written, with conditions that become ``if`` statements at the end.

OpenQASM 2 can only compare whole registers, so the classical registers are chosen after all conditions are
known (:mod:`qiskit_qoro.qasm.write.rendering`). A line that neither writes a classical bit nor has a
condition is final at once. Every other line is *deferred*: it is kept with its bit and its condition, and
rendered by :meth:`Lines.finish`. A conditional line is then written once for each value of the register for
which its condition is true.

Some operations need *scratch bits*, which follow the circuit's own classical bits:

- To *latch* a condition into a scratch bit means to measure, under this condition, a qubit that is always in
  |1>. This qubit is added after the circuit's qubits at the first use. To *unlatch* the bit means to flip the
  qubit to |0>, measure it into the bit, and flip it back. Every scratch bit is 0 at the end of the program.
- A latch is used again if the same condition is latched once more and no bit that it reads was written in
  between (:mod:`qiskit_qoro.qasm.write.latches`).
- The engine does not accept a conditional ``reset``. It is written as a conditional measurement into a
  scratch bit, followed by a flip and a second measurement that run if this bit is 1. The second measurement
  makes the bit 0 again.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    complement,
    equals,
    intersect,
    support,
)
from qiskit_qoro.qasm.write.clbit_registers import RegisterLayout
from qiskit_qoro.qasm.write.deferred import Clear, ConditionalLine, Deferred, Latch
from qiskit_qoro.qasm.write.latches import Latches, LatchKey
from qiskit_qoro.qasm.write.rendering import MAX_OPERATIONS, render, too_long

__all__ = ["Lines"]


class Lines:
    """The lines of one program.

    Args:
        num_qubits: How many qubits the program has.
        num_clbits: How many classical bits the circuit has.
        piece_by_piece: Whether to latch all conditions and to test them piece by piece. Programs become
            longer, but no condition needs a wide register or a large number.
        reuse_latches: Whether to use latches again. Their scratch bits are then in use longer.

    Attributes:
        piece_by_piece: See the argument.
        text: The lines so far. Lines without classical bits may be appended directly. They run under the
            :attr:`condition` at that time.
        instruction: The index of the instruction that is being written, for error messages.
        has_reused_latches: Whether a latch was used again.
    """

    # Invariants:
    # - Each index in _deferred is the index of an empty placeholder or of an operation in `text`; finish()
    #   replaces this entry.
    # - Lines before index _num_checked have their condition: they are deferred, or run always. Lines from
    #   this index on were appended under the current condition. Appending to `text` is the hot path of the
    #   writer, so they are only deferred when the condition changes.
    # - Each use of a scratch bit has a number of its own, which is at least _num_clbits. Rendering assigns
    #   the bits.

    def __init__(
        self, num_qubits: int, num_clbits: int, *, piece_by_piece: bool = False, reuse_latches: bool = True
    ) -> None:
        self.piece_by_piece = piece_by_piece
        self.text: list[str] = []
        self.instruction = 0
        self.has_reused_latches = False
        self._reuse_latches = reuse_latches
        self._deferred: dict[int, Deferred] = {}
        self._condition = ALWAYS
        self._num_checked = 0
        self._num_qubits = num_qubits
        self._num_clbits = num_clbits
        self._num_bits = num_clbits  # with all uses of scratch bits
        self._reset_bit: int | None = None
        self._latches = Latches()
        self._needs_one_qubit = False

    @property
    def condition(self) -> Condition:
        """The condition under which lines run that are appended now."""
        return self._condition

    @condition.setter
    def condition(self, condition: Condition) -> None:
        self._defer_conditional_lines()
        self._condition = condition
        if len(self.text) > MAX_OPERATIONS:
            raise too_long(self.instruction)

    def append_always(self, text: str) -> None:
        """Append a line that runs independently of the current condition."""
        self._defer(ConditionalLine(text, None, ALWAYS, self.instruction))

    def measure(self, qubit: str, clbit: int) -> None:
        """Append a measurement."""
        self._measure(qubit, clbit, self._condition)

    def reset(self, qubit: str) -> None:
        """Append a reset."""
        if self._condition == ALWAYS:
            self.text.append(f"reset {qubit};")
            return
        if self._reset_bit is None:
            # All resets share one bit, because it is 0 again after each of them.
            self._reset_bit = self._new_bit()
        was_one = equals([self._reset_bit], 1)
        self.measure(qubit, self._reset_bit)
        self._defer(ConditionalLine(f"x {qubit};", None, was_one, self.instruction))
        self._measure(qubit, self._reset_bit, was_one)

    def latch_here(self, condition: Condition = ALWAYS, unless: Sequence[int] | None = None) -> int:
        """Return a scratch bit that is 1 if the current condition and ``condition`` are both true.

        Args:
            condition: The condition.
            unless: Scratch bits. The result is 0 if one of them is 1.

        Returns:
            A scratch bit that is in use from now on. Only :meth:`return_scratch_bit` may change it.
        """
        key = LatchKey(self._condition, condition, tuple(unless or ()))
        known = self._latches.take_back(key) if self._reuse_latches else None
        if known is not None:
            # The bit keeps its value if it is not cleared.
            bit, cleared_at = known
            del self._deferred[cleared_at]
            self.has_reused_latches = True
            return bit
        bit = self.take_scratch_bit()
        current = self._condition
        circuit_bits = (1 << self._num_clbits) - 1
        if ALWAYS in (condition, current) or support(current) & circuit_bits:
            self.latch(bit, intersect(current, condition))
        else:
            # The current condition consists of latches only. Test it separately, so that no register has to
            # contain these latches and the bits of the other condition.
            self.latch(bit, condition)
            self.unlatch(bit, [complement(current)])
        if unless is not None:
            self.unlatch(bit, [equals([other], 1) for other in unless])
        self._latches.add(key, bit)
        return bit

    def take_scratch_bit(self) -> int:
        """Return a scratch bit that is 0 and in use from now on."""
        self._needs_one_qubit = True
        return self._new_bit()

    def latch(self, bit: int, condition: Condition) -> None:
        """Make a scratch bit 1 if the condition is true; otherwise it keeps its value."""
        self._latches.written(bit)
        self._defer(Latch(bit, condition, self.instruction))

    def unlatch(self, bit: int, conditions: Sequence[Condition]) -> None:
        """Make a scratch bit 0 if one of the conditions is true; otherwise it keeps its value."""
        self.append_always(f"x {self._one_qubit};")
        for condition in conditions:
            if condition != NEVER:
                self._measure(self._one_qubit, bit, condition)
        self.append_always(f"x {self._one_qubit};")

    def return_scratch_bit(self, bit: int) -> None:
        """Make a scratch bit 0 and end its use."""
        # Lines appended so far may depend on the bit, so they have to be deferred while it is in use.
        self._defer_conditional_lines()
        self._latches.cleared(bit, len(self.text))
        self._defer(Clear(bit, self.instruction))

    def finish(self, *, keep_order: bool) -> tuple[list[str], int, RegisterLayout]:
        """Choose the registers and render all lines.

        Args:
            keep_order: Whether every classical bit has to keep its position.

        Returns:
            All lines of the program, the number of its qubits, and its classical registers.

        Raises:
            UnwritableError: A condition is true for too many values, or needs a number that is too large.
        """
        self.condition = ALWAYS
        layout = render(
            self.text,
            self._deferred,
            num_clbits=self._num_clbits,
            num_bits=self._num_bits,
            reset_bit=self._reset_bit,
            one_qubit=self._one_qubit,
            piece_by_piece=self.piece_by_piece,
            keep_order=keep_order,
        )
        num_qubits = self._num_qubits + self._needs_one_qubit
        head = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{num_qubits}];", *layout.declarations]
        if self._needs_one_qubit:
            head.append(f"x {self._one_qubit};")
        return [*head, *self.text, ""], num_qubits, layout

    @property
    def _one_qubit(self) -> str:
        """The auxiliary qubit, which is in |1> except between the two flips of :meth:`unlatch`."""
        return f"q[{self._num_qubits}]"

    def _new_bit(self) -> int:
        self._num_bits += 1
        return self._num_bits - 1

    def _measure(self, qubit: str, clbit: int, condition: Condition) -> None:
        self._latches.written(clbit)
        self._defer(ConditionalLine(f"measure {qubit} -> ", clbit, condition, self.instruction))

    def _defer(self, line: Deferred) -> None:
        self._deferred[len(self.text)] = line
        self.text.append("")

    def _defer_conditional_lines(self) -> None:
        """Give the lines that were appended as plain text the condition under which they were appended."""
        if self._condition != ALWAYS:
            for index in range(self._num_checked, len(self.text)):
                # An empty line is a deferred one, or one that was removed.
                if self.text[index]:
                    self._deferred[index] = ConditionalLine(
                        self.text[index], None, self._condition, self.instruction
                    )
        self._num_checked = len(self.text)
