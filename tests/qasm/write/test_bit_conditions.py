"""Conditions on bits, compared with sets of numbers."""

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
atoms = st.builds(lambda chosen, value: equals(chosen, value % 2 ** len(chosen)), bits, st.integers(0))
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(complement, inner),
        *(st.builds(operation, inner, inner) for operation in (intersect, unite, subtract)),
    ),
    max_leaves=6,
)


def members(condition: Condition) -> set[int]:
    """Return the values that satisfy a condition, by trying all values."""
    return {value for value in EVERYTHING if any(value & mask == held for mask, held in condition)}


@given(conditions, conditions)
def test_operations_on_conditions_are_operations_on_sets(first: Condition, second: Condition) -> None:
    assert members(intersect(first, second)) == members(first) & members(second)
    assert members(unite(first, second)) == members(first) | members(second)
    assert members(subtract(first, second)) == members(first) - members(second)
    assert members(complement(first)) == EVERYTHING - members(first)


@given(conditions)
def test_cubes_are_disjoint_so_that_values_can_be_counted(condition: Condition) -> None:
    others = WIDTH - support(condition).bit_count()
    assert number_of_values(condition) << others == len(members(condition))


@given(conditions)
def test_all_values_that_satisfy_a_condition_are_listed(condition: Condition) -> None:
    assert values_on(condition, range(WIDTH)) == sorted(members(condition))


@given(conditions)
def test_a_condition_that_is_always_true_is_simplified(condition: Condition) -> None:
    assert (simplify(condition) == ALWAYS) == (members(condition) == EVERYTHING)


def test_the_bits_of_a_register_may_be_in_any_order() -> None:
    condition = equals([6, 2, 4], 0b011)
    assert condition == ((0b1010100, 0b1000100),)
    assert values_on(condition, [2, 4, 6]) == [0b101]
    assert values_on(condition, [6, 2, 4, 0]) == [0b0011, 0b1011]


@pytest.mark.parametrize(("clbits", "value"), [([0, 1], 4), ([0], -1), ([], 1), ([3, 3], 1)])
def test_a_value_that_does_not_fit_is_never_true(clbits: list[int], value: int) -> None:
    assert equals(clbits, value) == NEVER


def test_the_complement_of_a_wide_comparison_has_few_cubes() -> None:
    equal = equals(range(64), 12345)
    assert len(complement(equal)) == 64
    assert complement(complement(equal)) == equal
    assert number_of_values(complement(equal)) == 2**64 - 1


def test_the_union_of_wide_comparisons_has_few_cubes() -> None:
    one, not_another = equals(range(100), 5), complement(equals(range(100, 200), 7))
    for first, second in ((one, not_another), (not_another, one)):
        assert len(unite(first, second)) == 101
