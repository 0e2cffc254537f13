"""Hardness of a problem for classical computers: figures of its matrix, spectrum and graph, and a verdict.

The thresholds are in tables, which the documentation prints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.spin_form import SpinForm

__all__ = [
    "DIFFICULTIES",
    "LOW_TREEWIDTH",
    "POINTS",
    "FormulationQuality",
    "Hardness",
    "Points",
    "difficulty",
    "formulation_quality",
    "frustration_index",
    "is_submodular",
    "matrix_figures",
    "relaxation_bound",
]

LOW_TREEWIDTH = 10
"""Up to this width, finding the minimum exactly is cheap: tables of 2^11 numbers for each variable."""

# Singular values up to this share of the largest count as 0.
_SINGULAR = 1e-12

_MAX_RATIO = 1e300


@dataclass(frozen=True)
class Hardness:
    """The hardness figures, under their names on the wire.

    Attributes:
        difficulty: ``easy``, ``moderate`` or ``hard``.
        matrix_spectral_gap: Difference of the two lowest eigenvalues of Q.
        matrix_condition_number: Largest singular value of Q divided by the smallest one that is not 0.
        cost_min: The lowest cost.
        cost_max: The highest cost.
        cost_gap: Difference of the two lowest distinct costs.
        cost_gap_normalized: ``cost_gap`` divided by the difference of the highest and the lowest cost.
        ground_state_degeneracy: The number of states with the lowest cost.
        cost_spectrum_estimated: Whether the five figures above, from ``cost_min`` on, are estimates.
        treewidth_estimate: An upper bound of the treewidth.
        frustration_index: The share of the couplings' weight that the best state does not satisfy.
        global_flip_symmetric: Whether flipping all variables never changes the cost.
    """

    difficulty: str
    matrix_spectral_gap: float
    matrix_condition_number: float
    cost_min: float
    cost_max: float
    cost_gap: float
    cost_gap_normalized: float
    ground_state_degeneracy: int
    cost_spectrum_estimated: bool
    treewidth_estimate: int
    frustration_index: float
    global_flip_symmetric: bool


@dataclass(frozen=True)
class Points:
    """A row of the table of points. A problem gets the points if a figure is beyond a threshold.

    Attributes:
        figure: The name of the figure.
        condition: The condition as text, for the documentation.
        points: The number of points.
        holds: The condition, as a function of treewidth, normalized gap and frustration index.
    """

    figure: str
    condition: str
    points: int
    holds: Callable[[int, float, float], bool]


POINTS: tuple[Points, ...] = (
    Points("treewidth_estimate", "above 10", 1, lambda width, _gap, _frustration: width > LOW_TREEWIDTH),
    Points("treewidth_estimate", "above 25", 1, lambda width, _gap, _frustration: width > 25),
    Points("frustration_index", "above 0.1", 1, lambda _width, _gap, frustration: frustration > 0.1),
    Points("frustration_index", "above 0.25", 1, lambda _width, _gap, frustration: frustration > 0.25),
    Points("cost_gap_normalized", "below 0.05", 1, lambda _width, gap, _frustration: gap < 0.05),
    Points("cost_gap_normalized", "below 0.005", 1, lambda _width, gap, _frustration: gap < 0.005),
)
"""The points of a problem that is not certainly easy, that is, not flat, not submodular, and of high
treewidth."""

DIFFICULTIES: tuple[tuple[int, str], ...] = ((4, "hard"), (1, "moderate"), (0, "easy"))
"""The minimum number of points for each difficulty."""


def difficulty(width: int, normalized_gap: float, frustration: float, *, trivial: bool) -> str:
    """Rate a problem by the tables :data:`POINTS` and :data:`DIFFICULTIES`.

    Args:
        width: The estimate of the treewidth.
        normalized_gap: The gap divided by the span of the costs.
        frustration: The frustration index.
        trivial: Whether the problem is flat or submodular.
    """
    is_easy = trivial or width <= LOW_TREEWIDTH
    rows = () if is_easy else POINTS
    points = sum(row.points for row in rows if row.holds(width, normalized_gap, frustration))
    return next(name for minimum, name in DIFFICULTIES if points >= minimum)


def matrix_figures(objective: Polynomial) -> tuple[float, float]:
    """Compute spectral gap and condition number of Q, the matrix of the terms of one and two variables.

    Singular values up to 1e-12 of the largest one count as 0 and are ignored. The condition number of a zero
    matrix is 1. The gap of a 1 × 1 matrix is 0.
    """
    eigenvalues = np.linalg.eigvalsh(objective.matrix)
    gap = float(eigenvalues[1] - eigenvalues[0]) if len(eigenvalues) > 1 else 0.0
    sizes = np.abs(eigenvalues)
    kept = sizes[sizes > _SINGULAR * sizes.max()]
    return gap, float(kept.max() / kept.min()) if len(kept) else 1.0


def is_submodular(objective: Polynomial) -> bool:
    """Whether the problem is quadratic without positive couplings. A minimum cut solves such a problem."""
    return objective.degree <= 2 and all(
        value <= 0 for term, value in objective.terms.items() if len(term) == 2
    )


def frustration_index(spin_form: SpinForm, minimum: float) -> float:
    """Compute the share of the couplings' weight that a state of cost ``minimum`` does not satisfy: 0 to 1/2.

    It is ``(minimum - J_∅ + Σ|J_S|) / (2·Σ|J_S|)``, because a satisfied coupling lowers the cost by
    ``|J_S|``, and any other raises it by as much.
    """
    if not spin_form.weight:
        return 0.0
    return max(0.0, (minimum - spin_form.constant + spin_form.weight) / (2 * spin_form.weight))


def relaxation_bound(objective: Polynomial, spin_form: SpinForm) -> float:
    """Compute a lower bound of all costs: the best of three bounds.

    They are the sum of the negative coefficients, ``J_∅ - Σ|J_S|``, and for quadratic problems ``J_∅ - Σ|h_i|
    + n·λ/2`` with λ the lowest eigenvalue of the symmetric matrix of couplings.
    """
    bounds = [
        sum(min(value, 0.0) for value in objective.terms.values()),
        spin_form.constant - spin_form.weight,
    ]
    if objective.degree <= 2:
        n = objective.num_variables
        couplings = np.zeros((n, n))
        fields = 0.0
        for term, value in spin_form.couplings.items():
            if len(term) == 1:
                fields += abs(value)
            else:
                couplings[term] = couplings[term[::-1]] = value
        lowest = float(np.linalg.eigvalsh(couplings)[0])
        bounds.append(spin_form.constant - fields + n * lowest / 2)
    return max(bounds)


@dataclass(frozen=True)
class FormulationQuality:
    """The quality of the formulation of a problem.

    Attributes:
        coefficient_ratio: The largest coefficient divided by the smallest, in absolute value.
        density: The share of the pairs of variables that occur in a common term.
        max_degree: The number of variables in the longest term.
        unused_variables: The number of variables that occur in no term.
        score: The quality, 0 to 100.
    """

    coefficient_ratio: float
    density: float
    max_degree: int
    unused_variables: int
    score: float


def formulation_quality(objective: Polynomial) -> FormulationQuality:
    """Rate the formulation of a problem.

    The score is ``100 - 10·log10(ratio) - 10·max(0, degree - 2) - 50·unused/n``, and at least 0.
    """
    n = objective.num_variables
    sizes = [abs(value) for value in objective.terms.values()] or [1.0]
    ratio = min(max(sizes) / min(sizes), _MAX_RATIO)
    used = {variable for term in objective.terms for variable in term}
    pairs = {(i, j) for term in objective.terms for k, i in enumerate(term) for j in term[k + 1 :]}
    unused = n - len(used)
    score = 100 - 10 * np.log10(ratio) - 10 * max(0, objective.degree - 2) - 50 * unused / n
    return FormulationQuality(
        coefficient_ratio=ratio,
        density=2 * len(pairs) / (n * (n - 1)) if n > 1 else 0.0,
        max_degree=objective.degree,
        unused_variables=unused,
        score=float(max(0.0, score)),
    )
