"""QUBOs with comma keys and in the envelope, and the polynomial that they decode to."""

import json
import math
import struct
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.wire.qubo import MAX_FACTORED_VARIABLES, factored_to_json, qubo_from_json, terms_to_json

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "qubo.json").read_text())["by_hand"]


def envelope(**changes):
    return GOLDEN[0]["envelope"] | changes


def numbers(*values):
    return struct.pack(f"<{len(values)}d", *values).hex()


# --- comma keys -----------------------------------------------------------------------------------------


def test_comma_keys_give_the_variables_of_a_term():
    polynomial = qubo_from_json({"0": -1.0, "1,2": 2, "0,1,3": 0.5})
    assert polynomial == Polynomial(4, {(0,): -1.0, (1, 2): 2.0, (0, 1, 3): 0.5})


def test_keys_of_the_same_product_are_summed():
    polynomial = qubo_from_json({"0": 1, "0,0": 2, "0,1": 3, "1,0": 4, "1,0,1": 5})
    assert polynomial.terms == {(0,): 3.0, (0, 1): 12.0}


def test_a_variable_above_all_terms_must_be_given_by_num_variables():
    assert qubo_from_json({"0": 1}, num_variables=3).num_variables == 3
    assert qubo_from_json({"0": 1, "2": 0}).num_variables == 3


@pytest.mark.parametrize(
    "key", ["", ",", "0,", ",0", "a", "-1", "+1", "01", "0 ,1", " 0", "1.0", "\u0661", "9" * 30]
)
def test_a_key_that_is_not_a_list_of_indices_is_refused(key):
    with pytest.raises(WireError, match="qubo: expected keys of indices"):
        qubo_from_json({key: 1.0})


@pytest.mark.parametrize("value", [None, "1", True, math.nan, math.inf, 10**400, [1]])
def test_a_coefficient_that_is_not_a_finite_number_is_refused_with_its_key(value):
    with pytest.raises(WireError, match=r"qubo\['0,1'\]: expected a finite number"):
        qubo_from_json({"0,1": value})


def test_coefficients_with_an_overflowing_sum_are_refused():
    with pytest.raises(WireError, match=r"qubo\['1,0'\]"):
        qubo_from_json({"0,1": 1e308, "1,0": 1e308})


@pytest.mark.parametrize("value", [None, [], "0", {}])
def test_a_qubo_without_coefficients_is_refused(value):
    with pytest.raises(WireError, match=r"options\.cost_qubo: expected"):
        qubo_from_json(value, "options.cost_qubo")


def test_an_index_above_the_limit_is_refused():
    with pytest.raises(WireError, match="indices below 1048576"):
        qubo_from_json({"1048576": 1})


@pytest.mark.parametrize("value", [{"0,4": 1}, GOLDEN[0]["envelope"]])
def test_another_number_of_variables_than_expected_is_refused(value):
    expected = 4 if "0,4" in value else 3
    with pytest.raises(WireError, match=f"variables, expected {expected}"):
        qubo_from_json(value, num_variables=expected)


@given(
    st.dictionaries(
        st.sets(st.integers(0, 9), min_size=1, max_size=4).map(lambda term: tuple(sorted(term))),
        st.floats(-1e9, 1e9).filter(bool),
        min_size=1,
    )
)
def test_terms_are_encoded_and_decoded(terms):
    polynomial = Polynomial(10, terms)
    travelled = json.loads(json.dumps(terms_to_json(polynomial)))
    assert qubo_from_json(travelled, num_variables=10) == polynomial


