"""Parser for OpenQASM 2: Qiskit's parser with the engine's gates, after the checks of ``guards``.

A text is only parsed after :mod:`qiskit_qoro.qasm.read.guards` has checked it. The parser reads no files:
``include "qelib1.inc"`` is built in and every other include is refused. With this include, the gates of
:data:`qiskit_qoro.qasm.gates.GATES` are known. If the program defines one of them itself, its own definition
is used, as in the engine. Every error is a :class:`~qiskit_qoro.errors.QoroInputError` whose message begins
with line and column if they are known.
"""

from __future__ import annotations

import math
import re

from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Instruction
from qiskit.circuit.library import IGate

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES, UNKNOWN_GATES
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import check_text, defined_gates, error_at
from qiskit_qoro.qasm.read.source import check_encoding, check_source, clean

__all__ = ["gate_definition", "parse_program"]

_POSITION = re.compile(r"<input>:(\d+),(\d+): (.*)", re.DOTALL)
_INCLUDE = re.compile(r'include\s*"qelib1\.inc"')
_OTHER_INCLUDE = "in the include search path"
_UNKNOWN = re.compile(r"'(\w+)' is not defined in this scope")
_MAX_REASON_CHARS = 300  # messages of the parser may quote the program
_BUILTIN_GATES = {
    name: qasm2.CustomInstruction(name, spec.num_params, spec.num_qubits, spec.constructor, builtin=True)
    for name, spec in GATES.items()
}
# The engine also knows this gate of the original qelib1.inc. It means to wait, so it is the identity.
_BUILTIN_GATES["u0"] = qasm2.CustomInstruction("u0", 1, 1, lambda _: IGate(), builtin=True)
# The first word of each statement, also in the body of a gate and after a condition.
_CALL = re.compile(r"(?:\A|[;{})])\s*(\w+)")


def parse_program(text: str, *, limits: Limits = DEFAULT_LIMITS) -> QuantumCircuit:
    """Parse an OpenQASM 2 program.

    Args:
        text: The program. The header line may be missing. At least one qubit has to be declared.
        limits: The limits for its size.

    Returns:
        The circuit, with the program's registers. A gate that the program defines is expanded only when its
        ``definition`` is accessed. An ``if`` becomes an ``if_else`` operation.

    Raises:
        QoroInputError: The text is not a program that can be run. The message begins with
            ``line L, column C:`` if the position is known.
    """
    check_encoding(text, limits)
    code = clean(text)
    check_source(code)
    check_text(code, limits)
    _check_opaque(code)
    circuit = _load(code)
    if not circuit.num_qubits:
        raise QoroInputError("the program declares no qubits; it needs a line like 'qreg q[2];'")
    _check_angles(circuit)
    return circuit


def gate_definition(gate: Instruction) -> QuantumCircuit:
    """Return the definition of a gate in a parsed program.

    Raises:
        QoroInputError: It has none.
    """
    definition: QuantumCircuit | None = gate.definition
    if definition is None:
        raise QoroInputError(
            f"gate {gate.name!r} has no definition, expected a gate of qelib1.inc or one that the program "
            "defines"
        )
    return definition


def _check_opaque(code: str) -> None:
    """Refuse the use of an opaque gate, which has no definition that could be run."""
    if "opaque" not in code:
        return
    names = set(re.findall(r"\bopaque\s+(\w+)", code))
    for match in _CALL.finditer(code):
        if match[1] in names:
            raise error_at(
                code,
                match.start(1),
                f"'{match[1]}' is declared opaque and cannot be run; define it with 'gate'",
            )


def _load(code: str) -> QuantumCircuit:
    gates = _gates_without(defined_gates(code)) if _INCLUDE.search(code) else ()
    try:
        return qasm2.loads(code, include_path=(), custom_instructions=gates)
    except qasm2.QASM2Error as error:
        raise _translate(error.message) from error
    except Exception as error:  # the constructor of a gate may refuse what the parser accepted
        raise QoroInputError(f"the program cannot be parsed: {error}") from error


def _gates_without(defined: frozenset[str]) -> tuple[qasm2.CustomInstruction, ...]:
    """Return the built-in gates that a program does not define itself.

    The parser ignores the program's definition of a gate that it gets as a custom instruction.
    """
    return tuple(gate for name, gate in _BUILTIN_GATES.items() if name not in defined)


def _translate(message: str) -> QoroInputError:
    """Turn a message of Qiskit's parser into an error with a position and a hint."""
    position = _POSITION.search(message)
    reason = position[3] if position else message
    if len(reason) > _MAX_REASON_CHARS:
        reason = reason[:_MAX_REASON_CHARS] + "…"
    unknown = _UNKNOWN.search(reason)
    if unknown and unknown[1] in GATES:
        reason += "; add 'include \"qelib1.inc\";'"
    elif unknown and unknown[1] in UNKNOWN_GATES:
        reason += "; the engine does not know this gate by name, so define it with 'gate' before its use"
    elif _OTHER_INCLUDE in reason:
        reason += (
            "; no file is read, only qelib1.inc is built in: replace the include by the definitions that the "
            "program needs"
        )
    # Qiskit's parser counts columns from 0.
    where = f"line {position[1]}, column {int(position[2]) + 1}: " if position else ""
    return QoroInputError(where + reason)


def _check_angles(circuit: QuantumCircuit) -> None:
    for index, instruction in enumerate(circuit.data):
        for value in instruction.params:
            if isinstance(value, float):
                _check_angle(index, instruction.name, value)
            elif isinstance(value, QuantumCircuit):  # the block of a conditional operation
                for inner in value.data:
                    for angle in inner.params:
                        _check_angle(index, inner.name, angle)


def _check_angle(index: int, name: str, angle: float) -> None:
    if not math.isfinite(angle):
        raise QoroInputError(f"operation {index} ({name}) has the angle {angle}, expected a finite number")
