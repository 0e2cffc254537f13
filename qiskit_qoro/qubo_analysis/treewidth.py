"""Bound the treewidth of a problem's graph, and find the minimum by eliminating variables.

In the graph, variables with a common term are neighbours. Eliminating a variable connects its neighbours with
each other. The largest number of neighbours of an eliminated variable, the width of the order, is an upper
bound of the treewidth.

Strategy: two greedy orders are tried, fewest neighbours first (min-degree) and fewest new edges first
(min-fill). Along the better one, the minimum is computed exactly: each step minimizes over one variable in a
table over its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial

__all__ = ["MAX_WIDTH", "EliminationOrder", "exact_minimum", "find_elimination_order"]

MAX_WIDTH = 16
"""The maximum width for computing the minimum: tables of 2^17 numbers."""

# Min-fill is slow, so larger problems only try min-degree.
_MAX_FILL_VARIABLES = 64

# The variables of a function, and its table with one axis of length 2 for each variable.
Factor = tuple[tuple[int, ...], NDArray[np.float64]]


@dataclass(frozen=True)
class EliminationOrder:
    """An order in which to eliminate the variables.

    Attributes:
        order: The variables.
        width: The largest number of neighbours of a variable when it is eliminated: an upper bound of the
            treewidth.
    """

    order: tuple[int, ...]
    width: int


def find_elimination_order(objective: Polynomial) -> EliminationOrder:
    """Return the better of the min-degree order and, for up to 64 variables, the min-fill order."""
    candidates = [_order(objective, by_fill=False)]
    if objective.num_variables <= _MAX_FILL_VARIABLES:
        candidates.append(_order(objective, by_fill=True))
    return min(candidates, key=lambda elimination: elimination.width)


def _order(objective: Polynomial, *, by_fill: bool) -> EliminationOrder:
    n = objective.num_variables
    neighbours: dict[int, set[int]] = {i: set() for i in range(n)}
    for term in objective.terms:
        for i in term:
            neighbours[i].update(term)
    for i, others in neighbours.items():
        others.discard(i)
    order: list[int] = []
    width = 0

    def fill(i: int) -> int:
        """Return twice the number of edges that eliminating ``i`` adds."""
        others = neighbours[i]
        return sum(len(others) - 1 - len(neighbours[j] & others) for j in others)

    while neighbours:
        score = fill if by_fill else lambda i: len(neighbours[i])
        best = min(neighbours, key=lambda i: (score(i), i))
        others = neighbours.pop(best)
        order.append(best)
        width = max(width, len(others))
        # Once the rest is a complete graph, the order does not matter.
        if len(others) == len(neighbours) and all(
            len(rest) == len(neighbours) for rest in neighbours.values()
        ):
            order.extend(sorted(neighbours))
            break
        for j in others:
            neighbours[j] |= others
            neighbours[j] -= {j, best}
    return EliminationOrder(tuple(order), width)


def exact_minimum(objective: Polynomial, elimination: EliminationOrder) -> float:
    """Compute the lowest cost by eliminating one variable after another.

    Args:
        objective: The problem.
        elimination: An elimination order of width 16 or less.
    """
    position = {variable: k for k, variable in enumerate(elimination.order)}
    # A bucket holds the factors whose first variable in the order is the bucket's variable.
    buckets: list[list[Factor]] = [[] for _ in elimination.order]
    for term, coefficient in objective.terms.items():
        table = np.zeros((2,) * len(term))
        table[(1,) * len(term)] = coefficient
        ordered = tuple(sorted(term, key=position.__getitem__))
        buckets[position[ordered[0]]].append((ordered, table))
    total = 0.0
    for bucket in buckets:
        if not bucket:
            continue
        scope, table = reduce(lambda left, right: _sum(left, right, position), bucket)
        rest = table.min(axis=0)
        if len(scope) == 1:
            total += float(rest)
        else:
            buckets[position[scope[1]]].append((scope[1:], rest))
    return total


def _sum(left: Factor, right: Factor, position: dict[int, int]) -> Factor:
    """Add two factors. The result has the variables of both, in elimination order."""
    scope = tuple(sorted({*left[0], *right[0]}, key=position.__getitem__))

    def spread(factor: Factor) -> NDArray[np.float64]:
        return factor[1].reshape([2 if variable in factor[0] else 1 for variable in scope])

    return scope, spread(left) + spread(right)
