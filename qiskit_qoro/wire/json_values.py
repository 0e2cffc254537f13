"""Convert names and circuit metadata to values that JSON in UTF-8 can represent, for labels and files.

Metadata are arbitrary Python objects. They must never make a submission fail, so an entry that JSON cannot
represent is dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from qiskit_qoro.models.arguments import text_of

__all__ = ["encodable_text", "encode_json", "json_metadata"]

_MAX_DEPTH = 20
"""Deepest nesting of a value that is kept."""

_MAX_VALUES = 2**18
"""Most values that one entry may contain. An object that contains itself several times, or that occurs in
several places at each level, would otherwise take forever, although it is not deep."""

_MAX_INT_BITS = 2**10
"""Longest integer that is kept. Decoders limit the length of a number, and Python's does too."""

_NUMPY_KINDS = "biufUO"
"""Booleans, integers, floats, text and objects. NumPy converts dates and durations to integers."""


class _NotJsonError(Exception):
    """JSON cannot represent a value."""


def encodable_text(text: str) -> str:
    """Replace the characters that UTF-8 cannot encode (lone surrogates) by question marks."""
    return text.encode("utf-8", "replace").decode()


def encode_json(document: Any) -> bytes:
    """Encode a document as compact JSON in UTF-8. Lone surrogates are escaped, so any text can be encoded."""
    compact = (",", ":")
    try:
        return json.dumps(document, ensure_ascii=False, separators=compact).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=compact).encode("ascii")


def json_metadata(metadata: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Convert a circuit's metadata to JSON values, and drop the entries that JSON cannot represent.

    Tuples and NumPy arrays become lists, and NumPy scalars become Python numbers. Entries with a key that is
    not text are dropped. So are entries whose value contains NaN, an infinity, text that UTF-8 cannot encode,
    or a huge integer. So are values with more than 20 levels of nesting, with more than 2^18 values, or of
    any other type.
    """
    kept = {}
    for key, value in (metadata or {}).items():
        try:
            kept[_json_text(key)] = _Converter().convert(value)
        except _NotJsonError:
            continue
    return kept


def _json_text(value: object) -> str:
    text = text_of(value)
    if text is None:
        raise _NotJsonError
    return text


class _Converter:
    """Converts one value, and counts the values in it."""

    def __init__(self) -> None:
        self._num_values = 0

    def convert(self, value: Any, depth: int = 0) -> Any:
        self._num_values += 1
        if depth > _MAX_DEPTH or self._num_values > _MAX_VALUES:
            raise _NotJsonError
        if isinstance(value, np.generic | np.ndarray):
            if value.dtype.kind not in _NUMPY_KINDS or value.size > _MAX_VALUES:
                raise _NotJsonError
            value = value.tolist()
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _json_text(value)
        # int() and float() turn subclasses, such as members of an IntEnum, into plain numbers.
        if isinstance(value, int) and value.bit_length() <= _MAX_INT_BITS:
            return int(value)
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        if isinstance(value, list | tuple):
            return [self.convert(item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {_json_text(key): self.convert(item, depth + 1) for key, item in value.items()}
        raise _NotJsonError
