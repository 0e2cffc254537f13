"""The JSON object ``state`` in the request that opens a job of the type ``STATE``."""

from __future__ import annotations

from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.wire.fields import (
    as_count,
    as_list,
    as_object,
    as_wire_error,
    choice_field,
    refuse_unknown_keys,
    shown,
    text_field,
)
from qiskit_qoro.wire.observables import decode_observables, encode_observables

__all__ = ["state_request_from_json", "state_request_to_json"]

_KEYS = ("quantity", "qubits", "bitstrings", "split", "repetitions", "observables")


def state_request_to_json(request: StateRequest) -> dict[str, Any]:
    """Encode what a job computes about states."""
    body: dict[str, Any] = {"quantity": request.quantity.value}
    if request.qubits is not None:
        body["qubits"] = list(request.qubits)
    if request.bitstrings is not None:
        body["bitstrings"] = list(request.bitstrings)
    if request.split is not None:
        body["split"] = request.split
    if request.repetitions is not None:
        body["repetitions"] = request.repetitions
    if request.observables is not None:
        body["observables"] = encode_observables([request.observables])
    return body


def state_request_from_json(value: object) -> StateRequest:
    """Decode what a job computes about states.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range.
    """
    fields = as_object(value, "state")
    refuse_unknown_keys(fields, _KEYS)
    qubits, bitstrings = fields.get("qubits"), fields.get("bitstrings")
    split, repetitions = fields.get("split"), fields.get("repetitions")
    return as_wire_error(
        StateRequest,
        StateQuantity(choice_field(fields, "quantity", tuple(StateQuantity))),
        qubits=None if qubits is None else _integers(qubits),
        bitstrings=None if bitstrings is None else _texts(bitstrings),
        split=None if split is None else as_count(split, "split"),
        repetitions=None if repetitions is None else as_count(repetitions, "repetitions", least=0),
        observables=_observables(text_field(fields, "observables", default=None)),
    )


def _integers(value: object) -> tuple[int, ...]:
    return tuple(as_count(item, "qubits", least=0) for item in as_list(value, "qubits"))


def _texts(value: object) -> tuple[str, ...]:
    items = as_list(value, "bitstrings")
    for item in items:
        if not isinstance(item, str):
            raise WireError(f"bitstrings: expected text, got {shown(item)}")
    return tuple(items)


def _observables(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    groups = decode_observables(text)
    if len(groups) != 1:
        raise WireError(f"observables: expected one group of Pauli strings, got {len(groups)}")
    return tuple(groups[0])
