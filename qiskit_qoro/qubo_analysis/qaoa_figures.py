"""Compute the QAOA figures of a request, for the whole problem or for a subproblem around a base state.

The page ``docs/explanation/characterization.md`` defines the figures. Default angles are in units of the
problem's scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.baseline import FlipCosts, Solution
from qiskit_qoro.qubo_analysis.classical_analysis import ClassicalAnalysis
from qiskit_qoro.qubo_analysis.hardness import relaxation_bound
from qiskit_qoro.qubo_analysis.qaoa import MAX_VARIABLES, Circuit, Sweep, ramp
from qiskit_qoro.qubo_analysis.report.report_values import QaoaFigures, StateProbability, UsedSubspace
from qiskit_qoro.qubo_analysis.request.constraints import Constraint, ConstraintType, satisfies_all
from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest, SweepRange
from qiskit_qoro.qubo_analysis.spectrum import Spectrum, enumerate_costs, tolerance
from qiskit_qoro.qubo_analysis.spin_form import SpinForm, to_spin_form
from qiskit_qoro.qubo_analysis.states import index_of, mask_of, state_rows, state_text

__all__ = [
    "DEFAULT_BETA",
    "Subproblem",
    "approximation_ratio",
    "choose_subproblem",
    "satisfied_probability",
    "simulate",
]

DEFAULT_BETA = -math.pi / 8
_DEFAULT_GAMMA = 0.5
_BETA_SPAN = (-math.pi / 2, math.pi / 2)
_GAMMA_SPAN = (0.0, math.pi / 2)
_NUM_LIKELIEST = 10

# The number of states that are checked against constraints at once.
_CHUNK = 4096


@dataclass(frozen=True)
class Subproblem:
    """The problem to simulate: some variables are free, the others keep their values in a base state.

    A state of the free variables has a number, and together with the base it is a whole state.

    Attributes:
        base: The base state: n values.
        variables: The m free variables, ascending; at most 16.
        costs: The cost of each of their 2^m states.
        spin_form: The spin form of the restricted problem.
        is_whole: Whether all variables are free.
    """

    base: NDArray[np.bool_]
    variables: tuple[int, ...]
    costs: NDArray[np.float64]
    spin_form: SpinForm
    is_whole: bool

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the whole states with these numbers."""
        rows = np.repeat(self.base[None], len(numbers), axis=0)
        shifts = np.arange(len(self.variables))[::-1]
        rows[:, self.variables] = (numbers[:, None] >> shifts) & 1
        return rows

    def chunks(self) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
        """Iterate over all states in chunks, with the slice of their numbers."""
        for start in range(0, len(self.costs), _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, len(self.costs)))
            yield slice(start, start + len(numbers)), self.rows(numbers)

    def number_of(self, state: str) -> int | None:
        """Return the number of a whole state, or ``None`` if a fixed variable differs from the base."""
        number = index_of("".join(state[variable] for variable in self.variables))
        is_here = state_text(self.rows(np.array([number]))[0]) == state
        return number if is_here else None


def choose_subproblem(request: CharacterizationRequest, classical: ClassicalAnalysis) -> Subproblem | None:
    """Return the problem to simulate, or ``None`` if it is too large and the request has no subspace."""
    objective = request.objective
    n = objective.num_variables
    if not request.subspace.is_requested:
        if n > MAX_VARIABLES or classical.costs is None:
            return None
        return Subproblem(
            np.zeros(n, bool), tuple(range(n)), classical.costs, classical.spin_form, is_whole=True
        )
    base = _base_state(request, classical)
    variables = request.subspace.variable_qubits
    if variables is None:
        # Take the variables whose flip changes the cost least, because their values are the least certain.
        changes = np.abs(FlipCosts(objective).all(base.astype(np.float64)))
        count = min(n, request.subspace.max_variable_qubits)
        variables = tuple(sorted(map(int, np.argsort(changes, kind="stable")[:count])))
    restricted, constant = _restrict(objective, base, variables)
    costs = enumerate_costs(restricted) + constant
    return Subproblem(base, variables, costs, to_spin_form(restricted), is_whole=len(variables) == n)


def _base_state(request: CharacterizationRequest, classical: ClassicalAnalysis) -> NDArray[np.bool_]:
    requested = request.subspace.base_state
    n = request.objective.num_variables
    if requested is not None:
        return state_rows([requested], n).reshape(n)
    solution: Solution | None = classical.annealed
    if request.subspace.solver == "greedy":
        solution = classical.greedy
    if solution is None:
        raise AssertionError("a subspace needs the solvers")
    return state_rows([solution.state], n).reshape(n)


