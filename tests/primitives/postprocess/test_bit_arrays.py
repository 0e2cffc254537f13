"""Conversion of counts into bit arrays, compared with a shot-by-shot reference and Qiskit's counts."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.primitives import BitArray, StatevectorSampler

from qiskit_qoro import JobFailedError, WireError
from qiskit_qoro.primitives.postprocess.bit_arrays import build_bit_arrays

Registers = Sequence[tuple[str, Sequence[int]]]


def expected_joint(counts: Mapping[str, int], registers: Registers) -> Counter[tuple[str, ...]]:
    """Count each combination of register values, one character at a time."""
    joint: Counter[tuple[str, ...]] = Counter()
    for outcome, count in counts.items():
        joint[tuple("".join(outcome[-1 - b] for b in reversed(bits)) for _, bits in registers)] += count
    return joint


def actual_joint(arrays: Mapping[str, BitArray], row: tuple[int, ...] = ()) -> Counter[tuple[str, ...]]:
    columns = []
    for array in arrays.values():
        strings = array.to_bool_array()[row].astype(int).astype(str)
        columns.append(["".join(shot) for shot in strings])
    return Counter(zip(*columns, strict=True))


def test_one_register_has_the_counts_of_the_circuit() -> None:
    counts = {"001": 3, "110": 5, "111": 2}

    arrays = build_bit_arrays([counts], (), 10, [("c", [0, 1, 2])])

    assert list(arrays) == ["c"]
    assert (arrays["c"].shape, arrays["c"].num_shots, arrays["c"].num_bits) == ((), 10, 3)
    assert arrays["c"].get_counts() == counts


def test_the_bytes_have_qiskits_layout() -> None:
    outcome = "1" + "0" * 7 + "10110001" + "00000011"

    arrays = build_bit_arrays([{outcome: 2}], (), 2, [("low", range(12)), ("all", range(24))])

    assert arrays["all"].array.tolist() == [[0b10000000, 0b10110001, 0b00000011]] * 2
    assert arrays["low"].array.tolist() == [[0b0001, 0b00000011]] * 2
    assert arrays["low"] == BitArray.from_counts({outcome[-12:]: 2}, num_bits=12)


def test_shots_of_different_registers_belong_together() -> None:
    counts = {"00": 40, "11": 60}

    arrays = build_bit_arrays([counts], (), 100, [("a", [0]), ("b", [1])])

    np.testing.assert_array_equal(arrays["a"].array, arrays["b"].array)
    assert arrays["a"].get_counts() == {"0": 40, "1": 60}


def test_registers_may_share_and_permute_bits_and_be_empty() -> None:
    registers = [("plain", [0, 1]), ("turned", [3, 0]), ("none", []), ("again", [1, 1, 2])]

    arrays = build_bit_arrays([{"0110": 1, "1001": 3}], (), 4, registers)

    assert arrays["plain"].get_counts() == {"10": 1, "01": 3}
    assert arrays["turned"].get_counts() == {"00": 1, "11": 3}
    assert arrays["again"].get_counts() == {"111": 1, "000": 3}
    assert (arrays["none"].num_bits, arrays["none"].array.shape) == (0, (4, 0))


def test_a_register_of_size_0_is_the_same_as_in_qiskits_sampler() -> None:
    circuit = QuantumCircuit(1)
    circuit.add_register(ClassicalRegister(0, "none"), ClassicalRegister(1, "c"))
    circuit.measure(0, 0)
    expected = StatevectorSampler().run([circuit], shots=7).result()[0].data

    arrays = build_bit_arrays([{"0": 7}], (), 7, [("none", []), ("c", [0])])

    assert arrays["none"] == expected["none"]
    assert arrays["c"] == expected["c"]


@pytest.mark.parametrize("counts", [{}, {"": 5}])
def test_a_circuit_without_classical_bits_has_empty_registers(counts: dict[str, int]) -> None:
    arrays = build_bit_arrays([counts], (), 5, [("none", [])])

    assert arrays["none"].array.shape == (5, 0)


def test_rows_fill_the_shape_in_c_order() -> None:
    rows = [{f"{k:03b}": 2} for k in range(6)]

    (array,) = build_bit_arrays(rows, (2, 3), 2, [("c", [0, 1, 2])]).values()

    assert array.shape == (2, 3)
    assert array.array[..., 0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_a_shape_of_size_0_has_no_shots(shape: tuple[int, ...]) -> None:
    (array,) = build_bit_arrays([], shape, 100, [("c", range(9))]).values()

    assert array.array.shape == (*shape, 100, 2)


def test_equal_counts_give_the_same_order_of_shots() -> None:
    counts = {f"{k:04b}": k + 1 for k in range(16)}
    shuffled = dict(reversed(counts.items()))

    first = build_bit_arrays([counts], (), 136, [("c", range(4))])["c"]
    again = build_bit_arrays([shuffled], (), 136, [("c", range(4))])["c"]

    np.testing.assert_array_equal(first.array, again.array)


def test_the_order_of_shots_is_not_sorted_and_differs_between_rows_and_seeds() -> None:
    counts = {"0": 500, "1": 500}

    rows = build_bit_arrays([counts, counts], (2,), 1000, [("c", [0])])["c"].array[..., 0]
    other = build_bit_arrays([counts, counts], (2,), 1000, [("c", [0])], seed=1)["c"].array[..., 0]

    for shots in (*rows, *other):
        assert 400 < np.count_nonzero(np.diff(shots)) < 600  # 500 expected, standard deviation 16
    for left, right in [(rows[0], rows[1]), (rows[0], other[0]), (rows[1], other[0]), (rows[0], other[1])]:
        assert 400 < np.count_nonzero(left == right) < 600


def test_the_error_for_counts_that_do_not_add_up_names_the_row() -> None:
    with pytest.raises(JobFailedError, match=r"row 1: the counts add up to 9, expected 10 shots"):
        build_bit_arrays([{"0": 10}, {"0": 9}], (2,), 10, [("c", [0])])


def test_missing_counts_are_refused() -> None:
    with pytest.raises(JobFailedError, match=r"row 0: the counts add up to 0, expected 10 shots"):
        build_bit_arrays([{}], (), 10, [("c", [0])])


@pytest.mark.parametrize(
    ("rows", "num_clbits"),
    [([{"00": 1}, {"000": 1}], None), ([{"00": 1}, {"00": 1}], 3), ([{"0": 1}, {"0": 1}], None)],
)
def test_bitstrings_of_another_width_are_refused(rows: list[dict[str, int]], num_clbits: int | None) -> None:
    with pytest.raises(WireError, match=r"row \d: expected \d bits in each outcome"):
        build_bit_arrays(rows, (2,), 1, [("c", [0, 1])], num_clbits=num_clbits)


def test_expectation_values_are_refused() -> None:
    with pytest.raises(WireError, match="expected counts, got expectation values"):
        build_bit_arrays([{"Z": 0.5}], (), 1, [("c", [0])])


@given(st.data())
def test_random_registers_keep_their_joint_distribution(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 20))
    bits = st.lists(st.integers(0, width - 1), max_size=20)
    runs = st.tuples(st.integers(0, width), st.integers(0, width)).map(lambda ends: list(range(*ends)))
    registers = [
        (f"r{index}", clbits) for index, clbits in enumerate(data.draw(st.lists(bits | runs, min_size=1)))
    ]
    outcome = st.text("01", min_size=width, max_size=width)
    rows = data.draw(st.lists(st.lists(outcome, min_size=12, max_size=12).map(Counter), max_size=3))

    arrays = build_bit_arrays(rows, (len(rows),), 12, registers, num_clbits=width)

    for row, counts in enumerate(rows):
        assert actual_joint(arrays, (row,)) == expected_joint(counts, registers)


def test_outcomes_of_several_blocks_keep_their_distribution() -> None:
    counts = {f"{k:0100b}": 1 + k % 3 for k in range(0, 2**40, 2**25)}
    shots = sum(counts.values())
    registers: Registers = [("all", range(100)), ("odd", range(1, 100, 2))]

    arrays = build_bit_arrays([counts], (), shots, registers)

    assert len(counts) == 2**15
    assert arrays["all"].get_counts() == counts
    assert arrays["odd"] == arrays["all"].slice_bits(range(1, 100, 2))


def test_many_shots_take_little_more_memory_than_the_result() -> None:
    counts = {f"{k:0100b}": 100 for k in range(2000)}
    tracemalloc.start()

    (array,) = build_bit_arrays([counts], (), 200_000, [("c", range(100))]).values()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert array.array.nbytes == 200_000 * 13
    # The array, eight bytes for each shot's index, and the distinct outcomes.
    assert peak < 200_000 * (13 + 8) + 2**21
