"""Write a report as JSON: ``hardness``, ``report`` and ``recommendations``.

The JSON has the same form for both forms of the request. It contains old and new names (``spectral_gap`` and
``matrix_spectral_gap``), because the result may be read by another client than the one that sent the request.
Unknown and unrequested figures are not in ``report``.
"""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import Any

from qiskit_qoro.qubo_analysis.report.report_values import (
    CharacterizationReport,
    QaoaFigures,
    Recommendation,
)

__all__ = ["report_to_json"]


def report_to_json(report: CharacterizationReport) -> dict[str, Any]:
    """Return the fields of a report in the response for its job.

    Args:
        report: The report.

    Returns:
        ``hardness`` (an object or ``None``), ``report`` (an object) and ``recommendations`` (a list). They
        contain only JSON values, and all numbers are finite.
    """
    return {
        "hardness": _hardness_to_json(report),
        "report": _report_to_json(report),
        "recommendations": [_recommendation_to_json(item) for item in report.recommendations],
    }


def _hardness_to_json(report: CharacterizationReport) -> dict[str, Any] | None:
    if report.hardness is None:
        return None
    return {
        **asdict(report.hardness),
        "spectral_gap": report.hardness.matrix_spectral_gap,
        "condition_number": report.hardness.matrix_condition_number,
    }


def _report_to_json(report: CharacterizationReport) -> dict[str, Any]:
    states = list(report.request.states)
    body: dict[str, Any] = {
        "num_qubits": report.request.objective.num_variables,
        "target_states": states,
        "reference_states": states,
        "regime": report.regime.value,
        "confidence": report.confidence,
        "refuse_reason": report.refuse_reason,
        "exact_ground_energy": report.exact_ground_energy,
        "relaxation_bound": report.relaxation_bound,
    }
    if report.qaoa is not None:
        body |= _qaoa_to_json(report.qaoa)
    if report.structural_sensitivity is not None:
        body["structural_sensitivity"] = _scores(report.structural_sensitivity.tolist())
    for key, part in (
        ("certificate", report.certificate),
        ("classical_baseline", report.baseline),
        ("formulation_details", report.formulation),
    ):
        body[key] = None if part is None else asdict(part)
    if report.formulation is not None:
        body["formulation_quality"] = body["formulation_details"].pop("score")
    if report.diagnostics:
        body["constraint_diagnostics"] = [asdict(item) for item in report.diagnostics]
    if report.penalty is not None:
        body |= {
            "penalty_recommendation": report.penalty.recommended,
            "penalty_lambda_min_feasible": report.penalty.min_feasible,
            "penalty_lambda_safe": report.penalty.safe,
            "penalty_tuning": {
                "is_well_tuned": report.penalty.is_well_tuned,
                "ground_states_feasible": report.penalty.ground_states_feasible,
                "current_lambda": report.penalty.current,
            },
        }
    return {key: value for key, value in body.items() if value is not None}


def _qaoa_to_json(qaoa: QaoaFigures) -> dict[str, Any]:
    body: dict[str, Any] = {
        "expectation": qaoa.expectation,
        "quality_score": qaoa.quality,
        "concentration_ratio": qaoa.concentration,
        "approximation_ratio": qaoa.approximation_ratio,
        "approximation_ratio_error_bound": qaoa.error_bound,
        "feasibility_rate": qaoa.feasibility_rate,
        "state_probabilities": [asdict(item) for item in qaoa.state_probabilities],
    }
    # With a sweep, the figures above are those at its best angles, and have these names too.
    if qaoa.sweep is not None:
        body["quality_at_best"] = qaoa.quality
        body["concentration_at_best"] = qaoa.concentration
        body["best_parameters"] = {"gamma": qaoa.gamma, "beta": qaoa.beta}
        body["energy_landscape"] = {
            "gamma": qaoa.sweep.gammas.tolist(),
            "beta": qaoa.sweep.betas.tolist(),
            "expectation": qaoa.sweep.expectation.tolist(),
        }
    if qaoa.sensitivity is not None:
        variables = None if qaoa.subspace is None else qaoa.subspace.variable_qubits
        body["sensitivity"] = _scores(qaoa.sensitivity, variables)
    if qaoa.subspace is not None:
        body["subspace"] = {
            "base_bitstring": qaoa.subspace.base_state,
            "variable_qubits": list(qaoa.subspace.variable_qubits),
        }
    return body


def _scores(
    scores: list[float] | tuple[float, ...], variables: tuple[int, ...] | None = None
) -> list[dict[str, Any]]:
    qubits = range(len(scores)) if variables is None else variables
    return [{"qubit": qubit, "score": score} for qubit, score in zip(qubits, scores, strict=True)]


def _recommendation_to_json(item: Recommendation) -> dict[str, Any]:
    html = f"<p><strong>{escape(item.metric)}</strong>: {escape(item.text)}</p>"
    return {"level": item.level, "metric": item.metric, "text": item.text, "html": html}
