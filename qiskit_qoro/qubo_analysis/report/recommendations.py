"""Advice by rules: each row of the table looks at the findings and says something or nothing.

The documentation prints the table. Texts carry no markup; whoever wants HTML escapes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qiskit_qoro.qubo_analysis.constraints import ConstraintType
from qiskit_qoro.qubo_analysis.penalty import OVERSIZED
from qiskit_qoro.qubo_analysis.problem import Mixer
from qiskit_qoro.qubo_analysis.qaoa import MAX_VARIABLES
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport, Recommendation, Regime
from qiskit_qoro.qubo_analysis.request_json import MAX_LAYERS

__all__ = ["RULES", "Rule", "recommend"]

Advice = Callable[[CharacterizationReport], str | None]


@dataclass(frozen=True)
class Rule:
    """A row of the table.

    Attributes:
        name: What it is called.
        level: ``info``, ``warn`` or ``action``.
        metric: The figure that it is about.
        condition: When it speaks, in words, for the documentation.
        advice: What it says about the findings, ``None`` where it does not apply.
    """

    name: str
    level: str
    metric: str
    condition: str
    advice: Advice


def recommend(report: CharacterizationReport) -> tuple[Recommendation, ...]:
    """The advice of all rules that apply, in the order of the table."""
    spoken = ((rule, rule.advice(report)) for rule in RULES)
    return tuple(Recommendation(rule.level, rule.metric, text) for rule, text in spoken if text is not None)


def _refused(report: CharacterizationReport) -> str | None:
    return report.refusal


def _not_simulated(report: CharacterizationReport) -> str | None:
    if report.spectrum is None or report.qaoa is not None or report.request.analysis.hardness_only:
        return None
    return (
        f"The circuit was not simulated: {report.request.objective.num_variables} variables are more than "
        f"the {MAX_VARIABLES} that a statevector is computed for. Set subspace.auto_warmstart to simulate "
        "the part around a classical solution."
    )


def _estimated(report: CharacterizationReport) -> str | None:
    if report.regime is not Regime.ESTIMATE:
        return None
    return (
        "The lowest and the highest cost are those that classical solvers have seen, not proven ones; "
        "figures that build on them are estimates."
    )


def _easy(report: CharacterizationReport) -> str | None:
    if report.certificate is None or not report.certificate.certified_easy:
        return None
    why = (
        "a minimum cut"
        if report.certificate.submodular
        else "elimination along a narrow order of the variables"
    )
    return f"This problem is easy for classical computers: {why} solves it exactly."


def _hard(report: CharacterizationReport) -> str | None:
    if report.hardness is None or report.hardness.difficulty != "hard":
        return None
    return "Several figures say that this problem is hard; expect to need more layers and more restarts."


def _shallow(report: CharacterizationReport) -> str | None:
    qaoa, ansatz = report.qaoa, report.request.ansatz
    if qaoa is None or qaoa.quality >= 50 or ansatz.mixer is Mixer.IDENTITY or ansatz.layers >= MAX_LAYERS:
        return None
    way = f"{qaoa.quality:.0f} % of the way from guessing to the lowest cost"
    return f"The circuit covers {way}; try more layers."


def _no_mixer(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.request.ansatz.mixer is not Mixer.IDENTITY:
        return None
    return "The mixer I moves no amplitude: all states stay equally likely whatever the angles are."


def _good(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.approximation_ratio < 0.95:
        return None
    ratio = report.qaoa.approximation_ratio
    return f"The circuit reaches an approximation ratio of {ratio:.3f}; it is deep enough."


def _sweep_edge(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.sweep is None or not report.qaoa.sweep.is_best_at_the_edge:
        return None
    return "The best angles are at the edge of the sweep; widen gamma_range or beta_range."


def _spread_out(report: CharacterizationReport) -> str | None:
    qaoa = report.qaoa
    if qaoa is None or qaoa.concentration >= 1 or report.request.ansatz.mixer is Mixer.IDENTITY:
        return None
    return (
        "The circuit makes the target states less likely than guessing does, by a factor of "
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
    return f"None of the states given has the lowest cost; {figures.ground_states[0]} has."


def _ill_conditioned(report: CharacterizationReport) -> str | None:
    if report.hardness is None or report.hardness.matrix_condition_number <= 1e6:
        return None
    number = report.hardness.matrix_condition_number
    return f"The matrix has the condition number {number:.1e}; check the units of the coefficients."


def _wide_coefficients(report: CharacterizationReport) -> str | None:
    if report.formulation is None or report.formulation.coefficient_ratio <= 1e4:
        return None
    return (
        f"The largest coefficient is {report.formulation.coefficient_ratio:.1e} times the smallest one; "
        "the angles of the circuit cannot resolve both."
    )


def _unused(report: CharacterizationReport) -> str | None:
    if report.formulation is None or not report.formulation.unused_variables:
        return None
    return f"{report.formulation.unused_variables} variables have no coefficient; leave them out."


def _flip_symmetric(report: CharacterizationReport) -> str | None:
    if (
        report.hardness is None
        or not report.hardness.global_flip_symmetric
        or report.request.objective.degree == 0
    ):
        return None
    return "Flipping all variables never changes the cost: fix one variable and save a qubit."


def _rarely_feasible(report: CharacterizationReport) -> str | None:
    if report.qaoa is None or report.qaoa.feasibility_rate is None or report.qaoa.feasibility_rate >= 0.5:
        return None
    text = f"Only {100 * report.qaoa.feasibility_rate:.0f} % of measurements satisfy the constraints"
    kinds = [constraint.type for constraint in report.request.constraints]
    if kinds == [ConstraintType.EQ_CARDINALITY] and report.request.ansatz.mixer is Mixer.X:
        return f"{text}; the mixer xy keeps the number of ones."
    return f"{text}; raise the weight of the penalty."


def _penalty_weak(report: CharacterizationReport) -> str | None:
    if report.penalty is None or report.penalty.ground_states_feasible is not False:
        return None
    text = "A state of lowest cost is not feasible"
    if report.penalty.recommended is None or report.penalty.min_feasible is None:
        return f"{text}: raise the weight of the penalty."
    return (
        f"{text}: the penalty needs a weight above {report.penalty.min_feasible:.4g}, "
        f"{report.penalty.recommended:.4g} is recommended."
    )


def _penalty_strong(report: CharacterizationReport) -> str | None:
    penalty = report.penalty
    if penalty is None or penalty.current is None or not penalty.safe:
        return None
    if penalty.current <= OVERSIZED * penalty.safe:
        return None
    current, safe = penalty.current, penalty.safe
    return f"The weight {current:.4g} of the penalty drowns the cost; {safe:.4g} is safe already."


def _penalty_unknown(report: CharacterizationReport) -> str | None:
    if report.spectrum is None or not report.request.analysis.penalty_tuning or report.penalty is not None:
        return None
    if report.spectrum.estimated:
        return "The penalty was not judged: that takes the enumeration of all states, up to 18 variables."
    return "The penalty was not judged: neither penalty_qubo nor constraints say which states are feasible."


def _dominated(report: CharacterizationReport) -> str | None:
    if report.structural_sensitivity is None or len(report.structural_sensitivity) < 4:
        return None
    scores = report.structural_sensitivity
    if scores.max() <= 3 * scores.mean():
        return None
    return (
        f"Variable {int(scores.argmax())} matters more than three times the average; "
        "fixing it splits the problem."
    )


RULES: tuple[Rule, ...] = (
    Rule("refused", "action", "regime", "the regime is refuse", _refused),
    Rule(
        "not simulated",
        "action",
        "num_qubits",
        "more than 16 variables, and no subspace asked for",
        _not_simulated,
    ),
    Rule("estimated", "warn", "cost_min", "the regime is estimate", _estimated),
    Rule("easy", "info", "certificate", "certified_easy", _easy),
    Rule("hard", "warn", "difficulty", "the difficulty is hard", _hard),
    Rule("shallow", "warn", "quality_score", "quality below 50 with fewer than 3 layers", _shallow),
    Rule("no mixer", "warn", "mixer", "the mixer is I", _no_mixer),
    Rule("good", "info", "approximation_ratio", "approximation_ratio at least 0.95", _good),
    Rule("edge of the sweep", "info", "best_parameters", "the best γ or β is an outermost one", _sweep_edge),
    Rule("spread out", "warn", "concentration_ratio", "concentration below 1", _spread_out),
    Rule("not ground states", "warn", "target_states", "states given, none of lowest cost", _not_ground),
    Rule(
        "ill-conditioned", "warn", "condition_number", "matrix_condition_number above 1e6", _ill_conditioned
    ),
    Rule(
        "wide coefficients", "warn", "formulation_quality", "coefficient_ratio above 1e4", _wide_coefficients
    ),
    Rule("unused variables", "info", "formulation_quality", "unused_variables above 0", _unused),
    Rule(
        "flip-symmetric", "info", "global_flip_symmetric", "global_flip_symmetric, not flat", _flip_symmetric
    ),
    Rule("rarely feasible", "warn", "feasibility_rate", "feasibility_rate below 0.5", _rarely_feasible),
    Rule("weak penalty", "action", "penalty_tuning", "a state of lowest cost is not feasible", _penalty_weak),
    Rule("strong penalty", "warn", "penalty_tuning", "λ above 10 times penalty_lambda_safe", _penalty_strong),
    Rule("penalty unknown", "info", "penalty_tuning", "asked for, but cannot be judged", _penalty_unknown),
    Rule(
        "dominated",
        "info",
        "structural_sensitivity",
        "4 variables or more, the largest score above 3 times the mean",
        _dominated,
    ),
)
"""All rules, in the order in which they speak."""
