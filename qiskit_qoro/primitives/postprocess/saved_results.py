"""The results of a primitive in a file: arrays as base64 of their bytes, so that each number is exact."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import BitArray, DataBin, PrimitiveResult, PubResult, SamplerPubResult

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.job_file import bytes_from_json, bytes_to_json
from qiskit_qoro.primitives.postprocess.postprocessor import shape_from_json
from qiskit_qoro.wire.fields import as_count, as_list, as_object, shown, text_field
from qiskit_qoro.wire.json_values import json_metadata

__all__ = ["results_from_json", "results_to_json"]

# Little endian on every machine. No type of objects, which could run code.
_TYPES = {"float64": "<f8", "complex128": "<c16", "int64": "<i8", "uint8": "|u1"}
_MAX_DIMENSIONS = 32


def results_to_json(results: PrimitiveResult[PubResult]) -> dict[str, Any]:
    """Encode the results of all PUBs. Metadata that JSON cannot represent are dropped."""
    return {"pubs": [_pub_to_json(pub) for pub in results], "metadata": json_metadata(results.metadata)}


def results_from_json(value: object) -> PrimitiveResult[PubResult]:
    """Decode the results of all PUBs.

    Raises:
        WireError: A field is malformed.
    """
    fields = as_object(value, "results")
    pubs = [_pub_from_json(as_object(pub, "pubs")) for pub in as_list(fields.get("pubs"), "pubs")]
    return PrimitiveResult(pubs, metadata=as_object(fields.get("metadata", {}), "metadata"))


def _pub_to_json(pub: PubResult) -> dict[str, Any]:
    return {
        "type": "sampler" if isinstance(pub, SamplerPubResult) else "estimator",
        "shape": list(pub.data.shape),
        "data": {name: _value_to_json(value) for name, value in pub.data.items()},
        "metadata": _metadata_to_json(pub.metadata),
    }


def _metadata_to_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    # The metadata of the circuit are one entry. An odd value in them must not drop the others.
    entries = {
        key: json_metadata(value) if isinstance(value, Mapping) else value for key, value in metadata.items()
    }
    return json_metadata(entries)


def _pub_from_json(fields: Mapping[str, Any]) -> PubResult:
    kind = text_field(fields, "type")
    if kind not in ("sampler", "estimator"):
        raise WireError(f"type: expected sampler or estimator, got {kind!r}")
    values = as_object(fields.get("data"), "data")
    try:
        data = DataBin(
            **{name: _value_from_json(as_object(value, name), name) for name, value in values.items()},
            shape=shape_from_json(fields.get("shape")),
        )
    except (TypeError, ValueError) as error:
        raise WireError(f"data: {error}") from error
    metadata = as_object(fields.get("metadata", {}), "metadata")
    return SamplerPubResult(data, metadata) if kind == "sampler" else PubResult(data, metadata)


def _value_to_json(value: Any) -> dict[str, Any]:
    if isinstance(value, BitArray):
        return _array_to_json(value.array) | {"num_bits": value.num_bits}
    return _array_to_json(np.asarray(value))


def _array_to_json(array: npt.NDArray[Any]) -> dict[str, Any]:
    encoded = np.ascontiguousarray(array, _TYPES[array.dtype.name])
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "base64": bytes_to_json(encoded.tobytes()),
    }


def _value_from_json(fields: Mapping[str, Any], where: str) -> npt.NDArray[Any] | BitArray:
    array = _array_from_json(fields, where)
    if "num_bits" not in fields:
        return array
    return BitArray(array, as_count(fields["num_bits"], "num_bits", least=0))


def _array_from_json(fields: Mapping[str, Any], where: str) -> npt.NDArray[Any]:
    name = text_field(fields, "dtype")
    if name not in _TYPES:
        raise WireError(f"{where}: expected an array of {', '.join(_TYPES)}, got {shown(name)}")
    shape = shape_from_json(fields.get("shape"))
    data = bytes_from_json(fields.get("base64"), where)
    dtype = np.dtype(_TYPES[name])
    # The shape must not allocate more than the data.
    if len(shape) > _MAX_DIMENSIONS or prod(shape) * dtype.itemsize != len(data):
        raise WireError(f"{where}: expected the bytes of an array of shape {shape}, got {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape).astype(np.dtype(name))
