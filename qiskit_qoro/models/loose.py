"""Read single values of an answer in every form in which a service may write them.

Services differ in how they write a number or a flag: ``5``, ``5.0`` or ``"5"``; ``true``, ``1`` or
``"true"``. These functions accept every form that has one meaning only, and return ``None`` for all others,
so that the caller decides what an unreadable value means. They never raise an error. Values of a request are
checked strictly elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

__all__ = ["read_flag", "read_integer", "read_list", "read_number", "read_text"]

# Python's int() and float() also accept underscores, digits of other scripts, "nan" and "infinity". The
# length is limited because converting very long numbers takes quadratic time.
_INTEGER = re.compile(r"[+-]?[0-9]{1,300}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,300}(\.[0-9]{0,300})?|\.[0-9]{1,300})([eE][+-]?[0-9]{1,5})?")

_FLAGS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def read_integer(value: object) -> int | None:
    """Read an integer. A float and a text count if they are whole numbers, such as ``5.0`` and ``"5"``."""
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = read_number(value)
    return int(number) if number is not None and number.is_integer() else None


def read_list(value: object) -> list[Any] | None:
    """Read a list. Its elements are not read."""
    return value if isinstance(value, list) else None


def read_number(value: object) -> float | None:
    """Read a finite number. A text counts if it is a decimal number."""
    if isinstance(value, str):
        number = float(value) if _NUMBER.fullmatch(value.strip()) else math.nan
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an integer too large for a float
            number = math.nan
    else:
        number = math.nan
    return number if math.isfinite(number) else None


def read_flag(value: object) -> bool | None:
    """Read a boolean. ``0``, ``1`` and words such as ``"yes"`` count too, in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _FLAGS.get(value.strip().lower())
    return bool(value) if value in (0, 1) else None


def read_text(value: object) -> str | None:
    """Read text for people. Other values are shown as JSON; only ``None`` stays ``None``.

    Lone surrogates, which no terminal and no file can hold, become question marks.
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode()
