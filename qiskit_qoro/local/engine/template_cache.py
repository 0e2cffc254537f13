"""Templates for the engine: read once, then every row of values costs little more than its numbers.

What a row means is what the text means once its values are in it (:mod:`qiskit_qoro.wire.template_text`). To
read that text for every row takes nearly as long as the engine takes for a small circuit. So each angle that
holds a name is replaced by a number that stands out, the text is read and written for the engine once, and
where the numbers come out again is where the angles of each row go.

This is done with two sets of numbers of different sign and size: if both give the same program around the
same places, the angles only pass through. Otherwise (a gate that the program defines computes with its angle,
a name stands elsewhere, the text is wrong) every row is read by itself. An angle that is more than a
name, such as ``2*theta``, is computed by the parser that would read it in its place.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from qiskit import QuantumCircuit
from qiskit.circuit import Qubit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.program import EngineProgram, ProgramWriter, spell, write_engine_program
from qiskit_qoro.qasm.gates import CLIFFORD_GATES
from qiskit_qoro.qasm.read.guards import blank_comments
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.template_parser import angle_spans, names_in, stray_name
from qiskit_qoro.wire.template_text import resolve_template

__all__ = ["Filling", "Reader", "Row", "Template"]

_KEPT = 8  # readings of templates; a job has few templates, and workers turn from job to job
_SEED = 20  # any will do: the numbers only have to be unusual


@dataclass(frozen=True)
class Template:
    """A program with names in place of angles, as it was sent."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Slot:
    """A gate whose angles differ from row to row.

    Attributes:
        word: The gate.
        angles: Its angles; a whole number is the place of an expression.
        is_first: Whether no gate before it is certain to be no Clifford gate.
    """

    word: str
    angles: tuple[float | int, ...]
    is_first: bool


@dataclass(frozen=True)
class _Reading:
    """What is left of a template once it is read: ``pieces`` of engine text around ``slots``."""

    program: EngineProgram
    pieces: tuple[str, ...]
    slots: tuple[_Slot, ...]

    def fill(self, angles: Sequence[float]) -> EngineProgram:
        """The program with the value of each expression in its place."""
        words = [
            spell(slot.word, [angles[angle] if type(angle) is int else angle for angle in slot.angles])
            for slot in self.slots
        ]
        text = [self.pieces[0]]
        for word, piece in zip(words, self.pieces[1:], strict=True):
            text += (word, piece)
        non_clifford = self.program.non_clifford
        for slot, word in zip(self.slots, words, strict=True):
            if not slot.is_first:
                break
            if word not in CLIFFORD_GATES:
                non_clifford = word
                break
        return replace(self.program, text="".join(text), non_clifford=non_clifford)


@dataclass(frozen=True)
class Filling:
    """How the rows of a template become programs: the reading, and the expressions of its slots."""

    template: Template
    expressions: tuple[str, ...]
    reading: _Reading

    @cached_property
    def has_names_only(self) -> bool:
        """Whether each expression is just one of the names."""
        return set(self.expressions) <= set(self.template.names)

    def angles(self, values: Sequence[float]) -> list[float]:
        """The value of each expression.

        Args:
            values: One value for each name of the template.

        Raises:
            QoroInputError: An expression has no value.
        """
        if self.has_names_only:
            known = dict(zip(self.template.names, values, strict=True))
            return [known[expression] for expression in self.expressions]
        return _evaluate(self.expressions, self.template.names, values)

    def fill(self, angles: Sequence[float]) -> EngineProgram:
        """The program with a number in place of each expression.

        Raises:
            QoroInputError: A number is not finite.
        """
        return self.reading.fill(angles)


@dataclass(frozen=True)
class Row:
    """A template with the values of one row, and who reads it."""

    reader: Reader
    template: Template
    values: tuple[float, ...]

    def read(self, *, measure: bool = True, words: frozenset[str] | None = None) -> EngineProgram:
        """The program; see :meth:`Reader.read`."""
        return self.reader.read(self.template, self.values, measure=measure, words=words)


