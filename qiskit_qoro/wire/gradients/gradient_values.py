"""The result of one circuit of a gradient job, an extension of the local service.

::

    {"encoding": "gr1", "n_observables": n, "n_params": m, "payload": base64}

The payload is a matrix of little-endian float64 in C order, with a row for each observable: its value, then
its derivatives by the m names of the template.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.gradients import GradientValues
from qiskit_qoro.wire.fields import as_count, shown, text_field

__all__ = ["GRADIENT_ENCODING", "decode_gradients", "encode_gradients"]

GRADIENT_ENCODING = "gr1"
"""The encoding of this format, as the histograms have one."""


def encode_gradients(result: GradientValues) -> dict[str, Any]:
    """Encode the values and gradients of one circuit."""
    matrix = np.column_stack([np.array(list(result.values())), result.gradients])
    return {
        "encoding": GRADIENT_ENCODING,
        "n_observables": len(result.gradients),
        "n_params": result.gradients.shape[1],
        "payload": base64.b64encode(matrix.astype("<f8").tobytes()).decode("ascii"),
    }


def decode_gradients(fields: Mapping[str, Any]) -> GradientValues:
    """Decode the values and gradients of one circuit.

    Raises:
        WireError: A field is missing, the payload has another size, or a number is not finite.
    """
    num_observables = as_count(fields.get("n_observables"), "n_observables", least=0)
    num_names = as_count(fields.get("n_params"), "n_params", least=0)
    try:
        data = base64.b64decode(text_field(fields, "payload"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"payload: expected base64, got {shown(fields.get('payload'))}") from error
    if len(data) != 8 * num_observables * (num_names + 1):
        raise WireError(
            f"payload: expected {num_names + 1} numbers for each of {num_observables} observables, got "
            f"{len(data)} bytes"
        )
    matrix = np.frombuffer(data, dtype="<f8").astype(np.float64).reshape(num_observables, num_names + 1)
    if not np.isfinite(matrix).all():
        raise WireError("payload: expected finite numbers, got others")
    return GradientValues(matrix[:, 0], matrix[:, 1:])