# --- the envelope ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN)
def test_an_envelope_decodes_to_the_matrix_worked_out_by_hand(case):
    polynomial = qubo_from_json(case["envelope"])
    assert polynomial.matrix.tolist() == case["matrix"]
    assert polynomial == qubo_from_json(case["terms"], num_variables=polynomial.num_variables)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"_format": "factored_v2"}, "_format"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 2.0}, "n"),
        ({"n": 3}, "F"),
        ({"k": -1}, "k"),
        ({"k": 2}, "signs"),
        ({"k": 10**12}, "signs"),
        ({"n": MAX_FACTORED_VARIABLES + 1}, "n"),
        ({"n": 10**15}, "n"),
        ({"signs": [0]}, "signs"),
        ({"signs": [2]}, "signs"),
        ({"signs": "1"}, "signs"),
        ({"signs": [True]}, "signs"),
        ({"signs": ["1"]}, "signs"),
        ({"F": None}, "F"),
        ({"F": "00"}, "F"),
        ({"F": "zz" * 16}, "F"),
        ({"F": "0 " * 16}, "F"),
        ({"F": numbers(1.0, math.nan)}, "F"),
        ({"diag": numbers(1.0, math.inf)}, "diag"),
        ({"diag": numbers(1.0)}, "diag"),
        ({"F": numbers(1e200, 1e200)}, "F, signs and diag"),
        ({"comment": "x"}, "comment"),
    ],
)
def test_an_invalid_envelope_is_refused_with_the_name_of_the_field(changes, field):
    with pytest.raises(WireError, match=field):
        qubo_from_json(envelope(**changes))


@pytest.mark.parametrize("field", ["n", "k", "F", "signs", "diag"])
def test_a_missing_field_of_the_envelope_is_named(field):
    with pytest.raises(WireError, match=field):
        qubo_from_json({key: value for key, value in envelope().items() if key != field})


def symmetric(rng, n):
    matrix = rng.normal(size=(n, n))
    return matrix + matrix.T


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_any_symmetric_matrix_is_encoded_and_decoded(n):
    matrix = symmetric(np.random.default_rng(n), n)
    travelled = json.loads(json.dumps(factored_to_json(matrix)))
    assert np.abs(qubo_from_json(travelled).matrix - matrix).max() < 1e-12


@pytest.mark.parametrize("sign", [1, -1])
def test_a_squared_sum_plus_a_diagonal_needs_one_column(sign):
    rng = np.random.default_rng(3)
    weights = rng.normal(size=20)
    matrix = sign * np.outer(weights, weights) + np.diag(rng.normal(size=20))
    found = factored_to_json(matrix)
    assert (found["k"], found["signs"]) == (1, [sign])
    assert np.abs(qubo_from_json(found).matrix - matrix).max() < 1e-12


def test_a_matrix_of_low_rank_needs_as_many_columns_as_its_rank():
    factors = np.random.default_rng(4).normal(size=(12, 3))
    assert factored_to_json(factors @ factors.T)["k"] == 3


def test_a_diagonal_needs_no_column():
    assert factored_to_json(np.diag([1.0, -2.0, 0.5])) == GOLDEN[2]["envelope"]


def test_rounding_errors_give_no_couplings():
    # A path of three variables: the ends are not coupled.
    matrix = np.array([[0.0, 0.1, 0.0], [0.1, 0.0, 0.7], [0.0, 0.7, 0.0]])
    assert set(qubo_from_json(factored_to_json(matrix)).terms) == {(0, 1), (1, 2)}


@pytest.mark.parametrize(("small", "is_kept"), [(0.9e-13, False), (1.1e-13, True)])
def test_couplings_up_to_a_relative_size_of_1e_13_are_rounding_errors(small, is_kept):
    found = qubo_from_json(envelope(n=2, k=1, F=numbers(1.0, small), signs=[1], diag=numbers(0.0, 0.0)))
    assert found.terms == ({(0,): 1.0, (0, 1): 2 * small} if is_kept else {(0,): 1.0})


@pytest.mark.parametrize(("exponent", "is_kept"), [(-44, False), (-43, True)])
def test_rounding_errors_are_compared_with_the_products_that_cancel(exponent, is_kept):
    # The two products of each entry nearly cancel: all entries of the matrix are small, but not the products.
    factors = numbers(1.0, 1.0, 0.5, 0.5 + 2.0**exponent)
    found = qubo_from_json(envelope(n=2, k=2, F=factors, signs=[1, -1], diag=numbers(0.0, 1.0)))
    assert ((0, 1) in found.terms) is is_kept


