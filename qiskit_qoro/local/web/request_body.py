"""Reading a request strictly: the size of the body, its JSON, the numbers in the query."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import WireError

__all__ = ["BODY_LIMIT_BYTES", "count_in_query", "parse_json"]

BODY_LIMIT_BYTES = 1 << 20
"""How long a request body may be. Clients stay under 0.95 MiB."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> Any:
    """The value of a JSON text, which has to be what RFC 8259 calls interoperable.

    Raises:
        WireError: It is no JSON, is nested too deeply, repeats a key, or contains a number or a character
            that cannot be passed on (``NaN``, half a surrogate pair).
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_without_repetition)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except WireError:
        raise
    except RecursionError as error:
        raise WireError("body: the JSON is nested too deeply") from error
    except UnicodeError as error:
        raise WireError("body: the JSON is not valid UTF-8") from error
    except ValueError as error:
        raise WireError(f"body: expected JSON: {error}") from error
    return value


def count_in_query(query: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """The whole number that the query gives as ``name``.

    Raises:
        WireError: It is no number from ``least`` to ``most``.
    """
    text = query.get(name)
    if text is None:
        return default
    # Longer than any bound: int() is slow for a million digits.
    if text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most:
        return int(text)
    raise WireError(f"{name}: expected a whole number from {least} to {most}, got {text[:40]!r}")


def _refuse_constant(name: str) -> None:
    raise WireError(f"body: expected JSON, got {name}, which is no JSON number")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise WireError(f"{key}: the key occurs twice in one object")
        value[key] = item
    return value
