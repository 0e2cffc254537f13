"""An objective over binary variables: :class:`Polynomial`, for QUBOs and for problems of higher order.

A term is the ascending tuple of its variables. There are no powers because ``x·x = x``, and the order of the
factors does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import QoroInputError

__all__ = ["Polynomial"]


@dataclass(frozen=True)
class Polynomial:
    """The objective ``f(x) = Σ c_S · Π_{i in S} x_i`` over variables that are 0 or 1. Lower is better.

    Attributes:
        num_variables: The number of variables, 1 or more. Not every variable has to occur in a term.
        terms: Ascending variable indices to coefficient, in ascending order. Terms with the coefficient 0 are
            dropped. There is no constant term.

    Raises:
        QoroInputError: A term is empty, not ascending, or has a variable that does not exist, or a
            coefficient is not finite.
    """

    num_variables: int
    terms: Mapping[tuple[int, ...], float]

    def __post_init__(self) -> None:
        if self.num_variables < 1:
            raise QoroInputError(f"num_variables is {self.num_variables}, expected 1 or more")
        for term, coefficient in self.terms.items():
            if not term or term[0] < 0 or any(after <= before for before, after in pairwise(term)):
                raise QoroInputError(f"term {term}: expected different variables in ascending order")
            if term[-1] >= self.num_variables:
                raise QoroInputError(f"term {term} needs more than {self.num_variables} variables")
            if not math.isfinite(coefficient):
                raise QoroInputError(f"the coefficient of {term} is {coefficient}, expected a finite number")
        kept = {term: float(self.terms[term]) for term in sorted(self.terms) if self.terms[term]}
        object.__setattr__(self, "terms", kept)

    @cached_property
    def degree(self) -> int:
        """The number of variables in the longest term, or 0 if there are no terms."""
        return max(map(len, self.terms), default=0)

    @cached_property
    def total_weight(self) -> float:
        """The sum ``Σ |c_S|``. No two values of the objective differ by more."""
        return math.fsum(map(abs, self.terms.values()))

    def negated(self) -> Polynomial:
        """Return ``-f``, whose minimum is the negative maximum of ``f``."""
        return Polynomial(self.num_variables, {term: -value for term, value in self.terms.items()})

    def widened(self, num_variables: int) -> Polynomial:
        """Return the same objective over more variables.

        Raises:
            QoroInputError: A term needs more than ``num_variables``.
        """
        return Polynomial(num_variables, self.terms)

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The symmetric n × n matrix ``Q`` such that ``xᵀQx`` is the sum of the terms of degree 1 and 2."""
        matrix = np.zeros((self.num_variables, self.num_variables))
        for term, coefficient in self.terms.items():
            if len(term) == 1:
                matrix[term[0], term[0]] = coefficient
            elif len(term) == 2:
                matrix[term] = matrix[term[::-1]] = coefficient / 2
        matrix.flags.writeable = False
        return matrix

    def values(self, states: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Evaluate the objective for each row.

        Args:
            states: An m × n array; column i holds the values of variable i.

        Returns:
            The m values.
        """
        if self.degree <= 2:
            # xᵀQx for all rows at once.
            rows = states.astype(np.float64)
            products: NDArray[np.float64] = np.einsum("ij,ij->i", rows @ self.matrix, rows)
            return products
        total = np.zeros(len(states))
        for term, coefficient in self.terms.items():
            total += coefficient * states[:, term].all(axis=1)
        return total

    @staticmethod
    def from_matrix(matrix: NDArray[np.float64]) -> Polynomial:
        """Convert the objective ``xᵀQx`` to a polynomial. ``Q`` need not be symmetric.

        Raises:
            QoroInputError: ``Q`` is not square, is empty, or has an entry that is not finite.
        """
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise QoroInputError(f"the matrix has the shape {matrix.shape}, expected a square")
        if not np.isfinite(matrix).all():
            raise QoroInputError("the matrix has an entry that is not a finite number")
        # x_i x_j occurs twice in xᵀQx: once from Q_ij and once from Q_ji.
        pairs = np.triu(matrix, 1) + np.tril(matrix, -1).T
        rows, columns = np.nonzero(pairs)
        terms: dict[tuple[int, ...], float] = {
            (int(i), int(j)): float(pairs[i, j]) for i, j in zip(rows, columns, strict=True)
        }
        terms |= {(int(i),): float(matrix[i, i]) for i in np.flatnonzero(matrix.diagonal())}
        return Polynomial(len(matrix), terms)
