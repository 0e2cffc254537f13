"""The options of the primitives, which are checked when they are set."""

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
    """Base class that checks each field when it is set. ``None`` restores the default."""

    def __setattr__(self, name: str, value: Any) -> None:
        defaults = {field.name: field.default for field in fields(self)}  # type: ignore[arg-type]
        if name not in defaults:
            close = difflib.get_close_matches(name, defaults, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(defaults)}"
            raise QoroInputError(f"unknown option {name!r}: {hint}")
        # The dataclass's own __init__ sets fields in the same way, so constructor arguments are checked too.
        accepts, expected = _CHECKS[name]
        if value is not None and not accepts(value):
            raise QoroInputError(f"{name}={value!r} is invalid: expected {expected}")
        object.__setattr__(self, name, defaults[name] if value is None else value)


@dataclass
class EstimatorOptions(_Checked):
    """Options of :class:`QoroEstimator`. Set an option to ``None`` to restore its default.

    Attributes:
        default_precision: Precision of PUBs that specify none. ``None`` means 0 (exact) if the backend
            computes expectation values, and 1/64 if it samples.
        default_shots: Shots of PUBs that specify no precision, if the backend samples. It replaces the shots
            that follow from ``default_precision``.
        force_sampling: Whether to sample even if the backend can compute expectation values.
        execution_config: How the engine runs the jobs.
        tag: A name for the jobs.
        max_parameter_rows_per_job: Maximum number of parameter rows in a job, or ``None`` for any number.
        show_progress: Whether to show the progress of a long wait on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value is invalid.
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
    """Options of :class:`QoroSampler`. Set an option to ``None`` to restore its default.

    Attributes:
        default_shots: Shots of PUBs that specify none.
        execution_config: How the engine runs the jobs. A :class:`MaestroConfig` may contain a seed.
        tag: A name for the jobs.
        max_parameter_rows_per_job: Maximum number of parameter rows in a job, or ``None`` for any number.
        show_progress: Whether to show the progress of a long wait on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value is invalid.
    """

    default_shots: int = DEFAULT_SHOTS
    execution_config: AnyConfig | None = None
    tag: str = "default"
    max_parameter_rows_per_job: int | None = None
    show_progress: bool = True


_Options = TypeVar("_Options", EstimatorOptions, SamplerOptions)


def read_options(kind: type[_Options], options: _Options | Mapping[str, Any] | None) -> _Options:
    """Return a copy of the options that a caller passed.

    Args:
        kind: The class of the options.
        options: An instance of this class, a dictionary of its fields, or ``None`` for the defaults.

    Raises:
        QoroInputError: ``options`` is something else, or a value is invalid.
    """
    if options is None:
        return kind()
    if isinstance(options, kind):
        return kind(**{field.name: getattr(options, field.name) for field in fields(options)})
    if not isinstance(options, Mapping):
        raise QoroInputError(
            f"options is {type(options).__name__}, expected {kind.__name__} or a dictionary of its fields"
        )
    # Set the options one by one, so that an unknown name gets the error of an unknown option.
    result = kind()
    for name, value in options.items():
        setattr(result, str(name), value)
    return result


def _is_count(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _is_precision(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value) and float(value) >= 0


# For each option: a test of values other than None, and a description of the accepted values.
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
