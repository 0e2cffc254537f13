"""The calls of a noise model as JSON values, in the form that clients send.

A call is ``{"method": name, "args": [...], "kwargs": {...}}``. JSON has no complex numbers. They travel as
``{"__complex__": [real, imaginary]}``.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import number_of
from qiskit_qoro.models.noise.setters import NoiseCall

__all__ = ["arguments_from_json", "call_to_json", "read_call"]

_COMPLEX = "__complex__"


def call_to_json(call: NoiseCall) -> dict[str, Any]:
    """Return a call as JSON: arguments without default in ``args``, changed defaults in ``kwargs``."""
    return {
        "method": call.setter.name,
        "args": _plain(call.positional),
        "kwargs": _plain(call.changed),
    }


def read_call(item: object, setters: Collection[str]) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the setter, the positional arguments and the keyword arguments of a call.

    Raises:
        QoroInputError: The call has another form, or there is no such setter.
    """
    if isinstance(item, Mapping):
        name, args, kwargs = item.get("method"), item.get("args", []), item.get("kwargs", {})
        if isinstance(name, str) and isinstance(args, list | tuple) and isinstance(kwargs, Mapping):
            if name not in setters:
                close = difflib.get_close_matches(name, setters, n=1)
                hint = f", did you mean {close[0]}?" if close else ""
                raise QoroInputError(f"there is no setter {name[:80]!r}{hint}")
            return name, list(args), {str(key): value for key, value in kwargs.items()}
    raise QoroInputError(
        f"{repr(item)[:80]} is not a call, expected a mapping with method, a text, and optionally args, "
        "a list, and kwargs, a mapping"
    )


def arguments_from_json(value: Any) -> Any:
    """Convert the complex numbers in JSON values."""
    if isinstance(value, list | tuple):
        return [arguments_from_json(item) for item in value]
    if isinstance(value, Mapping):
        if set(value) == {_COMPLEX}:
            return _complex(value[_COMPLEX])
        return {key: arguments_from_json(item) for key, item in value.items()}
    return value


def _complex(parts: Any) -> complex:
    if isinstance(parts, list | tuple) and len(parts) == 2:
        real, imaginary = map(number_of, parts)
        if real is not None and imaginary is not None:
            return complex(real, imaginary)
    raise QoroInputError(f"{_COMPLEX} is {repr(parts)[:80]}, expected two numbers")


def _plain(value: Any) -> Any:
    if isinstance(value, complex):
        return {_COMPLEX: [value.real, value.imag]} if value.imag else value.real
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
