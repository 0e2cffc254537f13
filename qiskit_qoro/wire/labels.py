"""Labels of circuits that contain the structure of their submission, in pieces.

The service returns each circuit's label with its result. It stores no other structure of a submission, such
as names, registers, shapes and coefficients. So we store this structure in the labels:

::

    label  = index ["." piece]             index = index of the circuit in the submission, from 0
    piece  = label 0:   version kind *chunk      version = "1"     kind = one lower-case letter
             others:    1*chunk                  chunk   = letters, digits, "-" and "_"

All chunks, joined in the order of the indices, are URL-safe base64 without padding. They encode a zlib stream
of JSON in UTF-8; the stream has its own end mark and checksum. No label is longer than :data:`LABEL_LIMIT`.
If a structure does not fit, the labels contain only its kind. If a submission consists of several jobs, the
indices continue from one job to the next.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.fields import parse_json
from qiskit_qoro.wire.json_values import encode_json
from qiskit_qoro.wire.text import inflate

__all__ = [
    "LABEL_LIMIT",
    "MAX_BYTES",
    "LabelledStructure",
    "contain_structure",
    "decode_labels",
    "encode_labels",
    "index_of_label",
    "kind_of_label",
    "number_circuits",
]

LABEL_LIMIT = 200
"""Longest label, in characters. The service documents no limit; text fields of 255 characters are common."""

MAX_BYTES = 2**26
"""Largest structure, in bytes of JSON. A larger one is neither written nor read."""

_VERSION = "1"
_LABEL = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([A-Za-z0-9_-]+))?")
_QUOTED_LABEL = re.compile(r"\bcircuit '([^'\s]+)'")
_BEGIN = re.compile(r"([0-9])([a-z])(.*)", re.DOTALL)
_MAX_EXTRA_COMPRESSION = 4  # the best compression is hardly ever this much better than the fastest


@dataclass(frozen=True)
class LabelledStructure:
    """The structure that labels contain.

    Attributes:
        kind: The kind of structure, one lower-case letter.
        document: The structure as a JSON value, or ``None`` if it did not fit into the labels.
    """

    kind: str
    document: Any


def encode_labels(kind: str, documents: Iterable[Any], num_circuits: int) -> list[str]:
    """Create the labels of a submission's circuits. The same structure always gives the same labels.

    Args:
        kind: The kind of structure, one lower-case letter.
        documents: The structure as JSON values, the most detailed first. The first one that fits is used.
        num_circuits: The number of circuits.

    Returns:
        One label for each circuit. If no document fits, the labels contain only the kind.
    """
    # The characters of each label after its index and the dot.
    capacities = [LABEL_LIMIT - len(str(index)) - 1 for index in range(num_circuits)]
    for document in documents:
        packed = _pack(document, sum(capacities))
        text = f"{_VERSION}{kind}{packed}"
        if packed is not None and len(text) <= sum(capacities):
            return _labels(text, capacities)
    return _labels(f"{_VERSION}{kind}", capacities)


def _labels(text: str, capacities: Sequence[int]) -> list[str]:
    labels = []
    position = 0
    for index, capacity in enumerate(capacities):
        piece = text[position : position + capacity]
        position += capacity
        labels.append(f"{index}.{piece}" if piece else str(index))
    return labels


def decode_labels(labels: Iterable[str]) -> LabelledStructure | None:
    """Decode the structure in the labels of a submission.

    Args:
        labels: All labels of the submission, in any order.

    Returns:
        The structure, or ``None`` if the labels contain none. Labels of other clients do not.

    Raises:
        WireError: The labels have our format, but the structure is incomplete, damaged or of a newer version.
    """
    pieces: dict[int, str] = {}
    for label in labels:
        match = _LABEL.fullmatch(label)
        if match is None:
            return None
        pieces[int(match[1])] = match[2] or ""
    text = "".join(pieces[index] for index in sorted(pieces))
    if not text:
        return None
    if 0 not in pieces or len(pieces) != max(pieces) + 1:
        raise WireError(
            "some labels of the submission are missing: its structure is stored in all of them together"
        )
    begin = _BEGIN.fullmatch(text)
    if begin is None:
        return None
    version, kind, packed = begin.groups()
    if version != _VERSION:
        raise WireError(
            f"the labels have a structure of version {version!r}, expected {_VERSION!r}: update qiskit-qoro"
        )
    return LabelledStructure(kind, _unpack(packed) if packed else None)


def contain_structure(labels: Sequence[str]) -> bool:
    """Whether the labels of a submission, in order, contain a structure and not only its kind."""
    first = _LABEL.fullmatch(labels[0]) if labels else None
    return first is not None and len(first[2] or "") > len(_VERSION) + 1


def index_of_label(label: str) -> int | None:
    """The index of a circuit in its submission, or ``None`` if the label does not have our format."""
    match = _LABEL.fullmatch(label)
    return None if match is None else int(match[1])


def number_circuits(text: str) -> str:
    """Replace each label that a message quotes after the word "circuit" by the index of the circuit."""

    def renamed(match: re.Match[str]) -> str:
        index = index_of_label(match[1])
        return match[0] if index is None else f"circuit {index}"

    return _QUOTED_LABEL.sub(renamed, text)


def kind_of_label(label: str) -> str | None:
    """The kind of structure in the first label of a submission, or ``None`` if the label contains none."""
    match = _LABEL.fullmatch(label)
    if match is None or match[1] != "0" or not match[2] or not match[2].startswith(_VERSION):
        return None
    return match[2][1:2] or None


def _pack(document: Any, capacity: int) -> str | None:
    """Compress a document to base64; return ``None`` early if the result would far exceed ``capacity``."""
    data = encode_json(document)
    if len(data) > MAX_BYTES:
        return None  # no reader would accept it
    # The best compression takes five times as long as the fastest. It is tried only if the result might fit.
    if len(zlib.compress(data, 1)) > _MAX_EXTRA_COMPRESSION * capacity:
        return None
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode("ascii").rstrip("=")


def _unpack(packed: str) -> Any:
    try:
        data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return parse_json(inflate(data, "the text", limit_bytes=MAX_BYTES))
    except WireError as error:
        error.introduce("the structure in the labels is damaged")
        raise
    except binascii.Error as error:
        raise WireError(f"the structure in the labels is damaged: {error}") from error
