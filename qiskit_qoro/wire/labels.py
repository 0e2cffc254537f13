"""Labels that carry what the service does not keep: a job's structure, in pieces, over its circuits.

The service gives each circuit's label back with its result and keeps nothing else of what a submission
means to its sender: names, registers, shapes, coefficients. So the labels of our submissions are

::

    label  = index ["." piece]             index = place of the circuit in the submission, from 0
    piece  = label 0:   version kind *chunk      version = "1"     kind = one lower-case letter
             others:    1*chunk                  chunk   = letters, digits, "-" and "_"

and all chunks, joined in the order of the indices, are URL-safe base64, without padding, of a zlib stream of
JSON in UTF-8. The stream knows its own end and checksum. No label is longer than :data:`LABEL_LIMIT`; a
structure that does not fit is left out, and only its kind is told. Where a submission is spread over
several jobs, the indices run on from one to the next.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.errors import WireError

__all__ = [
    "LABEL_LIMIT",
    "LabelledStructure",
    "carry_structure",
    "decode_labels",
    "encode_labels",
    "index_of_label",
    "kind_of_label",
]

LABEL_LIMIT = 200
"""Characters of a label at most. The service names no limit; text fields of 255 characters are common."""

_VERSION = "1"
_LABEL = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([A-Za-z0-9_-]+))?")
_BEGIN = re.compile(r"([0-9])([a-z])(.*)", re.DOTALL)
_MAX_BYTES = 2**26
_MOST_GAIN = 4


@dataclass(frozen=True)
class LabelledStructure:
    """A structure that labels carried.

    Attributes:
        kind: What it describes, one lower-case letter.
        document: The structure, as :func:`json.loads` gives it; ``None`` where it did not fit.
    """

    kind: str
    document: Any


def encode_labels(kind: str, documents: Iterable[Any], num_circuits: int) -> list[str]:
    """Label the circuits of a submission.

    Args:
        kind: What the structure describes, one lower-case letter.
        documents: The structure as JSON values, the fullest first; the first one that fits is taken. The same
            structure always gives the same labels.
        num_circuits: How many circuits there are.

    Returns:
        A label for each circuit; where no document fits, only the kind is in them.
    """
    rooms = [LABEL_LIMIT - len(str(index)) - 1 for index in range(num_circuits)]
    for document in documents:
        packed = _pack(document, sum(rooms))
        text = f"{_VERSION}{kind}{packed}"
        if packed is not None and len(text) <= sum(rooms):
            return _labels(text, rooms)
    return _labels(f"{_VERSION}{kind}", rooms)


def _labels(text: str, rooms: Sequence[int]) -> list[str]:
    labels = []
    position = 0
    for index, room in enumerate(rooms):
        piece = text[position : position + room]
        position += room
        labels.append(f"{index}.{piece}" if piece else str(index))
    return labels


def decode_labels(labels: Iterable[str]) -> LabelledStructure | None:
    """The structure that the labels of a submission carry.

    Args:
        labels: All its labels, in any order.

    Returns:
        The structure; ``None`` where the labels carry none, as those of other clients do.

    Raises:
        WireError: They are of this form, and the structure is incomplete, damaged or of a newer version.
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
            "the labels are those of a part of a submission: the structure is spread over all of them"
        )
    begin = _BEGIN.fullmatch(text)
    if begin is None:
        return None
    version, kind, packed = begin.groups()
    if version != _VERSION:
        raise WireError(
            f"the labels carry a structure of version {version!r}, this release reads {_VERSION!r}: update it"
        )
    return LabelledStructure(kind, _unpack(packed) if packed else None)


def carry_structure(labels: Sequence[str]) -> bool:
    """Whether the labels of a submission, in order, carry a structure and not only its kind."""
    first = _LABEL.fullmatch(labels[0]) if labels else None
    return first is not None and len(first[2] or "") > len(_VERSION) + 1


def index_of_label(label: str) -> int | None:
    """The place of a circuit in its submission, ``None`` where the label is not one of ours."""
    match = _LABEL.fullmatch(label)
    return None if match is None else int(match[1])


def kind_of_label(label: str) -> str | None:
    """The kind of structure that begins in this label, ``None`` where none does."""
    match = _LABEL.fullmatch(label)
    if match is None or match[1] != "0" or not match[2] or not match[2].startswith(_VERSION):
        return None
    return match[2][1:2] or None


def _pack(document: Any, room: int) -> str | None:
    """The characters of a document, ``None`` where they would be far more than ``room``."""
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    # The best compression takes five times as long as the quickest, and is hardly ever that much better.
    if len(zlib.compress(data, 1)) > _MOST_GAIN * room:
        return None
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode("ascii").rstrip("=")


def _unpack(packed: str) -> Any:
    try:
        data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        stream = zlib.decompressobj()
        text = stream.decompress(data, _MAX_BYTES)
        if not stream.eof or stream.unused_data:
            raise WireError("the structure in the labels is incomplete or too large")
        return json.loads(text)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError(f"the structure in the labels is damaged: {error}") from error
