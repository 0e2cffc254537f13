"""Read fields of untrusted JSON.

There are two kinds of readers. Readers of requests are strict: they return a value of the expected type, or
raise a :class:`WireError` that names the field. Readers of answers are tolerant, because the service may be
newer than the client: :func:`loose_field` accepts every clear form of a value and has a default for the
others, and :func:`readable_items` leaves out an element of a list that cannot be read. Both log what they
could not read.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from qiskit_qoro.errors import QoroInputError, WireError

__all__ = [
    "MAX_JSON_DEPTH",
    "as_count",
    "as_list",
    "as_number",
    "as_object",
    "as_wire_error",
    "boolean_field",
    "check_depth",
    "choice_field",
    "loose_field",
    "parse_json",
    "readable_items",
    "refuse_unknown_keys",
    "shown",
    "text_field",
]

_log = logging.getLogger(__name__)

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

_REQUIRED: Any = object()

_CONTAINERS = frozenset((dict, list))

MAX_JSON_DEPTH = 100
"""The deepest nesting of lists and objects in JSON that is read. Printing deeper values might fail."""


def shown(value: object) -> str:
    """The repr of a value for an error message, shortened to 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def as_object(value: object, where: str) -> dict[str, Any]:
    """Return ``value`` if it is a JSON object, or else raise a :class:`WireError`."""
    if not isinstance(value, dict):
        raise WireError(f"{where}: expected an object, got {shown(value)}")
    return value


def as_list(value: object, where: str) -> Sequence[Any]:
    """Return ``value`` if it is a JSON list, or else raise a :class:`WireError`."""
    if not isinstance(value, list):
        raise WireError(f"{where}: expected a list, got {shown(value)}")
    return value


def refuse_unknown_keys(fields: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise a :class:`WireError` if there is a key that is not ``known``."""
    for key in fields:
        if key not in known:
            raise WireError(f"{key}: unknown field, expected {', '.join(sorted(known))}")


def text_field(fields: Mapping[str, Any], key: str, *, default: Any = _REQUIRED) -> Any:
    """Return the text under ``key``, or ``default`` if it is missing or null.

    Without a default, it is required.
    """
    value = fields.get(key)
    if value is None and default is not _REQUIRED:
        return default
    if not isinstance(value, str):
        raise WireError(f"{key}: expected text, got {'nothing' if value is None else shown(value)}")
    return value


def boolean_field(fields: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """Return the boolean under ``key``, or ``default`` if it is missing or null."""
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise WireError(f"{key}: expected true or false, got {shown(value)}")
    return value


def choice_field(fields: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    """Return the text under ``key`` if it is one of ``choices``, or else raise a :class:`WireError`."""
    value = fields.get(key)
    if value not in choices:
        expected = " or ".join(f'"{choice}"' for choice in choices)
        raise WireError(f"{key}: expected {expected}, got {shown(value)}")
    return str(value)


def as_count(value: object, where: str, *, least: int = 1) -> int:
    """Return ``value`` if it is an integer of ``least`` or more, or else raise a :class:`WireError`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise WireError(f"{where}: expected an integer of {least} or more, got {shown(value)}")
    return value


def as_number(value: object, where: str) -> float:
    """Return ``value`` as a float if it is a finite number, or else raise a :class:`WireError`."""
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an integer too large for a float
        number = math.nan
    if not math.isfinite(number):
        raise WireError(f"{where}: expected a finite number, got {shown(value)}")
    return number


def as_wire_error(parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``parse`` on received data, and turn its :class:`QoroInputError` into a :class:`WireError`.

    The models raise :class:`QoroInputError` because users create them. Here the sender of the data made the
    mistake.
    """
    try:
        return parse(*args, **kwargs)
    except QoroInputError as error:
        raise WireError(str(error)) from error


def loose_field(
    fields: Mapping[str, Any], key: str, read: Callable[[object], T | None], *, default: T, where: str
) -> T:
    """Read a field of an answer. If it is missing, null or unreadable, return ``default``.

    Args:
        fields: The fields.
        key: The name of the field.
        read: A function of :mod:`qiskit_qoro.models.loose`.
        default: The value of a missing field, and of an unreadable one, which is logged.
        where: The object that has the fields, for the log.
    """
    value = fields.get(key)
    if value is None:
        return default
    found = read(value)
    if found is None:
        _log.warning("%s: %s is %s, which cannot be read; it counts as %r", where, key, shown(value), default)
        return default
    return found


def readable_items(items: Iterable[S], where: str, read: Callable[[S], T]) -> list[T]:
    """Read the elements of a list in an answer. Leave out and log those for which ``read`` fails.

    Args:
        items: The elements.
        where: The name of the list, for the log.
        read: Reads one element, or raises a :class:`WireError`.
    """
    found = []
    for index, item in enumerate(items):
        try:
            found.append(read(item))
        except WireError as error:
            _log.warning("%s[%d] is left out: %s", where, index, error)
    return found


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from another program.

    Raises:
        WireError: The text is not JSON, or nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise WireError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise WireError(f"expected JSON: {error}") from error
    check_depth(value)
    return value


def check_depth(value: object) -> int:
    """Check that a JSON value can be printed, copied and written without exceeding Python's recursion limit.

    Args:
        value: A value that a JSON parser has returned.

    Returns:
        The number of keys of all objects.

    Raises:
        WireError: More than :data:`MAX_JSON_DEPTH` lists and objects are nested in it.
    """
    num_keys = 0
    level = _containers([value])
    for _ in range(MAX_JSON_DEPTH + 1):
        if not level:
            return num_keys
        inner: list[Any] = []
        for outer in level:
            if type(outer) is dict:
                num_keys += len(outer)
                inner += outer.values()
            else:
                inner += outer
        level = _containers(inner)
    raise WireError(
        f"the JSON has more than {MAX_JSON_DEPTH} levels of lists and objects, expected at most that"
    )


def _containers(values: list[Any]) -> list[Any]:
    """Return the lists and objects among some values. Most lists have none."""
    if _CONTAINERS.isdisjoint(map(type, values)):
        return []
    return [value for value in values if type(value) in _CONTAINERS]
