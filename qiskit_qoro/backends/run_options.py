"""The options of :meth:`QoroBackend.run`: their defaults and checks.

Other packages pass some options to every backend. They are accepted if they request what happens anyway.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from qiskit.providers import Options

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, checked, integer_of, items_of, text_of
from qiskit_qoro.models.config import DEFAULT_SHOTS
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig

__all__ = ["MAX_SEED", "RUN_OPTIONS", "RunOptions", "check_options", "merge_options", "shots_by_circuit"]

MAX_SEED = 2**64 - 1
"""The largest seed."""

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
    valid: dict[str, Any] = {}
    for name, value in options.items():
        if name not in RUN_OPTIONS and name not in _FOREIGN and name != _JOB_TAGS:
            raise _unknown_option(name)
        if value is None:
            continue
        if name in RUN_OPTIONS:
            convert, expected = _CHECKS[name]
            valid[name] = checked(name, value, convert(value), expected)
        elif name in _FOREIGN:
            _check_foreign(name, value)
        elif tag := _join_tags(value):
            valid = {"tag": tag, **valid}
    return valid


def merge_options(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every option.

    Args:
        options: The options of a run or of a primitive. They take precedence.
        defaults: The options of the backend. They take precedence over :data:`RUN_OPTIONS`.

    Raises:
        QoroInputError: As for :func:`check_options`.
    """
    given, inherited = check_options(options), check_options(defaults)
    config = given.get("execution_config")
    # The seed in a configuration of the run is more specific than a seed that the backend has for all runs.
    if isinstance(config, MaestroConfig) and config.seed is not None:
        inherited.pop("seed_simulator", None)
    return {**RUN_OPTIONS, **inherited, **given}


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


def _shots(value: object) -> int | list[int] | None:
    items = items_of(value)
    if items is None:
        return integer_of(value, least=1)
    numbers = [integer_of(item, least=1) for item in items]
    shots = [number for number in numbers if number is not None]
    return shots if len(shots) == len(numbers) else None


def _config(value: object) -> AnyConfig | None:
    return value if isinstance(value, AnyConfig) else None


# For each option: a conversion, which returns `None` for an invalid value, and what the error says is valid.
_CHECKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "shots": (_shots, "an integer of 1 or more, or one such integer for each circuit"),
    "memory": (boolean_of, "True or False"),
    "tag": (text_of, "text that UTF-8 can encode"),
    "seed_simulator": (partial(integer_of, least=0, most=MAX_SEED), "an integer from 0 to 2^64 - 1"),
    "execution_config": (_config, "an ExecutionConfig, a MaestroConfig or a DeviceConfig"),
    "use_circuit_packing": (boolean_of, "True or False"),
}


def _join_tags(tags: Any) -> str:
    is_list = isinstance(tags, Collection) and not isinstance(tags, str)
    if not is_list or not all(isinstance(tag, str) for tag in tags):
        raise QoroInputError(f"{_JOB_TAGS} is {tags!r}, expected a list of strings")
    return checked(_JOB_TAGS, tags, text_of(",".join(tags)), "texts that UTF-8 can encode")
