"""The problem over spins: ``f = Σ J_S · Π_{i in S} z_i`` with ``z_i = 1 - 2·x_i``.

The mean, the variance and the influence of a variable over all states, the symmetry under flipping
everything and bounds on the minimum can be read from the J_S without enumerating states.

Strategy: each term of d variables contributes to its 2^d subsets. Where those are too many, and the variables
few enough, the J_S come from all costs by the Walsh-Hadamard transform.
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

__all__ = ["MAX_EXPANSION", "WalshForm", "expansion_size", "walsh_form"]

MAX_EXPANSION = 2**22
"""Most subsets that are written down one by one."""

_ROUNDING = 1e-13


@dataclass(frozen=True)
class WalshForm:
    """A problem over spins.

    Attributes:
        num_variables: How many spins there are.
        constant: The mean of the costs of all states, J of the empty set.
        couplings: J_S of the other sets that have one, by ascending indices.
    """

    num_variables: int
    constant: float
    couplings: Mapping[tuple[int, ...], float]

    @property
    def weight(self) -> float:
        """``Σ |J_S|``: how far costs can be from the mean."""
        return math.fsum(map(abs, self.couplings.values()))

    @property
    def deviation(self) -> float:
        """Standard deviation of the costs of all states: ``√(Σ J_S²)``."""
        return math.hypot(*self.couplings.values())

    @property
    def influences(self) -> NDArray[np.float64]:
        """Root mean square of the change of cost when variable i flips: ``2·√(Σ_{S∋i} J_S²)``."""
        squares = np.zeros(self.num_variables)
        for term, coupling in self.couplings.items():
            squares[list(term)] += coupling**2
        return 2 * np.sqrt(squares)

    @property
    def is_flip_symmetric(self) -> bool:
        """Whether flipping all variables never changes the cost: no J_S of odd size."""
        return all(len(term) % 2 == 0 for term in self.couplings)


def expansion_size(objective: Polynomial) -> int:
    """How many subsets the terms have together."""
    return sum(2 ** len(term) for term in objective.terms)


def walsh_form(objective: Polynomial) -> WalshForm:
    """The problem over spins.

    The caller makes sure that the expansion has at most 2^22 subsets, or the problem at most 18 variables.
    """
    is_short = expansion_size(objective) <= MAX_EXPANSION
    couplings = _expand(objective) if is_short else _transform(objective)
    constant = couplings.pop((), 0.0)
    noise = _ROUNDING * objective.total_weight
    kept = {term: value for term, value in sorted(couplings.items()) if abs(value) > noise}
    return WalshForm(objective.num_variables, constant, kept)


def _expand(objective: Polynomial) -> dict[tuple[int, ...], float]:
    couplings: dict[tuple[int, ...], float] = {}
    for term, coefficient in objective.terms.items():
        share = coefficient / 2 ** len(term)
        for size in range(len(term) + 1):
            for subset in combinations(term, size):
                couplings[subset] = couplings.get(subset, 0.0) + share
            share = -share
    return couplings


def _transform(objective: Polynomial) -> dict[tuple[int, ...], float]:
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
