"""Checks of the text of a program before it is parsed.

Programs come from untrusted clients. Neither Qiskit's parser nor the engine limits what a short text may
request: a register of 10^9 bits, brackets nested 20,000 deep, forty gates that each apply the one before
twice, ``h q;`` on a wide register. Some of these take minutes, others crash the process.

The checks use a few regular expressions, each of which is linear in the length of the text. They do not check
the syntax: errors that are harmless are left to the parser, whose messages are better. The parser accepts a
definition only before its use, so one pass without recursion gives the depth and the size of all definitions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import CONDITION_COST, DEFAULT_LIMITS, Limits, condition_cost

__all__ = ["blank_comments", "check_text", "comment_spans", "defined_gates", "error_at"]

# A string or a comment. Strings are matched too, so that "//" in a string is not taken for a comment.
_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/)?')
_NOT_LINE_END = re.compile(r"[^\n]")
# A declaration without the first letter of "qreg" or "creg": its name and its size.
_REGISTER = re.compile(r"reg\s+(\w+)\s*\[\s*(\d+)")
_INDEX = re.compile(r"\[\s*\d{10}")
# Brackets that may be too long or too deeply nested. Shorter ones are within the default limits.
_LONG_LIST = re.compile(r"\([^;{}]{12,}")
# The name and the body of a gate definition, whose end may be missing.
_DEFINITION = re.compile(r"\bgate\s+(\w+)[^{;]*(?:\{([^}]*)\}?|;|\Z)")
_BODY_NAME = re.compile(r"(?:\A|;)\s*(\w+)")
# The register of the condition, the operation, and the operands of a statement.
_STATEMENT = re.compile(r"(?:if\s*\(\s*(\w*)[^;)]*\)\s*)?([A-Za-z_]\w*)\s*(?:\([^;]*\))?\s*([^;]*)(?:;|\Z)")
# A register, and a bracket if only one of its bits is meant.
_OPERAND = re.compile(r"(\w+)\s*(\[)?")
_DECLARATIONS = frozenset({"OPENQASM", "include", "qreg", "creg", "opaque"})


def error_at(text: str, offset: int, reason: str) -> QoroInputError:
    """Return an error whose message begins with the line and column of a character of ``text``."""
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return QoroInputError(f"line {line}, column {column}: {reason}")


def blank_comments(text: str) -> str:
    """Replace every comment by spaces, so that the position of all other text stays the same.

    A comment after ``/*`` without an end is not replaced.
    """
    if "//" not in text and "/*" not in text:
        return text
    return _COMMENT.sub(_blank, text)


def comment_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each comment."""
    for match in _COMMENT.finditer(text):
        if match[0][0] != '"':
            yield match.span()


def _blank(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == '"' or (found.startswith("/*") and (len(found) < 4 or not found.endswith("*/"))):
        return found
    return " " * len(found) if "\n" not in found else _NOT_LINE_END.sub(" ", found)


def defined_gates(code: str) -> frozenset[str]:
    """Return the names of the gates that a program defines.

    Args:
        code: The program, with comments blanked.
    """
    if "gate" not in code:
        return frozenset()
    return frozenset(match[1] for match in _DEFINITION.finditer(code))


