"""The results of jobs of the type ``STATE``: arrays of numbers.

::

    array   = {"encoding": "complex128" | "float64", "shape": [length, ...], "payload": base64}
    payload = the numbers in C order, little-endian, 16 or 8 bytes each

A circuit that has no value of its own, such as the second one of a time evolution, has the result ``{}``.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.loose import read_integer
from qiskit_qoro.wire.fields import as_object, shown

__all__ = ["StateArray", "array_from_json", "array_to_json", "is_array"]

StateArray = npt.NDArray[np.float64] | npt.NDArray[np.complex128]
"""Real or complex numbers."""

_DTYPES = {"complex128": "<c16", "float64": "<f8"}


def is_array(value: object) -> bool:
    """Whether the JSON of a result is that of an array."""
    return isinstance(value, dict) and value.get("encoding") in _DTYPES


def array_to_json(array: StateArray | None) -> dict[str, Any]:
    """Encode the result of a circuit, ``None`` if the circuit has no value of its own."""
    if array is None:
        return {}
    encoding = "complex128" if np.iscomplexobj(array) else "float64"
    data = np.asarray(array, dtype=_DTYPES[encoding], order="C")
    return {
        "encoding": encoding,
        "shape": list(data.shape),
        "payload": base64.b64encode(data.tobytes()).decode(),
    }


def array_from_json(value: object) -> StateArray | None:
    """Decode the result of a circuit; return ``None`` if the circuit has no value of its own.

    Raises:
        WireError: The value is not an array, or its parts contradict each other.
    """
    fields = as_object(value, "results")
    if not fields:
        return None
    dtype = _DTYPES.get(str(fields.get("encoding")))
    if dtype is None:
        raise WireError(
            f"encoding: expected {' or '.join(_DTYPES)}, got {shown(fields.get('encoding'))}. The job did "
            "not compute states"
        )
    listed = fields.get("shape")
    shape = [read_integer(length) for length in listed] if isinstance(listed, list) else [None]
    lengths = [length for length in shape if length is not None and length >= 0]
    if len(lengths) < len(shape):
        raise WireError(f"shape: expected a list of lengths, got {shown(listed)}")
    payload = fields.get("payload")
    try:
        data = base64.b64decode(payload, validate=True) if isinstance(payload, str) else b""
    except (binascii.Error, ValueError) as error:
        raise WireError(f"payload: expected base64: {error}") from error
    needed = math.prod(lengths) * np.dtype(dtype).itemsize
    if len(data) != needed:
        raise WireError(f"payload: expected {needed} bytes for the shape {lengths}, got {len(data)}")
    # A copy in the byte order of this machine, which the caller may change.
    array: StateArray = np.frombuffer(data, dtype).reshape(lengths).astype(dtype.replace("<", "="))
    return array
