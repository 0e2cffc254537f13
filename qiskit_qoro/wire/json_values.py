"""Convert names and circuit metadata to values that JSON in UTF-8 can represent, for labels and files.

Metadata are arbitrary Python objects. They must never make a submission fail, so an entry that JSON cannot
represent is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["encodable_text", "json_metadata"]

_MAX_DEPTH = 20
"""Deepest nesting of a value that is kept. The limit also catches values that contain themselves."""

_MAX_INT_BITS = 2**10
"""Longest integer that is kept. Decoders limit the length of a number, and Python's does too."""


class _NotJsonError(Exception):
    """JSON cannot represent a value."""


def encodable_text(text: str) -> str:
    """Replace the characters that UTF-8 cannot encode (lone surrogates) by question marks."""
    return text.encode("utf-8", "replace").decode()


def json_metadata(metadata: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Convert a circuit's metadata to JSON values, and drop the entries that JSON cannot represent.

    Tuples and NumPy arrays become lists, and NumPy scalars become Python numbers. Dropped are entries with a
    key that is not text, and entries whose value contains NaN, an infinity, text that UTF-8 cannot encode, a
    huge integer, more than 20 levels of nesting, or any other type.
    """
    kept = {}
    for key, value in (metadata or {}).items():
        try:
            kept[_json_key(key)] = _json_value(value)
        except _NotJsonError:
            continue
    return kept


def _json_key(key: object) -> str:
    if isinstance(key, str) and encodable_text(key) == key:
        return str(key)
    raise _NotJsonError


def _json_value(value: Any, depth: int = 0) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if depth > _MAX_DEPTH:
        raise _NotJsonError
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _json_key(value)
    # int() and float() turn subclasses, such as members of an IntEnum, into plain numbers.
    if isinstance(value, int) and value.bit_length() <= _MAX_INT_BITS:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple):
        return [_json_value(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {_json_key(key): _json_value(item, depth + 1) for key, item in value.items()}
    raise _NotJsonError
