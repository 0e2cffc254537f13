"""A noise model as a table that fits on a screen, also for a device of hundreds of qubits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit_qoro.models.noise.setters import NoiseCall

__all__ = ["rows_of", "table_of"]

_QUBIT_NAMES = ("qubit", "q1", "q2", "targets", "num_qubits")
_MAX_SHOWN = 4


def table_of(calls: Sequence[NoiseCall]) -> str:
    """Return a table with a line for each setter: where it was called, and the range of each argument."""
    if not calls:
        return "NoiseModel without noise"
    rows = [("setter", "for", "values"), *rows_of(calls)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip() for row in rows]
    return "\n".join(lines)


def rows_of(calls: Sequence[NoiseCall]) -> list[tuple[str, str, str]]:
    """Return a row for each setter: its name, where it was called, and the range of each argument."""
    by_setter: dict[str, list[NoiseCall]] = {}
    for call in calls:
        by_setter.setdefault(call.setter.name, []).append(call)
    return [(name, _places(group), _values(group)) for name, group in by_setter.items()]


def _places(calls: Sequence[NoiseCall]) -> str:
    if "num_qubits" in calls[0].arguments:
        return f"qubits 0 to {max(call.arguments['num_qubits'] for call in calls) - 1}"
    places = sorted({call.qubits for call in calls})
    texts = ["-".join(map(str, place)) for place in places]
    singles = all(len(place) == 1 for place in places)
    pairs = all(len(place) == 2 for place in places)
    noun = "qubit" if singles else "pair" if pairs else "place"
    if len(texts) <= _MAX_SHOWN:
        return f"{noun}{'s' * (len(texts) != 1)} {', '.join(texts)}"
    return f"{len(texts)} {noun}s"


def _values(calls: Sequence[NoiseCall]) -> str:
    names = [name for name in calls[0].arguments if name not in _QUBIT_NAMES]
    defaults = calls[0].setter.defaults
    texts = []
    for name in names:
        values = [call.arguments[name] for call in calls]
        if any(value != defaults[name] for value in values):
            texts.append(_size(name, values) if isinstance(values[0], list) else f"{name} {_range(values)}")
    return ", ".join(texts)


def _size(name: str, values: Sequence[Any]) -> str:
    low, high = min(map(len, values)), max(map(len, values))
    return f"{low} {name}" if low == high else f"{low} to {high} {name}"


def _range(values: Sequence[Any]) -> str:
    if isinstance(values[0], bool):
        return " or ".join(str(value) for value in sorted(set(values)))
    low, high = min(values), max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
