"""The values of a report. JSON, HTML and recommendations are made from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qiskit_qoro.qubo_analysis.hardness import FormulationQuality, Hardness
    from qiskit_qoro.qubo_analysis.penalty import PenaltyFigures
    from qiskit_qoro.qubo_analysis.qaoa import Sweep
    from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest
    from qiskit_qoro.qubo_analysis.spectrum import Spectrum

__all__ = [
    "Baseline",
    "Certificate",
    "CharacterizationReport",
    "ConstraintDiagnostics",
    "QaoaFigures",
    "Recommendation",
    "Regime",
    "StateProbability",
    "UsedSubspace",
]


class Regime(Enum):
    """How the lowest cost and the QAOA figures were obtained."""

    EXACT = "exact"
    STRUCTURED = "structured"
    ESTIMATE = "estimate"
    REFUSE = "refuse"


@dataclass(frozen=True)
class StateProbability:
    """The probability of measuring a state.

    Attributes:
        state: The state.
        probability: Its probability.
        is_target: Whether it is a target state.
        cost: Its cost, or ``None`` if the service does not report it.
    """

    state: str
    probability: float
    is_target: bool
    cost: float | None = None


@dataclass(frozen=True)
class UsedSubspace:
    """The subproblem that was simulated: the variables that were free, and the base state of the others."""

    base_state: str
    variable_qubits: tuple[int, ...]


@dataclass(frozen=True)
class QaoaFigures:
    """The figures of the simulated circuit.

    Attributes:
        gamma: The cost angle of the figures below: the best one of the sweep, else the requested or default
            one.
        beta: The mixer angle, chosen in the same way.
        expectation: The mean cost.
        approximation_ratio: 1 if only states of lowest cost are measured, 0 if only states of highest cost.
        error_bound: A bound of the error of that ratio, or ``None`` if the extreme costs are exact.
        quality: Where the mean cost is between random guessing (0) and the lowest cost (100).
        concentration: How many times more likely the target states are than in the initial state.
        sweep: The sweep, or ``None`` if there was none.
        state_probabilities: The 10 likeliest states and all target states, likeliest first.
        sensitivity: For each simulated variable, how much flipping it changes the cost.
        feasibility_rate: The probability of measuring a feasible state, or ``None`` without constraints.
        subspace: The subproblem that was simulated, or ``None`` for the whole problem.
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
    """The results of the classical solvers.

    Attributes:
        greedy_energy: The cost that steepest descent reaches from the all-zeros state.
        sa_energy: The lowest cost that simulated annealing finds.
        best_energy: The lowest cost known from any method.
        best_state: The best state that a solver found.
        sa_agreement: The share of the annealing's restarts that end at its lowest cost.
    """

    greedy_energy: float
    sa_energy: float
    best_energy: float
    best_state: str
    sa_agreement: float


@dataclass(frozen=True)
class Certificate:
    """Verdicts and flags, or ``None`` if unknown. The table ``CERTIFICATE`` of the analysis defines them."""

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
    """How often one constraint is satisfied.

    Attributes:
        type: The type of the constraint.
        bound: The bound of the constraint.
        satisfied_by_uniform: The share of all states that satisfy it. For more than 18 variables, the share
            of 4096 random states.
        satisfied_by_ground_states: The share of the states of lowest cost (up to 16) that satisfy it.
        satisfied_by_qaoa: The probability of measuring a state that satisfies it, or ``None`` without a
            simulation.
    """

    type: str
    bound: float
    satisfied_by_uniform: float
    satisfied_by_ground_states: float
    satisfied_by_qaoa: float | None


@dataclass(frozen=True)
class Recommendation:
    """A recommendation from a rule of :mod:`.recommendations`.

    Attributes:
        level: ``info``, ``warn`` or ``action``.
        metric: The figure that it is based on.
        text: The recommendation, as plain text.
    """

    level: str
    metric: str
    text: str


@dataclass(frozen=True)
class CharacterizationReport:
    """The results of a request. A result is ``None`` if it was not requested or is not known.

    Attributes:
        request: The request.
        regime: How the figures were obtained.
        confidence: How reliable they are, 0 to 1.
        refuse_reason: Why nothing was computed, with the regime ``refuse``.
        spectrum: The figures of the costs.
        exact_ground_energy: The lowest cost, if it is known exactly.
        relaxation_bound: A lower bound of all costs, if the lowest cost is not known exactly.
        hardness: The hardness figures.
        qaoa: The figures of the circuit.
        structural_sensitivity: For each variable its influence over all states, divided by the largest
            influence.
        certificate: Verdicts and flags.
        baseline: The results of the classical solvers.
        formulation: The quality of the formulation.
        penalty: The figures of the penalty.
        diagnostics: How often each constraint is satisfied.
        recommendations: The recommendations.
    """

    request: CharacterizationRequest
    regime: Regime
    confidence: float
    refuse_reason: str | None = None
    spectrum: Spectrum | None = None
    exact_ground_energy: float | None = None
    relaxation_bound: float | None = None
    hardness: Hardness | None = None
    qaoa: QaoaFigures | None = None
    structural_sensitivity: NDArray[np.float64] | None = None
    certificate: Certificate | None = None
    baseline: Baseline | None = None
    formulation: FormulationQuality | None = None
    penalty: PenaltyFigures | None = None
    diagnostics: tuple[ConstraintDiagnostics, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
