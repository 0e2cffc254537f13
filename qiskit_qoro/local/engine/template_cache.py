"""Prepare templates for the engine, so that a row of values costs little more than writing its numbers.

A row means the template's text with values in place of names (:mod:`qiskit_qoro.wire.substitution`). Parsing
that text for every row would take nearly as long as the engine takes for a small circuit. So a template is
parsed once:

1. Each angle that contains a name is replaced by a marker, an unusual number.
2. The text is read as a program and written for the engine.
3. Each place where a marker appears becomes a slot, and the text between the slots is kept.
4. A row fills the slots with its angles.

This is done twice, with markers of different sign and size. If both give the same slots in the same text, the
angles pass through unchanged, and the result is valid for every row. If not, each row is resolved and parsed
singly. That happens if a gate that the program defines computes with its angle, if a name is not in an angle,
or if the text has an error.

An angle may be an expression such as ``2*theta``. Its value is computed by Qiskit's parser. It is imported
with the first expression, because importing Qiskit takes several times as long as a small job.
"""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.local.engine.slotted_program import SlottedProgram, find_slots
from qiskit_qoro.models.template_names import Occurrence
from qiskit_qoro.qasm.read.guards import blank_comments
from qiskit_qoro.qasm.read.template_parser import TemplateText, find_misplaced_name, parameter_angles
from qiskit_qoro.wire.substitution import decimal_text, resolve_template

__all__ = ["Expression", "PreparedTemplate", "Template", "TemplateCache", "TemplateRow"]

# A job has few templates, and a worker alternates between a few jobs.
_CACHE_SIZE = 8

# The number of templates without siblings that are remembered.
_SEEN_SIZE = 64

# Any seed works. The markers only have to be numbers that programs do not contain.
_MARKER_SEED = 20


@dataclass(frozen=True)
class Template:
    """A program with names in place of angles, as the client sent it."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Expression:
    """An angle that contains names. Its text is ``pieces`` with the values of the names between them.

    Attributes:
        pieces: The text around the names, one piece more than there are names.
        names: The index of each name.
    """

    pieces: tuple[str, ...]
    names: tuple[int, ...]

    @property
    def is_name(self) -> bool:
        """Whether it is a name alone."""
        return self.pieces == ("", "")

    def resolve(self, numbers: Sequence[str]) -> str:
        """Insert the values of all names, as text."""
        text = [self.pieces[0]]
        for index, piece in zip(self.names, self.pieces[1:], strict=True):
            text += (numbers[index], piece)
        return "".join(text)


@dataclass(frozen=True)
class PreparedTemplate:
    """A template whose rows can be filled in without parsing.

    Attributes:
        template: The template.
        expressions: The distinct angle expressions that contain names.
        slotted: The engine program with a slot for each gate that uses an expression.
    """

    template: Template
    expressions: tuple[Expression, ...]
    slotted: SlottedProgram

    @cached_property
    def name_indices(self) -> tuple[int, ...] | None:
        """The index of each expression's name, or ``None`` unless each expression is a name alone."""
        if not all(expression.is_name for expression in self.expressions):
            return None
        return tuple(expression.names[0] for expression in self.expressions)

    def angles(self, values: Sequence[float]) -> list[float]:
        """Compute the value of each expression.

        Args:
            values: One value for each name of the template.

        Raises:
            QoroInputError: An expression has no value.
        """
        if self.name_indices is not None:
            return [values[index] for index in self.name_indices]
        return _evaluate(self.expressions, values)

    def fill(self, angles: Sequence[float]) -> EngineProgram:
        """Return the program with these values of the expressions.

        Raises:
            QoroInputError: A value is not finite.
        """
        return self.slotted.fill(angles)


@dataclass(frozen=True)
class TemplateRow:
    """A template with the values of one row: a source of a program for the simulator.

    Attributes:
        cache: Prepares the template.
        template: The template.
        values: One value for each of its names.
        text: The row as the client sent it, if it sent a program instead of a template.
    """

    cache: TemplateCache
    template: Template
    values: tuple[float, ...]
    text: str | None = None

    def read(self, *, measure: bool = True, basis_gates: frozenset[str] | None = None) -> EngineProgram:
        """Return the program of the row; see :meth:`TemplateCache.program`."""
        return self.cache.program(
            self.template, self.values, text=self.text, measure=measure, basis_gates=basis_gates
        )