def check_text(code: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that a program is within the limits.

    Args:
        code: The program, with comments blanked.
        limits: The limits.

    Raises:
        QoroInputError: A limit is exceeded. The message begins with line and column.
    """
    _check_indices(code)
    registers = _check_registers(code, limits)
    _check_expressions(code, limits)
    sizes = _check_definitions(code, limits)
    # Counting operations is slow, so first compare an upper bound: all statements are the largest gate on the
    # widest register.
    widest = max(registers.values(), default=1)
    bound = code.count(";") * widest * max(sizes.values(), default=1)
    if bound * (condition_cost(widest) if "if" in code else 1) > limits.operations:
        _check_operations(code, registers, sizes, limits)


def _check_indices(code: str) -> None:
    """Refuse numbers in brackets that are too long for the parsers' integers."""
    match = _INDEX.search(code)
    if match:
        raise error_at(
            code, match.start(), "the number in brackets has 10 digits or more; no register is so large"
        )


def _check_registers(code: str, limits: Limits) -> dict[str, int]:
    """Check the total size of the registers; return the size of each."""
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
            raise error_at(code, start, f"the program has {totals[kind]} {what}, at most {limit} are allowed")
    return registers


def _check_expressions(code: str, limits: Limits) -> None:
    for match in _LONG_LIST.finditer(code):
        group = match[0]
        if len(group) > limits.expression_chars or group.count("(") > limits.nesting + 1:
            _check_expression_list(code, match.start(), match.end(), limits)


def _check_expression_list(code: str, start: int, end: int, limits: Limits) -> None:
    """Check one or more bracketed lists of expressions, character by character."""
    # The outermost brackets enclose the list itself, so expressions begin at depth 1.
    depth = 0
    begin = start  # the bracket or comma before the current expression
    for offset in range(start, end):
        char = code[offset]
        if char == "(":
            depth += 1
            if depth == 1:
                begin = offset
            elif depth > limits.nesting + 1:
                reason = f"brackets are nested more than {limits.nesting} levels deep; split the expression"
                raise error_at(code, offset, reason)
        elif char == ")":
            depth = max(depth - 1, 0)
        elif char == "," and depth == 1:
            begin = offset
        if depth and offset - begin > limits.expression_chars:
            reason = f"the expression is longer than {limits.expression_chars} characters; write its value"
            raise error_at(code, begin + 1, reason)


def _check_definitions(code: str, limits: Limits) -> dict[str, int]:
    """Check the gate definitions; return how many operations each defined gate expands to."""
    if "gate" not in code:
        return {}
    depths: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for match in _DEFINITION.finditer(code):
        # Gates that are not defined before count as one operation. The parser refuses unknown ones.
        name, inner = match[1], _BODY_NAME.findall(match[2] or "")
        depths[name] = 1 + max((depths.get(gate, 0) for gate in inner), default=0)
        sizes[name] = max(1, sum(sizes.get(gate, 1) for gate in inner))
        if len(sizes) > limits.definitions:
            raise error_at(code, match.start(), f"more than {limits.definitions} gates are defined")
        if depths[name] > limits.definition_depth:
            reason = f"gate '{name}' has more than {limits.definition_depth} levels of definitions"
            raise error_at(code, match.start(), reason)
        if sizes[name] > limits.operations:
            reason = f"gate '{name}' expands to more than {limits.operations} operations"
            raise error_at(code, match.start(), reason)
    return sizes


def _check_operations(code: str, registers: dict[str, int], sizes: dict[str, int], limits: Limits) -> None:
    """Check the number of operations, with definitions expanded and registers counted qubit by qubit."""
    # Blank the definitions, so that only the statements of the program itself are counted.
    blanked = _DEFINITION.sub(lambda m: ";".rjust(len(m[0])), code)

    def cost(condition: str, name: str, rest: str) -> int:
        if name in _DECLARATIONS:
            return 0
        operands = _OPERAND.findall(rest)
        width = max((registers.get(register, 1) for register, index in operands if not index), default=1)
        factor = condition_cost(registers.get(condition, 1)) if condition else 1
        return sizes.get(name, 1) * width * factor

    # Without their angles, most statements are equal.
    counts = Counter(_STATEMENT.findall(blanked))
    if sum(count * cost(*parts) for parts, count in counts.items()) <= limits.operations:
        return
    total = 0
    for match in _STATEMENT.finditer(blanked):
        total += cost(*match.groups(default=""))
        if total > limits.operations:
            reason = f"the program has more than {limits.operations} operations"
            if "if" in code:
                reason += f"; a conditional operation counts as {CONDITION_COST} or more"
            raise error_at(code, match.start(2), reason)
