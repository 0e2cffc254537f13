"""Compute the costs of all states, exactly for up to 18 variables.

Strategy: write each coefficient at the number of its term, and sum over subsets, one variable at a time (the
zeta transform). That takes ``n·2^n`` additions, independently of the number of terms. For more variables, the
figures are estimated from the states that the classical solvers found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.states import mask_of, state_text

__all__ = [
    "MAX_EXACT_VARIABLES",
    "Spectrum",
    "enumerate_costs",
    "estimated_spectrum",
    "exact_spectrum",
    "tolerance",
]

MAX_EXACT_VARIABLES = 18
"""The largest problem whose states are enumerated."""

# Costs are equal if they differ by at most this share of their span, or of the total weight of the terms.
_EQUAL = 1e-9
_ROUNDING = 1e-12

_MAX_GROUND_STATES = 16


@dataclass(frozen=True)
class Spectrum:
    """The figures of a problem's costs.

    Attributes:
        minimum: The lowest cost, or the lowest one found.
        maximum: The highest cost, or the highest one found.
        gap: Difference of the two lowest distinct costs, 0 if all states have the same cost.
        degeneracy: The number of states with the lowest cost, or the number of those found.
        ground_states: Up to 16 states with the lowest cost, as text.
        estimated: Whether the figures are estimates, because the states were not enumerated.
    """

    minimum: float
    maximum: float
    gap: float
    degeneracy: int
    ground_states: tuple[str, ...]
    estimated: bool

    @property
    def span(self) -> float:
        """The difference of the highest and the lowest cost."""
        return self.maximum - self.minimum

    @property
    def normalized_gap(self) -> float:
        """``gap / span``, 0 if all states have the same cost."""
        return self.gap / self.span if self.gap else 0.0


def enumerate_costs(objective: Polynomial) -> NDArray[np.float64]:
    """Return the cost of every state, indexed by the number of the state: 2^n values."""
    n = objective.num_variables
    costs = np.zeros(2**n)
    for term, coefficient in objective.terms.items():
        costs[mask_of(term, n)] = coefficient
    for variable in range(n):
        # A state in which the variable is 1 also has the terms that do not contain the variable.
        halves = costs.reshape(2**variable, 2, -1)
        halves[:, 1] += halves[:, 0]
    return costs


def tolerance(objective: Polynomial, span: float) -> float:
    """Return the difference up to which costs are equal: 1e-9 of the span, or the rounding error."""
    return max(_EQUAL * span, _ROUNDING * objective.total_weight)


def exact_spectrum(objective: Polynomial, costs: NDArray[np.float64]) -> Spectrum:
    """Return the figures of all costs."""
    minimum, maximum = float(costs.min()), float(costs.max())
    slack = tolerance(objective, maximum - minimum)
    is_ground = costs <= minimum + slack
    above = costs[~is_ground]
    n = objective.num_variables
    first = np.flatnonzero(is_ground)[:_MAX_GROUND_STATES]
    return Spectrum(
        minimum=minimum,
        maximum=maximum,
        gap=float(above.min()) - minimum if len(above) else 0.0,
        degeneracy=int(is_ground.sum()),
        ground_states=tuple(format(int(number), f"0{n}b") for number in first),
        estimated=False,
    )


def estimated_spectrum(objective: Polynomial, states: NDArray[np.bool_], highest: float) -> Spectrum:
    """Estimate the figures from some states.

    Args:
        objective: The problem.
        states: The states that the solvers found, and some of their neighbours: m × n.
        highest: The highest cost found.
    """
    rows = np.unique(states, axis=0)
    costs = objective.values(rows)
    minimum, maximum = float(costs.min()), max(highest, float(costs.max()))
    slack = tolerance(objective, maximum - minimum)
    is_ground = costs <= minimum + slack
    above = costs[~is_ground]
    return Spectrum(
        minimum=minimum,
        maximum=maximum,
        gap=float(above.min()) - minimum if len(above) else 0.0,
        degeneracy=int(is_ground.sum()),
        ground_states=tuple(state_text(row) for row in rows[is_ground][:_MAX_GROUND_STATES]),
        estimated=True,
    )
