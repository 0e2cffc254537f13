"""Conversion of arguments to Python values.

Numbers, booleans and lists may come from NumPy or from another array library. Each is converted once, where
it enters, so that ``repr`` and JSON show plain values. A boolean is not a number here, although Python
treats it as one.

Most functions ``…_of`` return the Python value, or ``None`` if the argument is not of that kind.
:func:`checked` turns ``None`` into an error that names the argument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from qiskit_qoro.errors import QoroInputError

__all__ = [
    "boolean_of",
    "checked",
    "integer_of",
    "items_of",
    "number_of",
    "plain_of",
    "shown",
    "text_of",
    "timeout_of",
]

_T = TypeVar("_T")

# The NumPy kinds of Python's booleans, integers, floats, text and objects. Dates and durations are not among
# them: their item() may be an integer.
_PLAIN_KINDS = "biufUO"

# Classes that Python counts among the integers.
_NOT_NUMBERS = (bool, np.timedelta64)


def checked(name: str, value: object, converted: _T | None, expected: str) -> _T:
    """Return a converted argument.

    Args:
        name: The name of the argument.
        value: The argument as the caller passed it.
        converted: The converted argument, ``None`` if it is invalid.
        expected: The valid values, for the error.

    Raises:
        QoroInputError: The argument is invalid.
    """
    if converted is None:
        raise QoroInputError(f"{name} is {_repr(value)}, expected {expected}")
    return converted


def shown(value: object) -> str:
    """Return the ``repr`` of an argument for a message, in one line of at most 80 characters."""
    text = " ".join(_repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _repr(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python does not convert integers of more than 4,300 digits to text
        return f"{type(value).__name__} with too many digits"


def integer_of(value: object, *, least: int | None = None, most: int | None = None) -> int | None:
    """Convert an integer; return ``None`` if it is not one, or is below ``least`` or above ``most``."""
    value = _without_array(value)
    if isinstance(value, _NOT_NUMBERS) or not isinstance(value, Integral):
        return None
    number = int(value)
    is_in_range = (least is None or number >= least) and (most is None or number <= most)
    return number if is_in_range else None


def number_of(value: object) -> float | None:
    """Convert a finite real number; return ``None`` if it is not one, or is too large for a float."""
    value = _without_array(value)
    if isinstance(value, _NOT_NUMBERS) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def boolean_of(value: object) -> bool | None:
    """Convert a boolean; return ``None`` if it is not one. 0 and 1 are not booleans here."""
    value = _without_array(value)
    return value if isinstance(value, bool) else None


def text_of(value: object) -> str | None:
    """Convert text; return ``None`` if it is not text or has a lone surrogate, which UTF-8 cannot encode."""
    value = _without_array(value)
    if not isinstance(value, str):
        return None
    text = str.__str__(value)  # a plain string also for subclasses, such as members of an enumeration
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def items_of(value: object) -> list[Any] | None:
    """Convert a sequence or an array to a list; return ``None`` if it is neither.

    Text is not a sequence here.
    """
    if getattr(value, "shape", None) and hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
        return None
    return list(value)


def plain_of(value: Any) -> Any:
    """Convert the scalars and arrays in nested mappings and sequences. Other values are left as they are."""
    value = _without_array(value)
    if isinstance(value, Mapping):
        return {_without_array(key): plain_of(item) for key, item in value.items()}
    items = items_of(value)
    return value if items is None else [plain_of(item) for item in items]


def timeout_of(name: str, value: object) -> float | None:
    """Convert a time limit in seconds; ``None`` and infinity mean no limit.

    A negative number counts as 0, because callers subtract the time that has passed from their own limit.

    Raises:
        QoroInputError: ``value`` is not a number.
    """
    value = _without_array(value)
    if value is None or (isinstance(value, Real) and value == math.inf):
        return None
    return max(0.0, checked(name, value, number_of(value), "a number of seconds, or None"))


def _without_array(value: Any) -> Any:
    """Return the item of a scalar of NumPy, or of an array without dimensions of any library."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind not in _PLAIN_KINDS:
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value
