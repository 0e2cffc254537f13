"""Classical solvers to compare with: steepest descent and simulated annealing, seeded by the problem.

Strategy: both need what a flip of variable i costs, ``(1 - 2·x_i)·D_i`` with ``D_i = Σ_{S∋i} c_S Π_{j in S,
j≠i} x_j``. All restarts of the annealing are rows of one array, so that one step of Python moves all of
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.states import state_text

__all__ = ["FlipCosts", "Solution", "anneal", "descend"]

_SWEEPS = (10, 400)
_BUDGET = 4_000_000
"""Flips that the annealing tries in all, each weighted by the products that it has to look at, over 16."""

_COLDEST = 1e-3


@dataclass(frozen=True)
class Solution:
    """Where a solver ended.

    Attributes:
        cost: The lowest cost found.
        state: The state that has it, as text.
        ends: The states that the restarts ended in: m × n.
        agreement: The share of restarts that ended at the lowest cost.
    """

    cost: float
    state: str
    ends: NDArray[np.bool_]
    agreement: float


class FlipCosts:
    """What flipping each variable costs.

    Args:
        objective: The problem.
    """

    def __init__(self, objective: Polynomial) -> None:
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
                # Column n is always 1.
                partners[i].append(others + (n,) * (width - len(others)))
                coefficients[i].append(coefficient)
        self._partners = [np.array(rows, np.intp).reshape(-1, width) for rows in partners]
        self._coefficients = [np.array(values) for values in coefficients]
        self._touched = [sorted({i, *map(int, rows.flat)} - {n}) for i, rows in enumerate(self._partners)]
        self.effort = n + sum(map(len, coefficients)) * width // 16

    def of(self, variable: int, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The cost of flipping one variable in each row.

        Args:
            variable: Which one.
            rows: m × n of 0 and 1.
        """
        if self._matrix is not None:
            slopes = rows @ self._matrix[variable] + self._linear[variable]
        else:
            extended = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
            products = extended[:, self._partners[variable]].prod(axis=2)
            slopes = products @ self._coefficients[variable]
        return np.asarray((1 - 2 * rows[:, variable]) * slopes)

    def all(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """The cost of flipping each variable in one row of n."""
        if self._matrix is not None:
            return np.asarray((1 - 2 * row) * (self._matrix @ row + self._linear))
        return np.array([self.of(variable, row[None])[0] for variable in range(len(row))])

    def update(self, changes: NDArray[np.float64], row: NDArray[np.float64], flipped: int) -> None:
        """Correct what :meth:`all` gave, in place, for the variables that a flip concerns.

        Args:
            changes: The costs of flipping, before the flip.
            row: The state, after the flip.
            flipped: The variable that was flipped.
        """
        if self._matrix is not None:
            changes += (1 - 2 * row) * self._matrix[flipped] * (2 * row[flipped] - 1)
            changes[flipped] *= -1
        else:
            for variable in self._touched[flipped]:
                changes[variable] = self.of(variable, row[None])[0]


def descend(flips: FlipCosts, start: NDArray[np.bool_] | None = None) -> Solution:
    """Flip the variable that lowers the cost most, until none does.

    Args:
        flips: The problem.
        start: The first state; ``None`` means all zeros.
    """
    n = flips.objective.num_variables
    row = np.zeros(n) if start is None else start.astype(np.float64)
    slack = 1e-12 * flips.objective.total_weight
    changes = flips.all(row)
    # Bounded for the sake of problems that are built to take exponentially many steps.
    for _ in range(20 * n):
        best = int(changes.argmin())
        if changes[best] >= -slack:
            break
        row[best] = 1 - row[best]
        flips.update(changes, row, best)
    state = row.astype(bool)
    return Solution(float(flips.objective.values(state[None])[0]), state_text(state), state[None], 1.0)


def anneal(flips: FlipCosts, *, seed: int, restarts: int = 16) -> Solution:
    """Metropolis sweeps at temperatures that fall geometrically, then a descent from each end.

    The first temperature is the largest ``Σ_{S∋i} |c_S|``, the last one a thousandth of that. The number of
    sweeps is 10 to 400, fewer for larger problems.

    Args:
        flips: The problem.
        seed: Makes it repeatable.
        restarts: Independent chains.
    """
    objective = flips.objective
    n = objective.num_variables
    fields = np.zeros(n)
    for term, coefficient in objective.terms.items():
        fields[list(term)] += abs(coefficient)
    hottest = float(fields.max()) or 1.0
    rng = np.random.default_rng(seed)
    rows = (rng.random((restarts, n)) < 0.5).astype(np.float64)
    least, most = _SWEEPS
    sweeps = min(max(_BUDGET // (restarts * flips.effort), least), most)
    for sweep in range(sweeps):
        temperature = hottest * _COLDEST ** (sweep / (sweeps - 1))
        # A flip is accepted with the probability min(1, exp(-change / temperature)).
        limits = -temperature * np.log(1 - rng.random((n, restarts)))
        for variable in range(n):
            accepted = flips.of(variable, rows) <= limits[variable]
            rows[accepted, variable] = 1 - rows[accepted, variable]
    ends = np.concatenate([descend(flips, row.astype(bool)).ends for row in rows])
    costs = objective.values(ends)
    best = int(costs.argmin())
    is_best = costs <= costs[best] + 1e-9 * objective.total_weight
    return Solution(float(costs[best]), state_text(ends[best]), ends, float(is_best.mean()))
