"""The options of :meth:`QoroBackend.run`: their defaults and checks.

Other packages pass some options to every backend. They are accepted if they request what happens anyway.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from numbers import Integral
from types import MappingProxyType
from typing import Any

import numpy as np
from qiskit.providers import Options

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SHOTS
from qiskit_qoro.models.jobs import AnyConfig

__all__ = ["RUN_OPTIONS", "RunOptions", "check_options", "shots_by_circuit"]

RUN_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "shots": DEFAULT_SHOTS,
        "memory": False,
        "tag": "default",
        "seed_simulator": None,
        "execution_config": None,
        "use_circuit_packing": False,
    }
)
"""The options and their defaults."""

# Options that other packages pass, with the values that request what happens anyway.
_FOREIGN: dict[str, tuple[Any, ...]] = {
    "init_qubits": (None, True),
    "meas_level": (None, 2),
    "meas_return": (None, "single"),
    "parameter_binds": (None, [], [{}]),
    "rep_delay": (None,),
    "use_measure_esp": (None, False),
}

_JOB_TAGS = "job_tags"


class RunOptions(Options):
    """The options of a backend. They are checked when they are updated; ``None`` restores a default.

    In Qiskit, an option can also be set as an attribute, which is not checked here. Therefore each run checks
    all options again.
    """

    def __init__(self, **fields: Any) -> None:
        super().__init__(**RUN_OPTIONS)
        self.update_options(**fields)

    def update_options(self, **fields: Any) -> None:
        """Set options.

        Raises:
            QoroInputError: An option is unknown or its value is invalid. No option was set.
        """
        # check_options drops `None`, so an option that is set to it gets its default here.
        defaults = {name: RUN_OPTIONS[name] for name in fields if name in RUN_OPTIONS}
        super().update_options(**{**defaults, **check_options(fields)})


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check options and drop those that have no effect.

    Args:
        options: Name to value, as a caller passed them.

    Returns:
        The options with converted values. Foreign options are dropped, and so is ``None``, which counts as
        not given. ``job_tags`` becomes ``tag``, unless there is a ``tag``.

    Raises:
        QoroInputError: An option is unknown, or its value is invalid or not supported.
    """
    checked = {}
    for name, value in options.items():
        if name not in RUN_OPTIONS and name not in _FOREIGN and name != _JOB_TAGS:
            raise _unknown_option(name)
        if value is None:
            continue
        if name in RUN_OPTIONS:
            checked[name] = _check_value(name, value)
        elif name in _FOREIGN:
            _check_foreign(name, value)
        elif tag := _join_tags(value):
            checked = {"tag": tag, **checked}
    return checked


def shots_by_circuit(shots: int | Sequence[int], num_circuits: int) -> list[int]:
    """Return the shots of each circuit.

    Args:
        shots: One number for all circuits, or one for each.
        num_circuits: The number of circuits.

    Raises:
        QoroInputError: The number of shots and the number of circuits differ.
    """
    if isinstance(shots, int):
        return [shots] * num_circuits
    if len(shots) != num_circuits:
        raise QoroInputError(
            f"shots has {len(shots)} numbers for {num_circuits} circuits, expected a single number or one "
            "for each circuit"
        )
    return list(shots)


def _unknown_option(name: str) -> QoroInputError:
    known = sorted({*RUN_OPTIONS, *_FOREIGN, _JOB_TAGS})
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    return QoroInputError(f"unknown option {name!r}: {hint}")


def _check_foreign(name: str, value: Any) -> None:
    if value not in _FOREIGN[name]:
        accepted = " or ".join(map(repr, _FOREIGN[name]))
        raise QoroInputError(f"{name}={value!r} is not supported, only {accepted}: leave the option out")


def _check_value(name: str, value: Any) -> Any:
    accepts, convert, expected = _CHECKS[name]
    if not accepts(value):
        raise QoroInputError(f"{name} is {value!r}, expected {expected}")
    return convert(value)


# Booleans are integers in Python, but they are refused as seeds and as shots.
def _is_seed(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and 0 <= int(value) < 2**64


def _is_shots(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _is_shots_or_sequence(value: object) -> bool:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return all(map(_is_shots, value))
    return _is_shots(value)


def _python_shots(value: Any) -> int | list[int]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return int(value) if isinstance(value, Integral) else [int(number) for number in value]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _unchanged(value: Any) -> Any:
    return value


# For each option: a check of values, their conversion, and the description of valid values in errors.
_CHECKS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any], str]] = {
    "shots": (
        _is_shots_or_sequence,
        _python_shots,
        "an integer of 1 or more, or one such integer for each circuit",
    ),
    "memory": (_is_bool, bool, "True or False"),
    "tag": (lambda value: isinstance(value, str), _unchanged, "text"),
    "seed_simulator": (_is_seed, int, "an integer from 0 to 2^64 - 1"),
    "execution_config": (
        lambda value: isinstance(value, AnyConfig),
        _unchanged,
        "an ExecutionConfig, a MaestroConfig or a DeviceConfig",
    ),
    "use_circuit_packing": (_is_bool, bool, "True or False"),
}


def _join_tags(tags: Any) -> str:
    is_list = isinstance(tags, Collection) and not isinstance(tags, str)
    if not is_list or not all(isinstance(tag, str) for tag in tags):
        raise QoroInputError(f"{_JOB_TAGS} is {tags!r}, expected a list of strings")
    return ",".join(tags)
