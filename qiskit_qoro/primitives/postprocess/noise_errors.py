"""Standard errors of observables from random realizations of noise.

Pauli strings of one circuit share their realizations, so their errors are correlated. The error of an
observable therefore comes from its value in each batch of realizations. Different circuits have different
realizations, so their variances add up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qiskit_qoro.models.batches import Batches, standard_errors
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.primitives.postprocess.moments import weighted_moments

__all__ = ["error_of_counts", "error_of_values"]

Floats = npt.NDArray[np.float64]


def error_of_values(
    details: ResultDetails, pauli_strings: Sequence[str], values: Floats, coefficients: Floats
) -> float:
    """Return the standard error of a weighted sum of expectation values of one circuit, 0 if it is exact.

    Args:
        details: The details of the circuit's result.
        pauli_strings: The Pauli strings.
        values: The value of each.
        coefficients: The weight of each.
    """
    batches = details.batches
    if batches is None or not batches.values:
        # How the errors are correlated is unknown. The sum is the largest that the error can be.
        errors = [details.standard_errors.get(string, 0.0) for string in pauli_strings]
        return float(np.abs(coefficients) @ np.array(errors, dtype=np.float64))
    # Strings without batches are exact.
    indices = [index for index, string in enumerate(pauli_strings) if string in batches.values]
    if not indices:
        return 0.0
    weights = coefficients[indices]
    sums = np.array([batches.values[pauli_strings[index]] for index in indices]).T @ weights
    effect = np.linalg.norm(weights * (1 + np.abs(values[indices])))
    return float(standard_errors(sums[:, np.newaxis], [effect], batches.realizations)[0])


def error_of_counts(
    batches: Batches, pauli_strings: Sequence[str], basis: str, weights: Floats, errors: Floats
) -> Floats:
    """Return the standard errors of weighted sums of Pauli strings that are estimated from counts.

    Args:
        batches: The counts of each batch. There are none if all shots are independent.
        pauli_strings: The Pauli strings.
        basis: The measured basis.
        weights: The weight of each string in each sum, shape (sums, strings).
        errors: The standard errors that the sums would have if all shots were independent.
    """
    # A realization gives values from -1 to 1.
    effects = 2 * np.linalg.norm(weights, axis=1)
    if not batches.counts:
        at_least: Floats = np.maximum(errors, effects / (2 * batches.realizations))
        return at_least
    means = [weighted_moments(counts, pauli_strings, basis, weights)[0] for counts in batches.counts]
    shots = [sum(counts.values()) for counts in batches.counts]
    return standard_errors(means, effects, batches.realizations, shots)
