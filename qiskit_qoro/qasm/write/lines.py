"""The lines of a program that is being written, with conditions that become ``if`` statements at the end.

OpenQASM 2 can only compare whole registers, so the classical registers are chosen after all conditions are
known (:mod:`qiskit_qoro.qasm.write.clbit_registers`). A line that neither writes a classical bit nor has a
condition is final at once. Every other line is *deferred*: it is kept with its bit and its condition, and
rendered by :meth:`Lines.finish`. A conditional line is then written once for each value of the register for
which its condition is true.

Some operations need *scratch bits*, which follow the circuit's own classical bits:

- To *latch* a condition into a scratch bit means to measure, under this condition, a qubit that is always in
  |1>. This qubit is added after the circuit's qubits at the first use. To *unlatch* the bit means to flip the
  qubit to |0>, measure it into the bit, and flip it back. Every scratch bit is 0 at the end of the program.
- If a register would be too wide, or a condition would be true for too many of its values, the bits of the
  condition are latched one by one: a scratch bit is latched if the first bit has the right value, and
  unlatched for each other bit that has the wrong value.
- The engine does not accept a conditional ``reset``. It is written as a conditional measurement into a
  scratch bit, followed by a flip and a second measurement that run if this bit is 1. The second measurement
  makes the bit 0 again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.qasm.limits import CONDITION_COST, DEFAULT_LIMITS
from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    bits_of,
    complement,
    equals,
    intersect,
    number_of_values,
    support,
    values_on,
)
from qiskit_qoro.qasm.write.clbit_registers import RegisterLayout, arrange_registers
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["Lines"]

_MAX_VALUES = 1024  # lines for one conditional operation
_MAX_OPERATIONS = DEFAULT_LIMITS.operations
_MAX_COMPARED_BITS = 64  # width of the widest register that the engine compares


@dataclass(frozen=True, slots=True)
class _DeferredLine:
    """A line that cannot be rendered before the registers are known.

    Attributes:
        text: The line without its condition and, for a measurement, without its classical bit.
        clbit: The classical bit that a measurement writes, or ``None`` for other operations.
        condition: When the line runs.
        instruction: The index of the circuit's instruction, for error messages.
        scratch_in_use: The scratch bits that may be 1 when the line runs, as a mask.
    """

    text: str
    clbit: int | None
    condition: Condition
    instruction: int
    scratch_in_use: int


class Lines:
    """The lines of one program.

    Args:
        num_qubits: How many qubits the program has.
        num_clbits: How many classical bits the circuit has.
        bit_by_bit: Whether to latch all conditions, bit by bit. Programs become longer, but no condition
            needs a wide register.

    Attributes:
        bit_by_bit: See the argument.
        text: The lines so far. Lines without classical bits may be appended directly. They run under the
            :attr:`condition` at that time.
        instruction: The index of the instruction that is being written, for error messages.
    """

    # Invariants:
    # - Each index in _deferred is the index of an empty placeholder or of an operation in `text`; finish()
    #   replaces this entry.
    # - Lines before index _num_checked have their condition: they are deferred, or run always. Lines from
    #   this index on were appended under the current condition. Appending to `text` is the hot path of the
    #   writer, so they are only deferred when the condition changes.
    # - A scratch bit is in exactly one of three states: it is in _free (it is 0 and may be taken), it has
    #   been taken and not returned, or it is _reset_bit. Only bits of the last two states are in
    #   _scratch_in_use.

    def __init__(self, num_qubits: int, num_clbits: int, *, bit_by_bit: bool = False) -> None:
        self.bit_by_bit = bit_by_bit
        self.text: list[str] = []
        self.instruction = 0
        self._deferred: dict[int, _DeferredLine] = {}
        self._condition = ALWAYS
        self._num_checked = 0
        self._num_qubits = num_qubits
        self._num_clbits = num_clbits
        self._num_bits = num_clbits  # with scratch bits
        self._free: list[int] = []
        self._reset_bit: int | None = None
        self._scratch_in_use = 0
        self._needs_one_qubit = False

    @property
    def condition(self) -> Condition:
        """The condition under which lines run that are appended now."""
        return self._condition

    @condition.setter
    def condition(self, condition: Condition) -> None:
        self._defer_conditional_lines()
        self._condition = condition
        if len(self.text) > _MAX_OPERATIONS:
            raise _too_long(self.instruction)

    def append_always(self, text: str) -> None:
        """Append a line that runs independently of the current condition."""
        self._append_deferred(text, None, ALWAYS)

    def measure(self, qubit: str, clbit: int) -> None:
        """Append a measurement."""
        self._append_deferred(f"measure {qubit} -> ", clbit, self._condition)

    def reset(self, qubit: str) -> None:
        """Append a reset."""
        if self._condition == ALWAYS:
            self.text.append(f"reset {qubit};")
            return
        if self._reset_bit is None:
            # All resets share one bit, because it is 0 again after each of them.
            self._reset_bit = self._new_bit()
            self._scratch_in_use |= 1 << self._reset_bit
        was_one = equals([self._reset_bit], 1)
        self.measure(qubit, self._reset_bit)
        self._append_deferred(f"x {qubit};", None, was_one)
        self._append_deferred(f"measure {qubit} -> ", self._reset_bit, was_one)

    def latch_here(self, condition: Condition) -> int:
        """Take a scratch bit and make it 1 if the current condition and ``condition`` are both true."""
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
        return bit

    def take_scratch_bit(self) -> int:
        """Return a scratch bit that is 0 and in use from now on."""
        self._needs_one_qubit = True
        bit = self._free.pop() if self._free else self._new_bit()
        self._scratch_in_use |= 1 << bit
        return bit

    def latch(self, bit: int, condition: Condition) -> None:
        """Make a scratch bit 1 if the condition is true; otherwise it keeps its value."""
        if not self.bit_by_bit:
            self._measure_one_qubit(bit, condition)
            return
        for mask, value in condition:
            single_bits = [equals([place], value >> place & 1) for place in bits_of(mask)]
            if len(single_bits) < 2:
                self._measure_one_qubit(bit, single_bits[0] if single_bits else ALWAYS)
                continue
            all_right = self.take_scratch_bit()
            self._measure_one_qubit(all_right, single_bits[0])
            self.unlatch(all_right, [complement(is_right) for is_right in single_bits[1:]])
            self._measure_one_qubit(bit, equals([all_right], 1))
            self.return_scratch_bit(all_right)

    def _measure_one_qubit(self, bit: int, condition: Condition) -> None:
        """Measure the auxiliary qubit. The result is 1, or 0 between the two flips of :meth:`unlatch`."""
        if condition != NEVER:
            self._append_deferred(f"measure {self._one_qubit} -> ", bit, condition)

    def unlatch(self, bit: int, conditions: Sequence[Condition]) -> None:
        """Make a scratch bit 0 if one of the conditions is true; otherwise it keeps its value."""
        self.append_always(f"x {self._one_qubit};")
        for condition in conditions:
            self._measure_one_qubit(bit, condition)
        self.append_always(f"x {self._one_qubit};")

    def return_scratch_bit(self, bit: int) -> None:
        """Make a scratch bit 0, so that it can be taken again."""
        # Lines appended so far may depend on the bit, so they have to be deferred while it is in use.
        self._defer_conditional_lines()
        self.unlatch(bit, [ALWAYS])
        self._scratch_in_use &= ~(1 << bit)
        self._free.append(bit)

    def finish(self, *, keep_order: bool) -> tuple[list[str], int, RegisterLayout]:
        """Choose the registers and render all lines.

        Args:
            keep_order: Whether every classical bit has to keep its position.

        Returns:
            All lines of the program, the number of its qubits, and its classical registers.

        Raises:
            UnwritableError: A condition is true for too many values, or needs a register that is too wide.
        """
        self.condition = ALWAYS
        masks = [support(line.condition) for line in self._deferred.values()]
        layout = arrange_registers(self._num_bits, masks, keep_order=keep_order)
        names = layout.names_of_bits()
        register_of = layout.register_of()
        # Many lines have the same condition, so its values are listed once.
        prefixes: dict[tuple[Condition, int], list[str]] = {}
        scratch = (1 << self._num_bits) - (1 << self._num_clbits)
        num_operations = len(self.text)
        for index, line in self._deferred.items():
            text = line.text if line.clbit is None else f"{line.text}{names[line.clbit]};"
            if line.condition != ALWAYS:
                key = (line.condition, line.scratch_in_use)
                if key not in prefixes:
                    # All bits of a condition are in one register, so the highest one is enough to find it.
                    register = register_of[support(line.condition).bit_length() - 1]
                    prefixes[key] = _if_prefixes(layout, line, register, scratch & ~line.scratch_in_use)
                num_operations += len(prefixes[key]) * CONDITION_COST - 1
                if num_operations > _MAX_OPERATIONS:
                    raise _too_long(line.instruction)
                text = "\n".join([prefix + text for prefix in prefixes[key]])
            self.text[index] = text
        return self._with_declarations(layout)

    def _with_declarations(self, layout: RegisterLayout) -> tuple[list[str], int, RegisterLayout]:
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

    def _append_deferred(self, text: str, clbit: int | None, condition: Condition) -> None:
        self._deferred[len(self.text)] = self._deferred_line(text, clbit, condition)
        self.text.append("")

    def _defer_conditional_lines(self) -> None:
        """Give the lines that were appended as plain text the condition under which they were appended."""
        if self._condition != ALWAYS:
            for index in range(self._num_checked, len(self.text)):
                if index not in self._deferred:
                    self._deferred[index] = self._deferred_line(self.text[index], None, self._condition)
        self._num_checked = len(self.text)

    def _deferred_line(self, text: str, clbit: int | None, condition: Condition) -> _DeferredLine:
        return _DeferredLine(text, clbit, condition, self.instruction, self._scratch_in_use)


def _too_long(instruction: int) -> UnwritableError:
    return UnwritableError(
        f"it makes the program longer than {_MAX_OPERATIONS} operations, where a conditional operation counts"
        f" as {CONDITION_COST}; shorten loops, or compare fewer bits",
        instruction,
    )


def _if_prefixes(layout: RegisterLayout, line: _DeferredLine, register: int, zero_bits: int) -> list[str]:
    """Return the ``if`` prefixes of a line, one for each value of the register that satisfies its condition.

    Args:
        layout: The registers.
        line: The line.
        register: The index of the register with the bits of the line's condition.
        zero_bits: The bits that are known to be 0 when the line runs, as a mask. The register may contain
            more bits than the condition; values that differ in known bits need not be listed.
    """
    bits, name = layout.registers[register], layout.names[register]
    if len(bits) > _MAX_COMPARED_BITS:
        raise UnwritableError(
            f"it depends on {len(bits)} bits together, and a condition can compare {_MAX_COMPARED_BITS}; use "
            "fewer bits, or fewer loops with a conditional break or continue",
            line.instruction,
        )
    known_zero = equals([bit for bit in bits if zero_bits >> bit & 1], 0)
    condition = intersect(line.condition, known_zero)
    # A bit of the register that the condition does not test doubles the number of values.
    count = number_of_values(condition) << len(bits) - support(condition).bit_count()
    if count > _MAX_VALUES:
        raise UnwritableError(
            f"it runs for {count} of the {1 << len(bits)} values of the {len(bits)} bits that it depends on, "
            f"and at most {_MAX_VALUES} values can be written; use fewer bits, or fewer loops with a "
            "conditional break or continue",
            line.instruction,
        )
    return [f"if({name}=={value}) " for value in values_on(condition, bits)]
