"""Programs from the texts of users: what is sent to the service for a text.

A text is sent as it is if the engine can run it. Otherwise it is parsed, and the circuit is written again as
for any circuit (:mod:`qiskit_qoro.qasm.write.writer`). That is necessary for conditions that the engine does
not accept, for a few forms of OpenQASM 2 that Qiskit's parser knows and the engine does not, and for OpenQASM
3. The circuit's classical bits keep their places, and scratch bits follow them.
"""

from __future__ import annotations

import re

from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp

from qiskit_qoro.bounded_cache import BoundedCache
from qiskit_qoro.qasm.limits import MAX_CONDITION_VALUE
from qiskit_qoro.qasm.read.bound_programs import skeleton_of
from qiskit_qoro.qasm.read.openqasm3 import parse_openqasm3
from qiskit_qoro.qasm.read.plain_program import read_plain_program
from qiskit_qoro.qasm.read.qelib1_completion import complete_program, read_program
from qiskit_qoro.qasm.read.source import BYTE_ORDER_MARK, check_encoding, clean, is_openqasm3, sendable
from qiskit_qoro.qasm.write.writer import Program, write_program

__all__ = ["TextReader", "engine_refuses", "parse_user_program", "program_of_text"]

# The maximum number of characters of all texts that a reader remembers.
_MAX_CHARACTERS = 2**22

# Empty statements, and a comma at the end of a list. As patterns of their own they are searched quickly.
_REFUSED_SYNTAX = tuple(map(re.compile, (r";\s*;", r"\}\s*;", r",\s*[;)]")))
# A barrier without qubits, and a parameter whose name begins with "pi".
_REFUSED_STATEMENTS = {
    "barrier": re.compile(r"\bbarrier\s*;"),
    "gate": re.compile(r"\bgate\s+\w+\s*\([^){};]*\bpi\w"),
}


def program_of_text(text: str) -> Program:
    """Return what is sent for a text.

    Args:
        text: OpenQASM 2, or OpenQASM 3 if its header says so and Qiskit's importer is installed.

    Raises:
        QoroInputError: The text is not a program that can be run. The message begins with line and column if
            they are known.
    """
    return TextReader().program_of_text(text)


class TextReader:
    """Reads texts, many of which may differ only in their angles.

    Every plain program is checked together with all others that differ from it only in plain angles. Other
    programs are checked singly.
    """

    def __init__(self) -> None:
        # The numbers of qubits and classical bits of plain programs that are sent as they are.
        self._widths: BoundedCache[tuple[int, int]] = BoundedCache(_MAX_CHARACTERS)

    def program_of_text(self, text: str) -> Program:
        """Return what is sent for a text, as :func:`program_of_text` does."""
        check_encoding(text)
        skeleton = skeleton_of(text)
        widths = self._widths.get(skeleton)
        if widths is not None:
            return _unchanged(text, *widths)
        plain = read_plain_program(clean(text))
        if plain is None:
            return parse_user_program(text)[0]
        sent, widths = sendable(text), (plain.num_qubits, plain.num_clbits)
        if sent == text:
            self._widths.add(skeleton, widths, size=len(text))
        return _unchanged(sent, *widths)


def parse_user_program(text: str) -> tuple[Program, QuantumCircuit]:
    """Return what is sent for a text, and the circuit that the text describes.

    The arguments and errors are those of :func:`program_of_text`.
    """
    check_encoding(text)
    if is_openqasm3(text):
        circuit = parse_openqasm3(text.removeprefix(BYTE_ORDER_MARK))
        return write_program(circuit, keep_clbit_order=True), circuit
    code = clean(text)
    completed, circuit = read_program(code)
    if engine_refuses(circuit, code):
        return write_program(circuit, keep_clbit_order=True), circuit
    sent = sendable(text) if completed == code else complete_program(sendable(text))
    return _unchanged(sent, circuit.num_qubits, circuit.num_clbits), circuit


def engine_refuses(circuit: QuantumCircuit, code: str) -> bool:
    """Whether the engine refuses a program that the parser accepts.

    Args:
        circuit: The parsed program.
        code: Its text, cleaned.
    """
    if not all(map(len, [*circuit.qregs, *circuit.cregs])):
        return True
    if any(pattern.search(code) for pattern in _REFUSED_SYNTAX):
        return True
    if any(word in code and pattern.search(code) for word, pattern in _REFUSED_STATEMENTS.items()):
        return True
    return "if" in code and any(
        _has_refused_condition(item.operation) for item in circuit.data if item.name == "if_else"
    )


def _has_refused_condition(operation: IfElseOp) -> bool:
    register, value = operation.condition
    # A number that does not fit is refused too, and so is a conditional reset.
    return (
        int(value) > MAX_CONDITION_VALUE
        or int(value) >> len(register) > 0
        or any(item.name == "reset" for item in operation.blocks[0].data)
    )


def _unchanged(text: str, num_qubits: int, num_clbits: int) -> Program:
    return Program(text, num_qubits, num_clbits, tuple(range(num_qubits)))
