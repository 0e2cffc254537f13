"""From a request to its report: survey the problem, simulate the circuit, draw conclusions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.qubo_analysis.constraints import Constraint
from qiskit_qoro.qubo_analysis.hardness import (
    LOW_TREEWIDTH,
    Hardness,
    difficulty,
    formulation_quality,
    frustration_index,
    is_submodular,
    matrix_figures,
)
from qiskit_qoro.qubo_analysis.landscape import CONFIDENCE, Landscape, refusal, survey
from qiskit_qoro.qubo_analysis.penalty import PenaltyFindings, analyse_penalty
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest, seed_of
from qiskit_qoro.qubo_analysis.qaoa_figures import Part, choose_part, satisfied_probability, simulate
from qiskit_qoro.qubo_analysis.report.recommendations import recommend
from qiskit_qoro.qubo_analysis.report.report_values import (
    Certificate,
    CharacterizationReport,
    ConstraintDiagnostics,
    QaoaFindings,
    Regime,
)
from qiskit_qoro.qubo_analysis.spectrum import tolerance
from qiskit_qoro.qubo_analysis.states import all_states, state_rows

__all__ = ["CERTIFICATE", "characterize"]

HIGH_FRUSTRATION = 0.25
LIMITED_RATIO = 0.9
_SAMPLES = 4096

CERTIFICATE: tuple[tuple[str, str], ...] = (
    ("certified_easy", "low_treewidth or submodular: an exact algorithm takes little time, proven"),
    ("no_lowdepth_advantage_expected", "certified_easy, greedy_solved or sa_solved"),
    ("uncertain", "none of the two"),
    ("low_treewidth", f"treewidth_estimate up to {LOW_TREEWIDTH}"),
    ("submodular", "no term of more than two variables, and no positive coefficient of two variables"),
    ("greedy_solved", "greedy_energy is the lowest cost; null where that is not known exactly"),
    ("sa_solved", "sa_energy is the lowest cost; null where that is not known exactly"),
    ("high_frustration", f"frustration_index above {HIGH_FRUSTRATION}"),
    ("bitflip_symmetric", "global_flip_symmetric"),
    (
        "qaoa_low_depth_limited",
        f"approximation_ratio below {LIMITED_RATIO}; null where the circuit was not simulated",
    ),
)
"""When each verdict and each flag of the certificate is true."""


def characterize(request: CharacterizationRequest) -> CharacterizationReport:
    """Find out everything that a request asks for. The same request always gives the same report.

    Args:
        request: The problem and the options.

    Returns:
        The findings with their recommendations. A problem that is too large gives the regime ``refuse`` and
        the reason.
    """
    reason = refusal(request.objective)
    if reason is not None:
        refused = CharacterizationReport(request, Regime.REFUSE, CONFIDENCE[Regime.REFUSE], refusal=reason)
        return replace(refused, recommendations=recommend(refused))
    landscape = survey(request)
    analysis = request.analysis
    qaoa, part, probabilities = None, None, None
    if not analysis.hardness_only:
        part = choose_part(request, landscape)
        if part is not None:
            qaoa, probabilities = simulate(request, landscape, part)
    hardness = _hardness(request, landscape) if analysis.hardness else None
    report = CharacterizationReport(
        request=request,
        regime=landscape.regime,
        confidence=landscape.confidence,
        spectrum=landscape.spectrum,
        exact_ground_energy=landscape.exact_minimum,
        relaxation_bound=landscape.relaxation_bound if landscape.exact_minimum is None else None,
        hardness=hardness,
        qaoa=qaoa,
        structural_sensitivity=_structural_sensitivity(request, landscape, qaoa),
        certificate=_certificate(request, landscape, hardness, qaoa) if analysis.certificate else None,
        baseline=landscape.baseline if analysis.certificate else None,
        formulation=formulation_quality(request.objective) if analysis.certificate else None,
        penalty=_penalty(request, landscape),
        diagnostics=_diagnostics(request, landscape, part, probabilities),
    )
    return replace(report, recommendations=recommend(report))


def _hardness(request: CharacterizationRequest, landscape: Landscape) -> Hardness:
    objective, figures = request.objective, landscape.spectrum
    if landscape.elimination is None:
        raise AssertionError("hardness comes with an elimination")
    width = landscape.elimination.width
    frustration = frustration_index(landscape.walsh, figures.minimum)
    is_trivial = is_submodular(objective) or figures.span <= tolerance(objective, 0.0)
    gap, condition = matrix_figures(objective)
    return Hardness(
        difficulty=difficulty(width, figures.normalized_gap, frustration, trivial=is_trivial),
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
        global_flip_symmetric=landscape.walsh.is_flip_symmetric,
    )


def _certificate(
    request: CharacterizationRequest,
    landscape: Landscape,
    hardness: Hardness | None,
    qaoa: QaoaFindings | None,
) -> Certificate:
    baseline, minimum = landscape.baseline, landscape.exact_minimum
    if hardness is None or baseline is None:
        raise AssertionError("a certificate comes with hardness and baseline")
    low_treewidth = hardness.treewidth_estimate <= LOW_TREEWIDTH
    submodular = is_submodular(request.objective)
    greedy_solved = sa_solved = None
    if minimum is not None:
        reached = minimum + tolerance(request.objective, landscape.spectrum.span)
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
    request: CharacterizationRequest, landscape: Landscape, qaoa: QaoaFindings | None
) -> NDArray[np.float64] | None:
    """The influences, the largest being 1, where the sensitivity of the whole circuit is not known."""
    is_known = qaoa is not None and qaoa.subspace is None and not request.subspace.wanted
    if is_known or not request.analysis.sensitivity or request.analysis.hardness_only:
        return None
    influences = landscape.walsh.influences
    return influences / (influences.max() or 1.0)


def _penalty(request: CharacterizationRequest, landscape: Landscape) -> PenaltyFindings | None:
    if landscape.costs is None or not request.analysis.penalty_tuning or request.analysis.hardness_only:
        return None
    return analyse_penalty(request, landscape.costs, landscape.spectrum)


def _diagnostics(
    request: CharacterizationRequest,
    landscape: Landscape,
    part: Part | None,
    probabilities: NDArray[np.float64] | None,
) -> tuple[ConstraintDiagnostics, ...]:
    if not request.constraints or request.analysis.hardness_only:
        return ()
    n = request.objective.num_variables
    if landscape.costs is not None:
        uniform = all_states(n)
    else:
        uniform = np.random.default_rng(seed_of(request.objective)).random((_SAMPLES, n)) < 0.5
    ground = state_rows(landscape.spectrum.ground_states, n)

    def diagnose(constraint: Constraint) -> ConstraintDiagnostics:
        measured = None
        if part is not None and probabilities is not None:
            measured = satisfied_probability((constraint,), part, probabilities)
        return ConstraintDiagnostics(
            type=constraint.type.value,
            bound=constraint.bound,
            satisfied_by_uniform=float(constraint.satisfied(uniform).mean()),
            satisfied_by_ground_states=float(constraint.satisfied(ground).mean()),
            satisfied_by_qaoa=measured,
        )

    return tuple(diagnose(constraint) for constraint in request.constraints)
