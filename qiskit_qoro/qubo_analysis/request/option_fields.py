"""Read the fields of a group of options. Errors are :class:`WireError` and name the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.fields import as_count, as_list, as_number, as_object, shown

__all__ = [
    "as_bounded_number",
    "as_qubits",
    "check_known_keys",
    "choice",
    "option_group",
    "optional",
    "with_new_names",
]

_MAX_NUMBER = 1e100


def option_group(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the options of one group, an empty object if it is missing or null."""
    value = options.get(key)
    return {} if value is None else as_object(value, f"options.{key}")


def check_known_keys(fields: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raise a :class:`WireError` if a group has a key that is not ``known``."""
    for key in fields:
        if key not in known:
            raise WireError(f"{where}.{key}: unknown field, expected {', '.join(sorted(known))}")


def with_new_names(fields: Mapping[str, Any], names: Mapping[str, str], where: str) -> dict[str, Any]:
    """Return the fields with old names replaced by new ones. Both names together are an error."""
    renamed = dict(fields)
    for old, new in names.items():
        if old in renamed:
            if new in renamed:
                raise WireError(f"{where}.{old}: the older name of {new}, expected only one of them")
            renamed[new] = renamed.pop(old)
    return renamed


def optional(fields: Mapping[str, Any], key: str, where: str, read: Callable[[object, str], Any]) -> Any:
    """Read the value under ``key`` with ``read``; return ``None`` if it is missing or null."""
    value = fields.get(key)
    return None if value is None else read(value, f"{where}.{key}")


def choice(fields: Mapping[str, Any], key: str, where: str, choices: Any) -> Any:
    """Return the member of the enumeration ``choices`` under ``key``, or ``None`` if it is absent or null."""
    value = fields.get(key)
    if value is None:
        return None
    texts = [choice.value for choice in choices]
    if value not in texts:
        raise WireError(f"{where}.{key}: expected one of {', '.join(texts)}, got {shown(value)}")
    return choices(value)


def as_bounded_number(value: object, where: str) -> float:
    """Return ``value`` as a float. It must be a number of at most 1e100 in absolute value."""
    number = as_number(value, where)
    if abs(number) > _MAX_NUMBER:
        raise WireError(f"{where}: expected at most {_MAX_NUMBER:g} in absolute value, got {number:g}")
    return number


def as_qubits(value: object, where: str, n: int) -> tuple[int, ...]:
    """Return ``value`` as a tuple. It must be a non-empty list of distinct variables below ``n``."""
    qubits = tuple(as_count(item, where, least=0) for item in as_list(value, where))
    if not qubits or len(set(qubits)) != len(qubits) or max(qubits) >= n:
        raise WireError(f"{where}: expected distinct variables from 0 to {n - 1}, got {shown(value)}")
    return qubits
