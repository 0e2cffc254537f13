"""Parser for templates, which are programs with names as angles.

Each name is replaced by a number of the same length before the text is parsed, so that errors of the parser
have the line and column of the template. A separate check of the text makes sure that names occur as angles
only, and not as registers, gates or indices.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import blank_comments, error_at
from qiskit_qoro.qasm.read.parser import parse_program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["angle_spans", "check_names", "contains_name", "find_misplaced_name", "parse_template"]

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
# The beginning of a gate with angles, up to and including the bracket. A condition may precede it.
_CALL = re.compile(r"(?:\A|[;{}])\s*(?:if\s*\([^()]*\)\s*)?(?!if\b)[A-Za-z_]\w*\s*\(")
_DELIMITER = re.compile(r"[(),;{}]")
_RESERVED = frozenset(
    {"OPENQASM", "include", "qreg", "creg", "gate", "opaque", "measure", "reset", "barrier", "if"}
    | {"pi", "sin", "cos", "tan", "exp", "ln", "sqrt", "U", "CX"}
)
# A name such as e5 may be the exponent of a number, and would be replaced in it.
_EXPONENT = re.compile(r"[eE][0-9]+")
_GOLDEN_RATIO = 0.6180339887498949


def parse_template(text: str, names: Sequence[str], *, limits: Limits = DEFAULT_LIMITS) -> QuantumCircuit:
    """Parse a template with a number in place of each name.

    Args:
        text: OpenQASM 2 that may have names as angles.
        names: The names. They are identifiers, and need not all occur.
        limits: The limits for the size of the program.

    Returns:
        The circuit, with meaningless angles.

    Raises:
        QoroInputError: A name is reserved in OpenQASM 2 or occurs as something other than an angle, or the
            text is not a program. The message begins with line and column of the template if they are known.
    """
    check_names(names)
    code = blank_comments(text)
    misplaced = find_misplaced_name(code, names)
    if misplaced is not None:
        raise error_at(
            code,
            misplaced.start(),
            f"the parameter '{misplaced[0]}' occurs outside of an angle; parameters may only be angles of "
            "gates, and no register, gate or parameter of a gate definition may have the same name",
        )
    numbers = {name: _number_of_same_length(name, index) for index, name in enumerate(names)}
    return parse_program(_IDENTIFIER.sub(lambda match: numbers.get(match[0], match[0]), text), limits=limits)


def check_names(names: Sequence[str]) -> None:
    """Refuse names that have a meaning in OpenQASM 2.

    Raises:
        QoroInputError: A name is reserved, or reads like the exponent of a number.
    """
    for name in names:
        if name in _RESERVED:
            raise QoroInputError(f"the parameter name {name!r} is reserved in OpenQASM 2; rename it")
        if _EXPONENT.fullmatch(name):
            raise QoroInputError(
                f"the parameter name {name!r} reads like the exponent of a number (1{name}); rename it"
            )


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


def contains_name(expression: str, names: Collection[str]) -> bool:
    """Whether one of ``names`` occurs in an expression."""
    return any(match[0] in names for match in _IDENTIFIER.finditer(expression))


def find_misplaced_name(code: str, names: Sequence[str]) -> re.Match[str] | None:
    """Return the first occurrence of a name outside of an angle, or ``None``.

    Args:
        code: A program, with comments blanked.
        names: The names.
    """
    name_set = frozenset(names)
    # Both the identifiers and the spans are ascending, so one pass over both is enough.
    spans = angle_spans(code)
    start, end = next(spans, (len(code), len(code)))
    for match in _IDENTIFIER.finditer(code):
        if match[0] not in name_set:
            continue
        while end <= match.start() and end < len(code):
            start, end = next(spans, (len(code), len(code)))
        if not start <= match.start() < end:
            return match
    return None


def _number_of_same_length(name: str, index: int) -> str:
    """Return a number with as many characters as ``name``.

    Different names get different numbers if possible, so that an expression such as ``1/(a-b)`` has a value.
    """
    if len(name) < 3:
        return str(1 + index % 9) * len(name)
    fraction = 0.1 + 0.8 * ((index + 1) * _GOLDEN_RATIO % 1)
    return f"{fraction:.{len(name) - 2}f}"
