"""The lines of a program, while it is not known yet in which registers its classical bits stand.

A line that names no classical bit is text at once. One that depends on classical bits, or writes one,
waits until all conditions are known: then the bits are put into registers
(:mod:`qiskit_qoro.qasm.write.clbit_registers`), and a conditional line is written once for each
value of its register.

What OpenQASM 2 or the engine cannot say is said with scratch bits, which follow the circuit's own:

- A condition is *latched* into a scratch bit by measuring, under the condition, a qubit that is
  always in state 1. The qubit is added behind the others for the first such use. When the bit is not needed
  any more it is measured from state 0, so that scratch bits end as 0.
- Bits that would make a register too wide, or a condition true for too many of its values, are latched one by
  one: a scratch bit is 1 if the first of them is right, and is made 0 for each other one that is wrong.
- A conditional reset, which the engine does not take, is a conditional measurement into a scratch bit, a flip
  if it is 1, and another measurement if it is 1, which makes it 0 again.
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
from qiskit_qoro.qasm.write.clbit_registers import Arrangement, arrange
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["Lines"]

_MOST_VALUES = 1024
_MOST_OPERATIONS = DEFAULT_LIMITS.operations
_WIDEST_REGISTER = 64  # bits of a register that the engine compares


@dataclass(frozen=True, slots=True)
class _LateLine:
    """A line that names classical bits.

    Attributes:
        text: The line without its condition and, for a measurement, without its bit.
        clbit: What a measurement writes.
        condition: When it is run.
        place: The index of the instruction that it is for.
        in_use: The scratch bits that may be 1, as a mask.
    """

    text: str
    clbit: int | None
    condition: Condition
    place: int
    in_use: int


class Lines:
    """The lines of one program.

    Args:
        num_qubits: How many qubits the program has.
        num_clbits: How many classical bits the circuit has.
        bit_by_bit: Whether all conditions have to be latched, and are put together from their bits.

    Attributes:
        bit_by_bit: As above.
        text: The lines so far. Operations without classical bits may be appended as they are; they are
            run under the :attr:`condition` of that moment.
        place: The index of the instruction that is being written, for messages.
    """

    def __init__(self, num_qubits: int, num_clbits: int, *, bit_by_bit: bool = False) -> None:
        self.bit_by_bit = bit_by_bit
        self.text: list[str] = []
        self.place = 0
        self._late: dict[int, _LateLine] = {}
        self._condition = ALWAYS
        self._settled = 0
        self._num_qubits = num_qubits
        self._num_clbits = num_clbits
        self._num_bits = num_clbits
        self._free: list[int] = []
        self._reset_bit: int | None = None
        self._in_use = 0
        self._has_one = False

    @property
    def condition(self) -> Condition:
        """When the lines that are appended now are run."""
        return self._condition

    @condition.setter
    def condition(self, condition: Condition) -> None:
        self._settle()
        self._condition = condition
        if len(self.text) > _MOST_OPERATIONS:
            raise _too_long(self.place)

    def append_always(self, text: str) -> None:
        """Append a line that is run whatever the condition."""
        self._append_late(text, None, ALWAYS)

    def measure(self, qubit: str, clbit: int) -> None:
        """Append a measurement."""
        self._append_late(f"measure {qubit} -> ", clbit, self._condition)

    def reset(self, qubit: str) -> None:
        """Append a reset."""
        if self._condition == ALWAYS:
            self.text.append(f"reset {qubit};")
            return
        if self._reset_bit is None:
            self._reset_bit = self._new_bit()
            self._in_use |= 1 << self._reset_bit
        was_one = equals([self._reset_bit], 1)
        self.measure(qubit, self._reset_bit)
        self._append_late(f"x {qubit};", None, was_one)
        self._append_late(f"measure {qubit} -> ", self._reset_bit, was_one)

    def latched(self, condition: Condition) -> int:
        """A scratch bit that is 1 if the condition is true where lines are run now."""
        bit = self.take_scratch_bit()
        around = self._condition
        circuit = (1 << self._num_clbits) - 1
        if ALWAYS in (condition, around) or support(around) & circuit:
            self.latch(bit, intersect(around, condition))
        else:
            # Looked at one after the other, so that no register has to hold both.
            self.latch(bit, condition)
            self.unlatch(bit, [complement(around)])
        return bit

    def take_scratch_bit(self) -> int:
        """A scratch bit, which is 0."""
        self._has_one = True
        bit = self._free.pop() if self._free else self._new_bit()
        self._in_use |= 1 << bit
        return bit

    def latch(self, bit: int, condition: Condition) -> None:
        """Make a scratch bit 1 if the condition is true; otherwise it stays as it is."""
        if not self.bit_by_bit:
            self._latch(bit, condition)
            return
        for mask, value in condition:
            single = [equals([place], value >> place & 1) for place in bits_of(mask)]
            if len(single) < 2:
                self._latch(bit, single[0] if single else ALWAYS)
                continue
            all_right = self.take_scratch_bit()
            self._latch(all_right, single[0])
            self.unlatch(all_right, [complement(right) for right in single[1:]])
            self._latch(bit, equals([all_right], 1))
            self.return_scratch_bit(all_right)

    def _latch(self, bit: int, condition: Condition) -> None:
        if condition != NEVER:
            self._append_late(f"measure {self._one} -> ", bit, condition)

    def unlatch(self, bit: int, conditions: Sequence[Condition]) -> None:
        """Make a scratch bit 0 if one of the conditions is true; otherwise it stays as it is."""
        self.append_always(f"x {self._one};")
        for condition in conditions:
            self._latch(bit, condition)
        self.append_always(f"x {self._one};")

    def return_scratch_bit(self, bit: int) -> None:
        """Make a scratch bit 0 and have it used again."""
        self._settle()
        self.unlatch(bit, [ALWAYS])
        self._in_use &= ~(1 << bit)
        self._free.append(bit)

    def finish(self, *, keep_order: bool) -> tuple[list[str], int, Arrangement]:
        """All lines, with the number of qubits and the classical registers.

        Args:
            keep_order: Whether every classical bit has to stay in its place.

        Raises:
            UnwritableError: A condition takes too many values or a register that is too wide.
        """
        self.condition = ALWAYS
        masks = [support(line.condition) for line in self._late.values()]
        arrangement = arrange(self._num_bits, masks, keep_order=keep_order)
        spelled = arrangement.spellings()
        place_of = arrangement.register_of()
        listed: dict[tuple[Condition, int], list[str]] = {}
        scratch = (1 << self._num_bits) - (1 << self._num_clbits)
        count = len(self.text)
        for number, line in self._late.items():
            text = line.text if line.clbit is None else f"{line.text}{spelled[line.clbit]};"
            if line.condition != ALWAYS:
                key = (line.condition, line.in_use)
                if key not in listed:
                    register = place_of[support(line.condition).bit_length() - 1]
                    listed[key] = _prefixes(arrangement, line, register, scratch & ~line.in_use)
                count += len(listed[key]) * CONDITION_COST - 1
                if count > _MOST_OPERATIONS:
                    raise _too_long(line.place)
                text = "\n".join([prefix + text for prefix in listed[key]])
            self.text[number] = text
        return self._with_declarations(arrangement)

    def _with_declarations(self, arrangement: Arrangement) -> tuple[list[str], int, Arrangement]:
        num_qubits = self._num_qubits + self._has_one
        head = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{num_qubits}];", *arrangement.declarations]
        if self._has_one:
            head.append(f"x {self._one};")
        return [*head, *self.text, ""], num_qubits, arrangement

    @property
    def _one(self) -> str:
        return f"q[{self._num_qubits}]"

    def _new_bit(self) -> int:
        self._num_bits += 1
        return self._num_bits - 1

    def _append_late(self, text: str, clbit: int | None, condition: Condition) -> None:
        self._late[len(self.text)] = self._late_line(text, clbit, condition)
        self.text.append("")

    def _settle(self) -> None:
        """Have the lines that were appended as text wait for the condition under which they were."""
        if self._condition != ALWAYS:
            for number in range(self._settled, len(self.text)):
                if number not in self._late:
                    self._late[number] = self._late_line(self.text[number], None, self._condition)
        self._settled = len(self.text)

    def _late_line(self, text: str, clbit: int | None, condition: Condition) -> _LateLine:
        return _LateLine(text, clbit, condition, self.place, self._in_use)


def _too_long(place: int) -> UnwritableError:
    return UnwritableError(
        f"it makes the program longer than {_MOST_OPERATIONS} operations, of which one under a condition "
        f"counts for {CONDITION_COST}; shorten loops, or compare fewer bits",
        place,
    )


def _prefixes(arrangement: Arrangement, line: _LateLine, register: int, zeros: int) -> list[str]:
    """The conditions of a line in OpenQASM 2, one for each value; the bits of ``zeros`` are known to be 0."""
    bits, name = arrangement.registers[register], arrangement.names[register]
    if len(bits) > _WIDEST_REGISTER:
        raise UnwritableError(
            f"it depends on {len(bits)} bits together, and a condition can compare {_WIDEST_REGISTER}; use "
            "fewer bits, or fewer loops around it that are left under a condition",
            line.place,
        )
    idle = equals([bit for bit in bits if zeros >> bit & 1], 0)
    condition = intersect(line.condition, idle)
    count = number_of_values(condition) << len(bits) - support(condition).bit_count()
    if count > _MOST_VALUES:
        raise UnwritableError(
            f"it is run for {count} of the {1 << len(bits)} values of the {len(bits)} bits that it depends "
            f"on, and {_MOST_VALUES} are the most that are written out; use fewer bits, or fewer loops "
            "around it that are left under a condition",
            line.place,
        )
    return [f"if({name}=={value}) " for value in values_on(condition, bits)]
