"""Reading OpenQASM 2: Qiskit's own parser, behind guards, knowing the gates that the engine knows.

The parser sees a text only after :mod:`qiskit_qoro.qasm.read.guards` has found it harmless. It reads no file:
``include "qelib1.inc"`` is built in, every other include is refused. With that include, the gates of
:data:`qiskit_qoro.qasm.gates.GATES` are known; a gate that the program defines itself means what the
program says, for the parser as for the engine. Whatever goes wrong is a
:class:`~qiskit_qoro.errors.QoroInputError` that begins with line and column where they are known.
"""

from __future__ import annotations

import re

from qiskit import QuantumCircuit, qasm2

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES, UNKNOWN_GATES
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import blank_comments, check_text, defined_gates, fail

__all__ = ["parse_program"]

_PLACE = re.compile(r"<input>:(\d+),(\d+): (.*)", re.DOTALL)
_INCLUDE = re.compile(r'include\s*["\']qelib1\.inc["\']')
_UNKNOWN = re.compile(r"'(\w+)' is not defined in this scope")
_CONDITION = re.compile(r"\bif\s*\(\s*(\w+)\s*==\s*(\d+)\s*\)")
_CREG = re.compile(r"\bcreg\s+(\w+)\s*\[\s*(\d+)\s*\]")
_REASON_CHARS = 300
_KNOWN = tuple(
    qasm2.CustomInstruction(name, spec.num_params, spec.num_qubits, spec.constructor, builtin=True)
    for name, spec in GATES.items()
)
_CALL = re.compile(r"(?:\A|[;{})])\s*(\w+)")


def parse_program(text: str, *, limits: Limits = DEFAULT_LIMITS) -> QuantumCircuit:
    """Read an OpenQASM 2 program.

    Args:
        text: The program. The header line may be missing; at least one qubit has to be declared.
        limits: How large it may be.

    Returns:
        The circuit, with the program's registers. Gates that the program defines are expanded only
        when their ``definition`` is asked for. An ``if`` becomes an ``if_else`` operation.

    Raises:
        QoroInputError: The text is not a program that can be run. The message begins with
            ``line L, column C:`` where the place is known.
    """
    _check_encoding(text, limits)
    code = blank_comments(text)
    check_text(code, limits)
    _check_opaque(code)
    _check_conditions(code)
    circuit = _load(text, code)
    if not circuit.num_qubits:
        raise QoroInputError("the program declares no qubits; it needs a line like 'qreg q[2];'")
    _check_angles(circuit)
    return circuit


def _check_encoding(text: str, limits: Limits) -> None:
    if not isinstance(text, str):
        raise QoroInputError(f"an OpenQASM 2 program has to be text, not {type(text).__name__}")
    if len(text) > limits.text_bytes:
        raise QoroInputError(
            f"the program is {len(text)} characters long, at most {limits.text_bytes} bytes are allowed"
        )
    if not text.isascii():
        offset = next(offset for offset, char in enumerate(text) if not char.isascii())
        # Comments may be in any language, but not in what UTF-8 cannot carry.
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise fail(text, error.start, "the text is not valid Unicode (a lone surrogate)") from None
        if size > limits.text_bytes:
            raise fail(text, offset, f"the program is longer than {limits.text_bytes} bytes") from None
    if not text.strip():
        raise QoroInputError("line 1, column 1: the program is empty")


def _check_opaque(code: str) -> None:
    """Refuse the use of a gate that is only declared: nothing can run it."""
    if "opaque" not in code:
        return
    names = set(re.findall(r"\bopaque\s+(\w+)", code))
    for match in _CALL.finditer(code):
        if match[1] in names:
            raise fail(
                code,
                match.start(1),
                f"'{match[1]}' is declared opaque and cannot be run; define it with 'gate'",
            )


def _check_conditions(code: str) -> None:
    if "if" not in code:
        return
    sizes = {match[1]: int(match[2]) for match in _CREG.finditer(code)}
    for match in _CONDITION.finditer(code):
        digits = match[2].lstrip("0")
        size = sizes.get(match[1], 64)
        if len(digits) > 20 or int(digits or "0") >= 1 << min(size, 64):
            raise fail(
                code,
                match.start(),
                f"'{match[1]}' is compared with {digits[:24]}, which {min(size, 64)} bits cannot hold",
            )


def _load(text: str, code: str) -> QuantumCircuit:
    known = _instructions(defined_gates(code)) if _INCLUDE.search(code) else ()
    try:
        return qasm2.loads(text, include_path=(), custom_instructions=known)
    except qasm2.QASM2Error as error:
        raise _translate(error.message) from error
    except Exception as error:  # a constructor of Qiskit's that refuses what the parser let pass
        raise QoroInputError(f"the program cannot be read: {error}") from error


def _instructions(defined: frozenset[str]) -> tuple[qasm2.CustomInstruction, ...]:
    # Given such an instruction the parser overlooks the program's own definition of it, so it may only
    # be given those which the program does not define.
    if defined.isdisjoint(GATES):
        return _KNOWN
    return tuple(instruction for instruction in _KNOWN if instruction.name not in defined)


def _translate(message: str) -> QoroInputError:
    place = _PLACE.search(message)
    reason = place[3] if place else message
    if len(reason) > _REASON_CHARS:
        reason = reason[:_REASON_CHARS] + "…"
    unknown = _UNKNOWN.search(reason)
    if unknown and unknown[1] in GATES:
        reason += "; it comes with 'include \"qelib1.inc\";'"
    elif unknown and unknown[1] in UNKNOWN_GATES:
        reason += "; the engine does not know this gate by name, so define it with 'gate' before its use"
    # The parser counts columns from 0.
    where = f"line {place[1]}, column {int(place[2]) + 1}: " if place else ""
    return QoroInputError(where + reason)


def _check_angles(circuit: QuantumCircuit) -> None:
    for index, instruction in enumerate(circuit.data):
        for value in instruction.params:
            if isinstance(value, float) and not -_HUGE <= value <= _HUGE:
                raise QoroInputError(
                    f"operation {index} ({instruction.name}) has the angle {value}, expected a finite number"
                )


_HUGE = 1.7976931348623157e308
