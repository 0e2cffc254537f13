"""Templates: programs with parameter names as angles, and their parameter sets."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import number_of, shown, text_of

__all__ = ["ParameterSet", "TemplateBatch", "TemplateEntry", "are_finite_floats"]

_LISTS = frozenset((list, tuple))
_LONGEST_PROGRAM = 600

ParameterSet = tuple[str, tuple[float, ...]]
"""The label of a circuit and its parameter values, in the order of the parameter names."""


@dataclass(frozen=True)
class TemplateEntry:
    """A program with parameter names, and the parameter sets to run it with. Each set gives one circuit.

    Args:
        template_qasm: OpenQASM 2 with parameter names as angles, for example ``ry(theta_0) q[0];``. A name
            is replaced by a value wherever no letter, digit or underscore is directly before or after it.
        parameter_names: The names, each once. They may be any text, for example ``w_0[0]`` or ``β``.
        parameter_sets: For each circuit a pair of its label and its values, one for each name in order. The
            values are a list, a tuple or a row of an array. A mapping from labels to values is accepted too.

    Raises:
        QoroInputError: An argument has the wrong type, a name is empty or occurs twice, a label occurs
            twice, the number of values differs from the number of names, or a value is not a finite
            number.
    """

    template_qasm: str
    parameter_names: Sequence[str]
    parameter_sets: Sequence[tuple[str, Sequence[float]]]

    def __post_init__(self) -> None:
        if not isinstance(self.template_qasm, str):
            raise QoroInputError(f"template_qasm is {shown(self.template_qasm)}, expected OpenQASM 2 text")
        names = _check_names(self.parameter_names)
        object.__setattr__(self, "parameter_names", names)
        object.__setattr__(self, "parameter_sets", _check_sets(self.parameter_sets, names))

    def __repr__(self) -> str:
        parameters = counted(len(self.parameter_names), "parameter")
        return f"<TemplateEntry: {parameters}, {counted(len(self.parameter_sets), 'parameter set')}>"

    def _repr_html_(self) -> str:
        return Card(
            "Template",
            rows=[
                ("parameters", short_text(", ".join(self.parameter_names)) or "none"),
                ("parameter sets", f"{len(self.parameter_sets):,}"),
            ],
            code=short_text(self.template_qasm, _LONGEST_PROGRAM),
        ).to_html()


@dataclass(frozen=True)
class TemplateBatch:
    """One upload of a template with some of its parameter sets, and what is measured on their circuits.

    Exactly one of ``shots`` and ``observables`` is set.

    Attributes:
        template: The program, its parameter names, and the parameter sets in this upload.
        finalized: Whether this is the last upload of the job.
        shots: Shots per circuit.
        observables: Groups of Pauli strings, the leftmost letter on qubit 0.
        weights: The weight of each Pauli string in its group, for a gradient job, where each group is one
            observable.
    """

    template: TemplateEntry
    finalized: bool
    shots: int | None = None
    observables: tuple[tuple[str, ...], ...] | None = None
    weights: tuple[tuple[float, ...], ...] | None = None


def _check_names(names: object) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise QoroInputError(f"parameter_names is {shown(names)}, expected a list of names")
    checked: dict[str, None] = {}  # an ordered set
    for index, given in enumerate(names):
        name = text_of(given)
        if not name:
            raise QoroInputError(
                f"parameter_names[{index}] is {shown(given)}, expected Unicode text that is not empty"
            )
        if name in checked:
            raise QoroInputError(f"parameter_names[{index}] repeats {name!r}, expected each name once")
        checked[name] = None
    return tuple(checked)


def _check_sets(sets: object, names: tuple[str, ...]) -> tuple[ParameterSet, ...]:
    pairs = sets.items() if isinstance(sets, Mapping) else sets
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise QoroInputError(f"parameter_sets is {shown(sets)}, expected a list of (label, values)")
    usual = _usual_sets(pairs, len(names)) if isinstance(pairs, list | tuple) else None
    if usual is not None:
        return usual
    checked: dict[str, tuple[float, ...]] = {}  # by label, to find repeated labels
    for index, pair in enumerate(pairs):
        label, row = _pair(pair, index)
        if label in checked:
            raise QoroInputError(f"parameter_sets[{index}]: the label {label!r} occurs twice")
        checked[label] = _values(row, names, f"parameter_sets[{index}] ({label!r})")
    return tuple(checked.items())


def _usual_sets(pairs: Sequence[Any], width: int) -> tuple[ParameterSet, ...] | None:
    """Check all sets at once, which is much faster. Returns ``None`` if each has to be checked singly."""
    if not set(map(type, pairs)) <= _LISTS or set(map(len, pairs)) != {2}:
        return None
    labels, rows = zip(*pairs, strict=True)
    if not set(map(type, rows)) <= _LISTS or set(map(len, rows)) != {width}:
        return None
    if set(map(type, labels)) != {str} or len(set(labels)) < len(labels) or text_of("".join(labels)) is None:
        return None
    if not are_finite_floats(list(chain.from_iterable(rows))):
        return None
    return tuple(zip(labels, map(tuple, rows), strict=True))


def _pair(pair: object, index: int) -> tuple[str, Any]:
    if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2:
        label, row = pair
        text = text_of(label)
        if text is not None:
            return text, row
    raise QoroInputError(
        f"parameter_sets[{index}] is {shown(pair)}, expected (label, values) where label is text that UTF-8 "
        "can encode"
    )


def _values(row: Any, names: tuple[str, ...], where: str) -> tuple[float, ...]:
    if hasattr(row, "tolist"):  # a row of an array: convert its values to Python numbers
        row = row.tolist()
    if isinstance(row, str) or not isinstance(row, Iterable):
        raise QoroInputError(f"{where} has the values {shown(row)}, expected a list of numbers")
    values: tuple[Any, ...] = tuple(row)
    if not are_finite_floats(values):
        # An invalid value becomes None and is reported below, after the length.
        values = tuple(map(number_of, values))
    if len(values) != len(names):
        raise QoroInputError(
            f"{where} has {len(values)} values, expected {len(names)}, one for each name: "
            + shown(", ".join(names))
        )
    if None in values:
        place = values.index(None)
        raise QoroInputError(f"{where}: the value of {names[place]!r} is not a finite number")
    return values


def are_finite_floats(values: Collection[Any]) -> bool:
    """Check quickly whether all values are finite Python floats.

    ``True`` is certain. ``False`` is not: it is also returned if there are no values, or if the sum of finite
    values overflows. The caller then has to check each value.

    Args:
        values: The values.
    """
    return set(map(type, values)) == {float} and math.isfinite(sum(values))
