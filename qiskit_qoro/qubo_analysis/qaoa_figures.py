"""The QAOA figures of a request: of the whole problem, or of the part around a base state.

Everything is defined in ``docs/explanation/characterization.md``; angles without a value are in units of
the problem's scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.baseline import FlipCosts, Solution
from qiskit_qoro.qubo_analysis.constraints import Constraint, ConstraintType, feasible
from qiskit_qoro.qubo_analysis.hardness import relaxation_bound
from qiskit_qoro.qubo_analysis.landscape import Landscape
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest, SweepRange
from qiskit_qoro.qubo_analysis.qaoa import MAX_VARIABLES, Circuit, Sweep, ramp
from qiskit_qoro.qubo_analysis.report.report_values import QaoaFindings, StateProbability, UsedSubspace
from qiskit_qoro.qubo_analysis.spectrum import Spectrum, enumerate_costs, tolerance
from qiskit_qoro.qubo_analysis.spin_form import WalshForm, walsh_form
from qiskit_qoro.qubo_analysis.states import index_of, mask_of, state_rows, state_text

__all__ = ["DEFAULT_BETA", "Part", "approximation_ratio", "choose_part", "satisfied_probability", "simulate"]

DEFAULT_BETA = -math.pi / 8
_DEFAULT_GAMMA = 0.5
_BETA_SPAN = (-math.pi / 2, math.pi / 2)
_GAMMA_SPAN = (0.0, math.pi / 2)
_LIKELIEST = 10
_CHUNK = 4096


@dataclass(frozen=True)
class Part:
    """What is simulated: some variables vary, the others keep the values of a base.

    Attributes:
        base: A whole state: n values.
        variables: The variables that vary, ascending; at most 16.
        costs: The cost of each of their 2^m states, the others being as in the base.
        walsh: The problem of these variables over spins.
        is_whole: Whether all variables vary.
    """

    base: NDArray[np.bool_]
    variables: tuple[int, ...]
    costs: NDArray[np.float64]
    walsh: WalshForm
    is_whole: bool

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whole states by their numbers."""
        rows = np.repeat(self.base[None], len(numbers), axis=0)
        shifts = np.arange(len(self.variables))[::-1]
        rows[:, self.variables] = (numbers[:, None] >> shifts) & 1
        return rows

    def chunks(self) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
        """All states, some thousand at a time, with the slice of their numbers."""
        for start in range(0, len(self.costs), _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, len(self.costs)))
            yield slice(start, start + len(numbers)), self.rows(numbers)

    def number_of(self, state: str) -> int | None:
        """The number of a whole state, ``None`` where it is not in this part."""
        number = index_of("".join(state[variable] for variable in self.variables))
        is_here = state_text(self.rows(np.array([number]))[0]) == state
        return number if is_here else None


def choose_part(request: CharacterizationRequest, landscape: Landscape) -> Part | None:
    """What is to be simulated, ``None`` where that is too large."""
    objective = request.objective
    n = objective.num_variables
    if not request.subspace.wanted:
        if n > MAX_VARIABLES or landscape.costs is None:
            return None
        return Part(np.zeros(n, bool), tuple(range(n)), landscape.costs, landscape.walsh, is_whole=True)
    base = _base(request, landscape)
    variables = request.subspace.variable_qubits
    if variables is None:
        # The variables that the base is least sure of: where a flip costs least.
        changes = np.abs(FlipCosts(objective).all(base.astype(np.float64)))
        count = min(n, request.subspace.max_variable_qubits)
        variables = tuple(sorted(map(int, np.argsort(changes, kind="stable")[:count])))
    restricted, constant = _restrict(objective, base, variables)
    costs = enumerate_costs(restricted) + constant
    return Part(base, variables, costs, walsh_form(restricted), is_whole=len(variables) == n)


