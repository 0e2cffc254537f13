"""Reading JSON from strangers: each reader returns what was asked for or names the field that is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from qiskit_qoro.errors import QoroInputError, WireError

__all__ = [
    "as_count",
    "as_list",
    "as_number",
    "as_object",
    "as_wire_error",
    "boolean_field",
    "choice_field",
    "only",
    "shown",
    "text_field",
]

P = ParamSpec("P")
T = TypeVar("T")

_REQUIRED: Any = object()


def shown(value: object) -> str:
    """The value as an error shows it: its repr, cut short."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def as_object(value: object, where: str) -> dict[str, Any]:
    """``value``, which has to be a JSON object."""
    if not isinstance(value, dict):
        raise WireError(f"{where}: expected an object, got {shown(value)}")
    return value


def as_list(value: object, where: str) -> Sequence[Any]:
    """``value``, which has to be a JSON list."""
    if not isinstance(value, list):
        raise WireError(f"{where}: expected a list, got {shown(value)}")
    return value


def only(fields: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse any key that is not ``known``."""
    for key in fields:
        if key not in known:
            raise WireError(f"{key}: unknown field, expected {', '.join(sorted(known))}")


def text_field(fields: Mapping[str, Any], key: str, *, default: Any = _REQUIRED) -> Any:
    """The text under ``key``; ``default`` where it is missing or null, an error without a default."""
    value = fields.get(key)
    if value is None and default is not _REQUIRED:
        return default
    if not isinstance(value, str):
        raise WireError(f"{key}: expected text, got {'nothing' if value is None else shown(value)}")
    return value


def boolean_field(fields: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """The truth value under ``key``; ``default`` where it is missing or null."""
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise WireError(f"{key}: expected true or false, got {shown(value)}")
    return value


def choice_field(fields: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    """The text under ``key``, which has to be one of ``choices``."""
    value = fields.get(key)
    if value not in choices:
        expected = " or ".join(f'"{choice}"' for choice in choices)
        raise WireError(f"{key}: expected {expected}, got {shown(value)}")
    return str(value)


def as_count(value: object, where: str, *, least: int = 1) -> int:
    """``value``, which has to be a whole number of ``least`` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise WireError(f"{where}: expected a whole number of {least} or more, got {shown(value)}")
    return value


def as_number(value: object, where: str) -> float:
    """``value``, which has to be a finite number."""
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number beyond every float
        number = math.nan
    if not math.isfinite(number):
        raise WireError(f"{where}: expected a finite number, got {shown(value)}")
    return number


def as_wire_error(parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``parse`` returns; what it refuses is the sender's mistake here, not the user's."""
    try:
        return parse(*args, **kwargs)
    except QoroInputError as error:
        raise WireError(str(error)) from error
