"""Conditions are sets of values: everything is held to sets of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    complement,
    equals,
    intersect,
    number_of_values,
    simplify,
    subtract,
    support,
    unite,
    values_on,
)

WIDTH = 5
EVERYTHING = set(range(2**WIDTH))

bits = st.lists(st.integers(0, WIDTH - 1), min_size=1, max_size=WIDTH)
atoms = st.builds(lambda places, value: equals(places, value % 2 ** len(places)), bits, st.integers(0))
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(complement, inner),
        *(st.builds(operation, inner, inner) for operation in (intersect, unite, subtract)),
    ),
    max_leaves=6,
)


def members(condition: Condition) -> set[int]:
    """The values that satisfy a condition, found by trying."""
    return {value for value in EVERYTHING if any(value & mask == held for mask, held in condition)}


@given(conditions, conditions)
def test_conditions_are_combined_as_sets_are(first: Condition, second: Condition) -> None:
    assert members(intersect(first, second)) == members(first) & members(second)
    assert members(unite(first, second)) == members(first) | members(second)
    assert members(subtract(first, second)) == members(first) - members(second)
    assert members(complement(first)) == EVERYTHING - members(first)


@given(conditions)
def test_the_cubes_exclude_each_other_and_can_be_counted(condition: Condition) -> None:
    looked_at = [bit for bit in range(WIDTH) if support(condition) >> bit & 1]
    others = WIDTH - len(looked_at)
    assert number_of_values(condition) << others == len(members(condition))


@given(conditions)
def test_the_values_on_a_register_are_all_those_that_satisfy_it(condition: Condition) -> None:
    assert values_on(condition, range(WIDTH)) == sorted(members(condition))


@given(conditions)
def test_what_is_always_true_is_known_to_be(condition: Condition) -> None:
    assert (simplify(condition) == ALWAYS) == (members(condition) == EVERYTHING)


def test_a_register_may_stand_anywhere() -> None:
    condition = equals([6, 2, 4], 0b011)
    assert condition == ((0b1010100, 0b1000100),)
    assert values_on(condition, [2, 4, 6]) == [0b101]
    assert values_on(condition, [6, 2, 4, 0]) == [0b0011, 0b1011]


@pytest.mark.parametrize(("places", "value"), [([0, 1], 4), ([0], -1), ([], 1), ([3, 3], 1)])
def test_what_no_bits_can_hold_is_never(places: list[int], value: int) -> None:
    assert equals(places, value) == NEVER


def test_a_wide_register_that_is_not_a_number_is_few_cubes() -> None:
    equal = equals(range(64), 12345)
    assert len(complement(equal)) == 64
    assert complement(complement(equal)) == equal
    assert number_of_values(complement(equal)) == 2**64 - 1


def test_wide_registers_may_be_joined_by_or() -> None:
    one, not_another = equals(range(100), 5), complement(equals(range(100, 200), 7))
    for first, second in ((one, not_another), (not_another, one)):
        assert len(unite(first, second)) == 101