@pytest.mark.parametrize(("small", "num_columns"), [(0.8e-13, 2), (1.2e-13, 3)])
def test_eigenvalues_up_to_a_relative_size_of_1e_13_need_no_column(small, num_columns):
    matrix = np.zeros((9, 9))
    matrix[:3, :3], matrix[3:6, 3:6], matrix[6:, 6:] = 1.0, 0.5, small
    assert factored_to_json(matrix)["k"] == num_columns


@pytest.mark.parametrize(("error", "needs_one"), [(0.5e-12, True), (2e-12, False)])
def test_a_squared_sum_may_have_a_relative_error_of_1e_12(error, needs_one):
    matrix = np.outer(np.arange(1.0, 6.0), np.arange(1.0, 6.0)) + np.diag([3.0, 1.0, 4.0, 1.0, 5.0])
    matrix[0, 1] += error * 20
    matrix[1, 0] = matrix[0, 1]
    assert (factored_to_json(matrix)["k"] == 1) is needs_one


def test_the_numbers_of_variables_are_accepted_up_to_their_limits():
    size = MAX_FACTORED_VARIABLES
    widest = envelope(n=size, k=0, F="", signs=[], diag=numbers(*[1.0] * size))
    assert qubo_from_json(widest).num_variables == size == 1024
    with pytest.raises(WireError, match=r"qubo\.n: expected at most 1024 variables, got 1025"):
        qubo_from_json(envelope(n=size + 1, k=0, F="", signs=[], diag=numbers(*[1.0] * (size + 1))))
    assert qubo_from_json({"1048575": 1}).num_variables == 2**20


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((0, 0)), r"the matrix has the shape \(0, 0\), expected a square"),
        (np.zeros((2, 3)), r"the matrix has the shape \(2, 3\), expected a square"),
        (np.array([[0.0, 1.0], [2.0, 0.0]]), "expected a symmetric matrix of finite numbers"),
        (np.full((2, 2), np.nan), "expected a symmetric matrix of finite numbers"),
    ],
)
def test_a_matrix_that_is_not_symmetric_is_not_encoded(matrix, message):
    with pytest.raises(QoroInputError, match=message):
        factored_to_json(matrix)


# --- the value ------------------------------------------------------------------------------------------


def test_a_triangular_and_a_symmetric_matrix_give_the_same_polynomial():
    upper = np.array([[1.0, 4.0], [0.0, 2.0]])
    expected = Polynomial(2, {(0,): 1.0, (1,): 2.0, (0, 1): 4.0})
    assert Polynomial.from_matrix(upper) == Polynomial.from_matrix((upper + upper.T) / 2) == expected


@pytest.mark.parametrize("terms", [{(0, 1): 2.0, (1,): -1.0}, {(0, 1, 2): 3.0, (2,): 1.0, (0, 2): -5.0}])
def test_the_value_of_a_state_is_the_sum_of_its_terms(terms):
    states = np.array(list(product([False, True], repeat=3)))
    expected = [sum(c for term, c in terms.items() if all(state[i] for i in term)) for state in states]
    assert Polynomial(3, terms).values(states).tolist() == expected


@pytest.mark.parametrize(
    ("num_variables", "terms", "message"),
    [
        (0, {}, "num_variables is 0, expected 1 or more"),
        (1, {(): 1.0}, r"term \(\): expected different variables in ascending order"),
        (2, {(1, 0): 1.0}, r"term \(1, 0\): expected different variables in ascending order"),
        (2, {(0, 0): 1.0}, r"term \(0, 0\): expected different variables in ascending order"),
        (2, {(2,): 1.0}, r"term \(2,\) needs more than 2 variables"),
        (1, {(0,): math.inf}, r"the coefficient of \(0,\) is inf, expected a finite number"),
    ],
)
def test_an_invalid_polynomial_is_refused(num_variables, terms, message):
    with pytest.raises(QoroInputError, match=message):
        Polynomial(num_variables, terms)