class Reader:
    """Reads programs for the engine, and remembers the templates that it has read last."""

    def __init__(self) -> None:
        self._fillings: OrderedDict[tuple[object, ...], Filling | None] = OrderedDict()

    def read(
        self,
        template: Template,
        values: Sequence[float],
        *,
        measure: bool = True,
        words: frozenset[str] | None = None,
    ) -> EngineProgram:
        """The program that a template is with some values.

        Args:
            template: The template.
            values: One value for each of its names.
            measure: As for :func:`~qiskit_qoro.local.engine.program.write_engine_program`.
            words: As for that function.

        Returns:
            What reading the resolved text gives.

        Raises:
            QoroInputError: The resolved text is no program that can be run.
        """
        filling = self.filling(template, measure=measure, words=words)
        if filling is not None:
            try:
                return filling.fill(filling.angles(values))
            except QoroInputError:
                pass  # in the resolved text the error has a line and a column
        text = resolve_template(template.text, template.names, values)
        return write_engine_program(parse_program(text), measure=measure, words=words)

    def filling(
        self, template: Template, *, measure: bool = True, words: frozenset[str] | None = None
    ) -> Filling | None:
        """How the rows of a template can be filled in, ``None`` where each has to be read by itself."""
        key = (template, measure, words)
        if key not in self._fillings:
            self._fillings[key] = _filling(template, measure=measure, words=words)
            if len(self._fillings) > _KEPT:
                self._fillings.popitem(last=False)
        self._fillings.move_to_end(key)
        return self._fillings[key]


def _filling(template: Template, *, measure: bool, words: frozenset[str] | None) -> Filling | None:
    code = blank_comments(template.text)
    if stray_name(code, template.names) is not None:
        return None
    places: dict[str, int] = {}
    pieces, position = [], 0
    for start, end in angle_spans(code):
        if names_in(code[start:end], template.names):
            place = places.setdefault(code[start:end].strip(), len(places))
            pieces.append((code[position:start], place))
            position = end
    rng = random.Random(_SEED)
    readings = []
    for scale in (1.0, -1e-7):
        numbers = [scale * (1 + rng.random()) for _ in places]
        text = "".join(f"{before}{numbers[place]!r}" for before, place in pieces) + code[position:]
        try:
            circuit = parse_program(text)
            markers = {number: place for place, number in enumerate(numbers)}
            readings.append(_TemplateWriter(circuit, markers, measure=measure, words=words).read())
        except Exception:  # reading the rows will tell what it is
            return None
    first, second = readings
    return Filling(template, tuple(places), first) if first == second else None


class _TemplateWriter(ProgramWriter):
    """Writes a program in which some numbers are not to be written, but to be filled in later."""

    def __init__(
        self,
        circuit: QuantumCircuit,
        markers: Mapping[float, int],
        *,
        measure: bool,
        words: frozenset[str] | None,
    ) -> None:
        super().__init__(circuit, measure=measure, words=words)
        self._markers = markers
        self._slots: list[_Slot] = []
        self._places: list[int] = []  # of the slots among the lines

    def read(self) -> _Reading:
        program = self.write()
        ends = [*self._places, len(self._body)]
        head = program.text[: len(program.text) - sum(map(len, self._body))]
        starts = [0, *self._places]
        pieces = ["".join(self._body[start:end]) for start, end in zip(starts, ends, strict=True)]
        return _Reading(replace(program, text=""), (head + pieces[0], *pieces[1:]), tuple(self._slots))

    def _emit_gate(self, condition: str, word: str, params: Sequence[float], qubits: Sequence[Qubit]) -> None:
        if self._markers.keys().isdisjoint(params):
            super()._emit_gate(condition, word, params, qubits)
            return
        angles = tuple(self._markers.get(angle, float(angle)) for angle in params)
        self._slots.append(_Slot(word, angles, is_first=self._non_clifford is None))
        self._body.append(condition)
        self._places.append(len(self._body))
        self._body.append(f" {self._operands(qubits)};\n")


def _evaluate(expressions: Sequence[str], names: Sequence[str], values: Sequence[float]) -> list[float]:
    """What the parser makes of each expression with the values in it."""
    resolved = [resolve_template(expression, names, values) for expression in expressions]
    gates = "".join(f"U({expression},0,0) q[0];" for expression in resolved)
    return [instruction.params[0] for instruction in parse_program(f"qreg q[1];{gates}").data]