def _base(request: CharacterizationRequest, landscape: Landscape) -> NDArray[np.bool_]:
    given = request.subspace.base_state
    n = request.objective.num_variables
    if given is not None:
        return state_rows([given], n).reshape(n)
    solution: Solution | None = landscape.annealed
    if request.subspace.solver == "greedy":
        solution = landscape.greedy
    if solution is None:
        raise AssertionError("a subspace comes with its solvers")
    return state_rows([solution.state], n).reshape(n)


def _restrict(
    objective: Polynomial, base: NDArray[np.bool_], variables: tuple[int, ...]
) -> tuple[Polynomial, float]:
    """The problem of some variables, and the constant that the others add."""
    position = {variable: k for k, variable in enumerate(variables)}
    terms: dict[tuple[int, ...], float] = {}
    for term, coefficient in objective.terms.items():
        if all(base[i] for i in term if i not in position):
            rest = tuple(position[i] for i in term if i in position)
            terms[rest] = terms.get(rest, 0.0) + coefficient
    constant = terms.pop((), 0.0)
    return Polynomial(len(variables), terms), constant


# --- figures --------------------------------------------------------------------------------------------


def simulate(
    request: CharacterizationRequest, landscape: Landscape, part: Part
) -> tuple[QaoaFindings, NDArray[np.float64]]:
    """Run the circuit, look for the best angles where asked to, and measure.

    Returns:
        The figures, and the probability of each state of the part at the angles that they are for.
    """
    analysis, layers = request.analysis, request.ansatz.layers
    circuit = Circuit(part.costs, request.ansatz.mixer, layers, weight=_weight(request, part))
    scale = _scale(part.walsh)
    gamma = _DEFAULT_GAMMA / scale if analysis.gamma is None else analysis.gamma
    beta = DEFAULT_BETA if analysis.beta is None else analysis.beta
    targets = _targets(request, part)
    sweep = None
    if analysis.parameter_sweep:
        sweep = _sweep(request, circuit, scale)
        row, column = sweep.best
        gamma, beta = float(sweep.gammas[row]), float(sweep.betas[column])
    measured = circuit.probabilities(*ramp(gamma, beta, layers))
    expectation = float(measured @ part.costs)
    ratio, error = _ratio(request.objective, landscape, expectation)
    findings = QaoaFindings(
        gamma=gamma,
        beta=beta,
        expectation=expectation,
        approximation_ratio=ratio,
        error_bound=error,
        quality=_quality(measured, circuit, part, landscape),
        concentration=_concentration(measured, circuit, targets),
        sweep=sweep,
        state_probabilities=_state_probabilities(request, part, measured),
        sensitivity=_sensitivity(measured, part, landscape.spectrum) if analysis.sensitivity else None,
        feasibility_rate=satisfied_probability(request.constraints, part, measured),
        subspace=None if part.is_whole else UsedSubspace(state_text(part.base), part.variables),
    )
    return findings, measured


def _weight(request: CharacterizationRequest, part: Part) -> int:
    """The Hamming weight that the xy mixer keeps, among the variables that vary."""
    n = len(part.base)
    total = request.states[0].count("1") if request.states else n // 2
    for constraint in request.constraints:
        is_global = constraint.type is ConstraintType.EQ_CARDINALITY and len(constraint.qubits) == n
        if is_global and 0 <= constraint.bound <= n and constraint.bound == int(constraint.bound):
            total = int(constraint.bound)
            break
    inside = int(part.base[list(part.variables)].sum())
    wanted = total - (int(part.base.sum()) - inside)
    return wanted if 0 <= wanted <= len(part.variables) else inside


def _scale(form: WalshForm) -> float:
    """The root mean square, over the variables, of ``√(Σ_{S∋i} J_S²)``; 1 for a flat problem."""
    return math.sqrt(float(np.mean((form.influences / 2) ** 2))) or 1.0


def _sweep(request: CharacterizationRequest, circuit: Circuit, scale: float) -> Sweep:
    analysis = request.analysis
    points = analysis.sweep_points
    start, stop = _GAMMA_SPAN
    gammas = analysis.gamma_range or SweepRange(start / scale, stop / scale, points)
    betas = analysis.beta_range or SweepRange(*_BETA_SPAN, points)
    return circuit.sweep(np.linspace(*gammas), np.linspace(*betas))


