"""QUBOs in wire format, with comma keys or in the envelope ``factored_v1``.

Comma keys::

    qubo  = { key: number, … }
    key   = index *("," index)      in decimal, without signs, spaces or leading zeros

``"0,1"`` is the coefficient of x0·x1. Coefficients of the same product are **summed** (``"0,1"`` and
``"1,0"``, ``"0"`` and ``"0,0"``), like the two triangles of a matrix. Three or more indices make a HUBO.

The envelope::

    { "_format": "factored_v1", "n": n, "k": k, "F": hex, "signs": [±1, …], "diag": hex }

contains the symmetric matrix ``Q = F · diag(signs) · Fᵀ + diag(diag)`` of the objective ``xᵀQx``, so x_i·x_j
has the coefficient ``2·Q_ij``. ``F`` is n × k and ``diag`` has n entries, both little-endian float64 in C
order. Off-diagonal entries of ``Q`` of at most 1e-13 of the largest term in the sum are rounding errors and
become zero.

The decoder compares all lengths with ``n`` and ``k`` before it decodes a byte, and ``n`` with its limit
before it allocates the matrix.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.wire.fields import as_count, as_list, as_number, as_object, refuse_unknown_keys, shown

__all__ = ["MAX_FACTORED_VARIABLES", "MAX_VARIABLES", "factored_to_json", "qubo_from_json", "terms_to_json"]

MAX_VARIABLES = 2**20
"""Most variables with comma keys: one more than the highest allowed index."""

MAX_FACTORED_VARIABLES = 1024
"""Most variables of an envelope. The limit is low because its matrix is dense."""

_FORMAT = "factored_v1"
_KEY = re.compile(r"(?:0|[1-9][0-9]{0,6})(?:,(?:0|[1-9][0-9]{0,6}))*", re.ASCII)
_ROUNDING = 1e-13  # relative size of entries and eigenvalues that are rounding errors
_MAX_RESIDUE = 1e-12  # relative error of a factorization that counts as exact
_HEX_PER_FLOAT = 16


def qubo_from_json(value: object, where: str = "qubo", *, num_variables: int | None = None) -> Polynomial:
    """Decode a QUBO or a HUBO, in either form.

    Args:
        value: The parsed JSON.
        where: The name of the field in error messages.
        num_variables: The expected number of variables. ``None`` accepts the highest index plus one, or the
            envelope's ``n``.

    Raises:
        WireError: A key, a coefficient or a field of the envelope is invalid, or there are too many
            variables.
    """
    fields = as_object(value, where)
    polynomial = _from_envelope(fields, where) if "_format" in fields else _from_terms(fields, where)
    if num_variables is None or num_variables == polynomial.num_variables:
        return polynomial
    if "_format" in fields or num_variables < polynomial.num_variables:
        raise WireError(f"{where}: it has {polynomial.num_variables} variables, expected {num_variables}")
    return polynomial.widened(num_variables)


def terms_to_json(polynomial: Polynomial) -> dict[str, float]:
    """Encode a polynomial with comma keys.

    The result does not show variables above the highest one that occurs in a term. If there are such
    variables, send ``n_qubits`` with it.
    """
    return {",".join(map(str, term)): value for term, value in polynomial.terms.items()}


def factored_to_json(matrix: NDArray[np.float64]) -> dict[str, Any]:
    """Encode a symmetric matrix in the envelope ``factored_v1``, with as few columns of ``F`` as possible.

    The function tries three factorizations and uses the smallest: the eigenvectors of ``Q``, the eigenvectors
    of ``Q`` without its diagonal, and a single column plus a diagonal. Squared linear constraints and number
    partitioning have the last form.

    Args:
        matrix: An n × n matrix, symmetric and finite. The objective is ``xᵀQx``.

    Returns:
        The envelope. Decoding it gives ``matrix`` up to rounding errors of about 1e-12 of its largest entry.

    Raises:
        QoroInputError: The matrix is not square, not symmetric or not finite.
    """
    matrix = np.asarray(matrix, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise QoroInputError(f"the matrix has the shape {matrix.shape}, expected a square")
    if not np.isfinite(matrix).all() or not (matrix == matrix.T).all():
        raise QoroInputError("expected a symmetric matrix of finite numbers")
    diagonal = matrix.diagonal()
    no_diagonal = np.zeros(len(matrix))
    candidates = [
        (*_eigen_factors(matrix), no_diagonal),
        (*_eigen_factors(matrix - np.diag(diagonal)), diagonal),
        *_one_column(matrix),
    ]
    factors, signs, rest = min(candidates, key=lambda candidate: candidate[0].shape[1])
    return {
        "_format": _FORMAT,
        "n": len(matrix),
        "k": len(signs),
        "F": _to_hex(factors),
        "signs": [int(sign) for sign in signs],
        "diag": _to_hex(rest),
    }


# --- comma keys -----------------------------------------------------------------------------------------


def _from_terms(fields: Mapping[str, Any], where: str) -> Polynomial:
    terms: dict[tuple[int, ...], float] = {}
    size = 0
    for key, value in fields.items():
        if not _KEY.fullmatch(key):
            raise WireError(f"{where}: expected keys of indices separated by commas, got {shown(key)}")
        term = tuple(sorted(set(map(int, key.split(",")))))
        if term[-1] >= MAX_VARIABLES:
            raise WireError(f"{where}[{key!r}]: expected indices below {MAX_VARIABLES}")
        size = max(size, term[-1] + 1)
        total = terms.get(term, 0.0) + as_number(value, f"{where}[{key!r}]")
        if not math.isfinite(total):
            raise WireError(f"{where}[{key!r}]: the sum of the coefficients of this product is too large")
        terms[term] = total
    if not size:
        raise WireError(f"{where}: expected at least one coefficient, got none")
    return Polynomial(size, terms)


# --- the envelope ---------------------------------------------------------------------------------------


def _from_envelope(fields: Mapping[str, Any], where: str) -> Polynomial:
    refuse_unknown_keys(fields, ("_format", "n", "k", "F", "signs", "diag"))
    if fields["_format"] != _FORMAT:
        raise WireError(f'{where}._format: expected "{_FORMAT}", got {shown(fields["_format"])}')
    n = as_count(fields.get("n"), f"{where}.n")
    k = as_count(fields.get("k"), f"{where}.k", least=0)
    if n > MAX_FACTORED_VARIABLES:
        raise WireError(f"{where}.n: expected at most {MAX_FACTORED_VARIABLES} variables, got {n}")
    signs = as_list(fields.get("signs"), f"{where}.signs")
    if len(signs) != k:
        raise WireError(f"{where}.signs: expected k = {k} signs, got {len(signs)}")
    numbers = [as_number(sign, f"{where}.signs") for sign in signs]
    if any(abs(number) != 1 for number in numbers):
        raise WireError(f"{where}.signs: expected 1 and -1, got {shown(signs)}")
    factors = _from_hex(fields.get("F"), f"{where}.F", n * k).reshape(n, k)
    diagonal = _from_hex(fields.get("diag"), f"{where}.diag", n)
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = (factors * np.array(numbers, np.float64)) @ factors.T
        largest = max(np.abs(factors).max(initial=0.0) ** 2, np.abs(matrix).max())
        matrix[np.abs(matrix) <= _ROUNDING * largest] = 0
        matrix += np.diag(diagonal)
        is_finite = np.isfinite(largest) and np.isfinite(2 * matrix).all()
    if not is_finite:
        raise WireError(f"{where}: the matrix of F, signs and diag has entries that are too large")
    # The product of two matrices is symmetric only up to rounding errors.
    return Polynomial.from_matrix((matrix + matrix.T) / 2)


def _from_hex(value: object, where: str, count: int) -> NDArray[np.float64]:
    length = _HEX_PER_FLOAT * count
    if not isinstance(value, str) or len(value) != length:
        got = f"{len(value)}" if isinstance(value, str) else shown(value)
        raise WireError(f"{where}: expected {length} hexadecimal digits for {count} numbers, got {got}")
    try:
        data = bytes.fromhex(value)
    except ValueError as error:
        raise WireError(f"{where}: expected hexadecimal digits only") from error
    # fromhex skips spaces.
    if len(data) != 8 * count:
        raise WireError(f"{where}: expected hexadecimal digits only")
    numbers = np.frombuffer(data, "<f8").astype(np.float64)
    if not np.isfinite(numbers).all():
        raise WireError(f"{where}: expected finite numbers")
    return numbers


def _to_hex(numbers: NDArray[np.float64]) -> str:
    return numbers.astype("<f8").tobytes().hex()


def _eigen_factors(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factorize a symmetric matrix by its eigenvectors into ``F`` and the signs.

    The number of columns of ``F`` is the rank of the matrix.
    """
    eigenvalues, vectors = np.linalg.eigh(matrix)
    size = np.abs(eigenvalues)
    kept = size > _ROUNDING * size.max()
    return vectors[:, kept] * np.sqrt(size[kept]), np.sign(eigenvalues[kept])


