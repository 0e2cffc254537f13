"""What an operation is made of, as a circuit."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Instruction
from qiskit.circuit.library import UnitaryGate
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator
from qiskit.transpiler.exceptions import TranspilerError
from qiskit.transpiler.passes import HighLevelSynthesis

from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["definition_of"]

_WIDEST_MATRIX = 6  # qubits; 0.3 s for a matrix of 64 x 64


def definition_of(operation: Any) -> QuantumCircuit:
    """The circuit that an operation stands for.

    Args:
        operation: Any operation that is no gate of the engine.

    Returns:
        Its definition, or what Qiskit synthesizes for it or for its matrix.

    Raises:
        UnwritableError: There is neither, or computing it fails.
        RecursionError: It is nested too deep.
    """
    try:
        definition = getattr(operation, "definition", None)
        if definition is None:
            definition = _synthesize(operation) or _decompose_matrix(operation)
    except Exception as error:
        if isinstance(operation, Instruction):
            # What has been written of it must not be taken for the whole the next time.
            operation.definition = None
        if isinstance(error, RecursionError):
            raise
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
        # The operation need not be the first one, so nothing is known of the state of its qubits.
        built = HighLevelSynthesis(basis_gates=list(GATES), qubits_initially_zero=False)(circuit)
    except TranspilerError:
        return None
    unchanged = any(item.name == operation.name and not item.is_standard_gate() for item in built.data)
    return None if unchanged else built


def _decompose_matrix(operation: Any) -> QuantumCircuit | None:
    """The circuit of a gate that is known by its matrix alone."""
    if operation.num_clbits or operation.num_qubits > _WIDEST_MATRIX:
        return None
    try:
        matrix = Operator(operation)
    except QiskitError:
        return None
    definition: QuantumCircuit = UnitaryGate(matrix).definition
    return definition
