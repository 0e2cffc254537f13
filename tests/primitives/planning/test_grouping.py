"""Grouping, bases and moments of Pauli strings, compared with Qiskit's matrices and states."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import PauliList, SparsePauliOp, Statevector, random_statevector

from qiskit_qoro.primitives.planning.grouping import (
    basis_of,
    group_pauli_strings,
    measurement_suffix,
)
from qiskit_qoro.primitives.postprocess.moments import weighted_moments


def commute_qubit_wise(first: str, second: str) -> bool:
    return all(a == b or "I" in (a, b) for a, b in zip(first, second, strict=True))


def random_pauli_strings(rng: np.random.Generator, number: int, width: int) -> list[str]:
    return ["".join(row) for row in rng.choice(list("IXYZ"), size=(number, width), p=[0.4, 0.2, 0.2, 0.2])]


def test_pauli_strings_with_a_common_basis_share_a_group() -> None:
    assert group_pauli_strings(["ZZI", "IZZ", "XXI", "ZIZ", "IXX"]) == [[0, 1, 3], [2, 4]]


def test_pauli_strings_on_different_qubits_share_a_group() -> None:
    assert group_pauli_strings(["XII", "IYI", "IIZ"]) == [[0, 1, 2]]


def test_no_pauli_strings_give_no_groups() -> None:
    assert group_pauli_strings([]) == []


pauli_strings_of_one_length = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.text("IXYZ", min_size=width, max_size=width).filter(lambda string: set(string) != {"I"}),
        min_size=1,
        max_size=30,
    )
)


@given(pauli_strings_of_one_length)
def test_each_pauli_string_is_in_one_group_and_fits_its_basis(pauli_strings: list[str]) -> None:
    groups = group_pauli_strings(pauli_strings)

    assert sorted(index for group in groups for index in group) == list(range(len(pauli_strings)))
    for group in groups:
        members = [pauli_strings[index] for index in group]
        assert all(commute_qubit_wise(a, b) for a, b in combinations(members, 2))
        basis = basis_of(members)
        for column, letter in enumerate(basis):
            assert {string[column] for string in members} - {"I"} == {letter} - {"I"}


def test_pauli_strings_of_more_than_64_qubits_are_distinguished_at_every_qubit() -> None:
    pauli_strings = [
        ("I" * qubit + letter).ljust(130, "I") for qubit in (0, 63, 64, 127, 129) for letter in "XYZ"
    ]

    groups = group_pauli_strings(pauli_strings)

    assert sorted(map(len, groups)) == [5, 5, 5]
    assert all(len({index // 3 for index in group}) == 5 for group in groups)


def test_the_number_of_groups_is_close_to_qiskits() -> None:
    pauli_strings = random_pauli_strings(np.random.default_rng(3), 300, 8)

    expected = len(PauliList(pauli_strings).group_commuting(qubit_wise=True))

    assert len(group_pauli_strings(pauli_strings)) <= 1.05 * expected


def test_thousands_of_pauli_strings_are_grouped_quickly() -> None:
    pauli_strings = random_pauli_strings(np.random.default_rng(4), 5000, 20)
    start = time.process_time()

    groups = group_pauli_strings(pauli_strings)

    assert time.process_time() - start < 2  # usually a twentieth of this
    assert sum(map(len, groups)) == 5000


def test_the_measurement_of_a_basis_is_openqasm() -> None:
    assert measurement_suffix("XIYZ") == [
        "h q[0];",
        "sdg q[2];",
        "h q[2];",
        "measure q[0] -> c[0];",
        "measure q[2] -> c[1];",
        "measure q[3] -> c[2];",
    ]


def exact_counts(state: Statevector, basis: str, shots: int) -> dict[str, int]:
    """Return counts proportional to the probabilities of the state after the measurement suffix."""
    lines = measurement_suffix(basis)
    size = sum(letter != "I" for letter in basis)
    head = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{len(basis)}]; creg c[{size}];'
    circuit = qasm2.loads("\n".join([head, *lines]))
    rotation: QuantumCircuit = circuit.remove_final_measurements(inplace=False)
    measured = [qubit for qubit, letter in enumerate(basis) if letter != "I"]
    shares = state.evolve(rotation).probabilities_dict(measured)
    return {bits: round(share * shots) for bits, share in shares.items() if round(share * shots)}


@settings(max_examples=40)
@given(st.text("IXYZ", min_size=3, max_size=3).filter(lambda b: b != "III"), st.integers(0, 1000), st.data())
def test_moments_agree_with_the_state(basis: str, seed: int, data: st.DataObject) -> None:
    state = random_statevector(8, seed=seed)
    part = st.tuples(*[st.sampled_from(["I", letter]) for letter in basis]).map("".join)
    pauli_strings = data.draw(st.lists(part, min_size=1, max_size=4))
    weights = np.array(
        data.draw(st.lists(st.integers(-3, 3), min_size=len(pauli_strings), max_size=len(pauli_strings)))
    )
    shots = 10**12
    counts = exact_counts(state, basis, shots)

    (mean,), (variance,) = weighted_moments(counts, pauli_strings, basis, [weights])

    # On the wire the first qubit is leftmost, in Qiskit's labels it is rightmost.
    operator = SparsePauliOp([string[::-1] for string in pauli_strings], weights.astype(complex))
    expected = state.expectation_value(operator).real
    square = state.expectation_value((operator @ operator).simplify()).real
    assert mean == pytest.approx(expected, abs=1e-9)
    assert variance * shots == pytest.approx(square - expected**2, abs=1e-8)


def test_the_variance_of_a_sum_includes_correlations_within_a_group() -> None:
    counts = {"00": 500, "11": 500}

    means, variances = weighted_moments(counts, ["ZI", "IZ", "ZZ"], "ZZ", [[1, 1, 0], [1, -1, 0], [0, 0, 1]])

    assert means.tolist() == [0, 0, 1]
    assert variances.tolist() == [4 / 1000, 0, 0]


def test_the_rightmost_bit_belongs_to_the_first_measured_letter() -> None:
    means, _ = weighted_moments({"01": 10}, ["XII", "IIZ", "XIZ"], "XIZ", np.eye(3))

    assert means.tolist() == [-1, 1, -1]


def test_a_sum_with_the_same_value_in_every_shot_has_no_variance() -> None:
    counts = {"00": 333, "11": 667}

    (mean,), (variance,) = weighted_moments(counts, ["ZZ"], "ZZ", [[1 / 3]])

    assert mean == 1 / 3
    assert variance == 0


def test_no_sums_give_empty_moments() -> None:
    means, variances = weighted_moments({"0": 1}, ["Z"], "Z", np.empty((0, 1)))

    assert (means.shape, variances.shape) == ((0,), (0,))


def test_empty_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="there are no counts"):
        weighted_moments({}, ["Z"], "Z", [[1]])


def test_moments_of_many_outcomes_agree_with_a_loop_over_the_counts() -> None:
    rng = np.random.default_rng(8)
    counts = {f"{outcome:030b}": int(rng.integers(1, 9)) for outcome in range(0, 2**30, 2**15)}
    pauli_strings = ["".join(row) for row in rng.choice(list("IZ"), size=(100, 30))]

    means, variances = weighted_moments(counts, pauli_strings, "Z" * 30, np.eye(100))

    shots = sum(counts.values())
    for string, mean, variance in list(zip(pauli_strings, means, variances, strict=True))[::50]:
        positions = [29 - k for k, letter in enumerate(string) if letter == "Z"]
        total = sum(
            n * (-1) ** sum(bits[position] == "1" for position in positions) for bits, n in counts.items()
        )
        assert mean == pytest.approx(total / shots, abs=1e-12)
        assert variance == pytest.approx((1 - mean**2) / shots, rel=1e-9)
