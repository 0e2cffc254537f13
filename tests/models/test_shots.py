"""Ranges of circuits: groups that cover all circuits, and their part within one upload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.shots import ShotGroup, parse_circuit_ham_map, parse_shot_groups, slice_shot_groups


@st.composite
def covering_groups(draw):
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=10))
    groups, start = [], 0
    for size in sizes:
        groups.append([start, start + size, draw(st.integers(1, 100))])
        start += size
    return groups


def shots_of(groups):
    return [group[2] for group in groups for _ in range(group[0], group[1])]


@given(covering_groups())
def test_groups_that_cover_all_circuits_are_accepted(groups):
    assert [list(group) for group in parse_shot_groups(groups, groups[-1][1])] == groups


@given(covering_groups(), st.data())
def test_a_slice_keeps_the_shots_of_its_circuits_and_counts_from_its_start(groups, data):
    total = groups[-1][1]
    start = data.draw(st.integers(0, total - 1))
    end = data.draw(st.integers(start + 1, total))
    part = slice_shot_groups([ShotGroup(*group) for group in groups], start, end)
    assert parse_shot_groups(part, end - start) == part
    assert shots_of(part) == shots_of(groups)[start:end]


@given(covering_groups(), st.data())
def test_a_bound_that_is_moved_by_one_is_refused(groups, data):
    total = groups[-1][1]
    index = data.draw(st.integers(0, len(groups) - 1))
    side = data.draw(st.integers(0, 1))
    groups[index][side] += data.draw(st.sampled_from([-1, 1]))
    with pytest.raises(QoroInputError, match="shot_groups"):
        parse_shot_groups(groups, total)


@pytest.mark.parametrize("number", [True, 1.0, "1", None])
def test_only_integers_are_accepted(number):
    with pytest.raises(QoroInputError, match="expected integers"):
        parse_shot_groups([[0, 1, number]], 1)
    with pytest.raises(QoroInputError, match="expected integers"):
        parse_circuit_ham_map([[0, number]], num_groups=1)


@pytest.mark.parametrize("groups", [None, 5, "0,1,5", {"a": 1}])
def test_a_value_that_is_not_a_list_is_refused(groups):
    with pytest.raises(QoroInputError, match="expected a list of"):
        parse_shot_groups(groups, 1)
    with pytest.raises(QoroInputError, match="expected a list of"):
        parse_circuit_ham_map(groups, num_groups=1)


def test_ranges_of_observables_may_overlap_and_leave_circuits_out():
    assert parse_circuit_ham_map([[0, 3], [1, 2]], num_groups=2, num_circuits=5) == ((0, 3), (1, 2))
    assert parse_circuit_ham_map([[7, 9]], num_groups=1) == ((7, 9),)


@pytest.mark.parametrize("item", [[2, 2], [3, 2], [-1, 2], [0, 6]])
def test_an_empty_or_invalid_range_is_refused(item):
    with pytest.raises(QoroInputError, match=r"circuit_ham_map\[0\] is"):
        parse_circuit_ham_map([item], num_groups=1, num_circuits=5)
