"""Parser for templates, which are programs with names as angles.

A name may be any text, so a template cannot be parsed before its names are replaced. Here each name is
replaced by a number of the same length, so that errors of the parser have the line and column of the
template. A separate check makes sure that names occur as angles only, and not as registers, gates or indices.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from qiskit_qoro.models.template_names import Occurrence, find_names, replace_names
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import blank_comments, error_at

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = [
    "TemplateText",
    "angle_spans",
    "check_placement",
    "find_misplaced_name",
    "parameter_angles",
    "parse_template",
]

# The beginning of a gate with angles, up to and including the bracket. A condition may precede it.
_CALL = re.compile(r"(?:\A|[;{}])\s*(?:if\s*\([^()]*\)\s*)?(?!if\b)[A-Za-z_]\w*\s*\(")
_DELIMITER = re.compile(r"[(),;{}]")
_NUMBER_CHARS = frozenset("0123456789.")
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class TemplateText:
    """The text of a template, and where its names occur.

    Attributes:
        text: OpenQASM 2 that may have names as angles.
        names: The names, distinct and not empty. They need not all occur.
        occurrences: Where the names occur, including those in comments.
        hidden: The text with a number of the same length in place of each name, so that all other text keeps
            its position.
    """

    text: str
    names: tuple[str, ...]
    occurrences: Sequence[Occurrence]
    hidden: str

    @classmethod
    def of(cls, text: str, names: Sequence[str]) -> Self:
        """Find the names in a text and hide them."""
        occurrences = find_names(text, names)
        numbers = [_number_of_same_length(name, index) for index, name in enumerate(names)]
        return cls(text, tuple(names), occurrences, replace_names(text, occurrences, numbers))


def check_placement(template: TemplateText) -> None:
    """Check that names occur only as angles, or as parts of their expressions.

    Raises:
        QoroInputError: A name occurs elsewhere, or inside a number. The message begins with line and column.
    """
    code = blank_comments(template.hidden)
    misplaced = find_misplaced_name(code, template.occurrences)
    if misplaced is not None:
        raise error_at(
            code,
            misplaced.start,
            f"the parameter {_shown(template.names[misplaced.name_index])} occurs outside of an angle; "
            "parameters may only be angles of gates, and no register, gate or parameter of a gate "
            "definition may have the same name",
        )
    for start, end, index in template.occurrences:
        # Most values would make a number such as 1.0.5, and some would make a valid one with another meaning.
        if code[start] != " " and (_ends_in_number(code, start) or code[end : end + 1] in _NUMBER_CHARS):
            raise error_at(
                code,
                start,
                f"the parameter {_shown(template.names[index])} touches a number and would become a part of "
                "it; put an operator between them",
            )


def parse_template(template: TemplateText, *, limits: Limits = DEFAULT_LIMITS) -> QuantumCircuit:
    """Parse a template with a number in place of each name.

    Args:
        template: The template, whose names :func:`check_placement` has checked.
        limits: The limits for the size of the program.

    Returns:
        The circuit, with meaningless angles.

    Raises:
        QoroInputError: The text is not a program. The message begins with line and column of the template if
            they are known.
    """
    from qiskit_qoro.qasm.read.parser import parse_program  # noqa: PLC0415 - it needs Qiskit

    return parse_program(template.hidden, limits=limits)


def angle_spans(code: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each angle, that is of each expression in the brackets of a gate.

    Args:
        code: A program, with comments blanked.
    """
    for call in _CALL.finditer(code):
        # The brackets of the gate itself are depth 1. Commas at this depth separate the angles.
        depth, start = 1, call.end()
        for delimiter in _DELIMITER.finditer(code, start):
            if delimiter[0] == "(":
                depth += 1
            elif delimiter[0] == ")":
                depth -= 1
            elif delimiter[0] != ",":
                depth = 0  # a bracket is missing, which the parser will report
            if depth == 0 or (depth == 1 and delimiter[0] == ","):
                yield start, delimiter.start()
                start = delimiter.end()
            if depth == 0:
                break


def parameter_angles(
    code: str, occurrences: Sequence[Occurrence]
) -> Iterator[tuple[int, int, list[Occurrence]]]:
    """Yield the start and end of each angle that contains names, and the names in it.

    Args:
        code: A template with hidden names, see :class:`TemplateText`, and with comments blanked.
        occurrences: Where the names occur, including those in comments. No name is misplaced.
    """
    rest = deque(each for each in occurrences if code[each.start] != " ")  # not in a comment
    for start, end in angle_spans(code):
        inside = []
        while rest and rest[0].start < end:
            inside.append(rest.popleft())
        if inside:
            yield start, end, inside


def find_misplaced_name(code: str, occurrences: Sequence[Occurrence]) -> Occurrence | None:
    """Return the first occurrence of a name outside of an angle, or ``None``.

    Args:
        code: A template with hidden names, see :class:`TemplateText`, and with comments blanked.
        occurrences: Where the names occur, including those in comments.
    """
    # Both the occurrences and the spans are ascending, so one pass over both is enough.
    spans = angle_spans(code)
    start, end = next(spans, (len(code), len(code)))
    for occurrence in occurrences:
        if code[occurrence.start] == " ":  # in a comment
            continue
        while end <= occurrence.start and end < len(code):
            start, end = next(spans, (len(code), len(code)))
        if not start <= occurrence.start < end:
            return occurrence
    return None


def _ends_in_number(code: str, end: int) -> bool:
    """Whether the text before ``end`` ends in a number, or in one whose exponent has no digits yet."""
    if code[end - 1] in _NUMBER_CHARS:
        return True
    if code[end - 1] not in "+-" or code[end - 2] not in "eE":
        return False
    begin = end - 2  # before the "e"; the bracket before the angle ends the loop
    while code[begin - 1] in _NUMBER_CHARS:
        begin -= 1
    return begin < end - 2 and not (code[begin - 1].isalnum() or code[begin - 1] == "_")


def _number_of_same_length(name: str, index: int) -> str:
    """Return a number with as many characters as ``name``.

    Different names get different numbers if possible, so that an expression such as ``1/(a-b)`` has a value.
    """
    if len(name) < 3:
        return str(1 + index % 9) * len(name)
    fraction = 0.1 + 0.8 * ((index + 1) * _GOLDEN_RATIO % 1)
    return f"{fraction:.{len(name) - 2}f}"


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
