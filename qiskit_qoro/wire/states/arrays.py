"""The results of jobs of the type ``STATE``: arrays of numbers.

::

    array   = {"encoding": "complex128" | "float64", "shape": [length, ...], "payload": base64}
    payload = the numbers in C order, little-endian, 16 or 8 bytes each

A circuit that has no value of its own, such as the second one of a time evolution, has the result ``{}``.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.loose import read_integer
from qiskit_qoro.wire.fields import as_object, shown
from qiskit_qoro.wire.text import decode_loose_base64

__all__ = [
    "StateArray",
    "array_from_json",
    "array_to_json",
    "decode_numbers",
    "encode_numbers",
    "is_array",
]

StateArray = npt.NDArray[np.float64] | npt.NDArray[np.complex128]
"""Real or complex numbers."""

_DTYPES = {"complex128": "<c16", "float64": "<f8"}


def is_array(value: object) -> bool:
    """Whether the JSON of a result is that of an array."""
    return isinstance(value, dict) and str(value.get("encoding")) in _DTYPES


def array_to_json(array: StateArray | None) -> dict[str, Any]:
    """Encode the result of a circuit, ``None`` if the circuit has no value of its own."""
    if array is None:
        return {}
    encoding = "complex128" if np.iscomplexobj(array) else "float64"
    return {"encoding": encoding, "shape": list(array.shape), "payload": encode_numbers(array, encoding)}


def array_from_json(value: object) -> StateArray | None:
    """Decode the result of a circuit; return ``None`` if the circuit has no value of its own.

    Raises:
        WireError: The value is not an array, or its parts contradict each other.
    """
    fields = as_object(value, "results")
    if not fields:
        return None
    encoding = str(fields.get("encoding"))
    if encoding not in _DTYPES:
        raise WireError(
            f"encoding: expected {' or '.join(_DTYPES)}, got {shown(fields.get('encoding'))}. The job did "
            "not compute states"
        )
    listed = fields.get("shape")
    shape = [read_integer(length) for length in listed] if isinstance(listed, list) else [None]
    lengths = [length for length in shape if length is not None and length >= 0]
    if len(lengths) < len(shape):
        raise WireError(f"shape: expected a list of lengths, got {shown(listed)}")
    return decode_numbers(fields.get("payload"), encoding, lengths)


def encode_numbers(numbers: StateArray, encoding: str) -> str:
    """Encode numbers as base64, in C order and little-endian.

    Args:
        numbers: The numbers.
        encoding: ``"complex128"`` or ``"float64"``.
    """
    data = np.ascontiguousarray(numbers, dtype=_DTYPES[encoding])
    return binascii.b2a_base64(data.tobytes(), newline=False).decode("ascii")


def decode_numbers(payload: object, encoding: str, shape: Sequence[int]) -> StateArray:
    """Decode the numbers of an array.

    Args:
        payload: What :func:`encode_numbers` returns.
        encoding: ``"complex128"`` or ``"float64"``.
        shape: The shape of the array.

    Returns:
        An array in the byte order of this machine, which the caller may change.

    Raises:
        WireError: The payload is not base64, it has another size, or a number is not finite.
    """
    if not isinstance(payload, str):
        raise WireError(f"payload: expected base64 text, got {shown(payload)}")
    try:
        data = decode_loose_base64(payload)
    except WireError as error:
        error.introduce("payload")
        raise
    dtype = np.dtype(_DTYPES[encoding])
    needed = math.prod(shape) * dtype.itemsize
    if len(data) != needed:
        raise WireError(f"payload: expected {needed} bytes for the shape {list(shape)}, got {len(data)}")
    try:
        array: StateArray = np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    except (OverflowError, ValueError) as error:  # a shape may be empty and have a huge length
        raise WireError(f"shape: NumPy has no array of the shape {list(shape)}: {error}") from error
    if not np.isfinite(array).all():
        raise WireError("payload: expected finite numbers, got others")
    return array
