"""The weight of a penalty: how much is needed, how much is certain to be enough.

The problem is ``cost + λ·v`` with the violation ``v = penalty - min penalty``, or it comes without its
parts and can only be looked at as a whole. Feasible states are those that satisfy the constraints; without
constraints, those with v = 0.

Strategy: all states are enumerated, up to 18 variables; beyond, nothing is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.constraints import feasible
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest
from qiskit_qoro.qubo_analysis.spectrum import Spectrum, enumerate_costs, tolerance
from qiskit_qoro.qubo_analysis.states import all_states

__all__ = ["OVERSIZED", "PenaltyFindings", "analyse_penalty"]

OVERSIZED = 10.0
"""A weight above this many times the safe one drowns the cost."""

_MATCHES = 1e-6


@dataclass(frozen=True)
class PenaltyFindings:
    """What is known of the penalty; ``None`` where there is no answer.

    Attributes:
        is_well_tuned: Whether every state of lowest cost is feasible and the weight is at most 10 times the
            safe one.
        ground_states_feasible: Whether every state of lowest cost is feasible.
        current: The weight λ that the problem has.
        min_feasible: Above this weight every state of lowest cost is feasible.
        safe: From this weight on no infeasible state costs less than any feasible one.
        recommended: A weight to use.
    """

    is_well_tuned: bool | None
    ground_states_feasible: bool | None
    current: float | None = None
    min_feasible: float | None = None
    safe: float | None = None
    recommended: float | None = None


def analyse_penalty(
    request: CharacterizationRequest, costs: NDArray[np.float64], spectrum: Spectrum
) -> PenaltyFindings | None:
    """Judge the penalty of a problem whose states are enumerated.

    Args:
        request: The problem; its constraints and its penalty say what is feasible.
        costs: The cost of every state.
        spectrum: The figures of the costs.

    Returns:
        The findings, ``None`` where nothing says what is feasible.
    """
    allowed, violation = _feasibility(request)
    if allowed is None:
        return None
    if not allowed.any():
        return PenaltyFindings(is_well_tuned=False, ground_states_feasible=False)
    ground = costs <= spectrum.minimum + tolerance(request.objective, spectrum.span)
    ground_feasible = bool(allowed[ground].all())
    # A penalty that does not tell feasible from infeasible states has no right weight.
    if (
        request.cost is None
        or violation is None
        or (violation[~allowed] <= 0).any()
        or violation[allowed].any()
    ):
        return PenaltyFindings(is_well_tuned=ground_feasible, ground_states_feasible=ground_feasible)
    plain = enumerate_costs(request.cost)
    ratios = (plain[allowed].min() - plain[~allowed]) / violation[~allowed]
    safe_ratios = (plain[allowed].max() - plain[~allowed]) / violation[~allowed]
    needed = max(0.0, float(ratios.max(initial=0.0)))
    safe = max(0.0, float(safe_ratios.max(initial=0.0)))
    current = _current(request.objective, request.cost, request.penalty)
    oversized = current is not None and safe > 0 and current > OVERSIZED * safe
    return PenaltyFindings(
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
    """Which states are feasible, and how much each one violates; ``None`` where it is not known."""
    n = request.objective.num_variables
    violation = None
    if request.penalty is not None:
        values = enumerate_costs(request.penalty)
        violation = values - values.min()
        violation[violation <= tolerance(request.penalty, float(violation.max()))] = 0
    if request.constraints:
        return feasible(request.constraints, all_states(n)), violation
    return (None if violation is None else violation == 0), violation


def _current(objective: Polynomial, cost: Polynomial, penalty: Polynomial | None) -> float | None:
    """The λ with ``objective = cost + λ·penalty``, ``None`` where there is none."""
    if penalty is None or not penalty.terms:
        return None
    keys = sorted({*objective.terms, *cost.terms, *penalty.terms})
    rest = np.array([objective.terms.get(key, 0.0) - cost.terms.get(key, 0.0) for key in keys])
    parts = np.array([penalty.terms.get(key, 0.0) for key in keys])
    weight = float(rest @ parts / (parts @ parts))
    residue = float(np.abs(rest - weight * parts).max())
    fits = residue <= _MATCHES * float(np.abs(list(objective.terms.values()) or [1.0]).max())
    return weight if fits and math.isfinite(weight) else None