def _restrict(
    objective: Polynomial, base: NDArray[np.bool_], variables: tuple[int, ...]
) -> tuple[Polynomial, float]:
    """Fix all but some variables; return the restricted problem and its constant."""
    position = {variable: k for k, variable in enumerate(variables)}
    terms: dict[tuple[int, ...], float] = {}
    for term, coefficient in objective.terms.items():
        # A term is 0 if one of its fixed variables is 0. Otherwise its free variables remain.
        if all(base[i] for i in term if i not in position):
            rest = tuple(position[i] for i in term if i in position)
            terms[rest] = terms.get(rest, 0.0) + coefficient
    constant = terms.pop((), 0.0)
    return Polynomial(len(variables), terms), constant


def simulate(
    request: CharacterizationRequest, classical: ClassicalAnalysis, subproblem: Subproblem
) -> tuple[QaoaFigures, NDArray[np.float64]]:
    """Simulate the circuit and compute its figures, at the best angles of the sweep if there is one.

    Returns:
        The figures, and the probability of each state of the subproblem at the same angles.
    """
    analysis, layers = request.analysis, request.ansatz.layers
    circuit = Circuit(
        subproblem.costs, request.ansatz.mixer, layers, weight=_hamming_weight(request, subproblem)
    )
    scale = _scale(subproblem.spin_form)
    gamma = _DEFAULT_GAMMA / scale if analysis.gamma is None else analysis.gamma
    beta = DEFAULT_BETA if analysis.beta is None else analysis.beta
    targets = _targets(request, subproblem)
    sweep = None
    if analysis.parameter_sweep:
        sweep = _sweep(request, circuit, scale)
        row, column = sweep.best
        gamma, beta = float(sweep.gammas[row]), float(sweep.betas[column])
    probabilities = circuit.probabilities(*ramp(gamma, beta, layers))
    expectation = float(probabilities @ subproblem.costs)
    ratio, error = _ratio(request.objective, classical, expectation)
    figures = QaoaFigures(
        gamma=gamma,
        beta=beta,
        expectation=expectation,
        approximation_ratio=ratio,
        error_bound=error,
        quality=_quality(probabilities, circuit, subproblem, classical),
        concentration=_concentration(probabilities, circuit, targets),
        sweep=sweep,
        state_probabilities=_state_probabilities(request, subproblem, probabilities),
        sensitivity=_sensitivity(probabilities, subproblem, classical.spectrum)
        if analysis.sensitivity
        else None,
        feasibility_rate=satisfied_probability(request.constraints, subproblem, probabilities),
        subspace=None
        if subproblem.is_whole
        else UsedSubspace(state_text(subproblem.base), subproblem.variables),
    )
    return figures, probabilities


def _hamming_weight(request: CharacterizationRequest, subproblem: Subproblem) -> int:
    """Return the Hamming weight of the free variables for the xy mixer.

    The weight of the whole state comes from an ``eq_cardinality`` constraint on all variables, else from the
    first requested state, else it is n/2. If the fixed variables make this weight impossible, the weight of
    the base state is used.
    """
    n = len(subproblem.base)
    total = request.states[0].count("1") if request.states else n // 2
    for constraint in request.constraints:
        is_global = constraint.type is ConstraintType.EQ_CARDINALITY and len(constraint.qubits) == n
        if is_global and 0 <= constraint.bound <= n and constraint.bound == int(constraint.bound):
            total = int(constraint.bound)
            break
    inside = int(subproblem.base[list(subproblem.variables)].sum())
    weight = total - (int(subproblem.base.sum()) - inside)
    return weight if 0 <= weight <= len(subproblem.variables) else inside


def _scale(form: SpinForm) -> float:
    """Return the root mean square, over the variables, of ``√(Σ_{S∋i} J_S²)``; 1 for a flat problem."""
    return math.sqrt(float(np.mean((form.influences / 2) ** 2))) or 1.0


def _sweep(request: CharacterizationRequest, circuit: Circuit, scale: float) -> Sweep:
    analysis = request.analysis
    points = analysis.sweep_points
    start, stop = _GAMMA_SPAN
    gammas = analysis.gamma_range or SweepRange(start / scale, stop / scale, points)
    betas = analysis.beta_range or SweepRange(*_BETA_SPAN, points)
    return circuit.sweep(np.linspace(*gammas), np.linspace(*betas))


