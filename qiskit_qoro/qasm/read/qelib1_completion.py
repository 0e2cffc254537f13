"""Gates that Qiskit's exporter takes to be in ``qelib1.inc``, and the engine does not.

``qasm2.dump`` writes ``rzz(0.5) q[0],q[1];`` without a definition, because the ``qelib1.inc`` that comes
with Qiskit has one; that of 2017 has none. :func:`complete_program` puts the definitions that a program lacks
behind its include, on the same line, so that every later line keeps its number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.read.guards import blank_comments, defined_gates
from qiskit_qoro.qasm.read.parser import parse_program

__all__ = ["LEGACY_GATES", "complete_program", "read_program"]

LEGACY_GATES: Mapping[str, str] = {
    "rxx": "(theta) a,b { h a; h b; cx a,b; rz(theta) b; cx a,b; h a; h b; }",
    "rzz": "(theta) a,b { cx a,b; rz(theta) b; cx a,b; }",
    "rccx": " a,b,c { h c; t c; cx b,c; tdg c; cx a,c; t c; cx b,c; tdg c; h c; }",
    "rc3x": " a,b,c,d { h d; t d; cx c,d; tdg d; h d; cx a,d; t d; cx b,d; tdg d; cx a,d; t d; cx b,d; "
    "tdg d; h d; t d; cx c,d; tdg d; h d; }",
    "c3x": " a,b,c,d { h d; cu1(pi/2) c,d; ccx a,b,c; cu1(-pi/2) c,d; ccx a,b,c; cu1(pi/4) b,d; cx a,b; "
    "cu1(-pi/4) b,d; cx a,b; cu1(pi/4) a,d; h d; }",
    "c3sqrtx": " a,b,c,d { h d; cu1(pi/4) c,d; ccx a,b,c; cu1(-pi/4) c,d; ccx a,b,c; cu1(pi/8) b,d; cx a,b; "
    "cu1(-pi/8) b,d; cx a,b; cu1(pi/8) a,d; h d; }",
    "c4x": " a,b,c,d,e { h e; cu1(pi/2) d,e; h e; c3x a,b,c,d; h e; cu1(-pi/2) d,e; h e; c3x a,b,c,d; "
    "c3sqrtx a,b,c,e; }",
}
"""Name to the rest of the definition; each uses gates of 2017 and those above it."""

_NEEDS: Mapping[str, tuple[str, ...]] = {"c4x": ("c3x", "c3sqrtx")}
_INCLUDE = re.compile(r'include\s*["\']qelib1\.inc["\']\s*;')
_ARGUMENT = re.compile(r"\b(theta|[a-e])\b")
_NAME = re.compile(r"(?<![\w.])(" + "|".join(LEGACY_GATES) + r")(?=[\s(])")
_PLACE = re.compile(r"line (\d+), column (\d+)")


def complete_program(text: str) -> str:
    """A program with the definitions of the gates that it takes from Qiskit's ``qelib1.inc``.

    Args:
        text: OpenQASM 2. What it defines itself, and a program without the include, stay as they are.
    """
    return _completed(text)[0]


def read_program(text: str) -> tuple[str, QuantumCircuit]:
    """Complete a program and read it.

    Returns:
        The completed text, and the circuit that it means.

    Raises:
        QoroInputError: The text is not a program that can be run; line and column are those of ``text``.
    """
    completed, offset = _completed(text) if isinstance(text, str) else (text, 0)
    try:
        return completed, parse_program(completed)
    except QoroInputError as error:
        place = _PLACE.match(str(error))
        if completed == text or place is None:
            raise
        line, column = map(int, place.groups())
        start = text.rfind("\n", 0, offset) + 1
        if line == text.count("\n", 0, offset) + 1 and column > offset - start:
            column = max(offset - start + 1, column - (len(completed) - len(text)))
        raise QoroInputError(f"line {line}, column {column}{str(error)[place.end() :]}") from error


def _completed(text: str) -> tuple[str, int]:
    """The completed program, and where in ``text`` the definitions went."""
    code = blank_comments(text)
    include = _INCLUDE.search(code)
    used = set(_NAME.findall(code)) if include else set()
    missing = used | {name for gate in used for name in _NEEDS.get(gate, ())}
    missing -= defined_gates(code)
    if include is None or not missing:
        return text, 0
    definitions = "".join(_definition(name) for name in LEGACY_GATES if name in missing)
    offset = include.end()
    return text[:offset] + definitions + text[offset:], offset


def _definition(name: str) -> str:
    # No argument may be called as a parameter of a template is, which is replaced wherever it stands.
    rest = _ARGUMENT.sub(r"qoro_\1", LEGACY_GATES[name])
    return f" gate {name}{rest}"
