"""How hard the problem is: figures of matrix, spectrum and graph, and the verdicts drawn from them.

Every threshold stands in a table here, and the documentation prints these tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.spin_form import WalshForm

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
"""Up to this width the minimum is found exactly with little effort: tables of 2^11 numbers a variable."""

_SINGULAR = 1e-12
_MAX_RATIO = 1e300


@dataclass(frozen=True)
class Hardness:
    """The hardness figures, as they are called on the wire.

    Attributes:
        difficulty: ``easy``, ``moderate`` or ``hard``.
        matrix_spectral_gap: From the lowest to the second lowest eigenvalue of Q.
        matrix_condition_number: Largest over smallest singular value of Q that is not 0.
        cost_min: The lowest cost.
        cost_max: The highest cost.
        cost_gap: From the lowest to the second lowest different cost.
        cost_gap_normalized: The same in units of the whole span.
        ground_state_degeneracy: How many states have the lowest cost.
        cost_spectrum_estimated: Whether the six figures before are estimates.
        treewidth_estimate: An upper bound of the treewidth.
        frustration_index: The share of the couplings' weight that the best state leaves unsatisfied.
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
    """A row of the table of points: a figure beyond a threshold makes the problem harder.

    Attributes:
        figure: The figure's name.
        condition: In words, for the documentation.
        points: How many points it gives.
        holds: Whether it applies.
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
"""What counts against a problem, unless it is certainly easy: flat, submodular or of low treewidth."""

DIFFICULTIES: tuple[tuple[int, str], ...] = ((4, "hard"), (1, "moderate"), (0, "easy"))
"""From how many points on a problem is called what."""


def difficulty(width: int, normalized_gap: float, frustration: float, *, trivial: bool) -> str:
    """The verdict of the table of points.

    Args:
        width: Estimate of the treewidth.
        normalized_gap: The gap in units of the span.
        frustration: The frustration index.
        trivial: Whether the problem is flat or submodular.
    """
    is_easy = trivial or width <= LOW_TREEWIDTH
    held = () if is_easy else (row for row in POINTS if row.holds(width, normalized_gap, frustration))
    points = sum(row.points for row in held)
    return next(name for least, name in DIFFICULTIES if points >= least)


def matrix_figures(objective: Polynomial) -> tuple[float, float]:
    """Spectral gap and condition number of Q, of the terms of one and two variables.

    Singular values up to 1e-12 of the largest one count as 0 and are left out. A matrix of zeros has the
    condition number 1, a matrix of one row the gap 0.
    """
    eigenvalues = np.linalg.eigvalsh(objective.matrix)
    gap = float(eigenvalues[1] - eigenvalues[0]) if len(eigenvalues) > 1 else 0.0
    sizes = np.abs(eigenvalues)
    kept = sizes[sizes > _SINGULAR * sizes.max()]
    return gap, float(kept.max() / kept.min()) if len(kept) else 1.0


def is_submodular(objective: Polynomial) -> bool:
    """Whether the problem is quadratic with no positive coupling: a minimum cut solves it."""
    return objective.degree <= 2 and all(
        value <= 0 for term, value in objective.terms.items() if len(term) == 2
    )


def frustration_index(walsh: WalshForm, minimum: float) -> float:
    """The weight of the couplings that a state of the cost ``minimum`` leaves unsatisfied, of all: 0 to 1/2.

    ``(minimum - J_∅ + Σ|J_S|) / (2·Σ|J_S|)``: each satisfied coupling lowers the cost by ``|J_S|``, each
    other one raises it.
    """
    if not walsh.weight:
        return 0.0
    return max(0.0, (minimum - walsh.constant + walsh.weight) / (2 * walsh.weight))


def relaxation_bound(objective: Polynomial, walsh: WalshForm) -> float:
    """A cost that no state is below: the best of three bounds.

    The sum of the negative coefficients; ``J_∅ - Σ|J_S|``; and, for quadratic problems, ``J_∅ - Σ|h_i| +
    n·λ/2`` with λ the lowest eigenvalue of the symmetric matrix of couplings.
    """
    bounds = [sum(min(value, 0.0) for value in objective.terms.values()), walsh.constant - walsh.weight]
    if objective.degree <= 2:
        n = objective.num_variables
        couplings = np.zeros((n, n))
        fields = 0.0
        for term, value in walsh.couplings.items():
            if len(term) == 1:
                fields += abs(value)
            else:
                couplings[term] = couplings[term[::-1]] = value
        lowest = float(np.linalg.eigvalsh(couplings)[0])
        bounds.append(walsh.constant - fields + n * lowest / 2)
    return max(bounds)


@dataclass(frozen=True)
class FormulationQuality:
    """How well the problem is written down.

    Attributes:
        coefficient_ratio: Largest over smallest coefficient, in absolute value.
        density: Share of the pairs of variables that a term couples.
        max_degree: Variables of the longest term.
        unused_variables: Variables that no term has.
        score: 0 to 100, see the documentation.
    """

    coefficient_ratio: float
    density: float
    max_degree: int
    unused_variables: int
    score: float


def formulation_quality(objective: Polynomial) -> FormulationQuality:
    """The figures, and ``100 - 10·log10(ratio) - 10·(degree beyond 2) - 50·unused/n``, at least 0."""
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
