"""Templates: programs in which gates take names as angles.

A template is read by writing a number as long as the name in the place of each name, so that whatever the
parser complains of is at the same line and column in the template. That names stand for angles only, and
not for registers, gates or indices, is seen from the text before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import blank_comments, fail
from qiskit_qoro.qasm.read.parser import parse_program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["angle_spans", "check_names", "names_in", "parse_template", "stray_name"]

_WORD = re.compile(r"\b[A-Za-z_]\w*")
_CALL = re.compile(r"(?:\A|[;{}])\s*(?:if\s*\([^()]*\)\s*)?(?!if\b)[A-Za-z_]\w*\s*\(")
_MARK = re.compile(r"[(),;{}]")
_RESERVED = frozenset(
    {"OPENQASM", "include", "qreg", "creg", "gate", "opaque", "measure", "reset", "barrier", "if"}
    | {"pi", "sin", "cos", "tan", "exp", "ln", "sqrt", "U", "CX"}
)
_EXPONENT = re.compile(r"[eE][0-9]+")
_GOLDEN = 0.6180339887498949


def parse_template(text: str, names: Sequence[str], *, limits: Limits = DEFAULT_LIMITS) -> QuantumCircuit:
    """Read a template with some number in place of each name.

    Args:
        text: OpenQASM 2 in which gates may take names as angles.
        names: The names, each a word that does not begin with a digit. One that does not occur is fine.
        limits: How large the program may be.

    Returns:
        The circuit; its angles mean nothing, all else does.

    Raises:
        QoroInputError: A name is a word of OpenQASM 2, stands for something other than an angle, or the
            text is no program. The message begins with line and column of the template where they are known.
    """
    check_names(names)
    code = blank_comments(text)
    stray = stray_name(code, names)
    if stray is not None:
        raise fail(
            code,
            stray.start(),
            f"the parameter '{stray[0]}' stands where no angle can be; parameters stand between the brackets "
            "of a gate, and no register, gate or angle of a gate definition may have the same name",
        )
    numbers = {name: _number_as_long(name, index) for index, name in enumerate(names)}
    return parse_program(_WORD.sub(lambda word: numbers.get(word[0], word[0]), text), limits=limits)


def check_names(names: Sequence[str]) -> None:
    """Refuse names that mean something in every program.

    Raises:
        QoroInputError: One does.
    """
    for name in names:
        if name in _RESERVED:
            raise QoroInputError(f"the parameter {name!r} is a word of OpenQASM 2; give it another name")
        if _EXPONENT.fullmatch(name):
            raise QoroInputError(f"the parameter {name!r} reads like the end of 1.{name}; rename it")


def angle_spans(code: str) -> Iterator[tuple[int, int]]:
    """The places of all angles: start and end of each expression between a gate's brackets.

    Args:
        code: A program, its comments blanked.
    """
    for call in _CALL.finditer(code):
        depth, start = 1, call.end()
        for mark in _MARK.finditer(code, start):
            if mark[0] == "(":
                depth += 1
            elif mark[0] == ")":
                depth -= 1
            elif mark[0] != ",":
                depth = 0  # a bracket is missing: the parser will say so
            if depth == 0 or (depth == 1 and mark[0] == ","):
                yield start, mark.start()
                start = mark.end()
            if depth == 0:
                break


def names_in(expression: str, names: Collection[str]) -> bool:
    """Whether one of ``names`` occurs in an expression."""
    return any(word[0] in names for word in _WORD.finditer(expression))


def stray_name(code: str, names: Sequence[str]) -> re.Match[str] | None:
    """The first occurrence of a name that is not within an angle, ``None`` where there is none."""
    known = frozenset(names)
    spans = angle_spans(code)
    start, end = next(spans, (len(code), len(code)))
    for word in _WORD.finditer(code):
        if word[0] not in known:
            continue
        while end <= word.start() and end < len(code):
            start, end = next(spans, (len(code), len(code)))
        if not start <= word.start() < end:
            return word
    return None


def _number_as_long(name: str, index: int) -> str:
    """A number with as many characters as ``name``, another one for each index where there is room."""
    if len(name) < 3:
        return str(1 + index % 9) * len(name)
    fraction = 0.1 + 0.8 * ((index + 1) * _GOLDEN % 1)
    return f"{fraction:.{len(name) - 2}f}"
