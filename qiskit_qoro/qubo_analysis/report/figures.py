"""The figures of a characterization as people read them: names, units and order, in one table.

The report, the card of a notebook, the summary in a terminal and the documentation read this table. A figure
may be in the answer of a service under several keys. It is shown once, from the first of them that is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FIGURES", "Figure", "FigureValue", "figure_values", "format_value"]

_MAX_ITEMS = 32


@dataclass(frozen=True)
class Figure:
    """A figure of the table.

    Attributes:
        group: The heading of its group.
        name: Its name.
        keys: Where it is in the answer of a service, as dotted keys.
        meaning: Its unit, its range or what it is.
        is_key_figure: Whether the summary and the card show it.
    """

    group: str
    name: str
    keys: tuple[str, ...]
    meaning: str = ""
    is_key_figure: bool = False


@dataclass(frozen=True)
class FigureValue:
    """A figure and its value in an answer."""

    figure: Figure
    value: Any

    @property
    def text(self) -> str:
        """The value as text. It may hold text of a service."""
        return format_value(self.value)


_PROBLEM, _COSTS, _CIRCUIT, _SOLVERS = "Problem", "Costs", "QAOA circuit", "Classical solvers"
_STRUCTURE, _FORMULATION, _VERDICTS, _PENALTY = "Structure", "Formulation", "Verdicts", "Penalty"
_COST = "unit of the cost"
_SHARE = "0 to 1"

FIGURES: tuple[Figure, ...] = (
    Figure(_PROBLEM, "Variables", ("report.num_qubits",), "one qubit each", is_key_figure=True),
    Figure(_PROBLEM, "Difficulty", ("hardness.difficulty",), "easy, moderate or hard", is_key_figure=True),
    Figure(_PROBLEM, "Regime", ("report.regime",), "how the lowest cost was found", is_key_figure=True),
    Figure(_PROBLEM, "Confidence", ("report.confidence",), _SHARE),
    Figure(_PROBLEM, "Refused because", ("report.refuse_reason",)),
    Figure(
        _PROBLEM, "Target states", ("report.reference_states", "report.target_states"), "variable 0 first"
    ),
    Figure(
        _COSTS,
        "Lowest cost",
        ("report.exact_ground_energy", "hardness.cost_min", "report.classical_baseline.best_energy"),
        f"{_COST}; see the regime",
        is_key_figure=True,
    ),
    Figure(_COSTS, "Lower bound of all costs", ("report.relaxation_bound",), _COST),
    Figure(_COSTS, "Highest cost", ("hardness.cost_max",), _COST),
    Figure(_COSTS, "Gap", ("hardness.cost_gap",), f"lowest to second lowest cost; {_COST}"),
    Figure(_COSTS, "Relative gap", ("hardness.cost_gap_normalized",), "gap / range of the costs, 0 to 1"),
    Figure(_COSTS, "States with the lowest cost", ("hardness.ground_state_degeneracy",), "number of states"),
    Figure(_COSTS, "Gap and extremes are estimates", ("hardness.cost_spectrum_estimated",)),
    Figure(
        _CIRCUIT,
        "Mean cost",
        ("report.expectation",),
        f"at the angles of the circuit; {_COST}",
        is_key_figure=True,
    ),
    Figure(
        _CIRCUIT,
        "Approximation ratio",
        ("report.approximation_ratio",),
        "0 to 1; 1 is the lowest cost",
        is_key_figure=True,
    ),
    Figure(_CIRCUIT, "Error of this ratio", ("report.approximation_ratio_error_bound",), "at most"),
    Figure(
        _CIRCUIT,
        "Quality",
        ("report.quality_at_best", "report.quality_score"),
        "0 (guessing) to 100 (lowest cost)",
        is_key_figure=True,
    ),
    Figure(
        _CIRCUIT,
        "Gain of target states",
        ("report.concentration_at_best", "report.concentration_ratio"),
        "probability / probability in the initial state",
        is_key_figure=True,
    ),
    Figure(
        _CIRCUIT,
        "Feasible results",
        ("report.feasibility_rate",),
        "probability of a state that satisfies all constraints",
    ),
    Figure(_CIRCUIT, "Best cost angle γ", ("report.best_parameters.gamma",), "rad", is_key_figure=True),
    Figure(_CIRCUIT, "Best mixer angle β", ("report.best_parameters.beta",), "rad", is_key_figure=True),
    Figure(
        _CIRCUIT,
        "Simulated variables",
        ("report.subspace.variable_qubits",),
        "the others keep the values of the base state",
    ),
    Figure(_CIRCUIT, "Base state", ("report.subspace.base_bitstring",), "variable 0 first"),
    Figure(
        _STRUCTURE,
        "Spectral gap of the matrix",
        ("hardness.matrix_spectral_gap", "hardness.spectral_gap"),
        "lowest to second lowest eigenvalue; unit of the cost",
        is_key_figure=True,
    ),
    Figure(
        _STRUCTURE,
        "Condition number of the matrix",
        ("hardness.matrix_condition_number", "hardness.condition_number"),
        "1 or more",
        is_key_figure=True,
    ),
    Figure(_STRUCTURE, "Treewidth", ("hardness.treewidth_estimate",), "upper bound"),
    Figure(
        _STRUCTURE, "Frustration", ("hardness.frustration_index",), "share of unsatisfied weight, 0 to 0.5"
    ),
    Figure(
        _STRUCTURE,
        "Same cost if all variables flip",
        ("hardness.global_flip_symmetric", "report.certificate.bitflip_symmetric"),
    ),
    Figure(
        _VERDICTS,
        "Proven to be easy",
        ("report.certificate.certified_easy",),
        "low treewidth or submodular",
    ),
    Figure(
        _VERDICTS,
        "No advantage of shallow QAOA",
        ("report.certificate.no_lowdepth_advantage_expected",),
        "easy, or solved by a classical solver",
    ),
    Figure(_VERDICTS, "Undecided", ("report.certificate.uncertain",), "neither of these two"),
    Figure(_VERDICTS, "Low treewidth", ("report.certificate.low_treewidth",)),
    Figure(_VERDICTS, "Submodular", ("report.certificate.submodular",), "a minimum cut solves it"),
    Figure(_VERDICTS, "Solved by steepest descent", ("report.certificate.greedy_solved",)),
    Figure(_VERDICTS, "Solved by simulated annealing", ("report.certificate.sa_solved",)),
    Figure(_VERDICTS, "High frustration", ("report.certificate.high_frustration",)),
    Figure(_VERDICTS, "Shallow QAOA falls short", ("report.certificate.qaoa_low_depth_limited",)),
    Figure(
        _SOLVERS, "Cost by steepest descent", ("report.classical_baseline.greedy_energy",), "from all zeros"
    ),
    Figure(_SOLVERS, "Cost by simulated annealing", ("report.classical_baseline.sa_energy",), _COST),
    Figure(
        _SOLVERS,
        "Agreement of the annealing",
        ("report.classical_baseline.sa_agreement",),
        "share of restarts that end at its lowest cost",
    ),
    Figure(_SOLVERS, "Best state", ("report.classical_baseline.best_state",), "variable 0 first"),
    Figure(
        _FORMULATION,
        "Quality of the formulation",
        ("report.formulation_quality",),
        "at most 100; higher is better",
    ),
    Figure(
        _FORMULATION,
        "Coefficients, largest / smallest",
        ("report.formulation_details.coefficient_ratio",),
        "absolute values",
    ),
    Figure(_FORMULATION, "Coupled pairs", ("report.formulation_details.density",), "share of all pairs"),
    Figure(_FORMULATION, "Longest term", ("report.formulation_details.max_degree",), "variables"),
    Figure(_FORMULATION, "Unused variables", ("report.formulation_details.unused_variables",), "in no term"),
    Figure(_PENALTY, "Recommended weight λ", ("report.penalty_recommendation",), "", is_key_figure=True),
    Figure(
        _PENALTY,
        "Smallest feasible λ",
        ("report.penalty_lambda_min_feasible",),
        "above it, states with the lowest cost are feasible",
    ),
    Figure(
        _PENALTY,
        "Safe λ",
        ("report.penalty_lambda_safe",),
        "from it on, no infeasible state costs less than a feasible one",
    ),
    Figure(_PENALTY, "Present λ", ("report.penalty_tuning.current_lambda",)),
    Figure(_PENALTY, "Well tuned", ("report.penalty_tuning.is_well_tuned",), "", is_key_figure=True),
    Figure(_PENALTY, "Lowest cost is feasible", ("report.penalty_tuning.ground_states_feasible",)),
)
"""All figures, in the order of the report. The groups are in one piece."""


def figure_values(answer: Mapping[str, Any], *, only_key_figures: bool = False) -> Iterator[FigureValue]:
    """Iterate over the figures that an answer has, in the order of the table.

    Args:
        answer: The answer of a service: ``hardness`` and ``report``.
        only_key_figures: Whether to leave out all figures but the most important ones.
    """
    for figure in FIGURES:
        if figure.is_key_figure or not only_key_figures:
            found = (_look_up(answer, key) for key in figure.keys)
            value = next((value for value in found if value not in (None, "", [], {})), None)
            if value is not None:
                yield FigureValue(figure, value)


def _look_up(answer: Mapping[str, Any], dotted_key: str) -> Any:
    value: Any = answer
    for key in dotted_key.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def format_value(value: object) -> str:
    """Return a value as text: numbers with six digits, flags as yes or no, lists up to 32 items."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {format_value(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(format_value, value[:_MAX_ITEMS])) + (" …" if len(value) > _MAX_ITEMS else "")
    return str(value)
