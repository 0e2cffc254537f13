"""The JSON bodies that add circuits to a job: bound circuits, and templates with parameter sets.

The decoders are strict, like all decoders of requests: an unknown key is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import CircuitBatch
from qiskit_qoro.models.shots import parse_circuit_ham_map, parse_shot_groups
from qiskit_qoro.models.templates import ParameterSet, TemplateBatch, TemplateEntry, are_finite_floats
from qiskit_qoro.wire.chunks import render, render_rows
from qiskit_qoro.wire.fields import (
    as_count,
    as_list,
    as_number,
    as_object,
    as_wire_error,
    choice_field,
    refuse_unknown_keys,
    shown,
    text_field,
)
from qiskit_qoro.wire.gradients.weights import weights_from_json
from qiskit_qoro.wire.observables import decode_observables, encode_observables
from qiskit_qoro.wire.text import CompressedTexts, decode_text, encode_text

__all__ = [
    "circuit_batch_from_json",
    "circuit_batch_to_json",
    "is_template_body",
    "render_parameter_sets",
    "template_batch_from_json",
    "template_batch_to_json",
    "template_to_json",
]


def circuit_batch_to_json(
    batch: CircuitBatch, *, blobs: Mapping[str, str] | None = None, observables: str | None = None
) -> dict[str, Any]:
    """Encode the body that adds bound circuits to a job.

    Args:
        batch: The circuits, and what is measured on them.
        blobs: Label to the circuit's text in wire format, if the texts have been encoded before.
        observables: The observables in wire format, if they have been encoded before.
    """
    if blobs is None:
        blobs = {label: encode_text(text) for label, text in batch.circuits.items()}
    body: dict[str, Any] = {"mode": "append", "finalized": "true" if batch.finalized else "false"}
    if batch.shots is not None:
        body["shots"] = batch.shots
    if batch.shot_groups is not None:
        body["shot_groups"] = [list(group) for group in batch.shot_groups]
    if batch.observables is not None:
        body["observables"] = observables or encode_observables(batch.observables)
    if batch.circuit_ham_map is not None:
        body["circuit_ham_map"] = [list(item) for item in batch.circuit_ham_map]
    body["circuits"] = {label: blobs[label] for label in batch.circuits}
    return body


def circuit_batch_from_json(
    body: object, *, circuit_limit_bytes: int, is_measured: bool = True
) -> CircuitBatch:
    """Decode a body that adds bound circuits to a job. The circuits stay compressed.

    Args:
        body: The parsed JSON.
        circuit_limit_bytes: The largest size of a circuit's text, in bytes.
        is_measured: Whether the body says what is measured. In a job of the type ``STATE``, it does not.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range.
    """
    fields = as_object(body, "body")
    refuse_unknown_keys(
        fields,
        {"mode", "finalized", "circuits", "shots", "shot_groups", "observables", "circuit_ham_map"},
    )
    choice_field(fields, "mode", ("append",))
    finalized = choice_field(fields, "finalized", ("true", "false")) == "true"
    blobs = as_object(fields.get("circuits"), "circuits")
    if not blobs:
        raise WireError("circuits: expected at least one circuit")
    # Each text is decoded once to check it, and not kept: together they may need a gigabyte.
    for label, blob in blobs.items():
        _decode(blob, f"circuits[{label!r}]", circuit_limit_bytes)
    circuits = CompressedTexts(blobs, limit_bytes=circuit_limit_bytes)
    if not is_measured:
        for key in ("shots", "shot_groups", "observables", "circuit_ham_map"):
            if fields.get(key) is not None:
                raise WireError(f"{key}: expected no measurements with the circuits of a STATE job")
        return CircuitBatch(circuits, finalized)
    given = _exactly_one(fields, "shots", "shot_groups", "observables")
    if given != "observables" and fields.get("circuit_ham_map") is not None:
        raise WireError(f"circuit_ham_map: expected together with observables, got it with {given}")
    if given == "shots":
        return CircuitBatch(circuits, finalized, shots=as_count(fields["shots"], "shots"))
    if given == "shot_groups":
        groups = as_list(fields["shot_groups"], "shot_groups")
        return CircuitBatch(
            circuits, finalized, shot_groups=as_wire_error(parse_shot_groups, groups, len(circuits))
        )
    observables = decode_observables(text_field(fields, "observables"))
    ham_map = fields.get("circuit_ham_map")
    if ham_map is not None:
        ham_map = as_wire_error(
            parse_circuit_ham_map, as_list(ham_map, "circuit_ham_map"), num_groups=len(observables)
        )
    return CircuitBatch(circuits, finalized, observables=observables, circuit_ham_map=ham_map)


def is_template_body(body: object) -> bool:
    """Whether a body that adds circuits contains a template."""
    return isinstance(body, dict) and "circuit_template" in body


def template_to_json(
    blob: str,
    names: Sequence[str],
    *,
    finalized: bool,
    shots: int | None = None,
    observables: str | None = None,
    weights: Sequence[Sequence[float]] | None = None,
) -> dict[str, Any]:
    """Encode the body that adds a template to a job, without ``parameter_sets``, which come last.

    Args:
        blob: The text of the template in wire format.
        names: The names of its parameters.
        finalized: Whether this is the last upload of the job.
        shots: The shots of each circuit.
        observables: The observables in wire format. Either these or ``shots`` are set.
        weights: The weight of each Pauli string in its group, for a gradient job.
    """
    body: dict[str, Any] = {"mode": "append", "finalized": "true" if finalized else "false"}
    if shots is not None:
        body["shots"] = shots
    if observables is not None:
        body["observables"] = observables
    if weights is not None:
        body["weights"] = [list(group) for group in weights]
    body["circuit_template"] = blob
    body["parameter_names"] = list(names)
    return body


def template_batch_to_json(batch: TemplateBatch) -> dict[str, Any]:
    """Encode the body that adds a template and some of its parameter sets to a job."""
    body = template_to_json(
        encode_text(batch.template.template_qasm),
        batch.template.parameter_names,
        finalized=batch.finalized,
        shots=batch.shots,
        observables=None if batch.observables is None else encode_observables(batch.observables),
        weights=batch.weights,
    )
    body["parameter_sets"] = [
        {"label": label, "values": list(values)} for label, values in batch.template.parameter_sets
    ]
    return body


def render_parameter_sets(labels: Sequence[str], values: npt.NDArray[np.float64]) -> list[bytes]:
    """Render the items of ``parameter_sets``.

    Args:
        labels: The label of each circuit.
        values: Its values, shape (circuits, names).

    Raises:
        QoroInputError: A value is not finite, or a label contains a lone surrogate.
    """
    render(labels)  # refuses lone surrogates
    return [
        b'{"label":%b,"values":%b}' % (label.encode("ascii"), row)
        for label, row in zip(map(json.dumps, labels), render_rows(values), strict=True)
    ]


def template_batch_from_json(body: object, *, circuit_limit_bytes: int) -> TemplateBatch:
    """Decode a body that adds a template to a job.

    Args:
        body: The parsed JSON.
        circuit_limit_bytes: The largest size of the template's text, in bytes.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range, or is allowed for bound
            circuits only.
    """
    fields = as_object(body, "body")
    for key in ("circuits", "shot_groups", "circuit_ham_map"):
        if fields.get(key) is not None:
            raise WireError(f"{key}: expected with bound circuits only, got it with circuit_template")
    known = {"mode", "finalized", "circuit_template", "parameter_names", "parameter_sets"}
    refuse_unknown_keys(
        fields, known | {"shots", "observables", "weights", "circuits", "shot_groups", "circuit_ham_map"}
    )
    choice_field(fields, "mode", ("append",))
    finalized = choice_field(fields, "finalized", ("true", "false")) == "true"
    sets = as_list(fields.get("parameter_sets"), "parameter_sets")
    if not sets:
        raise WireError("parameter_sets: expected at least one parameter set")
    template = as_wire_error(
        TemplateEntry,
        _decode(fields["circuit_template"], "circuit_template", circuit_limit_bytes),
        as_list(fields.get("parameter_names"), "parameter_names"),
        _parameter_sets(sets),
    )
    if _exactly_one(fields, "shots", "observables") == "shots":
        if fields.get("weights") is not None:
            raise WireError("weights: expected together with observables, got it with shots")
        return TemplateBatch(template, finalized, shots=as_count(fields["shots"], "shots"))
    observables = decode_observables(text_field(fields, "observables"))
    weights = fields.get("weights")
    if weights is not None:
        weights = weights_from_json(weights, observables)
    return TemplateBatch(template, finalized, observables=observables, weights=weights)


def _parameter_sets(sets: Sequence[object]) -> list[tuple[str, Sequence[float]]]:
    # Nearly all sets have the usual form, and checking the values of all sets at once is much faster.
    if all(type(item) is dict and item.keys() == {"label", "values"} for item in sets):
        usual: Any = sets
        labels, rows = [item["label"] for item in usual], [item["values"] for item in usual]
        is_usual = set(map(type, labels)) == {str} and set(map(type, rows)) == {list}
        if is_usual and are_finite_floats(list(chain.from_iterable(rows))):
            return list(zip(labels, rows, strict=True))
    return [_parameter_set(item, f"parameter_sets[{index}]") for index, item in enumerate(sets)]


def _parameter_set(item: object, where: str) -> ParameterSet:
    fields = as_object(item, where)
    if fields.keys() != {"label", "values"} or not isinstance(fields["label"], str):
        raise WireError(f"{where}: expected an object with label (text) and values, got {shown(item)}")
    values = as_list(fields["values"], f"{where}.values")
    # JSON integers become floats. Checking every value takes longer, so most rows skip it.
    if not are_finite_floats(values):
        values = [as_number(value, f"{where}.values") for value in values]
    return fields["label"], tuple(values)


def _exactly_one(fields: Mapping[str, Any], *keys: str) -> str:
    given = [key for key in keys if fields.get(key) is not None]
    if len(given) != 1:
        # No single field is wrong, so the error has the name of the first one.
        expected = f"{', '.join(keys[:-1])} and {keys[-1]}"
        raise WireError(f"shots: expected exactly one of {expected}, got {' and '.join(given) or 'none'}")
    return given[0]


def _decode(blob: object, where: str, limit_bytes: int) -> str:
    if not isinstance(blob, str):
        raise WireError(f"{where}: expected text, got {shown(blob)}")
    try:
        return decode_text(blob, limit_bytes=limit_bytes)
    except WireError as error:
        raise WireError(f"{where}: {error}") from error
