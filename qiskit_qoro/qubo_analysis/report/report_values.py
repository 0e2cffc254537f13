"""What was found out: the values that the report, the rules and the page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.qubo_analysis.hardness import FormulationQuality, Hardness
from qiskit_qoro.qubo_analysis.penalty import PenaltyFindings
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest
from qiskit_qoro.qubo_analysis.qaoa import Sweep
from qiskit_qoro.qubo_analysis.spectrum import Spectrum

__all__ = [
    "Baseline",
    "Certificate",
    "CharacterizationReport",
    "ConstraintDiagnostics",
    "QaoaFindings",
    "Recommendation",
    "Regime",
    "StateProbability",
    "UsedSubspace",
]


class Regime(Enum):
    """How the minimum and the QAOA figures are known."""

    EXACT = "exact"
    STRUCTURED = "structured"
    ESTIMATE = "estimate"
    REFUSE = "refuse"


@dataclass(frozen=True)
class StateProbability:
    """How likely a state is to be measured at the best angles known."""

    state: str
    probability: float
    is_target: bool


@dataclass(frozen=True)
class UsedSubspace:
    """The part of the problem that was simulated: the other variables keep the values of ``base_state``."""

    base_state: str
    variable_qubits: tuple[int, ...]


@dataclass(frozen=True)
class QaoaFindings:
    """What the simulated circuit does.

    Attributes:
        gamma: The cost angle of the figures below: the best of the sweep, else the one given or the default.
        beta: The mixer angle, likewise.
        expectation: The mean cost there.
        approximation_ratio: 1 where only states of lowest cost are measured, 0 where only those of highest.
        error_bound: How far that ratio may be off where the extreme costs are estimates.
        quality: How far the expectation is from guessing (0) to the lowest cost (100).
        concentration: How many times likelier the target states became.
        sweep: The sweep, where there was one.
        state_probabilities: The 10 likeliest states and all target states, likeliest first.
        sensitivity: For each variable simulated, how much flipping it changes the cost.
        feasibility_rate: The probability of measuring a feasible state, where there are constraints.
        subspace: The part that was simulated, ``None`` where it is the whole problem.
    """

    gamma: float
    beta: float
    expectation: float
    approximation_ratio: float
    error_bound: float | None
    quality: float
    concentration: float
    sweep: Sweep | None
    state_probabilities: tuple[StateProbability, ...]
    sensitivity: tuple[float, ...] | None
    feasibility_rate: float | None
    subspace: UsedSubspace | None


@dataclass(frozen=True)
class Baseline:
    """What classical solvers reach.

    Attributes:
        greedy_energy: Where steepest descent from all zeros ends.
        sa_energy: The lowest cost that simulated annealing finds.
        best_energy: The lowest cost known, by whatever means.
        best_state: A state of the lowest cost that a solver found.
        sa_agreement: The share of the annealing's restarts that end at its lowest cost.
    """

    greedy_energy: float
    sa_energy: float
    best_energy: float
    best_state: str
    sa_agreement: float


@dataclass(frozen=True)
class Certificate:
    """Verdicts and flags; ``None`` where the answer is not known. The documentation has the rules."""

    certified_easy: bool
    no_lowdepth_advantage_expected: bool
    uncertain: bool
    low_treewidth: bool
    submodular: bool
    greedy_solved: bool | None
    sa_solved: bool | None
    high_frustration: bool
    bitflip_symmetric: bool
    qaoa_low_depth_limited: bool | None


@dataclass(frozen=True)
class ConstraintDiagnostics:
    """How one constraint fares.

    Attributes:
        type: Its type.
        bound: Its bound.
        satisfied_by_uniform: The share of all states that satisfy it; of 4096 random ones beyond 18
            variables.
        satisfied_by_ground_states: The share of the states of lowest cost (up to 16) that satisfy it.
        satisfied_by_qaoa: The probability of measuring a state that satisfies it.
    """

    type: str
    bound: float
    satisfied_by_uniform: float
    satisfied_by_ground_states: float
    satisfied_by_qaoa: float | None


@dataclass(frozen=True)
class Recommendation:
    """Advice by a rule of :mod:`.recommendations`.

    Attributes:
        level: ``info``, ``warn`` or ``action``.
        metric: The figure that it is about.
        text: The advice, without markup.
    """

    level: str
    metric: str
    text: str


@dataclass(frozen=True)
class CharacterizationReport:
    """Everything that was found out about a request; what was not asked for or cannot be known is ``None``.

    Attributes:
        request: What was asked.
        regime: How the figures are known.
        confidence: 0 to 1, by the table in the documentation.
        refusal: Why nothing was computed, with the regime ``refuse``.
        spectrum: The costs in figures.
        exact_ground_energy: The lowest cost, where it is known exactly.
        relaxation_bound: A cost that no state is below, where the lowest cost is not known exactly.
        hardness: The hardness figures.
        qaoa: What the circuit does.
        structural_sensitivity: For each variable its influence over all states, the largest being 1.
        certificate: Verdicts and flags.
        baseline: What classical solvers reach.
        formulation: How well the problem is written down.
        penalty: What is known of the penalty.
        diagnostics: How each constraint fares.
        recommendations: Advice.
    """

    request: CharacterizationRequest
    regime: Regime
    confidence: float
    refusal: str | None = None
    spectrum: Spectrum | None = None
    exact_ground_energy: float | None = None
    relaxation_bound: float | None = None
    hardness: Hardness | None = None
    qaoa: QaoaFindings | None = None
    structural_sensitivity: NDArray[np.float64] | None = None
    certificate: Certificate | None = None
    baseline: Baseline | None = None
    formulation: FormulationQuality | None = None
    penalty: PenaltyFindings | None = None
    diagnostics: tuple[ConstraintDiagnostics, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