def _targets(request: CharacterizationRequest, subproblem: Subproblem) -> NDArray[np.int64]:
    """Return the numbers of the target states; without target states, those of the states of lowest cost."""
    if not request.states:
        slack = tolerance(request.objective, float(np.ptp(subproblem.costs)))
        return np.flatnonzero(subproblem.costs <= subproblem.costs.min() + slack)
    numbers = (subproblem.number_of(state) for state in request.states)
    return np.array([number for number in numbers if number is not None], np.int64)


def approximation_ratio(expectation: float, minimum: float, maximum: float) -> float:
    """Return ``(maximum - expectation) / (maximum - minimum)``, from 0 to 1; 1 if all costs are equal."""
    if maximum <= minimum:
        return 1.0
    return min(1.0, max(0.0, (maximum - expectation) / (maximum - minimum)))


def _ratio(
    objective: Polynomial, classical: ClassicalAnalysis, expectation: float
) -> tuple[float, float | None]:
    """Return the approximation ratio, and a bound of its error if the extreme costs are estimates."""
    lowest, highest = classical.spectrum.minimum, classical.spectrum.maximum
    ratio = approximation_ratio(expectation, lowest, highest)
    if classical.exact_minimum is not None:
        return ratio, None
    # The true extreme costs are between these bounds and the costs that were found.
    least = min(lowest, classical.relaxation_bound)
    negated = objective.negated()
    most = max(highest, -relaxation_bound(negated, to_spin_form(negated)))
    with_lower_minimum = approximation_ratio(expectation, least, highest)
    with_higher_maximum = approximation_ratio(expectation, lowest, most)
    return ratio, max(abs(ratio - with_lower_minimum), abs(with_higher_maximum - ratio))


def _quality(
    probabilities: NDArray[np.float64], circuit: Circuit, subproblem: Subproblem, classical: ClassicalAnalysis
) -> float:
    """Return how far the circuit gets from the initial mean cost (0) to the lowest cost (100)."""
    initial = float(circuit.start @ subproblem.costs)
    possible = initial - classical.spectrum.minimum
    if possible <= 1e-12 * max(abs(initial), classical.spectrum.span):
        return 100.0
    gained = initial - float(probabilities @ subproblem.costs)
    return 100 * min(1.0, max(0.0, gained / possible))


def _concentration(probabilities: NDArray[np.float64], circuit: Circuit, targets: NDArray[np.int64]) -> float:
    """Return how many times more likely the target states are than in the initial state."""
    before = float(circuit.start[targets].sum())
    return float(probabilities[targets].sum()) / before if before else 0.0


def _state_probabilities(
    request: CharacterizationRequest, subproblem: Subproblem, probabilities: NDArray[np.float64]
) -> tuple[StateProbability, ...]:
    # Round, so that equally likely states are ordered by their numbers on every machine.
    order = np.argsort(-np.round(probabilities, 12), kind="stable")[:_NUM_LIKELIEST]
    listed = {
        state_text(subproblem.rows(order[k : k + 1])[0]): float(probabilities[order[k]])
        for k in range(len(order))
    }
    for state in request.states:
        number = subproblem.number_of(state)
        listed[state] = 0.0 if number is None else float(probabilities[number])
    targets = set(request.states)
    ranked = sorted(listed.items(), key=lambda item: (-round(item[1], 12), item[0]))
    rows = state_rows([state for state, _ in ranked], request.objective.num_variables)
    costs = request.objective.values(rows).tolist()
    return tuple(
        StateProbability(state, probability, state in targets, cost)
        for (state, probability), cost in zip(ranked, costs, strict=True)
    )


def _sensitivity(
    probabilities: NDArray[np.float64], subproblem: Subproblem, spectrum: Spectrum
) -> tuple[float, ...]:
    """Return the mean change of cost when each free variable flips, divided by the span of the costs."""
    m = len(subproblem.variables)
    numbers = np.arange(len(subproblem.costs))
    span = spectrum.span or 1.0
    changes = (np.abs(subproblem.costs[numbers ^ mask_of([k], m)] - subproblem.costs) for k in range(m))
    return tuple(float(probabilities @ change) / span for change in changes)


def satisfied_probability(
    constraints: tuple[Constraint, ...], subproblem: Subproblem, probabilities: NDArray[np.float64]
) -> float | None:
    """Return the probability of a state that satisfies all ``constraints``, or ``None`` if there are none."""
    if not constraints:
        return None
    shares = (
        float(probabilities[numbers] @ satisfies_all(constraints, rows))
        for numbers, rows in subproblem.chunks()
    )
    return min(1.0, math.fsum(shares))
