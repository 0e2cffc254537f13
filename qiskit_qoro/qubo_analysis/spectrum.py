"""The costs of all states, exactly up to 18 variables.

Strategy: write each coefficient at the number of its term and add up over subsets, one variable at a time
(the zeta transform): ``n·2^n`` additions, however many terms there are. Beyond 18 variables what the
classical solvers have seen is all there is, and the result says so.
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
_SAME = 1e-9
_ROUNDING = 1e-12
_MAX_GROUND_STATES = 16


@dataclass(frozen=True)
class Spectrum:
    """The costs of a problem in figures.

    Attributes:
        minimum: The lowest cost, or the lowest one seen.
        maximum: The highest cost, or the highest one seen.
        gap: From the lowest to the second lowest different cost, 0 where all states cost the same.
        degeneracy: How many states have the lowest cost, or how many different ones were seen.
        ground_states: Up to 16 of them, as text.
        estimated: Whether these are estimates: the states were not enumerated.
    """

    minimum: float
    maximum: float
    gap: float
    degeneracy: int
    ground_states: tuple[str, ...]
    estimated: bool

    @property
    def span(self) -> float:
        """From the lowest to the highest cost."""
        return self.maximum - self.minimum

    @property
    def normalized_gap(self) -> float:
        """``gap / span``, 0 where all states cost the same."""
        return self.gap / self.span if self.gap else 0.0


def enumerate_costs(objective: Polynomial) -> NDArray[np.float64]:
    """The cost of every state, at the number of the state: 2^n values."""
    n = objective.num_variables
    costs = np.zeros(2**n)
    for term, coefficient in objective.terms.items():
        costs[mask_of(term, n)] = coefficient
    for variable in range(n):
        halves = costs.reshape(2**variable, 2, -1)
        halves[:, 1] += halves[:, 0]
    return costs


def tolerance(objective: Polynomial, span: float) -> float:
    """How far apart costs may be that count as equal: 1e-9 of the span, and at least what rounding does."""
    return max(_SAME * span, _ROUNDING * objective.total_weight)


def exact_spectrum(objective: Polynomial, costs: NDArray[np.float64]) -> Spectrum:
    """The figures of all costs."""
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


def estimated_spectrum(objective: Polynomial, seen: NDArray[np.bool_], highest: float) -> Spectrum:
    """The figures of some states.

    Args:
        objective: The problem.
        seen: States that a solver ended in, and their neighbours: m × n.
        highest: The highest cost seen.
    """
    rows = np.unique(seen, axis=0)
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
