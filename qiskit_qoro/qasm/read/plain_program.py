"""Fast recognition of plain programs.

Most large programs consist of declarations followed by gates of the table on single qubits, measurements,
barriers and resets. One regular expression recognizes such a program, many times faster than a parser reads
it. A program that is not recognized is not necessarily wrong: :mod:`~qiskit_qoro.qasm.read.parser` reads it,
and reports errors with line and column.

The expression accepts less than the parser, never more: angles are numbers or fractions of ``pi``, all
registers are declared first, and there are no conditions, definitions or comments. It is linear in the length
of the text, because it never gives back what it has matched.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate

from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits

__all__ = ["ANGLE", "COMMA", "PlainProgram", "angle_value", "read_plain_program"]

_NAME = "[a-z][a-zA-Z0-9_]*+"
_INT = "(?:0|[1-9][0-9]{0,8})"
_BIT = rf"{_NAME}\[{_INT}\]"
_NUMBER = r"(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]{1,2})?"
COMMA = r"\s*+,\s*+"
"""Pattern of a comma with white space."""

ANGLE = rf"[-+]?(?:pi(?:\*{_NUMBER}|/[1-9][0-9]{{0,8}})?|{_NUMBER}(?:\*pi(?:/[1-9][0-9]{{0,8}})?)?)"
"""Pattern of an angle that is a number or a fraction of ``pi``."""


def _gates_pattern(num_params: int, num_qubits: int) -> str:
    """Return the pattern of a gate with so many angles and qubits, which have to be different."""
    names = [
        name for name, gate in GATES.items() if (gate.num_params, gate.num_qubits) == (num_params, num_qubits)
    ]
    angles = rf"\s*+\({COMMA.join([ANGLE] * num_params)}\)\s*+" if num_params else r"\s++"
    first = f"p{num_params}q{num_qubits}"
    operands = {
        # A gate on one qubit may also be applied to all qubits of a register.
        1: rf"{_NAME}(?:\[{_INT}\])?",
        2: rf"(?P<{first}>{_BIT})\s*+,\s*+(?!(?P={first})){_BIT}",
        3: rf"(?P<{first}a>{_BIT})\s*+,\s*+(?!(?P={first}a))(?P<{first}b>{_BIT})"
        rf"\s*+,\s*+(?!(?P={first}a)|(?P={first}b)){_BIT}",
    }
    return rf"(?:{'|'.join(names)}){angles}{operands[num_qubits]}"


_OPERATION = "|".join(
    [
        *(
            _gates_pattern(*arity)
            for arity in sorted({(gate.num_params, gate.num_qubits) for gate in GATES.values()})
        ),
        rf"measure\s++(?:{_BIT}\s*+->\s*+{_BIT}|{_NAME}\s*+->\s*+{_NAME}(?!\[))",
        rf"barrier\s++{_NAME}(?:\[{_INT}\])?(?:\s*+,\s*+{_NAME}(?:\[{_INT}\])?)*+",
        rf"reset\s++{_NAME}(?:\[{_INT}\])?",
    ]
)
_PROGRAM = (
    r'\s*+(?:OPENQASM\s++2(?:\.0)?\s*+;\s*+)?include\s*+"qelib1\.inc"\s*+;\s*+'
    rf"(?P<registers>(?:[qc]reg\s++{_NAME}\[{_INT}\]\s*+;\s*+)++)"
    rf"(?P<body>(?:(?:{_OPERATION})\s*+;\s*+)*+)"
)
_REGISTER = re.compile(rf"([qc])reg\s+({_NAME})\[({_INT})\]", re.ASCII)
_FACTOR = re.compile("([*/])")
# An operation with its angles, and its operands.
_STATEMENT = re.compile(r"([a-z]\w*+(?:\s*\([^)]*\))?)\s*([^;]*);\s*", re.ASCII)
_RESERVED = frozenset(
    {*GATES, "barrier", "creg", "gate", "if", "include", "measure", "opaque", "pi", "qreg", "reset"}
    | {"cos", "exp", "ln", "sin", "sqrt", "tan"}
)


@dataclass(frozen=True)
class PlainProgram:
    """A plain program.

    Attributes:
        qregs: The size of each quantum register, by its name, in order of declaration.
        cregs: The size of each classical register.
        statements: The texts of all operations: a gate with its angles, or another operation, and its
            operands. Many of them are equal, so translate each distinct text once.
    """

    qregs: Mapping[str, int]
    cregs: Mapping[str, int]
    statements: Sequence[tuple[str, str]]

    @property
    def num_qubits(self) -> int:
        """The number of qubits."""
        return sum(self.qregs.values())

    @property
    def num_clbits(self) -> int:
        """The number of classical bits."""
        return sum(self.cregs.values())

    def gate(self, text: str) -> tuple[str, list[float]]:
        """Return the name and the angles of a gate."""
        name, bracket, angles = text.partition("(")
        if not bracket:
            return name, []
        return name.rstrip(), [angle_value(angle) for angle in angles[:-1].split(",")]

    def operands(self, text: str) -> tuple[list[Sequence[int]], list[Sequence[int]]]:
        """Return the bits of each operand: the qubits, and the classical bits of a measurement.

        Raises:
            LookupError: A register or bit does not exist.
        """
        found = self._operands.get(text)
        if found is None:
            qubits, _, clbits = text.partition("->")
            found = self._operands[text] = (
                [_bits(operand, self._qubits) for operand in qubits.split(",")],
                [_bits(operand, self._clbits) for operand in clbits.split(",") if operand],
            )
        return found

    # Operands are read when a program is checked, and again when it is written. A few operands occur in most
    # of the statements. So they are remembered.

    @cached_property
    def _operands(self) -> dict[str, tuple[list[Sequence[int]], list[Sequence[int]]]]:
        return {}

    @cached_property
    def _qubits(self) -> dict[str, range]:
        return _numbered(self.qregs)

    @cached_property
    def _clbits(self) -> dict[str, range]:
        return _numbered(self.cregs)


@cache
def _program_pattern() -> re.Pattern[str]:
    """Compile the pattern with its first use, because that takes longer than importing this module."""
    return re.compile(_PROGRAM, re.ASCII)


def read_plain_program(text: str, *, limits: Limits = DEFAULT_LIMITS) -> PlainProgram | None:
    """Recognize a plain program.

    Args:
        text: OpenQASM 2, without comments.
        limits: The limits for its size.

    Returns:
        The program, which the parser would accept too, or ``None`` if it was not recognized.
    """
    # The expression matches only ASCII, so characters are bytes. It also matches white space that the parser
    # refuses.
    if len(text) > limits.text_bytes or "\f" in text or "\v" in text:
        return None
    match = _program_pattern().fullmatch(text)
    if match is None:
        return None
    declared = _REGISTER.findall(match["registers"])
    qregs = {name: int(size) for kind, name, size in declared if kind == "q"}
    cregs = {name: int(size) for kind, name, size in declared if kind == "c"}
    program = PlainProgram(qregs, cregs, _STATEMENT.findall(match["body"]))
    has_valid_registers = (
        len(qregs | cregs) == len(declared)
        and _RESERVED.isdisjoint(qregs | cregs)
        and all((qregs | cregs).values())
        and 0 < program.num_qubits <= limits.qubits
        and program.num_clbits <= limits.clbits
    )
    return program if has_valid_registers and _has_valid_operands(program, limits) else None


def _has_valid_operands(program: PlainProgram, limits: Limits) -> bool:
    """Whether all operands exist and are of the right kind, and there are not too many operations."""
    num_operations = 0
    for text, count in Counter([operands for _, operands in program.statements]).items():
        try:
            qubits, clbits = program.operands(text)
        except LookupError:
            return False
        # Only a measurement has classical bits. It has as many of them as qubits.
        if clbits and len(qubits[0]) != len(clbits[0]):
            return False
        num_operations += count * max(map(len, qubits))
    return num_operations <= limits.operations


def _numbered(registers: Mapping[str, int]) -> dict[str, range]:
    """Return the bits of each register."""
    ends = list(accumulate(registers.values()))
    return {name: range(end - size, end) for (name, size), end in zip(registers.items(), ends, strict=True)}


def _bits(operand: str, known: dict[str, range]) -> range:
    """Return the bits of an operand, which is a bit or a register.

    Args:
        operand: Its text.
        known: The bits of each register and of operands that were read before, to which this one is added.
    """
    bits = known.get(operand)
    if bits is None:
        name, _, index = operand.strip().partition("[")
        bits = known[name]
        if index:
            bit = bits[int(index[:-1])]
            bits = range(bit, bit + 1)
        known[operand] = bits
    return bits


def angle_value(angle: str) -> float:
    """Return the value of an angle, computed in the same order as the parser does."""
    if "p" not in angle:
        return float(angle)
    angle = angle.strip()
    first, *rest = _FACTOR.split(angle.lstrip("+-"))
    value = math.pi if first == "pi" else float(first)
    for operator, factor in zip(rest[::2], rest[1::2], strict=True):
        number = math.pi if factor == "pi" else float(factor)
        value = value * number if operator == "*" else value / number
    return -value if angle[0] == "-" else value
