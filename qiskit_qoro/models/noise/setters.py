"""Record and check the calls of the setters of a noise model.

:func:`setter` turns a method that has only a signature and a docstring into one that checks its arguments and
records the call. The decorators in ``model.py`` are the table of setters: each says what kind of noise the
setter adds and, for a setter of many qubits, which setter it stands for.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import shown
from qiskit_qoro.models.noise.parameters import JOINT_CHECKS, PARAMETERS

__all__ = ["NoiseCall", "NoiseKind", "Setter", "setter", "setters_of"]

_P = ParamSpec("_P")

# The attribute of a decorated method that holds its Setter.
_ROW = "_noise_setter"


class NoiseKind(Enum):
    """What a setter adds. The text says when the noise acts."""

    PAULI = "Pauli errors after gates"
    RELAXATION = "relaxation after gates"
    CHANNEL = "channels after gates"
    COHERENT = "rotations with random signs after gates"
    CORRELATED = "phase noise with a memory after gates"
    CROSSTALK = "rotations of the neighbours of a gate's qubits"
    IDLE = "relaxation during delays"
    READOUT = "wrong bits in measurements"


@dataclass(frozen=True)
class Setter:
    """A setter of a noise model.

    Attributes:
        name: Its name, which is the engine's.
        kind: What it adds.
        defaults: Its parameters in order, and the default of each; ``inspect.Parameter.empty`` if there is
            none.
        each: If it sets the noise of many qubits: the setter that does so for one qubit.
    """

    name: str
    kind: NoiseKind
    defaults: Mapping[str, Any]
    each: str | None

    def with_defaults(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return all arguments in order, with the defaults of those that are missing."""
        return {name: arguments.get(name, default) for name, default in self.defaults.items()}


@dataclass(frozen=True)
class NoiseCall:
    """A checked call of a setter.

    Attributes:
        setter: The setter.
        arguments: All arguments by name, as plain values. They are not changed.
    """

    setter: Setter
    arguments: Mapping[str, Any]

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that the call concerns, in the order of its arguments."""
        values = self.arguments
        if "num_qubits" in values:
            return tuple(range(values["num_qubits"]))
        if "targets" in values:
            return tuple(values["targets"])
        return tuple(values[name] for name in ("qubit", "q1", "q2") if name in values)

    @property
    def positional(self) -> list[Any]:
        """The arguments that have no default, in order."""
        defaults = self.setter.defaults
        return [self.arguments[name] for name in defaults if defaults[name] is inspect.Parameter.empty]

    @property
    def changed(self) -> dict[str, Any]:
        """The arguments that differ from their default, by name."""
        defaults = self.setter.defaults
        return {
            name: self.arguments[name]
            for name in defaults
            if defaults[name] is not inspect.Parameter.empty and self.arguments[name] != defaults[name]
        }

    def for_qubits(self, new_qubits: Mapping[int, int]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the calls, as name and arguments, that set the same noise on renumbered qubits.

        Args:
            new_qubits: Old qubit to new qubit. A call that concerns any other qubit gives no call. A call
                for many qubits gives one call for each qubit in ``new_qubits``.
        """
        values = dict(self.arguments)
        if self.setter.each is None:
            if all(qubit in new_qubits for qubit in self.qubits):
                for name in ("qubit", "q1", "q2"):
                    if name in values:
                        values[name] = new_qubits[values[name]]
                if "targets" in values:
                    values["targets"] = [new_qubits[qubit] for qubit in values["targets"]]
                yield self.setter.name, values
            return
        num_qubits = values.pop("num_qubits")
        if "power" in values:
            # The engine's formula: power = num_qubits * sigma^2 * pi * alpha * gate_time.
            scale = num_qubits * math.pi * values["alpha"] * values["gate_time"]
            values["sigma"] = math.sqrt(values.pop("power") / scale)
        for old, new in new_qubits.items():
            if old < num_qubits:
                yield self.setter.each, {"qubit": new, **values}


class _Recording(Protocol):
    """An object that records checked calls."""

    def _record(self, call: NoiseCall) -> None: ...


_R = TypeVar("_R", bound=_Recording)


def setter(
    kind: NoiseKind, *, each: str | None = None
) -> Callable[[Callable[Concatenate[_R, _P], None]], Callable[Concatenate[_R, _P], _R]]:
    """Decorate a method that has only a signature and a docstring: check its arguments and record its calls.

    The parameters are described in the docstring, and the method returns its object.

    Args:
        kind: What the setter adds.
        each: For a setter of many qubits, the setter that it stands for.
    """

    def decorate(stub: Callable[Concatenate[_R, _P], None]) -> Callable[Concatenate[_R, _P], _R]:
        # The signature that users see is that of the stub. It returns the model.
        stub.__annotations__["return"] = "NoiseModel"
        signature = inspect.signature(stub)
        parameters = list(signature.parameters.values())[1:]
        row = Setter(stub.__name__, kind, {item.name: item.default for item in parameters}, each)

        @wraps(stub)
        def record(model: _R, *args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                bound = signature.bind(model, *args, **kwargs)
            except TypeError as error:  # say which setter, as Python does for other functions
                raise TypeError(f"{row.name}() {error}") from None
            bound.apply_defaults()
            given = {name: bound.arguments[name] for name in row.defaults}
            model._record(NoiseCall(row, _checked_arguments(row.name, given)))  # noqa: SLF001 - its own object
            return model

        record.__doc__ = _documented(stub.__doc__ or "", row.defaults)
        vars(record)[_ROW] = row
        return cast("Callable[Concatenate[_R, _P], _R]", record)

    return decorate


def setters_of(model: type) -> dict[str, Setter]:
    """Return the setters of a class of noise models by name."""
    rows = {name: getattr(member, _ROW, None) for name, member in vars(model).items()}
    return {name: row for name, row in rows.items() if row is not None}


def _checked_arguments(method: str, given: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        parameter = PARAMETERS[name]
        values[name] = parameter.convert(value)
        if values[name] is None:
            raise QoroInputError(f"{method}: {name} is {shown(value)}, expected {parameter.expected}")
    for check in JOINT_CHECKS:
        if all(name in values for name in check.names):
            together = [values[name] for name in check.names]
            if not check.accepts(*together):
                found = ", ".join(f"{name} {shown(values[name])}" for name in check.names)
                raise QoroInputError(f"{method}: {found}: expected {check.expected}")
    return values


def _documented(docstring: str, names: Iterable[str]) -> str:
    """Add the parameters to a docstring. The result has no indentation, as docstrings since Python 3.13."""
    lines = [f"    {name}: {PARAMETERS[name].meaning}" for name in names]
    return "\n".join(
        [
            inspect.cleandoc(docstring),
            "",
            "Args:",
            *lines,
            "",
            "Returns:",
            "    This model, so that calls can be chained.",
            "",
            "Raises:",
            "    QoroInputError: An argument is invalid.",
        ]
    )
