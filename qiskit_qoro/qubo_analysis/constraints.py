"""Constraints on states: which states satisfy them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constraint", "ConstraintType", "feasible"]

_TOLERANCE = 1e-9


class ConstraintType(Enum):
    """How the weighted sum of the variables is compared with the bound."""

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
        bound: What the sum is compared with.
        qubits: The variables of the sum.
        weights: Their weights, as many; 1 for cardinalities.
    """

    type: ConstraintType
    bound: float
    qubits: tuple[int, ...]
    weights: tuple[float, ...]

    def satisfied(self, states: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows of ``states`` (m × n, column i is variable i) satisfy it, up to 1e-9 of the weights."""
        excess = states[:, self.qubits].astype(np.float64) @ np.array(self.weights, np.float64) - self.bound
        slack = _TOLERANCE * max(1.0, abs(self.bound), sum(map(abs, self.weights)))
        if self.type in _AT_MOST:
            return np.asarray(excess <= slack)
        if self.type is ConstraintType.MIN_CARDINALITY:
            return np.asarray(excess >= -slack)
        return np.asarray(np.abs(excess) <= slack)


def feasible(constraints: tuple[Constraint, ...], states: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows of ``states`` satisfy all ``constraints``."""
    satisfied = np.ones(len(states), bool)
    for constraint in constraints:
        satisfied &= constraint.satisfied(states)
    return satisfied
