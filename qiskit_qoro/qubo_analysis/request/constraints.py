"""Constraints on states, and which states satisfy them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constraint", "ConstraintType", "satisfies_all"]

_TOLERANCE = 1e-9


class ConstraintType(Enum):
    """How to compare the weighted sum of the variables with the bound."""

    MAX_CARDINALITY = "max_cardinality"
    MIN_CARDINALITY = "min_cardinality"
    EQ_CARDINALITY = "eq_cardinality"
    INEQUALITY = "inequality"
    EQUALITY = "equality"


_AT_MOST = (ConstraintType.MAX_CARDINALITY, ConstraintType.INEQUALITY)


@dataclass(frozen=True)
class Constraint:
    """``Σ w_q · x_q`` over ``qubits`` is at most, at least, or equal to ``bound``.

    Attributes:
        type: At most (``max_cardinality``, ``inequality``), at least (``min_cardinality``) or equal
            (``eq_cardinality``, ``equality``).
        bound: The bound.
        qubits: The variables of the sum.
        weights: One weight for each of ``qubits``; 1 for cardinalities.
    """

    type: ConstraintType
    bound: float
    qubits: tuple[int, ...]
    weights: tuple[float, ...]

    def satisfied(self, states: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which states satisfy the constraint, up to a relative tolerance of 1e-9.

        Args:
            states: An m × n array; column i holds the values of variable i.
        """
        excess = states[:, self.qubits].astype(np.float64) @ np.array(self.weights, np.float64) - self.bound
        slack = _TOLERANCE * max(1.0, abs(self.bound), sum(map(abs, self.weights)))
        if self.type in _AT_MOST:
            return np.asarray(excess <= slack)
        if self.type is ConstraintType.MIN_CARDINALITY:
            return np.asarray(excess >= -slack)
        return np.asarray(np.abs(excess) <= slack)


def satisfies_all(constraints: tuple[Constraint, ...], states: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows of ``states`` satisfy all ``constraints``."""
    satisfied = np.ones(len(states), bool)
    for constraint in constraints:
        satisfied &= constraint.satisfied(states)
    return satisfied
