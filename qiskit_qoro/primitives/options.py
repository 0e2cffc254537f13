"""The options of the primitives: checked when they are set, by name or as a dictionary."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, TypeVar

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SHOTS
from qiskit_qoro.models.jobs import AnyConfig

__all__ = ["EstimatorOptions", "SamplerOptions", "read_options"]


class _Checked:
    """Checks each field when it is set; ``None`` brings its default back."""

    def __setattr__(self, name: str, value: Any) -> None:
        defaults = {field.name: field.default for field in fields(self)}  # type: ignore[arg-type]
        if name not in defaults:
            close = difflib.get_close_matches(name, defaults, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(defaults)}"
            raise QoroInputError(f"unknown option {name!r}: {hint}")
        accepts, expected = _CHECKS[name]
        if value is not None and not accepts(value):
            raise QoroInputError(f"{name}={value!r} cannot be used: expected {expected}")
        object.__setattr__(self, name, defaults[name] if value is None else value)


@dataclass
class EstimatorOptions(_Checked):
    """Options of :class:`QoroEstimator`. Setting one to ``None`` brings its default back.

    Attributes:
        default_precision: The precision of PUBs that name none. ``None`` stands for 0, exact, where the
            backend computes expectation values, and for 1/64 where it samples.
        default_shots: Where the backend samples: shots of PUBs that name no precision, in place of those
            that follow from ``default_precision``.
        force_sampling: Whether to sample although the backend could compute expectation values.
        execution_config: How the engine is to run the jobs.
        tag: A name for the jobs.
        max_parameter_rows_per_job: How many rows of parameters a job may hold, ``None`` for any number.
        show_progress: Whether a long wait for results is shown on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value cannot be used.
    """

    default_precision: float | None = None
    default_shots: int | None = None
    force_sampling: bool = False
    execution_config: AnyConfig | None = None
    tag: str = "default"
    max_parameter_rows_per_job: int | None = None
    show_progress: bool = True


@dataclass
class SamplerOptions(_Checked):
    """Options of :class:`QoroSampler`. Setting one to ``None`` brings its default back.

    Attributes:
        default_shots: Shots of PUBs that name none.
        execution_config: How the engine is to run the jobs. A :class:`MaestroConfig` may hold a seed.
        tag: A name for the jobs.
        max_parameter_rows_per_job: How many rows of parameters a job may hold, ``None`` for any number.
        show_progress: Whether a long wait for results is shown on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value cannot be used.
    """

    default_shots: int = DEFAULT_SHOTS
    execution_config: AnyConfig | None = None
    tag: str = "default"
    max_parameter_rows_per_job: int | None = None
    show_progress: bool = True


_Options = TypeVar("_Options", EstimatorOptions, SamplerOptions)


def read_options(kind: type[_Options], options: _Options | Mapping[str, Any] | None) -> _Options:
    """The options that a caller gave, a copy of them.

    Args:
        kind: What they are to be.
        options: Such a value, a dictionary of its fields, or ``None`` for the defaults.

    Raises:
        QoroInputError: They are something else, or a value cannot be used.
    """
    if options is None:
        return kind()
    if isinstance(options, kind):
        return kind(**{field.name: getattr(options, field.name) for field in fields(options)})
    if not isinstance(options, Mapping):
        raise QoroInputError(
            f"options is {type(options).__name__}, expected {kind.__name__} or a dictionary of its fields"
        )
    read = kind()
    for name, value in options.items():
        setattr(read, str(name), value)
    return read


def _is_count(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _is_precision(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value) and float(value) >= 0


# Each option: what it accepts beside None, and how an error describes that.
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "default_precision": (_is_precision, "a number of 0 or more"),
    "default_shots": (_is_count, "an integer of 1 or more"),
    "force_sampling": (lambda value: isinstance(value, bool), "True or False"),
    "execution_config": (
        lambda value: isinstance(value, AnyConfig),
        "an ExecutionConfig, a MaestroConfig or a DeviceConfig",
    ),
    "tag": (lambda value: isinstance(value, str), "text"),
    "max_parameter_rows_per_job": (_is_count, "an integer of 1 or more"),
    "show_progress": (lambda value: isinstance(value, bool), "True or False"),
}
