"""Rendering of deferred lines: from conditions on bits to comparisons of registers.

The lines are visited in order, three times:

1. Latches are expanded into lines. If conditions are tested *piece by piece*, a condition that needs several
   registers takes further scratch bits: one is latched if the first piece has the right value, and unlatched
   if any other piece has a wrong one.
2. Scratch bits are assigned (:mod:`~qiskit_qoro.qasm.write.scratch_bits`).
3. The registers are chosen (:mod:`~qiskit_qoro.qasm.write.clbit_registers`), and every line is written once
   for each value of its register for which its condition is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qiskit_qoro.qasm.limits import CONDITION_COST, DEFAULT_LIMITS, MAX_CONDITION_VALUE, condition_cost
from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    complement,
    equals,
    intersect,
    number_of_values,
    support,
    values_on,
)
from qiskit_qoro.qasm.write.clbit_registers import RegisterLayout, arrange_registers
from qiskit_qoro.qasm.write.deferred import Clear, ConditionalLine, Deferred, Latch
from qiskit_qoro.qasm.write.register_pieces import Pieces
from qiskit_qoro.qasm.write.scratch_bits import ScratchBits
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["MAX_OPERATIONS", "render", "too_long"]

MAX_OPERATIONS = DEFAULT_LIMITS.operations
"""The maximum number of operations of a program."""

_MAX_VALUES = 1024  # lines for one conditional operation


@dataclass(frozen=True, slots=True)
class _PlacedLine:
    """A line that refers to the bits of the program.

    Attributes:
        index: The index of the entry of the text that it belongs to.
        text: The line without its condition and, for a measurement, without its classical bit.
        clbit: The bit that a measurement writes, or ``None`` for other operations.
        condition: When the line runs.
        in_use: The scratch bits that may be 1 when the line runs, as a mask. All others are 0.
        instruction: The index of the circuit's instruction, for error messages.
    """

    index: int
    text: str
    clbit: int | None
    condition: Condition
    in_use: int
    instruction: int


def render(
    text: list[str],
    deferred: Mapping[int, Deferred],
    *,
    num_clbits: int,
    num_bits: int,
    reset_bit: int | None,
    one_qubit: str,
    piece_by_piece: bool,
    keep_order: bool,
) -> RegisterLayout:
    """Replace deferred entries of a text, and remove the empty ones.

    Args:
        text: The lines of the program without its declarations. It is changed in place.
        deferred: The entries to replace, by their index in ``text``.
        num_clbits: The number of classical bits of the circuit.
        num_bits: The number of classical bits and uses of scratch bits.
        reset_bit: The use of a scratch bit for all resets, or ``None`` if there is none.
        one_qubit: The auxiliary qubit.
        piece_by_piece: Whether to test conditions of latches piece by piece.
        keep_order: Whether every classical bit has to keep its position.

    Returns:
        The classical registers.

    Raises:
        UnwritableError: A condition is true for too many values, needs a number that is too large, or the
            program is too long.
    """
    if not deferred:
        return arrange_registers(num_clbits, [], keep_order=keep_order)
    pieces = None
    if piece_by_piece:
        latched = [item.condition for item in deferred.values() if isinstance(item, Latch)]
        masks = [mask for condition in latched for mask, _ in condition]
        pieces = Pieces([mask for mask in masks if mask], consecutive=keep_order)
    expansion = _Expansion(one_qubit, pieces, num_bits)
    scratch = ScratchBits(num_clbits, unshared=reset_bit)
    placed = []
    for index in sorted(deferred):
        for line in expansion.expand(deferred[index], scratch):
            clbit = None if line.clbit is None else scratch.bit(line.clbit)
            condition = scratch.translate(line.condition)
            placed.append(_PlacedLine(index, line.text, clbit, condition, scratch.in_use, line.instruction))
    layout = arrange_registers(
        scratch.num_bits, [support(line.condition) for line in placed], keep_order=keep_order
    )
    _write(text, placed, layout, num_clbits=num_clbits)
    text[:] = [line for line in text if line]
    return layout


class _Expansion:
    """Expands latches into lines.

    Args:
        one_qubit: The auxiliary qubit.
        pieces: The pieces of conditions that are tested one by one, or ``None`` to test conditions as a
            whole.
        num_bits: The number of classical bits and uses of scratch bits.
    """

    def __init__(self, one_qubit: str, pieces: Pieces | None, num_bits: int) -> None:
        self._one_qubit = one_qubit
        self._pieces = pieces
        self._num_bits = num_bits

    def expand(self, item: Deferred, scratch: ScratchBits) -> Iterator[ConditionalLine]:
        """Yield the lines of an item. Scratch bits that it clears are released after their last line."""
        if isinstance(item, ConditionalLine):
            yield item
        elif isinstance(item, Clear):
            yield from self._clear(item.bit, item.instruction, scratch)
        else:
            # Assign the bit before those that the expansion needs.
            scratch.bit(item.bit)
            if self._pieces is None:
                yield from self._measure(item.bit, item.condition, item.instruction)
                return
            for mask, value in item.condition:
                tests: list[Condition] = [((piece, value & piece),) for piece in self._pieces.split(mask)]
                yield from self._latch_all(item.bit, tests, item.instruction, scratch)

    def _latch_all(
        self, bit: int, tests: list[Condition], instruction: int, scratch: ScratchBits
    ) -> Iterator[ConditionalLine]:
        """Make a bit 1 if all tests are true."""
        if len(tests) < 2:
            yield from self._measure(bit, tests[0] if tests else ALWAYS, instruction)
            return
        all_right = self._new_bit()
        yield from self._measure(all_right, tests[0], instruction)
        single_bits = [test for test in tests[1:] if support(test).bit_count() == 1]
        if single_bits:
            wrong = [complement(test) for test in single_bits]
            yield from self._measure_zero(all_right, wrong, instruction)
        for test in tests[1:]:
            if support(test).bit_count() == 1:
                continue
            # A piece of many bits is wrong for too many values, so latch whether it is right.
            is_right = self._new_bit()
            yield from self._measure(is_right, test, instruction)
            yield self._flip(instruction)
            yield from self._measure(all_right, equals([is_right], 0), instruction)
            yield from self._measure(is_right, ALWAYS, instruction)
            yield self._flip(instruction)
            scratch.release(is_right)
        yield from self._measure(bit, equals([all_right], 1), instruction)
        yield from self._clear(all_right, instruction, scratch)

    def _clear(self, bit: int, instruction: int, scratch: ScratchBits) -> Iterator[ConditionalLine]:
        yield from self._measure_zero(bit, [ALWAYS], instruction)
        scratch.release(bit)

    def _measure_zero(
        self, bit: int, conditions: list[Condition], instruction: int
    ) -> Iterator[ConditionalLine]:
        """Make a bit 0 if one of the conditions is true."""
        yield self._flip(instruction)
        for condition in conditions:
            yield from self._measure(bit, condition, instruction)
        yield self._flip(instruction)

    def _flip(self, instruction: int) -> ConditionalLine:
        return ConditionalLine(f"x {self._one_qubit};", None, ALWAYS, instruction)

    def _measure(self, bit: int, condition: Condition, instruction: int) -> Iterator[ConditionalLine]:
        """Measure the auxiliary qubit. The result is 1, or 0 between two flips."""
        if condition != NEVER:
            yield ConditionalLine(f"measure {self._one_qubit} -> ", bit, condition, instruction)

    def _new_bit(self) -> int:
        self._num_bits += 1
        return self._num_bits - 1


def _write(text: list[str], placed: list[_PlacedLine], layout: RegisterLayout, *, num_clbits: int) -> None:
    """Write all lines into the entries of the text that they belong to."""
    names = layout.names_of_bits()
    register_of = layout.register_of()
    scratch = (1 << len(names)) - (1 << num_clbits)
    # Many lines have the same condition, so its values are listed once.
    prefixes: dict[tuple[Condition, int], tuple[list[str], int]] = {}
    parts: dict[int, list[str]] = {}
    num_operations = len(text)
    for line in placed:
        operation = line.text if line.clbit is None else f"{line.text}{names[line.clbit]};"
        lines = parts.setdefault(line.index, [])
        if line.condition == ALWAYS:
            lines.append(operation)
            continue
        key = (line.condition, line.in_use)
        if key not in prefixes:
            # All bits of a condition are in one register, so the highest one is enough to find it.
            register = register_of[support(line.condition).bit_length() - 1]
            values = _if_prefixes(layout, line, register, scratch & ~line.in_use)
            prefixes[key] = values, len(values) * condition_cost(len(layout.registers[register]))
        values, cost = prefixes[key]
        num_operations += cost - 1
        if num_operations > MAX_OPERATIONS:
            raise too_long(line.instruction)
        lines += [prefix + operation for prefix in values]
    for index, lines in parts.items():
        text[index] = "\n".join(lines)


def too_long(instruction: int) -> UnwritableError:
    """Return the error for a program that is too long."""
    return UnwritableError(
        f"it makes the program longer than {MAX_OPERATIONS} operations, where a conditional operation counts"
        f" as {CONDITION_COST} or more; shorten loops, or compare fewer bits",
        instruction,
    )


def _if_prefixes(layout: RegisterLayout, line: _PlacedLine, register: int, zero_bits: int) -> list[str]:
    """Return the ``if`` prefixes of a line, one for each value of the register that satisfies its condition.

    Args:
        layout: The registers.
        line: The line.
        register: The index of the register with the bits of the line's condition.
        zero_bits: The bits that are known to be 0 when the line runs, as a mask. The register may contain
            more bits than the condition; values that differ in known bits need not be listed.
    """
    bits, name = layout.registers[register], layout.names[register]
    known_zero = equals([bit for bit in bits if zero_bits >> bit & 1], 0)
    condition = intersect(line.condition, known_zero)
    # A bit of the register that the condition does not test doubles the number of values.
    count = number_of_values(condition) << len(bits) - support(condition).bit_count()
    if count > _MAX_VALUES:
        raise UnwritableError(
            f"it runs for more than {_MAX_VALUES} values of the {len(bits)} bits that it depends on; use "
            "fewer bits, or fewer loops with a conditional break or continue",
            line.instruction,
        )
    values = values_on(condition, bits)
    if values and values[-1] > MAX_CONDITION_VALUE:
        raise UnwritableError(
            f"it depends on {len(bits)} bits together, and a register can be compared with numbers up to "
            f"{MAX_CONDITION_VALUE}; use fewer bits, or fewer loops with a conditional break or continue",
            line.instruction,
        )
    return [f"if({name}=={value}) " for value in values]
