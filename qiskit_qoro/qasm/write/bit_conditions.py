"""Conditions on classical bits, as sets of bit patterns.

A condition is a tuple of cubes. A cube ``(mask, value)`` is true where the bits of ``mask`` hold ``value``;
the bits are those of an integer, bit *k* for the classical bit of index *k*. The cubes of one condition
exclude each other, so that the number of values that satisfy it is a sum, and listing them needs no search.
However a condition came about (nesting, ``else``, ``switch``, Boolean expressions), in the end it is such a
set.
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
    "length",
    "number_of_values",
    "simplify",
    "subtract",
    "support",
    "unite",
    "values_on",
]

Condition = tuple[tuple[int, int], ...]
"""Cubes that exclude each other: mask and value."""

ALWAYS: Condition = ((0, 0),)
NEVER: Condition = ()

_MOST_CUBES = 4096


def equals(bits: Sequence[int], value: int) -> Condition:
    """The condition that ``bits``, lowest first, hold ``value``; never, if that is wider than they are."""
    if value < 0 or value >> len(bits):
        return NEVER
    wanted = dict[int, int]()
    for place, bit in enumerate(bits):
        if wanted.setdefault(bit, value >> place & 1) != value >> place & 1:
            return NEVER
    return ((sum(1 << bit for bit in wanted), sum(one << bit for bit, one in wanted.items())),)


def intersect(first: Condition, second: Condition) -> Condition:
    """Both."""
    return _checked(
        [
            (mask | other_mask, value | other_value)
            for mask, value in first
            for other_mask, other_value in second
            if not (value ^ other_value) & mask & other_mask
        ]
    )


def subtract(first: Condition, second: Condition) -> Condition:
    """The first, and not the second."""
    rest = list(first)
    for cube in second:
        rest = [piece for whole in rest for piece in _pieces_outside(whole, cube)]
        _checked(rest)
    return tuple(rest)


def unite(first: Condition, second: Condition) -> Condition:
    """One or the other, or both."""
    # To take many cubes from a few leaves fewer pieces than the other way round.
    fewer, more = sorted((first, second), key=len)
    return _checked([*more, *subtract(fewer, more)])


def complement(condition: Condition) -> Condition:
    """Not."""
    return subtract(ALWAYS, condition)


def simplify(condition: Condition) -> Condition:
    """``ALWAYS`` in its shortest form, if that is what it is."""
    return ALWAYS if number_of_values(condition) == 1 << support(condition).bit_count() else condition


def support(condition: Condition) -> int:
    """The bits that it looks at, as a mask."""
    mask = 0
    for cube_mask, _ in condition:
        mask |= cube_mask
    return mask


def bits_of(mask: int) -> list[int]:
    """The bits of a mask, lowest first."""
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def number_of_values(condition: Condition) -> int:
    """How many values of the bits that it looks at satisfy it."""
    width = support(condition).bit_count()
    return sum(1 << width - mask.bit_count() for mask, _ in condition)


def length(condition: Condition) -> int:
    """How many bits have to be looked at, cube by cube."""
    return sum(mask.bit_count() for mask, _ in condition)


def values_on(condition: Condition, bits: Sequence[int]) -> list[int]:
    """The values of a register that satisfy it.

    Args:
        condition: A condition.
        bits: The bits of the register, lowest first, with all that the condition looks at.

    Returns:
        The values, ascending. There may be 2 to the power of the number of bits.
    """
    values = []
    for mask, value in condition:
        found = [sum(1 << place for place, bit in enumerate(bits) if value >> bit & 1)]
        for place, bit in enumerate(bits):
            if not mask >> bit & 1:
                found += [one | 1 << place for one in found]
        values += found
    return sorted(values)


def _pieces_outside(whole: tuple[int, int], cube: tuple[int, int]) -> list[tuple[int, int]]:
    """The parts of a cube outside another one, bit by bit."""
    mask, value = whole
    other_mask, other_value = cube
    if (value ^ other_value) & mask & other_mask:
        return [whole]
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
    if len(cubes) > _MOST_CUBES:
        raise UnwritableError(
            "its condition is true for too many unrelated values of its bits; compute it after the run, or "
            "compare fewer bits"
        )
    return tuple(cubes)
