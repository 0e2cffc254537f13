"""Write a problem in spin form (Ising form): ``f = Σ J_S · Π_{i in S} z_i`` with ``z_i = 1 - 2·x_i``.

Several figures follow from the couplings J_S without enumerating states: mean and variance of the costs, the
influence of a variable, the symmetry under flipping all variables, and bounds of the minimum.

Strategy: a term of d variables contributes to the couplings of its 2^d subsets. If there are too many subsets
and few enough variables, the couplings are computed from all costs by the Walsh-Hadamard transform.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.spectrum import enumerate_costs

__all__ = ["MAX_EXPANSION", "SpinForm", "expansion_size", "to_spin_form"]

MAX_EXPANSION = 2**22
"""The maximum number of subsets to enumerate."""

# Couplings up to this share of the total weight of the terms are rounding errors.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class SpinForm:
    """A problem in spin form.

    Attributes:
        num_variables: The number of spins.
        constant: J of the empty set, which is the mean cost of all states.
        couplings: The other J_S that are not 0, by the ascending indices of S.
    """

    num_variables: int
    constant: float
    couplings: Mapping[tuple[int, ...], float]

    @property
    def weight(self) -> float:
        """``Σ |J_S|``. No cost differs from the mean by more."""
        return math.fsum(map(abs, self.couplings.values()))

    @property
    def deviation(self) -> float:
        """The standard deviation of the costs of all states, ``√(Σ J_S²)``."""
        return math.hypot(*self.couplings.values())

    @property
    def influences(self) -> NDArray[np.float64]:
        """The root mean square of the change of cost when variable i flips: ``2·√(Σ_{S∋i} J_S²)``."""
        squares = np.zeros(self.num_variables)
        for term, coupling in self.couplings.items():
            squares[list(term)] += coupling**2
        return 2 * np.sqrt(squares)

    @property
    def is_flip_symmetric(self) -> bool:
        """Whether flipping all variables never changes the cost, that is, no S has an odd size."""
        return all(len(term) % 2 == 0 for term in self.couplings)


def expansion_size(objective: Polynomial) -> int:
    """Return the total number of subsets of the terms."""
    return sum(2 ** len(term) for term in objective.terms)


def to_spin_form(objective: Polynomial) -> SpinForm:
    """Return a problem in spin form.

    Args:
        objective: The problem. It must have at most 18 variables, or terms with at most 2^22 subsets in
            total.
    """
    is_short = expansion_size(objective) <= MAX_EXPANSION
    couplings = _expand(objective) if is_short else _transform(objective)
    constant = couplings.pop((), 0.0)
    noise = _ROUNDING * objective.total_weight
    kept = {term: value for term, value in sorted(couplings.items()) if abs(value) > noise}
    return SpinForm(objective.num_variables, constant, kept)


def _expand(objective: Polynomial) -> dict[tuple[int, ...], float]:
    """Compute the couplings term by term, by expanding ``x_i = (1 - z_i) / 2``."""
    couplings: dict[tuple[int, ...], float] = {}
    for term, coefficient in objective.terms.items():
        share = coefficient / 2 ** len(term)
        for size in range(len(term) + 1):
            for subset in combinations(term, size):
                couplings[subset] = couplings.get(subset, 0.0) + share
            share = -share
    return couplings


def _transform(objective: Polynomial) -> dict[tuple[int, ...], float]:
    """Compute the couplings from all costs, by the Walsh-Hadamard transform."""
    n = objective.num_variables
    values = enumerate_costs(objective)
    for variable in range(n):
        halves = values.reshape(2**variable, 2, -1)
        halves[:] = np.stack([halves[:, 0] + halves[:, 1], halves[:, 0] - halves[:, 1]], axis=1)
    values /= 2**n
    noise = _ROUNDING * objective.total_weight
    couplings = {}
    for number in np.flatnonzero(np.abs(values) > noise):
        term = tuple(i for i in range(n) if int(number) >> (n - 1 - i) & 1)
        couplings[term] = float(values[number])
    return couplings
