"""Conditions on classical bits, as sets of bit patterns.

A condition is a tuple of cubes. A cube ``(mask, value)`` is true if the bits of ``mask`` have ``value``.
Masks and values are integers, with bit *k* for the classical bit of index *k*. All conditions are brought
into this form, whether they come from nesting, ``else``, ``switch`` or Boolean expressions.

Two invariants hold for every condition: bits of a value outside its mask are 0, and no two cubes are true at
once. Because of the second, the number of values that satisfy a condition is a sum over its cubes, and the
values can be listed without a search.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = [
    "ALWAYS",
    "NEVER",
    "Condition",
    "bits_of",
    "complement",
    "equals",
    "intersect",
    "num_tested_bits",
    "number_of_values",
    "simplify",
    "subtract",
    "support",
    "unite",
    "values_on",
]

Condition = tuple[tuple[int, int], ...]
"""Cubes, each a mask and a value, of which at most one is true."""

ALWAYS: Condition = ((0, 0),)
NEVER: Condition = ()

_MAX_CUBES = 4096
_FEW_BITS = 16  # to list more bits than this, the digits of the mask are faster


def equals(bits: Sequence[int], value: int) -> Condition:
    """Return the condition that ``bits``, lowest first, have ``value``.

    It is ``NEVER`` if the value does not fit into the bits. A bit may occur more than once.
    """
    if value < 0 or value >> len(bits):
        return NEVER
    if bits and list(bits) == list(range(bits[0], bits[0] + len(bits))):
        # The usual case. Setting bit after bit would take quadratic time for wide registers.
        return (((1 << len(bits)) - 1 << bits[0], value << bits[0]),)
    value_of_bit = dict[int, int]()
    for position, bit in enumerate(bits):
        # A register may contain a bit twice. Then both positions need the same value.
        bit_value = value >> position & 1
        if value_of_bit.setdefault(bit, bit_value) != bit_value:
            return NEVER
    mask = sum(1 << bit for bit in value_of_bit)
    return ((mask, sum(bit_value << bit for bit, bit_value in value_of_bit.items())),)


def intersect(first: Condition, second: Condition) -> Condition:
    """Return the intersection of two conditions."""
    # Two cubes that differ in a common bit have no common value. The intersections of disjoint cubes are
    # disjoint.
    return _checked(
        [
            (mask | other_mask, value | other_value)
            for mask, value in first
            for other_mask, other_value in second
            if not (value ^ other_value) & mask & other_mask
        ]
    )


def subtract(first: Condition, second: Condition) -> Condition:
    """Return the condition that the first is true and the second is not."""
    rest = list(first)
    for cube in second:
        rest = [piece for whole in rest for piece in _pieces_outside(whole, cube)]
        _checked(rest)
    return tuple(rest)


def unite(first: Condition, second: Condition) -> Condition:
    """Return the union of two conditions."""
    # Removing the larger set of cubes from the smaller one gives fewer cubes than the opposite.
    fewer, more = sorted((first, second), key=len)
    return _checked([*more, *subtract(fewer, more)])


def complement(condition: Condition) -> Condition:
    """Return the complement of a condition."""
    return subtract(ALWAYS, condition)


def simplify(condition: Condition) -> Condition:
    """Return ``ALWAYS`` if the condition is always true, otherwise the condition itself."""
    return ALWAYS if number_of_values(condition) == 1 << support(condition).bit_count() else condition


def support(condition: Condition) -> int:
    """Return the bits that a condition tests, as a mask."""
    mask = 0
    for cube_mask, _ in condition:
        mask |= cube_mask
    return mask


def bits_of(mask: int) -> list[int]:
    """Return the bits of a mask, lowest first."""
    if mask.bit_count() > _FEW_BITS:
        return [position for position, digit in enumerate(reversed(f"{mask:b}")) if digit == "1"]
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def number_of_values(condition: Condition) -> int:
    """Return how many values of the bits that a condition tests satisfy it."""
    width = support(condition).bit_count()
    return sum(1 << width - mask.bit_count() for mask, _ in condition)


def num_tested_bits(condition: Condition) -> int:
    """Return how many bits all cubes together test, counting a bit once for each cube."""
    return sum(mask.bit_count() for mask, _ in condition)


def values_on(condition: Condition, bits: Sequence[int]) -> list[int]:
    """Return the values of a register that satisfy a condition.

    Args:
        condition: A condition.
        bits: The bits of the register, lowest first. They include all bits that the condition tests.

    Returns:
        The values, ascending. There are up to 2 to the power of the number of bits.
    """
    values = []
    for mask, value in condition:
        # Start with the value in which all free bits are 0, then double the list for each free bit.
        values_of_cube = [sum(1 << position for position, bit in enumerate(bits) if value >> bit & 1)]
        for position, bit in enumerate(bits):
            if not mask >> bit & 1:
                values_of_cube += [known | 1 << position for known in values_of_cube]
        values += values_of_cube
    return sorted(values)


def _pieces_outside(whole: tuple[int, int], cube: tuple[int, int]) -> list[tuple[int, int]]:
    """Return disjoint cubes for the part of ``whole`` outside ``cube``.

    Each piece differs from ``cube`` in one of the bits that ``whole`` leaves free, and agrees with it in the
    free bits below.
    """
    mask, value = whole
    other_mask, other_value = cube
    if (value ^ other_value) & mask & other_mask:
        return [whole]
    # Fix the free bits one after the other: each piece has the opposite value in one bit and the value of the
    # other cube in the bits fixed before, so the pieces are disjoint.
    pieces = []
    free = other_mask & ~mask
    while free:
        bit = free & -free
        free ^= bit
        mask |= bit
        pieces.append((mask, value | (~other_value & bit)))
        value |= other_value & bit
    return pieces


def _checked(cubes: list[tuple[int, int]]) -> Condition:
    if len(cubes) > _MAX_CUBES:
        raise UnwritableError(
            "its condition is true for too many unrelated values of its bits; compare fewer bits, or "
            "evaluate the condition after the run"
        )
    return tuple(cubes)
