"""Analyse a problem without a circuit: its costs, its lowest cost, and how reliable these are.

Up to 18 variables, all states are enumerated. For larger problems, classical solvers sample low costs, and if
the treewidth is small enough, elimination finds the extreme costs exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis import qaoa, spectrum, spin_form, treewidth
from qiskit_qoro.qubo_analysis.baseline import FlipCosts, Solution, anneal, descend, problem_seed
from qiskit_qoro.qubo_analysis.hardness import relaxation_bound
from qiskit_qoro.qubo_analysis.report.report_values import Baseline, Regime
from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest
from qiskit_qoro.qubo_analysis.spectrum import Spectrum
from qiskit_qoro.qubo_analysis.spin_form import SpinForm
from qiskit_qoro.qubo_analysis.treewidth import EliminationOrder

__all__ = [
    "CONFIDENCE",
    "MAX_VARIABLES",
    "REGIMES",
    "ClassicalAnalysis",
    "analyse_classically",
    "refuse_reason",
]

MAX_VARIABLES = 1024
"""Larger problems are refused."""

REGIMES: tuple[tuple[Regime, str, float], ...] = (
    (Regime.EXACT, "up to 16 variables: all states are enumerated, and the circuit is simulated", 1.0),
    (Regime.STRUCTURED, "17 or 18 variables: enumerated; more: elimination of width 16 or less", 0.9),
    (Regime.ESTIMATE, "otherwise: costs are those that the classical solvers found", 0.2),
    (Regime.REFUSE, "over 1024 variables, or over 18 if the terms have more than 2^22 subsets in total", 0.0),
)
"""Each regime, its condition, and its confidence. For an estimate, 0.6 times the agreement is added."""

CONFIDENCE = {regime: confidence for regime, _, confidence in REGIMES}
"""The confidence of each regime."""

_AGREEMENT_WEIGHT = 0.6

# The number of solver results whose neighbours are evaluated too.
_EXPANDED_STATES = 8


@dataclass(frozen=True)
class ClassicalAnalysis:
    """The results that need no circuit.

    Attributes:
        regime: How they were obtained.
        confidence: How reliable they are, 0 to 1.
        spin_form: The problem in spin form.
        spectrum: The figures of the costs.
        elimination: An elimination order, or ``None`` if nothing needs it.
        costs: The cost of every state, or ``None`` for more than 18 variables.
        exact_minimum: The lowest cost, or ``None`` if it is not known exactly.
        relaxation_bound: A lower bound of all costs.
        greedy: The result of steepest descent, or ``None`` if nothing needs it.
        annealed: The result of simulated annealing, or ``None`` if nothing needs it.
    """

    regime: Regime
    confidence: float
    spin_form: SpinForm
    spectrum: Spectrum
    elimination: EliminationOrder | None
    costs: NDArray[np.float64] | None
    exact_minimum: float | None
    relaxation_bound: float
    greedy: Solution | None
    annealed: Solution | None

    @property
    def baseline(self) -> Baseline | None:
        """The costs that the solvers found, or ``None`` if they did not run."""
        if self.greedy is None or self.annealed is None:
            return None
        better = min(self.annealed, self.greedy, key=lambda solution: solution.cost)
        return Baseline(
            greedy_energy=self.greedy.cost,
            sa_energy=self.annealed.cost,
            best_energy=min(better.cost, self.spectrum.minimum),
            best_state=better.state,
            sa_agreement=self.annealed.agreement,
        )


def refuse_reason(objective: Polynomial) -> str | None:
    """Return why a problem is too large to analyse, or ``None`` if it is not."""
    if objective.num_variables > MAX_VARIABLES:
        return f"The problem has {objective.num_variables} variables. The maximum is {MAX_VARIABLES}."
    is_large = objective.num_variables > spectrum.MAX_EXACT_VARIABLES
    if is_large and spin_form.expansion_size(objective) > spin_form.MAX_EXPANSION:
        return (
            f"The terms of this problem have more than {spin_form.MAX_EXPANSION} subsets in total. Problems "
            f"with more than {spectrum.MAX_EXACT_VARIABLES} variables need shorter or fewer terms."
        )
    return None


def analyse_classically(request: CharacterizationRequest) -> ClassicalAnalysis:
    """Analyse a problem for which :func:`refuse_reason` is ``None``."""
    objective = request.objective
    form = spin_form.to_spin_form(objective)
    bound = relaxation_bound(objective, form)
    is_large = objective.num_variables > spectrum.MAX_EXACT_VARIABLES
    needs_solvers = is_large or request.analysis.certificate or request.subspace.is_requested
    flips = FlipCosts(objective) if needs_solvers else None
    seed = problem_seed(objective)
    greedy = descend(flips) if flips else None
    annealed = anneal(flips, seed=seed, restarts=request.subspace.restarts) if flips else None
    needs_elimination = is_large or request.analysis.hardness
    elimination = treewidth.find_elimination_order(objective) if needs_elimination else None
    if not is_large:
        costs = spectrum.enumerate_costs(objective)
        figures = spectrum.exact_spectrum(objective, costs)
        regime = Regime.EXACT if objective.num_variables <= qaoa.MAX_VARIABLES else Regime.STRUCTURED
        return ClassicalAnalysis(
            regime=regime,
            confidence=CONFIDENCE[regime],
            spin_form=form,
            spectrum=figures,
            elimination=elimination,
            costs=costs,
            exact_minimum=figures.minimum,
            relaxation_bound=bound,
            greedy=greedy,
            annealed=annealed,
        )
    if greedy is None or annealed is None or elimination is None:
        raise AssertionError("a large problem needs the solvers and an elimination order")
    # The highest cost is the negative lowest cost of the negated problem.
    highest = -anneal(FlipCosts(objective.negated()), seed=seed).cost
    figures = spectrum.estimated_spectrum(objective, _sampled_states(greedy, annealed), highest)
    regime, exact = Regime.ESTIMATE, None
    if elimination.width <= treewidth.MAX_WIDTH:
        regime = Regime.STRUCTURED
        exact = treewidth.exact_minimum(objective, elimination)
        # The solvers' costs exist, so a difference in the wrong direction is a rounding error.
        figures = replace(
            figures,
            minimum=min(exact, figures.minimum),
            maximum=max(-treewidth.exact_minimum(objective.negated(), elimination), figures.maximum),
        )
    bonus = _AGREEMENT_WEIGHT * annealed.agreement if regime is Regime.ESTIMATE else 0.0
    return ClassicalAnalysis(
        regime=regime,
        confidence=CONFIDENCE[regime] + bonus,
        spin_form=form,
        spectrum=figures,
        elimination=elimination,
        costs=None,
        exact_minimum=exact,
        relaxation_bound=bound,
        greedy=greedy,
        annealed=annealed,
    )


def _sampled_states(greedy: Solution, annealed: Solution) -> NDArray[np.bool_]:
    """Return the states that the solvers found, and the neighbours of some of them."""
    found = np.unique(np.concatenate([annealed.final_states, greedy.final_states]), axis=0)
    neighbours = found[:_EXPANDED_STATES, None, :] ^ np.eye(found.shape[1], dtype=bool)
    return np.concatenate([found, neighbours.reshape(-1, found.shape[1])])
