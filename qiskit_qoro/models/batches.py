"""Statistical errors of results that come from random realizations of noise.

A service that averages over random realizations divides them into batches, and returns the result of each
batch. Batches are independent, so their spread shows the statistical error of the whole. The shots of one
realization are not independent, so the variance of the pooled shots would be too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DEFAULT_REALIZATIONS", "MAX_BATCHES", "Batches", "batch_sizes", "standard_errors"]

DEFAULT_REALIZATIONS = 200
"""The least number of random realizations that the local service runs, unless the user sets it."""

MAX_BATCHES = 25
"""The number of batches. The relative error of an error that 25 batches give is about 14 %."""


@dataclass(frozen=True)
class Batches:
    """The results of one circuit in independent batches of random realizations.

    Attributes:
        realizations: The number of realizations in all batches.
        values: Pauli string to its value in each batch. Empty if the circuit is sampled. Batches of values
            have equal sizes. Pauli strings whose value is exact are left out.
        counts: The counts in each batch. Empty if the circuit is not sampled, or if each shot has a
            realization of its own, so that shots are independent.
    """

    realizations: int
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    counts: tuple[Mapping[str, int], ...] = ()


def batch_sizes(total: int, realizations: int) -> list[int]:
    """Divide realizations or shots into batches.

    Args:
        total: What is divided, at least ``realizations``.
        realizations: The number of realizations, 1 or more.

    Returns:
        The size of each batch. Sizes differ by at most one.
    """
    count = min(realizations, MAX_BATCHES)
    return [total // count + (index < total % count) for index in range(count)]


def standard_errors(
    batches: ArrayLike, bounds: ArrayLike, realizations: int, shares: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the standard error of means over batches.

    It is the spread of the batches. But the realizations may miss a rare error with a large effect, and then
    all batches nearly agree. So a standard error is at least half the effect that one more such realization
    would have.

    Args:
        batches: The value of each quantity in each batch, shape (batches, quantities).
        bounds: For each quantity, how far a realization may be from the mean.
        realizations: The number of realizations in all batches.
        shares: The weight of each batch in the mean. With ``None`` all are equal.
    """
    values = np.asarray(batches, dtype=np.float64)
    effects: NDArray[np.float64] = np.asarray(bounds, dtype=np.float64) / realizations
    count = len(values)
    if count < 2:
        return effects
    weights = np.ones(count) if shares is None else np.asarray(shares, dtype=np.float64)
    weights = weights / weights.sum()
    deviations = values - weights @ values
    spread = np.sqrt((weights**2 @ deviations**2) * count / (count - 1))
    errors: NDArray[np.float64] = np.maximum(spread, effects / 2)
    return errors
