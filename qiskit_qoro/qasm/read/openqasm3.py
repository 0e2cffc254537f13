"""Reading of OpenQASM 3 with Qiskit's importer, which is an optional package.

The service runs OpenQASM 2. A program in OpenQASM 3 becomes a circuit here, which is then written like any
other circuit.
"""

from __future__ import annotations

import re
from importlib.util import find_spec

from qiskit import QuantumCircuit, qasm3

from qiskit_qoro.errors import QoroInputError

__all__ = ["parse_openqasm3"]

_POSITION = re.compile(r"(['\"]?)L?(?P<line>\d+)(?:,|:C)(?P<column>\d+): (?P<problem>.*)\1", re.DOTALL)
_END = "<EOF>"


def parse_openqasm3(text: str) -> QuantumCircuit:
    """Parse an OpenQASM 3 program.

    Args:
        text: The program. The only file that it may include is ``stdgates.inc``.

    Raises:
        QoroInputError: Qiskit's importer is not installed, or it refuses the program. The message begins with
            line and column if they are known.
    """
    if find_spec("qiskit_qasm3_import") is None:
        raise QoroInputError(
            "the program is OpenQASM 3, which Qiskit reads only with a further package: install it with "
            "'pip install qiskit-qasm3-import', or write the program in OpenQASM 2.0"
        )
    try:
        circuit: QuantumCircuit = qasm3.loads(text)
    except Exception as error:  # the importer raises exceptions of many kinds
        raise _translate(error) from error
    if not circuit.num_qubits:
        raise QoroInputError("the program declares no qubits; it needs a line like 'qubit[2] q;'")
    return circuit


def _translate(error: Exception) -> QoroInputError:
    """Turn an exception of the importer into an error with a position, if it has one."""
    position = _POSITION.fullmatch(str(error))
    if position:
        column = int(position["column"]) + 1
        return QoroInputError(f"line {position['line']}, column {column}: {position['problem']}")
    cause: BaseException | None = error
    while cause is not None:
        # The parser has no message. One of the exceptions behind its error knows the place, or an argument of
        # one of them.
        for known in (cause, *cause.args):
            token = getattr(known, "offendingToken", None)
            if token is not None:
                found = "end of the program" if token.text == _END else repr(token.text)
                return QoroInputError(f"line {token.line}, column {token.column + 1}: unexpected {found}")
        cause = cause.__cause__ or cause.__context__
    return QoroInputError(f"the program is not valid OpenQASM 3: {str(error) or type(error).__name__}")
