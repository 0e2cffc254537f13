"""Compute everything that was requested: the classical analysis, the simulation, and the verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.qubo_analysis.baseline import problem_seed
from qiskit_qoro.qubo_analysis.classical_analysis import (
    CONFIDENCE,
    ClassicalAnalysis,
    analyse_classically,
    refuse_reason,
)
from qiskit_qoro.qubo_analysis.hardness import (
    LOW_TREEWIDTH,
    Hardness,
    difficulty,
    formulation_quality,
    frustration_index,
    is_submodular,
    matrix_figures,
)
from qiskit_qoro.qubo_analysis.penalty import PenaltyFigures, analyse_penalty
from qiskit_qoro.qubo_analysis.qaoa_figures import (
    Subproblem,
    choose_subproblem,
    satisfied_probability,
    simulate,
)
from qiskit_qoro.qubo_analysis.report.recommendations import recommend
from qiskit_qoro.qubo_analysis.report.report_values import (
    Certificate,
    CharacterizationReport,
    ConstraintDiagnostics,
    QaoaFigures,
    Regime,
)
from qiskit_qoro.qubo_analysis.request.constraints import Constraint
from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest
from qiskit_qoro.qubo_analysis.spectrum import tolerance
from qiskit_qoro.qubo_analysis.states import all_states, state_rows

__all__ = ["CERTIFICATE", "characterize"]

HIGH_FRUSTRATION = 0.25
LIMITED_RATIO = 0.9
_SAMPLES = 4096

CERTIFICATE: tuple[tuple[str, str], ...] = (
    ("certified_easy", "low_treewidth or submodular: an exact algorithm is proven to be fast"),
    ("no_lowdepth_advantage_expected", "certified_easy, greedy_solved or sa_solved"),
    ("uncertain", "neither of these two"),
    ("low_treewidth", f"treewidth_estimate up to {LOW_TREEWIDTH}"),
    (
        "submodular",
        "no term has more than two variables, and no term of two variables has a positive coefficient",
    ),
    ("greedy_solved", "greedy_energy is the lowest cost; null if the lowest cost is not known exactly"),
    ("sa_solved", "sa_energy is the lowest cost; null if the lowest cost is not known exactly"),
    ("high_frustration", f"frustration_index above {HIGH_FRUSTRATION}"),
    ("bitflip_symmetric", "global_flip_symmetric"),
    (
        "qaoa_low_depth_limited",
        f"approximation_ratio below {LIMITED_RATIO}; null if the circuit was not simulated",
    ),
)
"""The condition for each verdict and each flag of the certificate. The documentation prints this table."""


def characterize(request: CharacterizationRequest) -> CharacterizationReport:
    """Compute everything that a request contains. The same request always gives the same report.

    Args:
        request: The problem and the options.

    Returns:
        The report with its recommendations. If the problem is too large, the report has only the regime
        ``refuse`` and the reason.
    """
    reason = refuse_reason(request.objective)
    if reason is not None:
        confidence = CONFIDENCE[Regime.REFUSE]
        refused = CharacterizationReport(request, Regime.REFUSE, confidence, refuse_reason=reason)
        return replace(refused, recommendations=recommend(refused))
    classical = analyse_classically(request)
    analysis = request.analysis
    qaoa, subproblem, probabilities = None, None, None
    if not analysis.hardness_only:
        subproblem = choose_subproblem(request, classical)
        if subproblem is not None:
            qaoa, probabilities = simulate(request, classical, subproblem)
    hardness = _hardness(request, classical) if analysis.hardness else None
    report = CharacterizationReport(
        request=request,
        regime=classical.regime,
        confidence=classical.confidence,
        spectrum=classical.spectrum,
        exact_ground_energy=classical.exact_minimum,
        relaxation_bound=classical.relaxation_bound if classical.exact_minimum is None else None,
        hardness=hardness,
        qaoa=qaoa,
        structural_sensitivity=_structural_sensitivity(request, classical, qaoa),
        certificate=_certificate(request, classical, hardness, qaoa) if analysis.certificate else None,
        baseline=classical.baseline if analysis.certificate else None,
        formulation=formulation_quality(request.objective) if analysis.certificate else None,
        penalty=_penalty(request, classical),
        diagnostics=_diagnostics(request, classical, subproblem, probabilities),
    )
    return replace(report, recommendations=recommend(report))


def _hardness(request: CharacterizationRequest, classical: ClassicalAnalysis) -> Hardness:
    objective, figures = request.objective, classical.spectrum
    if classical.elimination is None:
        raise AssertionError("hardness needs an elimination order")
    width = classical.elimination.width
    frustration = frustration_index(classical.spin_form, figures.minimum)
    # All costs are equal, up to rounding.
    is_flat = figures.span <= tolerance(objective, 0.0)
    gap, condition = matrix_figures(objective)
    return Hardness(
        difficulty=difficulty(
            width, figures.normalized_gap, frustration, trivial=is_flat or is_submodular(objective)
        ),
        matrix_spectral_gap=gap,
        matrix_condition_number=condition,
        cost_min=figures.minimum,
        cost_max=figures.maximum,
        cost_gap=figures.gap,
        cost_gap_normalized=figures.normalized_gap,
        ground_state_degeneracy=figures.degeneracy,
        cost_spectrum_estimated=figures.estimated,
        treewidth_estimate=width,
        frustration_index=frustration,
        global_flip_symmetric=classical.spin_form.is_flip_symmetric,
    )


def _certificate(
    request: CharacterizationRequest,
    classical: ClassicalAnalysis,
    hardness: Hardness | None,
    qaoa: QaoaFigures | None,
) -> Certificate:
    baseline, minimum = classical.baseline, classical.exact_minimum
    if hardness is None or baseline is None:
        raise AssertionError("a certificate needs hardness and baseline")
    low_treewidth = hardness.treewidth_estimate <= LOW_TREEWIDTH
    submodular = is_submodular(request.objective)
    greedy_solved = sa_solved = None
    if minimum is not None:
        # The costs are rounded sums, so a solver may miss the minimum by a rounding error.
        reached = minimum + tolerance(request.objective, classical.spectrum.span)
        greedy_solved, sa_solved = baseline.greedy_energy <= reached, baseline.sa_energy <= reached
    easy = low_treewidth or submodular
    no_advantage = easy or bool(greedy_solved) or bool(sa_solved)
    return Certificate(
        certified_easy=easy,
        no_lowdepth_advantage_expected=no_advantage,
        uncertain=not no_advantage,
        low_treewidth=low_treewidth,
        submodular=submodular,
        greedy_solved=greedy_solved,
        sa_solved=sa_solved,
        high_frustration=hardness.frustration_index > HIGH_FRUSTRATION,
        bitflip_symmetric=hardness.global_flip_symmetric,
        qaoa_low_depth_limited=None if qaoa is None else qaoa.approximation_ratio < LIMITED_RATIO,
    )


def _structural_sensitivity(
    request: CharacterizationRequest, classical: ClassicalAnalysis, qaoa: QaoaFigures | None
) -> NDArray[np.float64] | None:
    """Return the influences divided by the largest, if there is no sensitivity of the whole circuit."""
    has_sensitivity = qaoa is not None and qaoa.subspace is None and not request.subspace.is_requested
    if has_sensitivity or not request.analysis.sensitivity or request.analysis.hardness_only:
        return None
    influences = classical.spin_form.influences
    return influences / (influences.max() or 1.0)


def _penalty(request: CharacterizationRequest, classical: ClassicalAnalysis) -> PenaltyFigures | None:
    if classical.costs is None or not request.analysis.penalty_tuning or request.analysis.hardness_only:
        return None
    return analyse_penalty(request, classical.costs, classical.spectrum)


def _diagnostics(
    request: CharacterizationRequest,
    classical: ClassicalAnalysis,
    subproblem: Subproblem | None,
    probabilities: NDArray[np.float64] | None,
) -> tuple[ConstraintDiagnostics, ...]:
    if not request.constraints or request.analysis.hardness_only:
        return ()
    n = request.objective.num_variables
    if classical.costs is not None:
        uniform = all_states(n)
    else:
        # There are too many states, so take random ones. The seed depends on the problem only.
        uniform = np.random.default_rng(problem_seed(request.objective)).random((_SAMPLES, n)) < 0.5
    ground = state_rows(classical.spectrum.ground_states, n)

    def diagnose(constraint: Constraint) -> ConstraintDiagnostics:
        satisfied_by_qaoa = None
        if subproblem is not None and probabilities is not None:
            satisfied_by_qaoa = satisfied_probability((constraint,), subproblem, probabilities)
        return ConstraintDiagnostics(
            type=constraint.type.value,
            bound=constraint.bound,
            satisfied_by_uniform=float(constraint.satisfied(uniform).mean()),
            satisfied_by_ground_states=float(constraint.satisfied(ground).mean()),
            satisfied_by_qaoa=satisfied_by_qaoa,
        )

    return tuple(diagnose(constraint) for constraint in request.constraints)
