"""A program with names in place of numbers, and the rows of numbers that it is to be run with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from qiskit_qoro.errors import QoroInputError

__all__ = ["ParameterSet", "TemplateBatch", "TemplateEntry", "are_finite_floats"]

ParameterSet = tuple[str, tuple[float, ...]]
"""The label of a circuit and the values of its parameters, in the order of their names."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class TemplateEntry:
    """One program, many circuits: each parameter set puts its values in place of the names.

    Args:
        template_qasm: OpenQASM 2 in which gates take names as angles, for example
            ``ry(theta_0) q[0];``. Each whole word that is a name stands for a number.
        parameter_names: The names, each once.
        parameter_sets: For each circuit its label and one value for each name, in their order: pairs
            of a text and a list, a tuple or a row of an array; a mapping from labels to rows will do.

    Raises:
        QoroInputError: Something has the wrong type, a name is not a word or occurs twice, a label occurs
            twice, a row has more or fewer values than there are names, or a value is not a finite number.
    """

    template_qasm: str
    parameter_names: Sequence[str]
    parameter_sets: Sequence[tuple[str, Sequence[float]]]

    def __post_init__(self) -> None:
        if not isinstance(self.template_qasm, str):
            raise QoroInputError(f"template_qasm is {_shown(self.template_qasm)}, expected OpenQASM 2 text")
        names = _check_names(self.parameter_names)
        object.__setattr__(self, "parameter_names", names)
        object.__setattr__(self, "parameter_sets", _check_sets(self.parameter_sets, names))


@dataclass(frozen=True)
class TemplateBatch:
    """One upload of a template and some of its parameter sets, and what is to be done with them.

    Exactly one of ``shots`` and ``observables`` is set.

    Attributes:
        template: The program, its names, and the parameter sets of this upload.
        finalized: Whether this is the job's last upload.
        shots: Shots for each circuit.
        observables: Groups of dense Pauli words, the leftmost letter on qubit 0.
    """

    template: TemplateEntry
    finalized: bool
    shots: int | None = None
    observables: tuple[tuple[str, ...], ...] | None = None


def _check_names(names: object) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise QoroInputError(f"parameter_names is {_shown(names)}, expected a list of names")
    checked: dict[str, None] = {}
    for index, name in enumerate(names):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise QoroInputError(
                f"parameter_names[{index}] is {_shown(name)}, expected a word of letters, digits and "
                "underscores that does not begin with a digit"
            )
        if name in checked:
            raise QoroInputError(f"parameter_names[{index}] is {name!r} again, expected each name once")
        checked[name] = None
    return tuple(checked)


def _check_sets(sets: object, names: tuple[str, ...]) -> tuple[ParameterSet, ...]:
    pairs = sets.items() if isinstance(sets, Mapping) else sets
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise QoroInputError(f"parameter_sets is {_shown(sets)}, expected a list of (label, values)")
    checked: dict[str, tuple[float, ...]] = {}
    for index, pair in enumerate(pairs):
        label, row = _pair(pair, index)
        if label in checked:
            raise QoroInputError(f"parameter_sets[{index}]: the label {label!r} occurs twice")
        checked[label] = _values(row, names, f"parameter_sets[{index}] ({label!r})")
    return tuple(checked.items())


def _pair(pair: object, index: int) -> tuple[str, Any]:
    if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2:
        label, row = pair
        if isinstance(label, str):
            return label, row
    raise QoroInputError(
        f"parameter_sets[{index}] is {_shown(pair)}, expected (label, values) with a text as label"
    )


def _values(row: Any, names: tuple[str, ...], where: str) -> tuple[float, ...]:
    if hasattr(row, "tolist"):  # a row of an array; its numbers as Python's own
        row = row.tolist()
    if isinstance(row, str) or not isinstance(row, Iterable):
        raise QoroInputError(f"{where} has the values {_shown(row)}, expected a list of numbers")
    values: tuple[Any, ...] = tuple(row)
    if not are_finite_floats(values):
        values = tuple(map(_finite, values))
    if len(values) != len(names):
        raise QoroInputError(
            f"{where} has {len(values)} values, expected {len(names)}, one for each name: "
            + _shown(", ".join(names))
        )
    if None in values:
        place = values.index(None)
        raise QoroInputError(f"{where}: the value of {names[place]!r} is not a finite number")
    return values


def are_finite_floats(values: Sequence[Any]) -> bool:
    """Whether all values are Python's own floats, and finite: quick for many values.

    Args:
        values: The values. Where the answer is no, they have to be looked at one by one: there are none, one
            of them is no float or not finite, or they are so large that their sum is not.
    """
    return set(map(type, values)) == {float} and math.isfinite(sum(values))


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
