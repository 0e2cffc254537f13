"""Completion of programs with gates that are in Qiskit's ``qelib1.inc``, but not in the engine's.

``qasm2.dump`` writes ``rzz(0.5) q[0],q[1];`` without a definition, because Qiskit's ``qelib1.inc`` defines
``rzz``. The engine has the gates of the original ``qelib1.inc`` of 2017, which does not define it.
:func:`complete_program` inserts missing definitions after the include, on the same line, so that all other
lines keep their numbers. It does the same for other gates of Qiskit's library, such as ``ccz``, which other
software writes without a definition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.template_names import find_names, replace_names
from qiskit_qoro.qasm.read.guards import blank_comments, defined_gates
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.template_parser import TemplateText

__all__ = ["LIBRARY_GATES", "QISKIT_QELIB1_GATES", "complete_program", "complete_template", "read_program"]

QISKIT_QELIB1_GATES: Mapping[str, str] = {
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
"""The definitions by name, without ``gate`` and the name. They use gates of 2017 and the ones above them."""

LIBRARY_GATES: Mapping[str, str] = {
    "r": "(theta,phi) a { u3(theta,phi-pi/2,pi/2-phi) a; }",
    "iswap": " a,b { s a; s b; h a; cx a,b; cx b,a; h b; }",
    "dcx": " a,b { cx a,b; cx b,a; }",
    "ecr": " a,b { s a; sx b; cx a,b; x a; }",
    "cs": " a,b { cu1(pi/2) a,b; }",
    "csdg": " a,b { cu1(-pi/2) a,b; }",
    "ryy": "(theta) a,b { rx(pi/2) a; rx(pi/2) b; cx a,b; rz(theta) b; cx a,b; rx(-pi/2) a; rx(-pi/2) b; }",
    "rzx": "(theta) a,b { h b; cx a,b; rz(theta) b; cx a,b; h b; }",
    "ccz": " a,b,c { h c; ccx a,b,c; h c; }",
    "delay": "(theta) a { }",
}
"""Definitions of other gates of Qiskit's library, in the same form. ``qelib1.inc`` does not contain them."""

_DEFINITIONS = {**QISKIT_QELIB1_GATES, **LIBRARY_GATES}
# The gates of this table that a definition uses.
_REQUIRED_GATES: Mapping[str, tuple[str, ...]] = {"c4x": ("c3x", "c3sqrtx")}
_INCLUDE = re.compile(r'include\s*["\']qelib1\.inc["\']\s*;')
_ARGUMENT = re.compile(r"\b(theta|phi|[a-e])\b")
# The first word of a statement. Registers may have the same names as gates.
_NAME = re.compile(r"[;{})]\s*(" + "|".join(_DEFINITIONS) + r")(?=[\s(])")
_DECLARED = re.compile(r"\b(?:opaque|[qc]reg)\s+(\w+)")
_POSITION = re.compile(r"line (\d+), column (\d+)")


def complete_program(text: str) -> str:
    """Insert the definitions that a program expects in Qiskit's ``qelib1.inc``.

    Args:
        text: OpenQASM 2. Gates that it defines itself are not defined again. A program without the include is
            returned unchanged.
    """
    return _complete(text)[0]


def complete_template(template: TemplateText) -> TemplateText:
    """Insert the definitions that a template expects in Qiskit's ``qelib1.inc``.

    The service replaces names in the definitions too. If a definition contains one of the names, all names
    are renamed.
    """
    completed, offset = _complete(template.hidden)
    if completed == template.hidden:
        return template
    definitions = completed[offset : offset + len(completed) - len(template.hidden)]
    text, names = template.text, template.names
    if find_names(definitions, names):
        prefix = "qoro_p"
        while prefix in text:
            prefix += "_"
        names = tuple(f"{prefix}{index}" for index in range(len(names)))
        text = replace_names(text, template.occurrences, names)
        _, offset = _complete(text)
    return TemplateText.of(text[:offset] + definitions + text[offset:], names)


def read_program(text: str) -> tuple[str, QuantumCircuit]:
    """Parse a program, and complete it first if necessary.

    Returns:
        The text, completed if the parser needs further definitions, and its circuit.

    Raises:
        QoroInputError: The text is not a program that can be run. Line and column refer to ``text``, not to
            the completed text.
    """
    try:
        return text, parse_program(text)
    except QoroInputError:
        # Most programs need no definitions, and to look for gates without one takes time.
        completed, offset = _complete(text) if isinstance(text, str) else (text, 0)
        if completed == text:
            raise
    try:
        return completed, parse_program(completed)
    except QoroInputError as error:
        position = _POSITION.match(str(error))
        if position is None:
            raise
        # Only positions after the include on its line have moved. A position inside the inserted definitions
        # becomes the end of the include.
        line, column = map(int, position.groups())
        start = text.rfind("\n", 0, offset) + 1
        if line == text.count("\n", 0, offset) + 1 and column > offset - start:
            column = max(offset - start + 1, column - (len(completed) - len(text)))
        raise QoroInputError(f"line {line}, column {column}{str(error)[position.end() :]}") from error


def _complete(text: str) -> tuple[str, int]:
    """Return the completed program, and the offset in ``text`` at which the definitions were inserted."""
    code = blank_comments(text)
    include = _INCLUDE.search(code)
    used = set(_NAME.findall(code)) if include else set()
    missing = used | {name for gate in used for name in _REQUIRED_GATES.get(gate, ())}
    missing -= defined_gates(code) | set(_DECLARED.findall(code))
    if include is None or not missing:
        return text, 0
    definitions = "".join(_definition(name) for name in _DEFINITIONS if name in missing)
    offset = include.end()
    return text[:offset] + definitions + text[offset:], offset


def _definition(name: str) -> str:
    # The names of a template are replaced wherever they occur, so the definition's parameters and qubits need
    # names that no template uses.
    rest = _ARGUMENT.sub(r"qoro_\1", _DEFINITIONS[name])
    return f" gate {name}{rest}"
