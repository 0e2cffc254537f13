"""Standard errors from batches of random realizations."""

import numpy as np
import pytest

from qiskit_qoro.models.batches import MAX_BATCHES, batch_sizes, standard_errors


@pytest.mark.parametrize(
    ("total", "realizations", "expected"),
    [
        (1, 1, [1]),
        (7, 3, [3, 2, 2]),
        (25, 25, [1] * 25),
        (26, 25, [2] + [1] * 24),
        (26, 26, [2] + [1] * 24),
        (100, 100, [4] * 25),
    ],
)
def test_batches_have_nearly_equal_sizes(total, realizations, expected):
    assert batch_sizes(total, realizations) == expected
    assert len(expected) <= MAX_BATCHES


def test_the_standard_error_is_that_of_a_mean_of_independent_values():
    values = np.array([[0.1, 0.9], [0.3, 0.5], [0.2, 0.7], [0.6, 0.1]])
    expected = values.std(axis=0, ddof=1) / np.sqrt(4)
    assert standard_errors(values, [0.0, 0.0], 4) == pytest.approx(expected)


def test_batches_count_in_proportion_to_their_shares():
    rng = np.random.default_rng(1)
    shares = np.array([5, 5, 5, 5, 4, 4, 4, 4])
    # The mean of a batch of n shots has a variance of 1/n, so that of the mean of all shots is 1/36.
    batches = rng.normal(size=(4000, 8)) / np.sqrt(shares)
    errors = standard_errors(batches.T, np.zeros(4000), 36, shares)
    assert np.mean(errors**2) == pytest.approx(1 / 36, rel=0.05)
    assert np.var(batches @ shares / 36) == pytest.approx(1 / 36, rel=0.1)


@pytest.mark.parametrize("realizations", [2, 50])
def test_equal_batches_still_have_an_error_because_rare_errors_may_be_missing(realizations):
    batches = [[0.5]] * min(realizations, MAX_BATCHES)
    assert standard_errors(batches, [1.5], realizations) == pytest.approx([1.5 / (2 * realizations)])


def test_the_error_of_a_single_realization_is_the_largest_possible():
    assert standard_errors([[0.5, -1.0]], [1.5, 2.0], 1) == pytest.approx([1.5, 2.0])


def test_a_spread_above_the_effect_of_one_realization_is_the_error():
    batches = np.array([[0.0], [1.0]])
    assert standard_errors(batches, [0.1], 2) == pytest.approx([0.5])
