"""The error of an observable includes the correlation of its Pauli strings."""

import numpy as np
import pytest

from qiskit_qoro.models.batches import Batches
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.primitives.postprocess.noise_errors import error_of_counts, error_of_values


def details(**values):
    return ResultDetails(batches=Batches(100, values=values))


def test_errors_of_opposite_strings_cancel_and_those_of_equal_strings_add_up():
    first = (0.1, 0.5, 0.3, 0.7)
    correlated = details(ZZ=first, XX=tuple(1 - value for value in first))
    alone = error_of_values(correlated, ["ZZ"], np.array([0.4]), np.array([1.0]))
    both = np.array([0.4, 0.6])
    assert alone == pytest.approx(np.std(first, ddof=1) / 2)
    difference = error_of_values(correlated, ["ZZ", "XX"], both, np.array([1.0, -1.0]))
    assert difference == pytest.approx(2 * alone)
    # The sum is the same in all batches. What remains is half the effect of one more realization.
    total = error_of_values(correlated, ["ZZ", "XX"], both, np.array([1.0, 1.0]))
    assert total == pytest.approx(np.hypot(1.4, 1.6) / 200)


def test_exact_strings_add_no_error():
    mixed = details(ZZ=(0.1, 0.5))
    values, coefficients = np.array([0.3, 1.0]), np.array([1.0, 7.0])
    alone = error_of_values(mixed, ["ZZ"], values[:1], coefficients[:1])
    assert error_of_values(mixed, ["ZZ", "II"], values, coefficients) == alone
    assert error_of_values(mixed, ["II"], values[1:], coefficients[1:]) == 0


def test_without_batches_the_errors_of_the_strings_are_added():
    found = ResultDetails(standard_errors={"ZZ": 0.1, "XX": 0.2})
    error = error_of_values(found, ["ZZ", "XX", "II"], np.zeros(3), np.array([1.0, -2.0, 5.0]))
    assert error == pytest.approx(0.5)


def test_the_error_of_counts_is_the_spread_of_the_batches():
    batches = Batches(4, counts=({"0": 10}, {"0": 10}, {"1": 10}, {"0": 5, "1": 5}))
    (error,) = error_of_counts(batches, ["Z"], "Z", np.array([[2.0]]), np.array([0.01]))
    assert error == pytest.approx(2 * np.std([1, 1, -1, 0], ddof=1) / 2)


def test_independent_shots_keep_their_error_unless_it_is_too_small():
    batches = Batches(100)
    weights = np.array([[1.0], [1.0]])
    errors = error_of_counts(batches, ["Z"], "Z", weights, np.array([0.05, 0.0]))
    assert errors == pytest.approx([0.05, 0.01])
