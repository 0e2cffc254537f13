"""What is checked on the text of a program before anything parses it.

Programs come from strangers, and neither Qiskit's parser nor the engine limits what a few characters may
ask for: a register of 10^9 bits, brackets nested 20,000 deep, a gate that doubles itself forty times,
``h q;`` over wide registers. The checks read the text with a handful of regular expressions, each
linear in its length, and are generous: what is wrong but harmless is left to the parser, whose messages
are better. A definition has to come before its use (the parser insists), so that depth and size of
all definitions follow from one pass over them, without recursion.
"""

from __future__ import annotations

import re

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import CONDITION_COST, DEFAULT_LIMITS, Limits

__all__ = [
    "blank_comments",
    "check_text",
    "defined_gates",
    "fail",
]


_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*')
_REGISTER = re.compile(r"reg\s+(\w+)\s*\[\s*(\d+)")
_INDEX = re.compile(r"\[\s*\d{10}")
_LONG_LIST = re.compile(r"\([^;{}]{12,}")
_DEFINITION = re.compile(r"\bgate\s+(\w+)[^{;]*(?:\{([^}]*)\}?|;|\Z)")
_BODY_NAME = re.compile(r"(?:\A|;)\s*(\w+)")
_STATEMENT = re.compile(r"\s*(if\s*\([^)]*\)\s*)?([A-Za-z_]\w*)([^;]*)")
_OPERAND = re.compile(r"(\w+)\s*(\[)?")
_DECLARATIONS = frozenset({"OPENQASM", "include", "qreg", "creg", "opaque"})


def fail(text: str, offset: int, reason: str) -> QoroInputError:
    """The error for ``reason`` at the character ``offset`` of ``text``."""
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return QoroInputError(f"line {line}, column {column}: {reason}")


def blank_comments(text: str) -> str:
    """``text`` with every comment replaced by as many spaces, so that all places stay the same."""
    if "//" not in text:
        return text
    return _COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else " " * len(m[0]), text)


def defined_gates(code: str) -> frozenset[str]:
    """The names of the gates that ``code``, a text without comments, defines."""
    if "gate" not in code:
        return frozenset()
    return frozenset(match[1] for match in _DEFINITION.finditer(code))


def check_text(code: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that a program asks for no more than ``limits``.

    Args:
        code: The program, its comments blanked.
        limits: How large it may be.

    Raises:
        QoroInputError: A limit is passed; the message begins with line and column.
    """
    _check_indices(code)
    registers = _check_registers(code, limits)
    _check_expressions(code, limits)
    sizes = _check_definitions(code, limits)
    bound = code.count(";") * max(registers.values(), default=1) * max(sizes.values(), default=1)
    if bound * (CONDITION_COST if "if" in code else 1) > limits.operations:
        _check_operations(code, registers, sizes, limits)


def _check_indices(code: str) -> None:
    match = _INDEX.search(code)
    if match:
        raise fail(code, match.start(), "the number in brackets has 10 digits or more, which no register has")


def _check_registers(code: str, limits: Limits) -> dict[str, int]:
    registers: dict[str, int] = {}
    totals = {"q": 0, "c": 0}
    allowed = {"q": (limits.qubits, "qubits"), "c": (limits.clbits, "classical bits")}
    for match in _REGISTER.finditer(code):
        start = max(match.start() - 1, 0)
        kind, name, size = code[start], match[1], int(match[2])
        if kind not in allowed:
            continue
        registers[name] = size
        totals[kind] += size
        limit, what = allowed[kind]
        if totals[kind] > limit:
            raise fail(code, start, f"the program has {totals[kind]} {what}, at most {limit} are allowed")
    return registers


def _check_expressions(code: str, limits: Limits) -> None:
    for match in _LONG_LIST.finditer(code):
        group = match[0]
        if len(group) > limits.expression_chars or group.count("(") > limits.nesting + 1:
            _check_expression_list(code, match.start(), match.end(), limits)


def _check_expression_list(code: str, start: int, end: int, limits: Limits) -> None:
    """Walk over one or more bracketed lists, character by character."""
    depth = 0
    begin = start
    for offset in range(start, end):
        char = code[offset]
        if char == "(":
            depth += 1
            if depth == 1:
                begin = offset
            elif depth > limits.nesting + 1:
                reason = f"brackets are nested more than {limits.nesting} deep; split the expression"
                raise fail(code, offset, reason)
        elif char == ")":
            depth = max(depth - 1, 0)
        elif char == "," and depth == 1:
            begin = offset
        if depth and offset - begin > limits.expression_chars:
            reason = f"the expression is longer than {limits.expression_chars} characters; give its value"
            raise fail(code, begin + 1, reason)


def _check_definitions(code: str, limits: Limits) -> dict[str, int]:
    """The number of operations behind one use of each defined gate."""
    if "gate" not in code:
        return {}
    depths: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for match in _DEFINITION.finditer(code):
        name, inner = match[1], _BODY_NAME.findall(match[2] or "")
        depths[name] = 1 + max((depths.get(gate, 0) for gate in inner), default=0)
        sizes[name] = max(1, sum(sizes.get(gate, 1) for gate in inner))
        if len(sizes) > limits.definitions:
            raise fail(code, match.start(), f"more than {limits.definitions} gates are defined")
        if depths[name] > limits.definition_depth:
            reason = f"gate '{name}' is defined through more than {limits.definition_depth} levels of gates"
            raise fail(code, match.start(), reason)
        if sizes[name] > limits.operations:
            reason = f"gate '{name}' stands for more than {limits.operations} operations"
            raise fail(code, match.start(), reason)
    return sizes


def _check_operations(code: str, registers: dict[str, int], sizes: dict[str, int], limits: Limits) -> None:
    blanked = _DEFINITION.sub(lambda m: ";".rjust(len(m[0])), code)
    total = offset = 0
    for statement in blanked.split(";"):
        match = _STATEMENT.match(statement)
        if match and match[2] not in _DECLARATIONS:
            operands = _OPERAND.findall(match[3].rpartition(")")[2])
            width = max((registers.get(name, 1) for name, index in operands if not index), default=1)
            total += sizes.get(match[2], 1) * width * (CONDITION_COST if match[1] else 1)
            if total > limits.operations:
                reason = f"the program has more than {limits.operations} operations"
                if "if" in code:
                    reason += f", of which one under a condition counts for {CONDITION_COST}"
                raise fail(code, offset, reason)
        offset += len(statement) + 1
