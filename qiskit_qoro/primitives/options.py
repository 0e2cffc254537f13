"""The options of the primitives, which are checked when they are set.

Options that a primitive does not set are taken from the options of its backend, see
``backend_options``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

from qiskit_qoro.backends.run_options import MAX_SEED
from qiskit_qoro.display.reprs import fields_repr, settings_card
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, integer_of, number_of, text_of
from qiskit_qoro.models.jobs import AnyConfig

__all__ = ["EstimatorOptions", "SamplerOptions", "backend_options", "read_options"]


class _Checked:
    """Base class that checks each field when it is set. ``None`` restores the default."""

    def __setattr__(self, name: str, value: Any) -> None:
        defaults = {field.name: field.default for field in fields(self)}  # type: ignore[arg-type]
        if name not in defaults:
            close = difflib.get_close_matches(name, defaults, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(defaults)}"
            raise QoroInputError(f"unknown option {name!r}: {hint}")
        # The dataclass's own __init__ sets fields in the same way, so constructor arguments are checked too.
        convert, expected = _CHECKS[name]
        converted = defaults[name] if value is None else convert(value)
        if converted is None and value is not None:
            raise QoroInputError(f"{name}={value!r} is invalid: expected {expected}")
        object.__setattr__(self, name, converted)

    def _repr_html_(self) -> str:
        return settings_card(self).to_html()


@dataclass
class EstimatorOptions(_Checked):
    """Options of :class:`QoroEstimator`. Set an option to ``None`` to restore its default.

    Attributes:
        default_precision: Precision of PUBs that specify none. ``None`` means 0 (exact) if the backend
            computes expectation values, and 1/64 if it samples.
        default_shots: Shots of PUBs that specify no precision, if the backend samples. It replaces the shots
            that follow from ``default_precision``.
            The ``shots`` of the backend are not used.
        force_sampling: Whether to sample even if the backend can compute expectation values.
        execution_config: How the jobs are executed. ``None`` uses the option of the backend.
        seed_simulator: Makes sampled values repeatable, on simulators only. ``None`` uses the option of the
            backend.
        tag: A name for the jobs. ``None`` uses the option of the backend.
        use_circuit_packing: Whether a QPU may run several circuits at once. ``None`` uses the option of the
            backend.
        max_parameter_rows_per_job: Maximum number of parameter rows in a job, or ``None`` for any number.
        show_progress: Whether to show the progress of a long wait on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value is invalid.
    """

    default_precision: float | None = None
    default_shots: int | None = None
    force_sampling: bool = False
    execution_config: AnyConfig | None = None
    tag: str | None = None
    max_parameter_rows_per_job: int | None = None
    show_progress: bool = True
    seed_simulator: int | None = None
    use_circuit_packing: bool | None = None

    __repr__ = fields_repr


@dataclass
class SamplerOptions(_Checked):
    """Options of :class:`QoroSampler`. Set an option to ``None`` to restore its default.

    Attributes:
        default_shots: Shots of PUBs that specify none. ``None`` uses the option ``shots`` of the backend,
            which is 1024 by default.
        execution_config: How the jobs are executed. ``None`` uses the option of the backend.
        seed_simulator: Makes counts repeatable, on simulators only. ``None`` uses the option of the backend.
        tag: A name for the jobs. ``None`` uses the option of the backend.
        use_circuit_packing: Whether a QPU may run several circuits at once. ``None`` uses the option of the
            backend.
        max_parameter_rows_per_job: Maximum number of parameter rows in a job, or ``None`` for any number.
        show_progress: Whether to show the progress of a long wait on a terminal or in a notebook.

    Raises:
        QoroInputError: An option is unknown, or its value is invalid.
    """

    default_shots: int | None = None
    execution_config: AnyConfig | None = None
    tag: str | None = None
    max_parameter_rows_per_job: int | None = None
    show_progress: bool = True
    seed_simulator: int | None = None
    use_circuit_packing: bool | None = None

    __repr__ = fields_repr


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


def backend_options(options: EstimatorOptions | SamplerOptions) -> dict[str, Any]:
    """Return the options that replace those of the backend, by name.

    An option that replaces none is ``None``.
    """
    names = ("execution_config", "seed_simulator", "tag", "use_circuit_packing")
    return {name: getattr(options, name) for name in names}


def _precision(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and number >= 0 else None


# For each option: a conversion, which returns `None` for an invalid value, and a description of valid values.
_COUNT: tuple[Callable[[Any], Any], str] = (partial(integer_of, least=1), "an integer of 1 or more")
_FLAG: tuple[Callable[[Any], Any], str] = (boolean_of, "True or False")
_CHECKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "default_precision": (_precision, "a number of 0 or more"),
    "default_shots": _COUNT,
    "force_sampling": _FLAG,
    "execution_config": (
        lambda value: value if isinstance(value, AnyConfig) else None,
        "an ExecutionConfig, a MaestroConfig or a DeviceConfig",
    ),
    "seed_simulator": (partial(integer_of, least=0, most=MAX_SEED), "an integer from 0 to 2^64 - 1"),
    "tag": (text_of, "text that UTF-8 can encode"),
    "max_parameter_rows_per_job": _COUNT,
    "show_progress": _FLAG,
    "use_circuit_packing": _FLAG,
}