def _targets(request: CharacterizationRequest, part: Part) -> NDArray[np.int64]:
    """The numbers of the target states; without any, of the states of lowest cost."""
    if not request.states:
        slack = tolerance(request.objective, float(np.ptp(part.costs)))
        return np.flatnonzero(part.costs <= part.costs.min() + slack)
    numbers = (part.number_of(state) for state in request.states)
    return np.array([number for number in numbers if number is not None], np.int64)


def approximation_ratio(expectation: float, minimum: float, maximum: float) -> float:
    """``(maximum - expectation) / (maximum - minimum)``, from 0 to 1; 1 where all states cost the same."""
    if maximum <= minimum:
        return 1.0
    return min(1.0, max(0.0, (maximum - expectation) / (maximum - minimum)))


def _ratio(objective: Polynomial, landscape: Landscape, expectation: float) -> tuple[float, float | None]:
    """The approximation ratio, and how far it may be off where the extremes are not exact."""
    lowest, highest = landscape.spectrum.minimum, landscape.spectrum.maximum
    ratio = approximation_ratio(expectation, lowest, highest)
    if landscape.exact_minimum is not None:
        return ratio, None
    least = min(lowest, landscape.relaxation_bound)
    negated = objective.negated()
    most = max(highest, -relaxation_bound(negated, walsh_form(negated)))
    pessimist = approximation_ratio(expectation, least, highest)
    optimist = approximation_ratio(expectation, lowest, most)
    return ratio, max(abs(ratio - pessimist), abs(optimist - ratio))


def _quality(probabilities: NDArray[np.float64], circuit: Circuit, part: Part, landscape: Landscape) -> float:
    guess = float(circuit.start @ part.costs)
    reach = guess - landscape.spectrum.minimum
    if reach <= 1e-12 * max(abs(guess), landscape.spectrum.span):
        return 100.0
    gained = guess - float(probabilities @ part.costs)
    return 100 * min(1.0, max(0.0, gained / reach))


def _concentration(probabilities: NDArray[np.float64], circuit: Circuit, targets: NDArray[np.int64]) -> float:
    before = float(circuit.start[targets].sum())
    return float(probabilities[targets].sum()) / before if before else 0.0


def _state_probabilities(
    request: CharacterizationRequest, part: Part, probabilities: NDArray[np.float64]
) -> tuple[StateProbability, ...]:
    # Rounded, so that states that are equally likely come in the order of their numbers everywhere.
    order = np.argsort(-np.round(probabilities, 12), kind="stable")[:_LIKELIEST]
    found = {
        state_text(part.rows(order[k : k + 1])[0]): float(probabilities[order[k]]) for k in range(len(order))
    }
    for state in request.states:
        number = part.number_of(state)
        found[state] = 0.0 if number is None else float(probabilities[number])
    wanted = set(request.states)
    ranked = sorted(found.items(), key=lambda item: (-round(item[1], 12), item[0]))
    return tuple(StateProbability(state, probability, state in wanted) for state, probability in ranked)


def _sensitivity(probabilities: NDArray[np.float64], part: Part, spectrum: Spectrum) -> tuple[float, ...]:
    m = len(part.variables)
    numbers = np.arange(len(part.costs))
    span = spectrum.span or 1.0
    changes = (np.abs(part.costs[numbers ^ mask_of([k], m)] - part.costs) for k in range(m))
    return tuple(float(probabilities @ change) / span for change in changes)


def satisfied_probability(
    constraints: tuple[Constraint, ...], part: Part, probabilities: NDArray[np.float64]
) -> float | None:
    """The probability of a state that satisfies all ``constraints``; ``None`` where there are none."""
    if not constraints:
        return None
    shares = (float(probabilities[numbers] @ feasible(constraints, rows)) for numbers, rows in part.chunks())
    return min(1.0, math.fsum(shares))
