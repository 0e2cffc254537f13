"""Strict parsing of requests: the JSON of a body, and integers in a query."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.fields import check_depth
from qiskit_qoro.wire.json_bytes import load_plain_json

__all__ = ["BODY_LIMIT_BYTES", "int_from_query", "parse_json"]

BODY_LIMIT_BYTES = 1 << 20
"""The longest request body that the service accepts. Clients stay below 0.95 MiB."""

_MAX_DIGITS = 20  # enough for every bound; int() is slow for a million digits
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> Any:
    """Parse a JSON text that every JSON parser understands in the same way.

    Raises:
        WireError: The text is not JSON or not UTF-8, is nested too deeply, repeats a key in an object, or
            contains ``NaN``, an infinity, or half a surrogate pair.
    """
    try:
        return _load_plain(body)
    except ValueError:  # Python's parser finds the reason, or accepts the body.
        pass
    try:
        value = json.loads(body, parse_constant=_reject_constant, object_pairs_hook=_object_from_pairs)
        if _SURROGATE_ESCAPE.search(body):
            # Python accepts half a surrogate pair in an escape. Encoding the value again fails in that case.
            json.dumps(value, ensure_ascii=False).encode()
        check_depth(value)
    except WireError:
        raise
    except RecursionError as error:
        raise WireError("body: the JSON is nested too deeply") from error
    except UnicodeError as error:
        raise WireError("body: the JSON is not valid UTF-8") from error
    except ValueError as error:
        raise WireError(f"body: expected JSON: {error}") from error
    return value


def _load_plain(body: bytes) -> Any:
    """Parse a body in the usual form.

    Raises:
        ValueError: The body is in another form, or invalid.
    """
    value = load_plain_json(body)
    # A key that occurs twice has one value only. Each key ends with a quote and a colon if there is no white
    # space between them, and texts may contain these too. So equal numbers mean that no key is lost.
    if _SPACED_KEY.search(body) or check_depth(value) != body.count(b'":'):
        raise ValueError("a key may occur twice")
    return value


def int_from_query(query: Mapping[str, str], name: str, *, default: int, minimum: int, maximum: int) -> int:
    """Parse an integer parameter of a query.

    Args:
        query: The parameters of the query.
        name: The name of the parameter.
        default: The value if the parameter is missing.
        minimum: The smallest value allowed.
        maximum: The largest value allowed.

    Raises:
        WireError: The parameter is not an integer from ``minimum`` to ``maximum``.
    """
    text = query.get(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    if is_number and minimum <= int(text) <= maximum:
        return int(text)
    raise WireError(f"{name}: expected an integer from {minimum} to {maximum}, got {text[:40]!r}")


def _reject_constant(name: str) -> None:
    raise WireError(f"body: expected JSON, got {name}, which is not a JSON number")


def _object_from_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json.loads would keep the last of several equal keys, for example of two circuits with one label.
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise WireError(f"{key}: the key occurs twice in one object")
        value[key] = item
    return value
