"""The definitions of operations as circuits."""

from __future__ import annotations

import math
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Instruction
from qiskit.circuit.library import ECRGate, UnitaryGate
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator
from qiskit.transpiler.exceptions import TranspilerError
from qiskit.transpiler.passes import HighLevelSynthesis

from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["definition_of"]


def _ecr() -> QuantumCircuit:
    """Return ECR with one CX. Qiskit's definition has four."""
    # The writer leaves out the global phase, but the states of circuits need it.
    circuit = QuantumCircuit(2, global_phase=-math.pi / 4)
    circuit.s(0)
    circuit.x(0)
    circuit.sxdg(1)
    circuit.cx(0, 1)
    return circuit


_ECR = _ecr()
_WIDEST_MATRIX = 6  # qubits; 0.3 s for a matrix of 64 x 64


def definition_of(operation: Any) -> QuantumCircuit:
    """Return a circuit for an operation that is not a gate of the engine.

    Args:
        operation: The operation.

    Returns:
        Its ``definition``. If it has none, the circuit that Qiskit synthesizes for it or for its matrix.

    Raises:
        UnwritableError: There is no such circuit, or computing it fails.
        RecursionError: The definition is nested too deeply.
    """
    if getattr(operation, "base_class", None) is ECRGate:
        return _ECR
    try:
        definition = getattr(operation, "definition", None)
        if definition is None:
            definition = _synthesize(operation) or _decompose_matrix(operation)
    except Exception as error:
        if isinstance(operation, Instruction):
            # A failed definition may have left a partial circuit, which must not be used the next time.
            operation.definition = None
        if isinstance(error, RecursionError):
            raise
        raise UnwritableError(f"its definition fails: {error}") from error
    if definition is None:
        raise UnwritableError("it is not a gate of the engine and has no definition; define it")
    return definition


def _synthesize(operation: Any) -> QuantumCircuit | None:
    """Return the circuit that Qiskit's high-level synthesis builds for an operation.

    Permutations, Clifford operators and annotated operations have such a circuit but no ``definition``.
    """
    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    try:
        # The operation may be anywhere in the circuit, so the state of its qubits is unknown.
        built = HighLevelSynthesis(basis_gates=list(GATES), qubits_initially_zero=False)(circuit)
    except TranspilerError:
        return None
    unchanged = any(item.name == operation.name and not item.is_standard_gate() for item in built.data)
    return None if unchanged else built


def _decompose_matrix(operation: Any) -> QuantumCircuit | None:
    """Return a circuit for a gate of which only the matrix is known."""
    if operation.num_clbits or operation.num_qubits > _WIDEST_MATRIX:
        return None
    try:
        matrix = Operator(operation)
    except QiskitError:
        return None
    definition: QuantumCircuit = UnitaryGate(matrix).definition
    return definition
