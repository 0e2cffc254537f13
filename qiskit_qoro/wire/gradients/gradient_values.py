"""The result of one circuit of a gradient job, an extension of the local service.

::

    {"encoding": "gr1", "n_observables": n, "n_params": m, "payload": base64}

The payload is a matrix of little-endian float64 in C order, with a row for each observable: its value, then
its derivatives by the m names of the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qiskit_qoro.models.gradients import GradientValues
from qiskit_qoro.wire.fields import as_count
from qiskit_qoro.wire.states.arrays import decode_numbers, encode_numbers

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
        "payload": encode_numbers(matrix, "float64"),
    }


def decode_gradients(fields: Mapping[str, Any]) -> GradientValues:
    """Decode the values and gradients of one circuit.

    Raises:
        WireError: A field is missing, the payload has another size, or a number is not finite.
    """
    num_observables = as_count(fields.get("n_observables"), "n_observables", least=0)
    num_names = as_count(fields.get("n_params"), "n_params", least=0)
    matrix = decode_numbers(fields.get("payload"), "float64", (num_observables, num_names + 1)).real
    return GradientValues(matrix[:, 0], matrix[:, 1:])