def _one_column(
    matrix: NDArray[np.float64],
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Factorize a matrix into ``±a·aᵀ`` plus a diagonal; return an empty list if it does not have that form.

    Off the diagonal, the matrix is ``Q_ij = s·a_i·a_j`` with a sign s. So three different indices p, j and k
    give ``s·a_p² = Q_pj·Q_pk / Q_jk``, and row p then gives all other entries of a.
    """
    others = matrix - np.diag(matrix.diagonal())
    # j and k are the indices of the largest entry, and the pivot p has large entries with both.
    j, k = divmod(int(np.abs(others).argmax()), len(matrix))
    pivots = np.flatnonzero(others[j] * others[k])
    if not others[j, k] or not len(pivots):
        return []
    pivot = int(pivots[np.abs(others[j, pivots]).argmax()])
    square = others[pivot, j] * (others[pivot, k] / others[j, k])
    column = others[pivot] / math.sqrt(abs(square))
    column[pivot] = math.copysign(math.sqrt(abs(square)), square)
    sign = math.copysign(1.0, square)
    column *= sign
    rebuilt = sign * np.outer(column, column)
    residue = np.abs(rebuilt - np.diag(rebuilt.diagonal()) - others).max()
    if not residue <= _MAX_RESIDUE * np.abs(others).max():
        return []
    return [(column[:, None], np.array([sign]), matrix.diagonal() - rebuilt.diagonal())]
