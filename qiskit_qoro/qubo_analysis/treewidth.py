"""The graph of the problem, where variables are neighbours that share a term: its treewidth and its use.

Strategy: eliminating a variable joins its neighbours; the most neighbours met on the way bound the
treewidth from above. Two orders are tried, fewest neighbours first and fewest new edges first. Along the
better one the minimum is exact: each elimination minimizes over one variable in a table of its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.models.qubo import Polynomial

__all__ = ["MAX_WIDTH", "Elimination", "eliminate", "exact_minimum"]

MAX_WIDTH = 16
"""Widest elimination that is carried out: tables of 2^17 numbers."""

_MAX_FILL_VARIABLES = 64

Factor = tuple[tuple[int, ...], NDArray[np.float64]]


@dataclass(frozen=True)
class Elimination:
    """An order of the variables.

    Attributes:
        order: The variables as they are eliminated.
        width: The most neighbours that one of them has by then: an upper bound of the treewidth.
    """

    order: tuple[int, ...]
    width: int


def eliminate(objective: Polynomial) -> Elimination:
    """The better of two orders: fewest neighbours first and, up to 64 variables, fewest new edges first."""
    found = [_order(objective, by_fill=False)]
    if objective.num_variables <= _MAX_FILL_VARIABLES:
        found.append(_order(objective, by_fill=True))
    return min(found, key=lambda elimination: elimination.width)


def _order(objective: Polynomial, *, by_fill: bool) -> Elimination:
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
        others = neighbours[i]
        return sum(len(others) - 1 - len(neighbours[j] & others) for j in others)

    while neighbours:
        score = fill if by_fill else lambda i: len(neighbours[i])
        best = min(neighbours, key=lambda i: (score(i), i))
        others = neighbours.pop(best)
        order.append(best)
        width = max(width, len(others))
        if len(others) == len(neighbours) and all(
            len(rest) == len(neighbours) for rest in neighbours.values()
        ):
            order.extend(sorted(neighbours))
            break
        for j in others:
            neighbours[j] |= others
            neighbours[j] -= {j, best}
    return Elimination(tuple(order), width)


def exact_minimum(objective: Polynomial, elimination: Elimination) -> float:
    """The lowest cost, by eliminating one variable after the other.

    Args:
        objective: The problem.
        elimination: An order of width 16 or less.
    """
    position = {variable: k for k, variable in enumerate(elimination.order)}
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
        scope, table = reduce(lambda one, other: _sum(one, other, position), bucket)
        rest = table.min(axis=0)
        if len(scope) == 1:
            total += float(rest)
        else:
            buckets[position[scope[1]]].append((scope[1:], rest))
    return total


def _sum(one: Factor, other: Factor, position: dict[int, int]) -> Factor:
    """Two tables added, over the variables of both in the order of their elimination."""
    scope = tuple(sorted({*one[0], *other[0]}, key=position.__getitem__))

    def spread(factor: Factor) -> NDArray[np.float64]:
        return factor[1].reshape([2 if variable in factor[0] else 1 for variable in scope])

    return scope, spread(one) + spread(other)
