"""One-line texts of values: the ``repr`` of dataclasses, counts with a noun, short forms of long values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any

from qiskit_qoro.display.cards import Card

__all__ = ["counted", "fields_repr", "fields_set", "settings_card", "short_code", "short_list", "short_text"]

_LONGEST_VALUE = 60
_ITEMS_SHOWN = 3


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as ``1 circuit`` or ``1,024 shots``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def short_text(text: str, longest: int = _LONGEST_VALUE) -> str:
    """Cut a text that is longer than ``longest`` characters, and mark its end."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def short_list(items: Iterable[str], longest: int = _LONGEST_VALUE) -> str:
    """Join items by commas. Leave out the last ones, and mark that, if the text is too long."""
    text = ", ".join(items)
    end = text.rfind(", ", 0, longest - 1)
    return short_text(text, longest) if len(text) <= longest or end < 0 else f"{text[:end]}, …"


def short_code(value: object) -> str:
    """Return the Python code of a value. Long values are shortened, and lists of many items are counted."""
    if isinstance(value, Enum):
        known = type(value).__members__
        name = type(value).__name__
        return f"{name}.{value.name}" if value.name in known else f"{name}({value.value!r})"
    if isinstance(value, list | tuple | dict) and len(value) > _ITEMS_SHOWN:
        return f"<{counted(len(value), 'item')}>"
    if isinstance(value, tuple):
        return f"({', '.join(map(short_code, value))}{',' * (len(value) == 1)})"
    return short_text(repr(value))


def fields_set(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their defaults, by name."""
    values = ((field, getattr(value, field.name)) for field in fields(value) if field.repr)
    return {field.name: item for field, item in values if not _is_default(field, item)}


def fields_repr(value: Any) -> str:
    """Return the ``repr`` of a dataclass with the fields that differ from their defaults."""
    shown = ", ".join(f"{name}={short_code(item)}" for name, item in fields_set(value).items())
    return f"{type(value).__name__}({shown})"


def settings_card(value: Any, settings: Mapping[str, Any] | None = None, *, title: str = "") -> Card:
    """Return the card of a configuration, with what differs from the defaults.

    Args:
        value: A dataclass.
        settings: What is shown, by name; ``None`` for the fields that differ from their defaults.
        title: The title of the card, by default the name of the class.
    """
    shown = fields_set(value) if settings is None else settings
    return Card(
        title or type(value).__name__,
        rows=[(name, short_code(item)) for name, item in shown.items()],
        note="" if shown else "Everything has its default.",
    )


def _is_default(field: Field[Any], item: object) -> bool:
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    # 1 equals True, but is another value.
    return default is not MISSING and type(item) is type(default) and bool(item == default)
