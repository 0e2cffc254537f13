"""Reading the fields of a group of options: each reader returns a value or names the field that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.fields import as_count, as_list, as_number, as_object, shown

__all__ = ["as_moderate", "as_qubits", "choice", "group_of", "only_in", "optional", "renamed"]

_MOST = 1e100


def group_of(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The options of one group, none where it is missing or null."""
    value = options.get(key)
    return {} if value is None else as_object(value, f"options.{key}")


def only_in(fields: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Refuse any key of a group that is not ``known``."""
    for key in fields:
        if key not in known:
            raise WireError(f"{where}.{key}: unknown field, expected {', '.join(sorted(known))}")


def renamed(fields: Mapping[str, Any], names: Mapping[str, str], where: str) -> dict[str, Any]:
    """The fields under their new names."""
    renamed = dict(fields)
    for old, new in names.items():
        if old in renamed:
            if new in renamed:
                raise WireError(f"{where}.{old}: the older name of {new}, expected one of the two")
            renamed[new] = renamed.pop(old)
    return renamed


def optional(fields: Mapping[str, Any], key: str, where: str, read: Callable[[object, str], Any]) -> Any:
    """What ``read`` makes of the value under ``key``, ``None`` where it is missing or null."""
    value = fields.get(key)
    return None if value is None else read(value, f"{where}.{key}")


def choice(fields: Mapping[str, Any], key: str, where: str, choices: Any) -> Any:
    """The member of the enumeration ``choices`` under ``key``, ``None`` where it is missing or null."""
    value = fields.get(key)
    if value is None:
        return None
    texts = [choice.value for choice in choices]
    if value not in texts:
        raise WireError(f"{where}.{key}: expected one of {', '.join(texts)}, got {shown(value)}")
    return choices(value)


def as_moderate(value: object, where: str) -> float:
    """``value``, which has to be a number of at most 1e100."""
    number = as_number(value, where)
    if abs(number) > _MOST:
        raise WireError(f"{where}: expected at most {_MOST:g}, got {number:g}")
    return number


def as_qubits(value: object, where: str, n: int) -> tuple[int, ...]:
    """``value``, which has to be a list of different variables below ``n``."""
    qubits = tuple(as_count(item, where, least=0) for item in as_list(value, where))
    if not qubits or len(set(qubits)) != len(qubits) or max(qubits) >= n:
        raise WireError(f"{where}: expected different variables from 0 to {n - 1}, got {shown(value)}")
    return qubits
