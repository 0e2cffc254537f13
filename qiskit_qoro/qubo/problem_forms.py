"""Convert a QUBO from any accepted form to the JSON that the service expects."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from qiskit.exceptions import QiskitError

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.arguments import plain_of
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.qubo import MAX_FACTORED_VARIABLES, factored_to_json, qubo_from_json, terms_to_json

__all__ = ["encode_problem"]


def encode_problem(problem: object) -> tuple[dict[str, Any], int]:
    """Encode a problem for the service, in the smaller of the two forms that it accepts.

    Args:
        problem: As for :func:`~qiskit_qoro.qubo.characterization.characterize`.

    Returns:
        The JSON object, and the number of variables.

    Raises:
        QoroInputError: The problem has none of the accepted forms, or is malformed.
    """
    if isinstance(problem, Mapping) and "_format" in problem:
        envelope = plain_of(problem)
        try:
            return envelope, qubo_from_json(envelope).num_variables
        except WireError as error:
            raise QoroInputError(str(error)) from error
    polynomial = _to_polynomial(problem)
    terms = terms_to_json(polynomial)
    if polynomial.degree > 2 or polynomial.num_variables > MAX_FACTORED_VARIABLES:
        return terms, polynomial.num_variables
    factored = factored_to_json(polynomial.matrix)
    smaller = min(terms, factored, key=lambda form: len(render(form)))
    return smaller, polynomial.num_variables


def _to_polynomial(problem: Any) -> Polynomial:
    if isinstance(problem, Mapping):
        return _from_mapping(problem)
    # These packages are optional, so their objects are recognized by their attributes.
    if hasattr(problem, "objective") and hasattr(problem, "variables"):
        return _from_program(problem)
    if hasattr(problem, "tocoo"):
        return _from_sparse(problem.tocoo())
    expected = f"expected a dict, a matrix or a QuadraticProgram, got {type(problem).__name__}"
    try:
        matrix = np.asarray(problem)
        if not np.iscomplexobj(matrix):
            matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise QoroInputError(expected) from error
    if not matrix.ndim:
        raise QoroInputError(expected)
    _check_real(matrix)
    return Polynomial.from_matrix(matrix)


def _from_sparse(matrix: Any) -> Polynomial:
    """Convert a sparse matrix in COO format. It may be far too large to be stored densely."""
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise QoroInputError(f"the matrix has the shape {matrix.shape}, expected a square matrix")
    _check_real(matrix)
    terms: dict[tuple[int, ...], float] = {}
    # The format may list an entry several times. Equal entries and both triangles are added up.
    for row, column, value in zip(matrix.row, matrix.col, matrix.data, strict=True):
        if value:
            term = tuple(sorted({int(row), int(column)}))
            terms[term] = terms.get(term, 0.0) + float(value)
    return Polynomial(matrix.shape[0], terms)


def _check_real(matrix: Any) -> None:
    if np.issubdtype(matrix.dtype, np.complexfloating):
        raise QoroInputError(f"the matrix has entries of the type {matrix.dtype}, expected real numbers")


def _from_mapping(problem: Mapping[Any, Any]) -> Polynomial:
    terms: dict[tuple[int, ...], float] = {}
    for key, coefficient in problem.items():
        try:
            indices = key.split(",") if isinstance(key, str) else key if isinstance(key, tuple) else (key,)
            term = tuple(sorted({_index(index) for index in indices}))
            terms[term] = terms.get(term, 0.0) + float(coefficient)
        except (TypeError, ValueError) as error:
            raise QoroInputError(
                f"the term {key!r}: {coefficient!r} is invalid, expected variable indices such as '0,1', "
                "(0, 1) or 0, and a number"
            ) from error
    if not terms:
        raise QoroInputError("the problem has no term, expected at least one")
    if () in terms:
        raise QoroInputError(
            "the problem has a constant, the term (): remove it, because it shifts all costs equally"
        )
    return Polynomial(1 + max(index for term in terms for index in term), terms)


def _index(index: Any) -> int:
    number = int(index) if isinstance(index, str) else operator.index(index)
    if number < 0:
        raise ValueError(number)
    return number


def _from_program(program: Any) -> Polynomial:
    """Convert a program of qiskit-optimization, which turns the constraints into penalties."""
    from qiskit_optimization.converters import QuadraticProgramToQubo  # noqa: PLC0415 - not required

    try:
        objective = QuadraticProgramToQubo().convert(program).objective
    except QiskitError as error:
        raise QoroInputError(f"the program cannot be converted to a QUBO: {error.message}") from error
    matrix = objective.quadratic.to_array(symmetric=True) + np.diag(objective.linear.to_array())
    return Polynomial.from_matrix(matrix)
