"""The options of :meth:`QoroBackend.run`: ours, what they take, and the foreign ones that do no harm."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from numbers import Integral
from typing import Any

import numpy as np

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SHOTS, ExecutionConfig

__all__ = ["RUN_OPTIONS", "check_options", "group_shots", "shots_by_circuit"]

RUN_OPTIONS: dict[str, Any] = {
    "shots": DEFAULT_SHOTS,
    "memory": False,
    "tag": "default",
    "seed_simulator": None,
    "execution_config": None,
    "use_circuit_packing": False,
}
"""The options and their defaults."""

# What other packages pass to every backend: the values that ask for what happens here anyway.
_HARMLESS: dict[str, tuple[Any, ...]] = {
    "init_qubits": (None, True),
    "meas_level": (None, 2),
    "meas_return": (None, "single"),
    "parameter_binds": (None, [], [{}]),
    "rep_delay": (None,),
    "use_measure_esp": (None, False),
}

_JOB_TAGS = "job_tags"


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the options that mean something here.

    Args:
        options: Name to value, as a caller passed them.

    Returns:
        The same without the foreign ones; ``job_tags`` has become ``tag``.

    Raises:
        QoroInputError: An option is unknown, or its value cannot be used or cannot be honoured.
    """
    checked = {}
    for name, value in options.items():
        if name in RUN_OPTIONS:
            checked[name] = _check_value(name, value)
        elif name == _JOB_TAGS:
            checked.setdefault("tag", _joined_tags(value))
        elif name in _HARMLESS:
            if value not in _HARMLESS[name]:
                accepted = " or ".join(map(repr, _HARMLESS[name]))
                raise QoroInputError(f"{name}={value!r} cannot be honoured, only {accepted}: leave it out")
        else:
            known = sorted({*RUN_OPTIONS, *_HARMLESS, _JOB_TAGS})
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise QoroInputError(f"unknown option {name!r}: {hint}")
    return checked


def shots_by_circuit(shots: int | Sequence[int] | None, num_circuits: int) -> list[int]:
    """The shots of each circuit.

    Args:
        shots: One number for all, one for each, or ``None`` for the default.
        num_circuits: How many circuits there are.

    Raises:
        QoroInputError: There are not as many numbers as circuits.
    """
    if shots is None:
        shots = DEFAULT_SHOTS
    if isinstance(shots, int):
        return [shots] * num_circuits
    if len(shots) != num_circuits:
        raise QoroInputError(
            f"shots has {len(shots)} numbers for {num_circuits} circuits: expected one each or one for all"
        )
    return list(shots)


def group_shots(shots: Sequence[int]) -> list[list[int]]:
    """``[start, end, shots]`` for each run of circuits with the same number of shots."""
    groups = []
    start = 0
    for number, run in groupby(shots):
        end = start + sum(1 for _ in run)
        groups.append([start, end, number])
        start = end
    return groups


def _check_value(name: str, value: Any) -> Any:
    if value is None:
        return RUN_OPTIONS[name]
    accepts, convert, expected = _CHECKS[name]
    if not accepts(value):
        raise QoroInputError(f"{name}={value!r} cannot be used: expected {expected}")
    return convert(value)


def _is_shots(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _is_shots_or_sequence(value: object) -> bool:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return all(map(_is_shots, value))
    return _is_shots(value)


def _plain_shots(value: Any) -> int | list[int]:
    return int(value) if isinstance(value, Integral) else [int(number) for number in value]


def _same(value: Any) -> Any:
    return value


# Each option: what it accepts, what it is kept as, and how an error describes what it accepts.
_CHECKS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any], str]] = {
    "shots": (
        _is_shots_or_sequence,
        _plain_shots,
        "an integer of 1 or more, or one such integer for each circuit",
    ),
    "memory": (lambda value: isinstance(value, bool | np.bool_), bool, "True or False"),
    "tag": (lambda value: isinstance(value, str), _same, "text"),
    "seed_simulator": (lambda _: False, _same, "None, since the service takes no seed"),
    "execution_config": (lambda value: isinstance(value, ExecutionConfig), _same, "an ExecutionConfig"),
    "use_circuit_packing": (lambda value: isinstance(value, bool), _same, "True or False"),
}


def _joined_tags(tags: Any) -> str:
    if tags is None:
        tags = ()
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        raise QoroInputError(f"{_JOB_TAGS}={tags!r} cannot be used: expected a list of texts")
    return ",".join(tags) or RUN_OPTIONS["tag"]
