"""QUBOs from files: JSON, CSV, matrices of NumPy and SciPy, and LP files."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from qiskit_qoro.cli.lp_files import read_lp
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.loose import read_number

__all__ = ["read_problem"]

_STANDARD_INPUT = "-"
_PARTS = ("linear", "quadratic")
# These shift all costs equally.
_CONSTANTS = ("constant", "offset")


def read_problem(file: str) -> object:
    """Read a problem in a form that :func:`~qiskit_qoro.qubo.characterization.characterize` accepts.

    Args:
        file: The path. Its suffix decides the format. ``-`` is standard input, which is JSON.

    Raises:
        QoroInputError: The file cannot be read, or its content has another format.
    """
    suffix = ".json" if file == _STANDARD_INPUT else Path(file).suffix.lower()
    read = _READERS.get(suffix)
    if read is None:
        *others, last = _READERS
        raise QoroInputError(
            f"{file}: expected a QUBO in a file that ends with {', '.join(others)} or {last}. Other problems "
            "can be read with qiskit-optimization in Python, and passed to characterize()"
        )
    try:
        content = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise QoroInputError(f"{file}: {error.strerror or error}") from error
    try:
        return read(content)
    except QoroInputError as error:
        error.introduce(file)
        raise
    except RecursionError as error:
        raise QoroInputError(f"{file}: the JSON is nested too deeply") from error
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise QoroInputError(f"{file}: the file does not have this format: {error}") from error


def _read_json(content: bytes) -> object:
    try:
        value = json.loads(content)
    except ValueError as error:  # also of bytes that are not text
        raise QoroInputError(f"the file is not JSON: {error}") from error
    if isinstance(value, list):
        return _matrix(value, "the file")
    if not isinstance(value, dict):
        raise QoroInputError(
            'expected a matrix as a list of rows, an object with terms such as {"0,1": 2, "0": -1}, or an '
            f"object with linear and quadratic, got {type(value).__name__}"
        )
    return _of_parts(value) if value.keys() & set(_PARTS) else value


def _of_parts(value: Mapping[str, Any]) -> object:
    """Join the linear and the quadratic part of an objective."""
    for name in value:
        if name not in (*_PARTS, *_CONSTANTS):
            raise QoroInputError(f"{name}: unknown key, expected linear, quadratic and constant")
    linear, quadratic = value.get("linear") or {}, value.get("quadratic") or {}
    if isinstance(linear, list):
        linear = {str(index): coefficient for index, coefficient in enumerate(linear)}
    if not isinstance(linear, dict):
        raise QoroInputError(
            "linear: expected a list of coefficients, or an object from index to coefficient"
        )
    if isinstance(quadratic, list):
        matrix = _matrix(quadratic, "quadratic")
        quadratic = {f"{row},{column}": item for (row, column), item in np.ndenumerate(matrix) if item}
    if not isinstance(quadratic, dict):
        raise QoroInputError('quadratic: expected a matrix, or an object such as {"0,1": 2}')
    terms: dict[str, float] = {}
    for name, part in (("linear", linear), ("quadratic", quadratic)):
        for key, coefficient in part.items():
            number = read_number(coefficient)
            if number is None:
                raise QoroInputError(
                    f"{name}: the coefficient of {key} is {coefficient!r}, expected a number"
                )
            # Equal keys of the two parts, such as "0" and "0,0", are the same product.
            terms[key] = terms.get(key, 0.0) + number
    return terms


def _matrix(rows: Any, name: str) -> Any:
    try:
        matrix = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise QoroInputError(
            f"{name} is not a matrix: expected rows of numbers with the same length"
        ) from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise QoroInputError(f"{name} has the shape {matrix.shape}, expected a square matrix")
    return matrix


def _read_csv(content: bytes) -> object:
    with warnings.catch_warnings():
        # NumPy warns about an empty file. The shape of the matrix is checked anyway.
        warnings.simplefilter("ignore")
        return _matrix(
            np.loadtxt(BytesIO(content), delimiter=",", ndmin=2, encoding="utf-8-sig").tolist(), "it"
        )


def _read_numpy(content: bytes) -> object:
    # Other arrays of Python objects would run code when they are loaded.
    return np.load(BytesIO(content), allow_pickle=False)


def _read_scipy(content: bytes) -> object:
    from scipy.sparse import load_npz  # noqa: PLC0415 - it takes a moment

    return load_npz(BytesIO(content))


def _read_lp(content: bytes) -> object:
    # CPLEX and docplex write names in Latin 1, but these are ASCII in nearly all files.
    return read_lp(content.decode("latin-1"))


_READERS: Mapping[str, Callable[[bytes], object]] = {
    ".json": _read_json,
    ".csv": _read_csv,
    ".npy": _read_numpy,
    ".npz": _read_scipy,
    ".lp": _read_lp,
}
"""Suffix to the function that reads the content of the file."""
