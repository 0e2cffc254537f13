"""Judge the weight of a penalty: the weight that is needed, and the weight that is certainly sufficient.

The problem is ``cost + λ·v`` with the violation ``v = penalty - min penalty``. If the request contains cost
and penalty separately, the weight λ can be computed. If not, only the feasibility of the ground states is
known. Feasible states are those that satisfy the constraints, or without constraints, those with v = 0.

Strategy: enumerate all states. Problems with more than 18 variables are not judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.request.constraints import satisfies_all
from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest
from qiskit_qoro.qubo_analysis.spectrum import Spectrum, enumerate_costs, tolerance
from qiskit_qoro.qubo_analysis.states import all_states

__all__ = ["OVERSIZED", "PenaltyFigures", "analyse_penalty"]

OVERSIZED = 10.0
"""A weight is too large if it is more than this many times the safe weight."""

# The tolerance, relative to the largest coefficient, for objective = cost + λ·penalty.
_MATCH_TOLERANCE = 1e-6


@dataclass(frozen=True)
class PenaltyFigures:
    """The figures of a penalty. Unknown figures are ``None``.

    Attributes:
        is_well_tuned: Whether every state of lowest cost is feasible and the weight is at most 10 times the
            safe one.
        ground_states_feasible: Whether every state of lowest cost is feasible.
        current: The weight λ of the problem.
        min_feasible: With any larger weight, every state of lowest cost is feasible.
        safe: With this weight or a larger one, no infeasible state costs less than any feasible one.
        recommended: The recommended weight.
    """

    is_well_tuned: bool | None
    ground_states_feasible: bool | None
    current: float | None = None
    min_feasible: float | None = None
    safe: float | None = None
    recommended: float | None = None


def analyse_penalty(
    request: CharacterizationRequest, costs: NDArray[np.float64], spectrum: Spectrum
) -> PenaltyFigures | None:
    """Judge the penalty of a problem whose states are enumerated.

    Args:
        request: The problem. Its constraints or its penalty define which states are feasible.
        costs: The cost of every state.
        spectrum: The figures of the costs.

    Returns:
        The figures, or ``None`` if the request has neither constraints nor a penalty.
    """
    feasible, violation = _feasibility(request)
    if feasible is None:
        return None
    if not feasible.any():
        return PenaltyFigures(is_well_tuned=False, ground_states_feasible=False)
    ground = costs <= spectrum.minimum + tolerance(request.objective, spectrum.span)
    ground_feasible = bool(feasible[ground].all())
    # If the penalty does not separate feasible from infeasible states, no weight is right.
    if (
        request.cost is None
        or violation is None
        or (violation[~feasible] <= 0).any()
        or violation[feasible].any()
    ):
        return PenaltyFigures(is_well_tuned=ground_feasible, ground_states_feasible=ground_feasible)
    unpenalized = enumerate_costs(request.cost)
    infeasible = ~feasible
    ratios = (unpenalized[feasible].min() - unpenalized[infeasible]) / violation[infeasible]
    safe_ratios = (unpenalized[feasible].max() - unpenalized[infeasible]) / violation[infeasible]
    needed = max(0.0, float(ratios.max(initial=0.0)))
    safe = max(0.0, float(safe_ratios.max(initial=0.0)))
    current = _current_weight(request.objective, request.cost, request.penalty)
    oversized = current is not None and safe > 0 and current > OVERSIZED * safe
    return PenaltyFigures(
        is_well_tuned=ground_feasible and not oversized,
        ground_states_feasible=ground_feasible,
        current=current,
        min_feasible=needed,
        safe=safe,
        recommended=1.1 * needed + 0.05 * safe,
    )


def _feasibility(
    request: CharacterizationRequest,
) -> tuple[NDArray[np.bool_] | None, NDArray[np.float64] | None]:
    """Return which states are feasible, and the violation of each state. An unknown array is ``None``."""
    n = request.objective.num_variables
    violation = None
    if request.penalty is not None:
        values = enumerate_costs(request.penalty)
        violation = values - values.min()
        violation[violation <= tolerance(request.penalty, float(violation.max()))] = 0
    if request.constraints:
        return satisfies_all(request.constraints, all_states(n)), violation
    return (None if violation is None else violation == 0), violation


def _current_weight(objective: Polynomial, cost: Polynomial, penalty: Polynomial | None) -> float | None:
    """Return the λ with ``objective = cost + λ·penalty``, or ``None`` if there is none."""
    if penalty is None or not penalty.terms:
        return None
    keys = sorted({*objective.terms, *cost.terms, *penalty.terms})
    difference = np.array([objective.terms.get(key, 0.0) - cost.terms.get(key, 0.0) for key in keys])
    parts = np.array([penalty.terms.get(key, 0.0) for key in keys])
    # The least-squares solution. The residual shows whether it solves the equation.
    weight = float(difference @ parts / (parts @ parts))
    residual = float(np.abs(difference - weight * parts).max())
    fits = residual <= _MATCH_TOLERANCE * float(np.abs(list(objective.terms.values()) or [1.0]).max())
    return weight if fits and math.isfinite(weight) else None
