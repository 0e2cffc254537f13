"""Derive recommendations from a report by a table of rules.

The documentation prints the table. Recommendations are plain text; the HTML report escapes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qiskit_qoro.qubo_analysis.penalty import OVERSIZED
from qiskit_qoro.qubo_analysis.qaoa import MAX_VARIABLES
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport, Recommendation, Regime
from qiskit_qoro.qubo_analysis.request.constraints import ConstraintType
from qiskit_qoro.qubo_analysis.request.request_json import MAX_LAYERS
from qiskit_qoro.qubo_analysis.request.request_values import Mixer

__all__ = ["RULES", "Rule", "recommend"]

Advice = Callable[[CharacterizationReport], str | None]


@dataclass(frozen=True)
class Rule:
    """A rule of the table.

    Attributes:
        name: The name of the rule.
        level: ``info``, ``warn`` or ``action``.
        metric: The figure that the rule is based on.
        condition: When the rule applies, as text for the documentation.
        advice: A function from a report to the recommendation, or to ``None`` if the rule does not apply.
    """

    name: str
    level: str
    metric: str
    condition: str
    advice: Advice


def recommend(report: CharacterizationReport) -> tuple[Recommendation, ...]:
    """Return the recommendations of all rules that apply, in the order of the table."""
    texts = ((rule, rule.advice(report)) for rule in RULES)
    return tuple(Recommendation(rule.level, rule.metric, text) for rule, text in texts if text is not None)


def _refused(report: CharacterizationReport) -> str | None:
    return report.refuse_reason


def _not_simulated(report: CharacterizationReport) -> str | None:
    if report.spectrum is None or report.qaoa is not None or report.request.analysis.hardness_only:
        return None
    return (
        f"The circuit was not simulated, because {report.request.objective.num_variables} variables are more "
        f"than the maximum of {MAX_VARIABLES}. Set subspace.auto_warmstart to simulate a subproblem around a "
        "classical solution."
    )


def _estimated(report: CharacterizationReport) -> str | None:
    if report.regime is not Regime.ESTIMATE:
        return None
    return (
        "The lowest and the highest cost are those that classical solvers found. They are not proven, so "
        "figures that depend on them are estimates."
    )


def _easy(report: CharacterizationReport) -> str | None:
    if report.certificate is None or not report.certificate.certified_easy:
        return None
    algorithm = "a minimum cut" if report.certificate.submodular else "eliminating one variable after another"
    return f"This problem is easy for classical computers: {algorithm} solves it exactly."


def _hard(report: CharacterizationReport) -> str | None:
    if report.hardness is None or report.hardness.difficulty != "hard":
        return None
    return "Several figures indicate that this problem is hard. It may need more layers and more restarts."


def _shallow(report: CharacterizationReport) -> str | None:
    qaoa, ansatz = report.qaoa, report.request.ansatz
    if qaoa is None or qaoa.quality >= 50 or ansatz.mixer is Mixer.IDENTITY or ansatz.layers >= MAX_LAYERS:
        return None
    return (
        f"The circuit gets {qaoa.quality:.0f} % of the way from random guessing to the lowest cost. Try more "
        "layers."
    )


def _no_mixer(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.request.ansatz.mixer is not Mixer.IDENTITY:
        return None
    return "The mixer I changes nothing: all states are equally likely at all angles. Use the mixer x or xy."


def _good(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.approximation_ratio < 0.95:
        return None
    ratio = report.qaoa.approximation_ratio
    return f"The circuit reaches an approximation ratio of {ratio:.3f}. It is deep enough."


def _sweep_edge(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.sweep is None or not report.qaoa.sweep.is_best_at_the_edge:
        return None
    return "The best angles are at the edge of the sweep. Widen gamma_range or beta_range."


def _spread_out(report: CharacterizationReport) -> str | None:
    qaoa = report.qaoa
    if qaoa is None or qaoa.concentration >= 1 or report.request.ansatz.mixer is Mixer.IDENTITY:
        return None
    return (
        "The circuit makes the target states less likely than in the initial state, by a factor of "
        f"{qaoa.concentration:.2f}."
    )


def _not_ground(report: CharacterizationReport) -> str | None:
    figures, states = report.spectrum, report.request.states
    if figures is None or figures.estimated or not states:
        return None
    if any(state in figures.ground_states for state in states) or figures.degeneracy > len(
        figures.ground_states
    ):
        return None
    return f"None of the given states has the lowest cost. The state {figures.ground_states[0]} has it."


def _ill_conditioned(report: CharacterizationReport) -> str | None:
    if report.hardness is None or report.hardness.matrix_condition_number <= 1e6:
        return None
    number = report.hardness.matrix_condition_number
    return f"The matrix has the condition number {number:.1e}. Check the units of the coefficients."


def _wide_coefficients(report: CharacterizationReport) -> str | None:
    if report.formulation is None or report.formulation.coefficient_ratio <= 1e4:
        return None
    return (
        f"The largest coefficient is {report.formulation.coefficient_ratio:.1e} times the smallest one. The "
        "angles of the circuit cannot resolve both."
    )


def _unused(report: CharacterizationReport) -> str | None:
    if report.formulation is None or not report.formulation.unused_variables:
        return None
    return f"{report.formulation.unused_variables} variables have no coefficient. Remove them."


def _flip_symmetric(report: CharacterizationReport) -> str | None:
    if (
        report.hardness is None
        or not report.hardness.global_flip_symmetric
        or report.request.objective.degree == 0
    ):
        return None
    return "Flipping all variables never changes the cost. Fix one variable to save a qubit."


def _rarely_feasible(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.feasibility_rate is None or report.qaoa.feasibility_rate >= 0.5:
        return None
    text = f"Only {100 * report.qaoa.feasibility_rate:.0f} % of measurements satisfy the constraints"
    kinds = [constraint.type for constraint in report.request.constraints]
    if kinds == [ConstraintType.EQ_CARDINALITY] and report.request.ansatz.mixer is Mixer.X:
        return f"{text}. Use the mixer xy, which keeps the number of ones."
    return f"{text}. Increase the weight of the penalty."


def _penalty_weak(report: CharacterizationReport) -> str | None:
    if report.penalty is None or report.penalty.ground_states_feasible is not False:
        return None
    text = "A state of lowest cost is not feasible"
    if report.penalty.recommended is None or report.penalty.min_feasible is None:
        return f"{text}. Increase the weight of the penalty."
    return (
        f"{text}. The penalty needs a weight above {report.penalty.min_feasible:.4g}. The recommended weight "
        f"is {report.penalty.recommended:.4g}."
    )


def _penalty_strong(report: CharacterizationReport) -> str | None:
    penalty = report.penalty
    if penalty is None or penalty.current is None or not penalty.safe:
        return None
    if penalty.current <= OVERSIZED * penalty.safe:
        return None
    current, safe = penalty.current, penalty.safe
    return f"The weight {current:.4g} of the penalty dominates the cost. The weight {safe:.4g} is sufficient."


def _penalty_unknown(report: CharacterizationReport) -> str | None:
    if report.spectrum is None or not report.request.analysis.penalty_tuning or report.penalty is not None:
        return None
    if report.spectrum.estimated:
        return "The penalty was not judged. That needs an enumeration of all states, for up to 18 variables."
    return "The penalty was not judged. Give penalty_qubo or constraints to define which states are feasible."


def _dominated(report: CharacterizationReport) -> str | None:
    if report.structural_sensitivity is None or len(report.structural_sensitivity) < 4:
        return None
    scores = report.structural_sensitivity
    if scores.max() <= 3 * scores.mean():
        return None
    return (
        f"Variable {int(scores.argmax())} matters more than three times the average. Solve the problem for "
        "each of its two values."
    )


RULES: tuple[Rule, ...] = (
    Rule("refused", "action", "regime", "the regime is refuse", _refused),
    Rule(
        "not simulated",
        "action",
        "num_qubits",
        "more than 16 variables and no subspace",
        _not_simulated,
    ),
    Rule("estimated", "warn", "cost_min", "the regime is estimate", _estimated),
    Rule("easy", "info", "certificate", "certified_easy", _easy),
    Rule("hard", "warn", "difficulty", "the difficulty is hard", _hard),
    Rule("shallow", "warn", "quality_score", "quality_score below 50 with fewer than 3 layers", _shallow),
    Rule("no mixer", "warn", "mixer", "the mixer is I", _no_mixer),
    Rule("good", "info", "approximation_ratio", "approximation_ratio at least 0.95", _good),
    Rule(
        "edge of the sweep",
        "info",
        "best_parameters",
        "the best γ or β is at the end of its range",
        _sweep_edge,
    ),
    Rule("spread out", "warn", "concentration_ratio", "concentration_ratio below 1", _spread_out),
    Rule(
        "not ground states",
        "warn",
        "target_states",
        "states are given, and none has the lowest cost",
        _not_ground,
    ),
    Rule(
        "ill-conditioned", "warn", "condition_number", "matrix_condition_number above 1e6", _ill_conditioned
    ),
    Rule(
        "wide coefficients", "warn", "formulation_quality", "coefficient_ratio above 1e4", _wide_coefficients
    ),
    Rule("unused variables", "info", "formulation_quality", "unused_variables above 0", _unused),
    Rule(
        "flip-symmetric",
        "info",
        "global_flip_symmetric",
        "global_flip_symmetric and not flat",
        _flip_symmetric,
    ),
    Rule("rarely feasible", "warn", "feasibility_rate", "feasibility_rate below 0.5", _rarely_feasible),
    Rule("weak penalty", "action", "penalty_tuning", "a state of lowest cost is not feasible", _penalty_weak),
    Rule("strong penalty", "warn", "penalty_tuning", "λ above 10 times penalty_lambda_safe", _penalty_strong),
    Rule("penalty unknown", "info", "penalty_tuning", "requested, but cannot be judged", _penalty_unknown),
    Rule(
        "dominated",
        "info",
        "structural_sensitivity",
        "4 or more variables, and the largest score is above 3 times the mean",
        _dominated,
    ),
)
"""All rules, in the order of their recommendations."""
