"""Expansion of observables into Pauli strings, compared with the matrices of Qiskit's operators."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector, random_statevector

from qiskit_qoro import QoroInputError
from qiskit_qoro.primitives.planning.observables import (
    ObservableTerms,
    expand_observables,
    restrict_pauli_strings,
)


def matrix_of_key(key: str) -> NDArray[np.complex128]:
    result = np.eye(1, dtype=complex)
    for letter in key:
        if letter in "01+-rl":
            factor = Statevector.from_label(letter).to_operator().data
        else:
            factor = Pauli(letter).to_matrix()
        result = np.kron(result, factor)
    return result


def matrix_of_mapping(element: Mapping[str, float]) -> NDArray[np.complex128]:
    return sum(c * matrix_of_key(key) for key, c in element.items())  # type: ignore[return-value]


def matrix_of_terms(
    pauli_strings: list[str], terms: ObservableTerms, num_qubits: int
) -> NDArray[np.complex128]:
    if not len(terms.pauli_strings):
        return np.zeros((2**num_qubits, 2**num_qubits), dtype=complex)
    labels = [pauli_strings[index] for index in terms.pauli_strings]
    return SparsePauliOp(labels, terms.coefficients).to_matrix()


def as_mapping(pauli_strings: list[str], terms: ObservableTerms) -> dict[str, float]:
    pairs = zip(terms.pauli_strings.tolist(), terms.coefficients.tolist(), strict=True)
    return {pauli_strings[index]: coefficient for index, coefficient in pairs}


def test_each_pauli_string_is_listed_once_in_order_of_appearance() -> None:
    array = ObservablesArray.coerce(
        [SparsePauliOp(["XYZ"], [0.5]), SparsePauliOp(["IIZ"], [2]), SparsePauliOp(["XYZ"], [-1])]
    )

    pauli_strings, elements = expand_observables(array)

    assert pauli_strings == ["XYZ", "IIZ"]
    assert [as_mapping(pauli_strings, terms) for terms in elements] == [
        {"XYZ": 0.5},
        {"IIZ": 2.0},
        {"XYZ": -1.0},
    ]
    assert {terms.coefficients.dtype for terms in elements} == {np.dtype(np.float64)}
    assert {terms.pauli_strings.dtype for terms in elements} == {np.dtype(np.int64)}


def test_elements_are_in_c_order() -> None:
    pauli_strings, elements = expand_observables(
        ObservablesArray.coerce([["XX", "YY", "ZZ"], ["IX", "IY", "IZ"]])
    )

    assert [pauli_strings[int(terms.pauli_strings[0])] for terms in elements] == [
        "XX",
        "YY",
        "ZZ",
        "IX",
        "IY",
        "IZ",
    ]


def test_a_zero_dimensional_array_has_one_element() -> None:
    pauli_strings, elements = expand_observables(ObservablesArray.coerce({"XI": 1.5, "II": 2}))

    assert [as_mapping(pauli_strings, terms) for terms in elements] == [{"XI": 1.5, "II": 2.0}]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_an_array_of_size_0_has_no_pauli_strings(shape: tuple[int, ...]) -> None:
    assert expand_observables(ObservablesArray([]).reshape(shape)) == ([], [])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("0", {"I": 0.5, "Z": 0.5}),
        ("1", {"I": 0.5, "Z": -0.5}),
        ("+", {"I": 0.5, "X": 0.5}),
        ("-", {"I": 0.5, "X": -0.5}),
        ("r", {"I": 0.5, "Y": 0.5}),
        ("l", {"I": 0.5, "Y": -0.5}),
        ("X1l", {"XII": 0.25, "XZI": -0.25, "XIY": -0.25, "XZY": 0.25}),
    ],
)
def test_a_projector_becomes_pauli_strings(key: str, expected: dict[str, float]) -> None:
    pauli_strings, (terms,) = expand_observables(ObservablesArray.coerce(key))

    assert as_mapping(pauli_strings, terms) == expected


def test_equal_pauli_strings_are_merged_and_cancelled_terms_are_removed() -> None:
    pauli_strings, (terms,) = expand_observables(ObservablesArray.coerce({"X0": 1, "X1": 1, "ZZ": 3}))

    assert as_mapping(pauli_strings, terms) == {"XI": 1.0, "ZZ": 3.0}
    assert sorted(pauli_strings) == ["XI", "ZZ"]


def test_all_terms_of_an_element_may_cancel() -> None:
    array = ObservablesArray.coerce([{"0": 1, "1": 1, "I": -1}, {"X": 1}])

    pauli_strings, (cancelled, terms) = expand_observables(array)

    assert as_mapping(pauli_strings, cancelled) == {}
    assert as_mapping(pauli_strings, terms) == {"X": 1.0}
    assert pauli_strings == ["X"]


def test_coefficients_keep_every_bit() -> None:
    element = {"XI": 0.1, "YI": -1e-5, "ZI": 1 / 3, "IX": 1e300}

    pauli_strings, (terms,) = expand_observables(ObservablesArray.coerce(element))

    assert as_mapping(pauli_strings, terms) == element


def test_the_error_for_too_many_projectors_contains_the_key_and_their_number() -> None:
    with pytest.raises(QoroInputError, match=r"'0{17}'.* 17 projectors .* 131072 Pauli strings.* 65536"):
        expand_observables(ObservablesArray.coerce("0" * 17))


def test_the_maximum_number_of_projectors_is_expanded() -> None:
    pauli_strings, (terms,) = expand_observables(ObservablesArray.coerce("01+-" * 4))

    assert len(set(pauli_strings)) == len(pauli_strings) == len(terms.pauli_strings) == 2**16
    assert set(np.abs(terms.coefficients)) == {2.0**-16}


mappings = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.dictionaries(
            st.text("IXYZ01+-rl", min_size=width, max_size=width),
            st.floats(-8, 8).filter(lambda value: abs(value) > 1e-3),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)


@given(mappings)
def test_random_observables_keep_their_matrices(elements: list[dict[str, float]]) -> None:
    pauli_strings, terms = expand_observables(ObservablesArray.coerce(elements))

    assert len(set(pauli_strings)) == len(pauli_strings)
    assert not set("".join(pauli_strings)) - set("IXYZ")
    for element, expanded in zip(elements, terms, strict=True):
        width = len(next(iter(element)))
        got = matrix_of_terms(pauli_strings, expanded, width)
        np.testing.assert_allclose(got, matrix_of_mapping(element), atol=1e-12)


def random_pauli_strings(rng: np.random.Generator, number: int, width: int) -> list[str]:
    return ["".join(row) for row in rng.choice(list("IXYZ"), size=(number, width))]


def test_thousands_of_elements_are_expanded_quickly() -> None:
    pool = random_pauli_strings(np.random.default_rng(1), 2000, 20)
    array = ObservablesArray.coerce([SparsePauliOp(pool[k : k + 20]) for k in range(1950)])
    start = time.process_time()

    pauli_strings, elements = expand_observables(array)

    assert time.process_time() - start < 1  # usually a tenth of this
    assert len(pauli_strings) == len(set(pool[:1969]))
    assert as_mapping(pauli_strings, elements[7]) == dict.fromkeys(pool[7:27], 1.0)


def test_pauli_strings_are_restricted_to_the_kept_qubits() -> None:
    pauli_strings = ["ZIXYI", "IIXYI", "ZZIII", "XIXYI", "IIIIY", "IIIII"]

    assert restrict_pauli_strings(pauli_strings, [1, 2], 5) == ["YX", "YX", "II", None, None, "II"]


def test_letters_follow_the_order_of_the_kept_qubits() -> None:
    assert restrict_pauli_strings(["XYZ"], [2, 0, 1], 3) == ["XZY"]


def test_without_kept_qubits_pauli_strings_are_empty_or_vanish() -> None:
    assert restrict_pauli_strings(["ZZ", "IX", "II"], [], 2) == ["", None, ""]


def test_an_empty_list_of_pauli_strings_stays_empty() -> None:
    assert restrict_pauli_strings([], [0], 3) == []


@given(st.data())
def test_restricted_pauli_strings_keep_their_expectation_values(data: st.DataObject) -> None:
    kept = data.draw(st.permutations(range(4)).flatmap(lambda p: st.integers(1, 3).map(lambda k: p[:k])))
    pauli_strings = data.draw(st.lists(st.text("IXYZ", min_size=4, max_size=4), min_size=1, max_size=5))
    small = random_statevector(2 ** len(kept), seed=data.draw(st.integers(0, 1000)))
    order = [*kept, *(q for q in range(4) if q not in kept)]
    wide = Statevector.from_label("0" * (4 - len(kept))).tensor(small)

    for string, restricted in zip(pauli_strings, restrict_pauli_strings(pauli_strings, kept, 4), strict=True):
        # Qubit k of the state stands for qubit order[k] of the circuit.
        moved = "".join(string[3 - qubit] for qubit in reversed(order))
        expected = wide.expectation_value(Pauli(moved)).real
        got = 0.0 if restricted is None else small.expectation_value(Pauli(restricted[::-1])).real
        assert got == pytest.approx(expected, abs=1e-12)


def test_ten_thousand_pauli_strings_of_127_qubits_are_restricted_quickly() -> None:
    pauli_strings = random_pauli_strings(np.random.default_rng(2), 10_000, 127)
    start = time.process_time()

    restricted = restrict_pauli_strings(pauli_strings, list(range(20, 40)), 127)

    assert time.process_time() - start < 1  # usually 20 ms
    assert len(restricted) == 10_000
