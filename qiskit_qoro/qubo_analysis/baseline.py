"""Classical baseline solvers: steepest descent and simulated annealing.

Strategy: both solvers need the change of cost when variable i flips. It is ``(1 - 2·x_i)·D_i`` with
``D_i = Σ_{S∋i} c_S Π_{j in S, j≠i} x_j``. The restarts of the annealing are the rows of one array, so that
one NumPy operation updates all of them.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.states import state_text

__all__ = ["FlipCosts", "Solution", "anneal", "descend", "problem_seed"]

# Limits of the number of annealing sweeps.
_MIN_SWEEPS, _MAX_SWEEPS = 10, 400

# The annealing's budget for all restarts together, in units of FlipCosts.effort.
_BUDGET = 4_000_000

# The last temperature of the annealing divided by the first.
_FINAL_TEMPERATURE = 1e-3


@dataclass(frozen=True)
class Solution:
    """The result of a solver.

    Attributes:
        cost: The lowest cost found.
        state: A state with this cost, as text.
        final_states: The final state of each of m restarts: m × n.
        agreement: The share of restarts that ended at the lowest cost.
    """

    cost: float
    state: str
    final_states: NDArray[np.bool_]
    agreement: float


class FlipCosts:
    """Computes the change of cost when variables flip.

    Args:
        objective: The problem.

    Attributes:
        objective: The problem.
        effort: The cost of one sweep over all variables of one state, in arbitrary units.
    """

    def __init__(self, objective: Polynomial) -> None:
        # Quadratic problems use a matrix. For longer terms, each variable has an array of the other variables
        # of its terms, so that the products of all terms are one NumPy operation.
        self.objective = objective
        n = objective.num_variables
        self._matrix: NDArray[np.float64] | None = None
        if objective.degree <= 2:
            self._matrix = 2 * objective.matrix
            self._linear = self._matrix.diagonal() / 2
            np.fill_diagonal(self._matrix, 0.0)
            self.effort = n * max(1, n // 64)
            return
        width = objective.degree - 1
        partners: list[list[tuple[int, ...]]] = [[] for _ in range(n)]
        coefficients: list[list[float]] = [[] for _ in range(n)]
        for term, coefficient in objective.terms.items():
            for i in term:
                others = tuple(j for j in term if j != i)
                # Pad short terms with index n, the column that "of" sets to 1.
                partners[i].append(others + (n,) * (width - len(others)))
                coefficients[i].append(coefficient)
        self._partners = [np.array(rows, np.intp).reshape(-1, width) for rows in partners]
        self._coefficients = [np.array(values) for values in coefficients]
        # The variables whose change of cost depends on a variable.
        self._touched = [sorted({i, *map(int, rows.flat)} - {n}) for i, rows in enumerate(self._partners)]
        self.effort = n + sum(map(len, coefficients)) * width // 16

    def of(self, variable: int, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of cost when one variable flips, for each row.

        Args:
            variable: The variable.
            rows: States, an m × n array of 0 and 1.
        """
        if self._matrix is not None:
            slopes = rows @ self._matrix[variable] + self._linear[variable]
        else:
            extended = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
            products = extended[:, self._partners[variable]].prod(axis=2)
            slopes = products @ self._coefficients[variable]
        return np.asarray((1 - 2 * rows[:, variable]) * slopes)

    def all(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of cost for a flip of each variable of one state."""
        if self._matrix is not None:
            return np.asarray((1 - 2 * row) * (self._matrix @ row + self._linear))
        return np.array([self.of(variable, row[None])[0] for variable in range(len(row))])

    def update(self, changes: NDArray[np.float64], row: NDArray[np.float64], flipped: int) -> None:
        """Update the result of :meth:`all` in place after a flip.

        Args:
            changes: The changes of cost before the flip.
            row: The state after the flip.
            flipped: The variable that has flipped.
        """
        if self._matrix is not None:
            changes += (1 - 2 * row) * self._matrix[flipped] * (2 * row[flipped] - 1)
            changes[flipped] *= -1
        else:
            for variable in self._touched[flipped]:
                changes[variable] = self.of(variable, row[None])[0]


def problem_seed(objective: Polynomial) -> int:
    """Derive a seed from a problem. It is the same on every machine."""
    digest = hashlib.sha256(struct.pack("<q", objective.num_variables))
    for term, coefficient in objective.terms.items():
        digest.update(struct.pack(f"<q{len(term)}qd", len(term), *term, coefficient))
    return int.from_bytes(digest.digest()[:8], "little")


def descend(flips: FlipCosts, start: NDArray[np.bool_] | None = None) -> Solution:
    """Flip the variable that lowers the cost most, until no flip lowers it.

    Args:
        flips: The problem.
        start: The initial state, by default all zeros.
    """
    n = flips.objective.num_variables
    row = np.zeros(n) if start is None else start.astype(np.float64)
    slack = 1e-12 * flips.objective.total_weight
    changes = flips.all(row)
    # The limit is for problems that are constructed to need exponentially many steps.
    for _ in range(20 * n):
        best = int(changes.argmin())
        if changes[best] >= -slack:
            break
        row[best] = 1 - row[best]
        flips.update(changes, row, best)
    state = row.astype(bool)
    return Solution(float(flips.objective.values(state[None])[0]), state_text(state), state[None], 1.0)


def anneal(flips: FlipCosts, *, seed: int, restarts: int = 16) -> Solution:
    """Minimize by simulated annealing, followed by a descent from each final state.

    The annealing consists of 10 to 400 Metropolis sweeps, fewer for larger problems. The temperature falls
    geometrically from the largest ``Σ_{S∋i} |c_S|`` to a thousandth of it.

    Args:
        flips: The problem.
        seed: The seed of the random numbers.
        restarts: The number of independent chains.
    """
    objective = flips.objective
    n = objective.num_variables
    fields = np.zeros(n)
    for term, coefficient in objective.terms.items():
        fields[list(term)] += abs(coefficient)
    first_temperature = float(fields.max()) or 1.0
    rng = np.random.default_rng(seed)
    rows = (rng.random((restarts, n)) < 0.5).astype(np.float64)
    sweeps = min(max(_BUDGET // (restarts * flips.effort), _MIN_SWEEPS), _MAX_SWEEPS)
    for sweep in range(sweeps):
        temperature = first_temperature * _FINAL_TEMPERATURE ** (sweep / (sweeps - 1))
        # A flip is accepted with the probability min(1, exp(-change / temperature)), that is, if its change
        # is at most -temperature·log(u) for a uniformly random u.
        limits = -temperature * np.log(1 - rng.random((n, restarts)))
        for variable in range(n):
            accepted = flips.of(variable, rows) <= limits[variable]
            rows[accepted, variable] = 1 - rows[accepted, variable]
    final_states = np.concatenate([descend(flips, row.astype(bool)).final_states for row in rows])
    costs = objective.values(final_states)
    best = int(costs.argmin())
    is_best = costs <= costs[best] + 1e-9 * objective.total_weight
    return Solution(float(costs[best]), state_text(final_states[best]), final_states, float(is_best.mean()))
