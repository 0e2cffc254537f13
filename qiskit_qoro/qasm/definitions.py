"""What an operation is made of, as a circuit."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.transpiler.exceptions import TranspilerError
from qiskit.transpiler.passes import HighLevelSynthesis

from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.unwritable import UnwritableError

__all__ = ["definition_of"]


def definition_of(operation: Any) -> QuantumCircuit:
    """The circuit that an operation stands for.

    Args:
        operation: Any operation that is no gate of the engine.

    Returns:
        Its definition, or what Qiskit synthesizes for it.

    Raises:
        UnwritableError: There is neither, or computing it fails.
    """
    try:
        definition = getattr(operation, "definition", None)
        if definition is None:
            definition = _synthesize(operation)
    except Exception as error:
        raise UnwritableError(f"its definition fails: {error}") from error
    if definition is None:
        raise UnwritableError("it is no gate of the engine and has no definition; give it one")
    return definition


def _synthesize(operation: Any) -> QuantumCircuit | None:
    """The circuit of an operation that Qiskit knows how to build but not as a definition.

    Permutations, Clifford operators and annotated operations are such.
    """
    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    try:
        built = HighLevelSynthesis(basis_gates=list(GATES))(circuit)
    except TranspilerError:
        return None
    unchanged = any(item.name == operation.name and not item.is_standard_gate() for item in built.data)
    return None if unchanged else built