class TemplateCache:
    """Writes the programs of rows, and caches the prepared templates."""

    def __init__(self) -> None:
        # Least recently used first. None marks a template whose rows have to be parsed singly.
        self._prepared: OrderedDict[tuple[object, ...], PreparedTemplate | None] = OrderedDict()
        # The hashes of templates, because their texts may be long. If two templates have the same hash, one
        # of them is prepared too early.
        self._seen: deque[int] = deque(maxlen=_SEEN_SIZE)

    def program(
        self,
        template: Template,
        values: Sequence[float],
        *,
        text: str | None = None,
        measure: bool = True,
        basis_gates: frozenset[str] | None = None,
    ) -> EngineProgram:
        """Return the engine program of a template with some values.

        Args:
            template: The template.
            values: One value for each of its names.
            text: The resolved text, if it is known.
            measure: As for :func:`~qiskit_qoro.local.engine.program.write_engine_program`.
            basis_gates: As for that function.

        Returns:
            The same program that parsing the resolved text would give.

        Raises:
            QoroInputError: The resolved text is not a program that can be run.
        """
        prepared = self.prepare(template, measure=measure, basis_gates=basis_gates)
        if prepared is not None:
            try:
                return prepared.fill(prepared.angles(values))
            except QoroInputError:
                pass  # Parsing the resolved text gives an error with line and column.
        if text is None:
            text = resolve_template(template.text, template.names, values)
        return read_engine_program(text, measure=measure, basis_gates=basis_gates)

    def is_new(self, template: Template) -> bool:
        """Whether this is called for a template for the first time.

        Preparing a template takes as long as reading several rows. So a job with a single row prepares its
        template only if an earlier job has had the same template.
        """
        is_new = hash(template) not in self._seen
        if is_new:
            self._seen.append(hash(template))
        return is_new

    def prepare(
        self, template: Template, *, measure: bool = True, basis_gates: frozenset[str] | None = None
    ) -> PreparedTemplate | None:
        """Prepare a template, or return ``None`` if each of its rows has to be parsed singly."""
        key = (template, measure, basis_gates)
        if key not in self._prepared:
            self._prepared[key] = _prepare(template, measure=measure, basis_gates=basis_gates)
            if len(self._prepared) > _CACHE_SIZE:
                self._prepared.popitem(last=False)
        self._prepared.move_to_end(key)
        return self._prepared[key]


def _prepare(
    template: Template, *, measure: bool, basis_gates: frozenset[str] | None
) -> PreparedTemplate | None:
    text = TemplateText.of(template.text, template.names)
    # A name may contain brackets, commas or "//", so the text is split with its names hidden.
    code = blank_comments(text.hidden)
    if find_misplaced_name(code, text.occurrences) is not None:
        return None
    # Split the text at each angle that contains a name. Equal expressions get the same index.
    index_of: dict[Expression, int] = {}
    pieces, position = [], 0
    for start, end, inside in parameter_angles(code, text.occurrences):
        index = index_of.setdefault(_expression(code, start, end, inside), len(index_of))
        pieces.append((code[position:start], index))
        position = end
    rng = random.Random(_MARKER_SEED)
    slotted = []
    for scale in (1.0, -1e-7):
        markers = [scale * (1 + rng.random()) for _ in index_of]
        marked = "".join(f"{before}{markers[index]!r}" for before, index in pieces) + code[position:]
        try:
            program = read_engine_program(marked, measure=measure, basis_gates=basis_gates)
        except Exception:  # The rows get the same error when they are parsed singly.
            return None
        slotted.append(find_slots(program, markers))
    first, second = slotted
    return PreparedTemplate(template, tuple(index_of), first) if first == second else None


def _expression(code: str, start: int, end: int, occurrences: Sequence[Occurrence]) -> Expression:
    """Return the angle at ``code[start:end]``, which contains ``occurrences``."""
    ends = [start, *(each.end for each in occurrences)]
    starts = [*(each.start for each in occurrences), end]
    pieces = [code[begin:stop] for begin, stop in zip(ends, starts, strict=True)]
    pieces[0], pieces[-1] = pieces[0].lstrip(), pieces[-1].rstrip()
    return Expression(tuple(pieces), tuple(each.name_index for each in occurrences))


def _evaluate(expressions: Sequence[Expression], values: Sequence[float]) -> list[float]:
    """Compute each expression by parsing it as the angle of a gate."""
    from qiskit_qoro.qasm.read.parser import parse_program  # noqa: PLC0415

    numbers = [decimal_text(value) for value in values]
    gates = "".join(f"U({expression.resolve(numbers)},0,0) q[0];" for expression in expressions)
    return [instruction.params[0] for instruction in parse_program(f"qreg q[1];{gates}").data]
