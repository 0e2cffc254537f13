"""Outlines of programs, to look at them: the operations in order, with their angles as text.

The reader is fast and tolerant. It neither computes angles nor looks into definitions, and it stops after
many operations. So it is for display only: :mod:`~qiskit_qoro.qasm.read.parser` reads a program that is run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qiskit_qoro.qasm.read.guards import blank_comments
from qiskit_qoro.qasm.read.source import BYTE_ORDER_MARK
from qiskit_qoro.qasm.read.template_parser import TemplateText

__all__ = ["MAX_OPERATIONS", "OutlinedOperation", "ProgramOutline", "Register", "outline_program"]

MAX_OPERATIONS = 12_000
"""An outline has at most this many operations."""

_MAX_CHARACTERS = 1 << 20
# Short texts may ask for many bits: wide registers, and barriers on them.
_MAX_BITS, _MAX_BARRIER_BITS = 100_000, 200_000
_SPACE = re.compile(r"\s*")
# Possessive quantifiers never try a shorter match, so the time is proportional to the length of the text.
_DEFINITION = re.compile(r"gate\b[^{};]*\{[^}]*\}\s*")
_STATEMENT = re.compile(
    r"(?:if\s*\(\s*(?P<register>\w+)\s*==\s*(?P<value>\d+)\s*\)\s*)?"
    r"(?P<name>[A-Za-z_]\w*+)\s*+(?:\((?P<angles>[^;{}]*)\))?\s*+(?P<operands>[^;{})]*+);\s*"
)
_OPERAND = re.compile(r"\s*+(\w++)\s*+(?:\[\s*+(\d{1,9})\s*+\])?\s*", re.ASCII)
_WITHOUT_OPERATION = frozenset({"OPENQASM", "include", "opaque"})


class Register(NamedTuple):
    """A register.

    Attributes:
        name: Its name.
        size: The number of its bits.
    """

    name: str
    size: int


class OutlinedOperation(NamedTuple):
    """An operation.

    Attributes:
        name: Its name in the program.
        angles: Its angles with the commas between them, as they are written.
        qubits: The indices of its qubits in the program.
        clbits: The indices of the classical bits that it writes.
        condition: The name of the register and the value that it must have; ``None`` for no condition.
    """

    name: str
    angles: str
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()
    condition: tuple[str, int] | None = None


@dataclass(frozen=True)
class ProgramOutline:
    """The outline of a program.

    Attributes:
        qregs: The quantum registers, in order of declaration.
        cregs: The classical registers, in order of declaration.
        operations: The operations. Those on whole registers are expanded, except barriers.
        is_complete: Whether these are all operations.
    """

    qregs: Sequence[Register]
    cregs: Sequence[Register]
    operations: Sequence[OutlinedOperation]
    is_complete: bool


def outline_program(text: str, names: Sequence[str] = ()) -> ProgramOutline | None:
    """Read the outline of a program in OpenQASM 2.

    Args:
        text: The program, or a template.
        names: The names that stand for angles in a template.

    Returns:
        The outline; ``None`` if the text is not such a program.
    """
    is_cut = len(text) > _MAX_CHARACTERS
    text = text[:_MAX_CHARACTERS].removeprefix(BYTE_ORDER_MARK)
    reader = _Reader(text, blank_comments(TemplateText.of(text, names).hidden))
    try:
        is_complete = reader.read() and not is_cut
    except ValueError:
        # The end of a text that was cut is malformed.
        if not is_cut or not reader.operations:
            return None
        is_complete = False
    return ProgramOutline(reader.qregs, reader.cregs, reader.operations, is_complete)


class _Reader:
    """Reads one statement after the other.

    Attributes:
        qregs: The quantum registers so far.
        cregs: The classical registers so far.
        operations: The operations so far.

    Args:
        text: The program.
        code: The program with blanked comments, and with numbers in place of names. Its length is that of the
            text.
    """

    def __init__(self, text: str, code: str) -> None:
        self._text = text
        self._code = code
        self.qregs: list[Register] = []
        self.cregs: list[Register] = []
        self.operations: list[OutlinedOperation] = []
        self._registers = {"qreg": self.qregs, "creg": self.cregs}
        # The kind and the bits of each register, and what was read before: most programs repeat operands.
        self._bits: dict[str, tuple[str, range]] = {}
        self._expanded: dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
        self._num_barrier_bits = 0

    def read(self) -> bool:
        """Read the operations; return whether these are all.

        Raises:
            ValueError: The text is malformed.
        """
        code = self._code
        position = _end(_SPACE.match(code))
        while position < len(code):
            definition = _DEFINITION.match(code, position)
            if definition:
                position = definition.end()
                continue
            statement = _STATEMENT.match(code, position)
            position = _end(statement)
            assert statement is not None  # noqa: S101 - for mypy: `_end` has checked it
            self._read_statement(statement)
            if len(self.operations) > MAX_OPERATIONS or self._num_barrier_bits > _MAX_BARRIER_BITS:
                del self.operations[MAX_OPERATIONS:]
                return False
        return True

    def _read_statement(self, statement: re.Match[str]) -> None:
        register, value, name, angles, operands = statement.groups()
        if name in _WITHOUT_OPERATION:
            if name == "OPENQASM" and not operands.startswith("2"):
                raise ValueError("expected OpenQASM 2")
            return
        if name in self._registers:
            self._declare(name, operands)
            return
        if angles:
            # The text has the names of a template.
            angles = self._text[slice(*statement.span("angles"))]
        condition = None if register is None else (self._known(register, "creg"), int(value))
        if name == "barrier":
            ranges = [self._range(text, "qreg") for text in operands.split(",")]
            self._num_barrier_bits += sum(map(len, ranges))
            if self._num_barrier_bits <= _MAX_BARRIER_BITS:
                qubits = tuple(dict.fromkeys(bit for bits in ranges for bit in bits))
                self.operations.append(OutlinedOperation(name, "", qubits, (), condition))
            return
        for qubits_of_one, clbits in self._expand(operands):
            self.operations.append(OutlinedOperation(name, angles or "", qubits_of_one, clbits, condition))

    def _declare(self, kind: str, declared: str) -> None:
        match = _OPERAND.fullmatch(declared)
        if match is None or match[2] is None or match[1] in self._bits:
            raise ValueError("expected a new register")
        register = Register(match[1], int(match[2]))
        start = sum(each.size for each in self._registers[kind])
        if start + int(match[2]) > _MAX_BITS:
            raise ValueError("expected fewer bits")
        self._registers[kind].append(register)
        self._bits[register.name] = (kind, range(start, start + register.size))

    def _known(self, name: str, kind: str) -> str:
        if self._bits.get(name, ("", range(0)))[0] != kind:
            raise ValueError(f"there is no {kind} {name!r}")
        return name

    def _expand(self, operands: str) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Return the qubits and the classical bits of each operation that a list of operands means.

        A register among single bits means that the operation is repeated for each of its bits.
        """
        known = self._expanded.get(operands)
        if known is None:
            left, arrow, right = operands.partition("->")
            qubits = [self._range(text, "qreg") for text in left.split(",")]
            clbits = [self._range(text, "creg") for text in right.split(",")] if arrow else []
            lengths = {len(bits) for bits in (*qubits, *clbits)}
            if len(lengths - {1}) > 1 or 0 in lengths:
                raise ValueError("expected registers of one size")
            known = self._expanded[operands] = [
                (
                    tuple(bits[index if len(bits) > 1 else 0] for bits in qubits),
                    tuple(bits[index if len(bits) > 1 else 0] for bits in clbits),
                )
                for index in range(min(max(lengths), MAX_OPERATIONS + 1))
            ]
        return known

    def _range(self, operand: str, kind: str) -> range:
        match = _OPERAND.fullmatch(operand)
        if match is None:
            raise ValueError("expected a bit or a register")
        bits = self._bits[self._known(match[1], kind)][1]
        if match[2] is None:
            return bits
        index = int(match[2])
        if index >= len(bits):
            raise ValueError("expected an index within the register")
        return bits[index : index + 1]


def _end(match: re.Match[str] | None) -> int:
    if match is None:
        raise ValueError("expected a statement")
    return match.end()
