"""What is known of a problem before any circuit: its costs, its lowest cost, and by which means."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis import qaoa, spectrum, spin_form, treewidth
from qiskit_qoro.qubo_analysis.baseline import FlipCosts, Solution, anneal, descend
from qiskit_qoro.qubo_analysis.hardness import relaxation_bound
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest, seed_of
from qiskit_qoro.qubo_analysis.report.report_values import Baseline, Regime
from qiskit_qoro.qubo_analysis.spectrum import Spectrum
from qiskit_qoro.qubo_analysis.spin_form import WalshForm
from qiskit_qoro.qubo_analysis.treewidth import Elimination

__all__ = ["CONFIDENCE", "MAX_VARIABLES", "REGIMES", "Landscape", "refusal", "survey"]

MAX_VARIABLES = 1024
"""Above this nothing is computed."""

REGIMES: tuple[tuple[Regime, str, float], ...] = (
    (Regime.EXACT, "up to 16 variables: all states are enumerated, and the circuit is simulated", 1.0),
    (Regime.STRUCTURED, "17 or 18 variables, enumerated; or elimination of a width of 16 or less", 0.9),
    (Regime.ESTIMATE, "otherwise: costs are those that the classical solvers have seen", 0.2),
    (Regime.REFUSE, "over 1024 variables, or over 18 with terms of more than 2^22 subsets together", 0.0),
)
"""Each regime, when it applies, and the confidence. For an estimate, 0.6 times the agreement is added."""

CONFIDENCE = {regime: confidence for regime, _, confidence in REGIMES}
"""The confidence of each regime."""

_AGREEMENT = 0.6
_PROBED_ENDS = 8


@dataclass(frozen=True)
class Landscape:
    """What is known of a problem before any circuit.

    Attributes:
        regime: How it is known.
        confidence: How far to trust it, 0 to 1.
        walsh: The problem over spins.
        spectrum: The costs in figures.
        elimination: An order of elimination; ``None`` where nobody asked.
        costs: The cost of every state, up to 18 variables.
        exact_minimum: The lowest cost, where it is known exactly.
        relaxation_bound: A cost that no state is below.
        greedy: Where steepest descent ends; ``None`` where nobody asked.
        annealed: Where the annealing ends; likewise.
    """

    regime: Regime
    confidence: float
    walsh: WalshForm
    spectrum: Spectrum
    elimination: Elimination | None
    costs: NDArray[np.float64] | None
    exact_minimum: float | None
    relaxation_bound: float
    greedy: Solution | None
    annealed: Solution | None

    @property
    def baseline(self) -> Baseline | None:
        """What the solvers reached, where they ran."""
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


def refusal(objective: Polynomial) -> str | None:
    """Why nothing honest can be said of a problem here, ``None`` where something can."""
    if objective.num_variables > MAX_VARIABLES:
        return (
            f"The problem has {objective.num_variables} variables; up to {MAX_VARIABLES} are characterized."
        )
    is_large = objective.num_variables > spectrum.MAX_EXACT_VARIABLES
    if is_large and spin_form.expansion_size(objective) > spin_form.MAX_EXPANSION:
        return (
            f"The terms of this problem have more than {spin_form.MAX_EXPANSION} subsets together; beyond "
            f"{spectrum.MAX_EXACT_VARIABLES} variables shorter or fewer terms are needed."
        )
    return None


def survey(request: CharacterizationRequest) -> Landscape:
    """Find out what is known of a problem that is not refused."""
    objective = request.objective
    form = spin_form.walsh_form(objective)
    bound = relaxation_bound(objective, form)
    is_large = objective.num_variables > spectrum.MAX_EXACT_VARIABLES
    needs_solvers = is_large or request.analysis.certificate or request.subspace.wanted
    flips = FlipCosts(objective) if needs_solvers else None
    seed = seed_of(objective)
    greedy = descend(flips) if flips else None
    annealed = anneal(flips, seed=seed, restarts=request.subspace.restarts) if flips else None
    elimination = treewidth.eliminate(objective) if is_large or request.analysis.hardness else None
    if not is_large:
        costs = spectrum.enumerate_costs(objective)
        figures = spectrum.exact_spectrum(objective, costs)
        regime = Regime.EXACT if objective.num_variables <= qaoa.MAX_VARIABLES else Regime.STRUCTURED
        return Landscape(
            regime=regime,
            confidence=CONFIDENCE[regime],
            walsh=form,
            spectrum=figures,
            elimination=elimination,
            costs=costs,
            exact_minimum=figures.minimum,
            relaxation_bound=bound,
            greedy=greedy,
            annealed=annealed,
        )
    if greedy is None or annealed is None or elimination is None:
        raise AssertionError("a large problem has its solvers and its elimination")
    highest = -anneal(FlipCosts(objective.negated()), seed=seed).cost
    figures = spectrum.estimated_spectrum(objective, _probe(greedy, annealed), highest)
    regime, exact = Regime.ESTIMATE, None
    if elimination.width <= treewidth.MAX_WIDTH:
        regime = Regime.STRUCTURED
        exact = treewidth.exact_minimum(objective, elimination)
        figures = replace(
            figures,
            minimum=min(exact, figures.minimum),
            maximum=max(-treewidth.exact_minimum(objective.negated(), elimination), figures.maximum),
        )
    agreement = _AGREEMENT * annealed.agreement if regime is Regime.ESTIMATE else 0.0
    return Landscape(
        regime=regime,
        confidence=CONFIDENCE[regime] + agreement,
        walsh=form,
        spectrum=figures,
        elimination=elimination,
        costs=None,
        exact_minimum=exact,
        relaxation_bound=bound,
        greedy=greedy,
        annealed=annealed,
    )


def _probe(greedy: Solution, annealed: Solution) -> NDArray[np.bool_]:
    """The states that the solvers ended in, and what is one flip away from some of them."""
    ends = np.unique(np.concatenate([annealed.ends, greedy.ends]), axis=0)
    near = ends[:_PROBED_ENDS, None, :] ^ np.eye(ends.shape[1], dtype=bool)
    return np.concatenate([ends, near.reshape(-1, ends.shape[1])])
