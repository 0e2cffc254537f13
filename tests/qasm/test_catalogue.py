"""A catalogue of Qiskit's operations: each can be written, and its text has the operator of the operation.

Operators are compared, not states. Qiskit's synthesis may assume that qubits are in |0> at the beginning of a
circuit, and for an operation in the middle of a circuit this assumption would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    InverseModifier,
    Operation,
    PowerModifier,
    library,
)
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp, random_clifford, random_unitary

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import parse_program, write_program

STANDARD = {
    name: gate
    for name, gate in library.get_standard_gate_name_mapping().items()
    if isinstance(gate, Gate) and gate.num_qubits
}
FORMS: dict[str, Callable[[Gate], Operation]] = {
    "itself": lambda gate: gate,
    "its inverse": lambda gate: gate.inverse(),
    "a mutable copy": lambda gate: gate.to_mutable(),
    "a root": lambda gate: gate.power(0.3),
    "twice": lambda gate: gate.repeat(2),
    "controlled by 0": lambda gate: gate.control(1, ctrl_state=0, annotated=False),
    "controlled by 0 and 1, annotated": lambda gate: gate.control(2, ctrl_state=1, annotated=True),
    "controlled and inverted": lambda gate: gate.control(1, annotated=False).inverse(),
}


def unitary(num_qubits: int) -> library.UnitaryGate:
    return library.UnitaryGate(random_unitary(2**num_qubits, seed=num_qubits))


class OnlyAMatrix(Gate):
    """A gate without a definition."""

    def __init__(self) -> None:
        super().__init__("only_a_matrix", 2, [])

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return np.asarray(random_unitary(4, seed=7).data)


def nested(depth: int) -> Gate:
    """Return nested gates, each with a global phase and a name that means something else in OpenQASM."""
    gate: Gate = library.ECRGate()
    for level in range(depth):
        circuit = QuantumCircuit(2, name=("h", "if", "größe 2")[level % 3], global_phase=0.1)
        circuit.append(gate, [level % 2, 1 - level % 2])
        circuit.rzz(0.2, 0, 1)
        gate = circuit.to_gate()
    return gate


COMPOSITE: dict[str, Callable[[], Operation]] = {
    "a unitary of one qubit": lambda: unitary(1),
    "a unitary of two qubits": lambda: unitary(2),
    "a unitary of four qubits": lambda: unitary(4),
    "a controlled unitary": lambda: unitary(2).control(1, annotated=False),
    "a unitary with open controls": lambda: unitary(1).control(2, ctrl_state=1, annotated=False),
    "a gate known by its matrix": OnlyAMatrix,
    "mcx with open controls": lambda: library.MCXGate(4, ctrl_state=5),
    "mcphase": lambda: library.MCPhaseGate(0.3, 3),
    "ms": lambda: library.MSGate(3, 0.4),
    "diagonal": lambda: library.DiagonalGate([1, -1, 1j, -1j]),
    "pauli": lambda: library.PauliGate("XYZI"),
    "a Pauli with a phase": lambda: Pauli("-iXYZ"),
    "a permutation": lambda: library.PermutationGate([2, 0, 1, 3]),
    "multiplexed unitaries": lambda: library.UCGate([random_unitary(2, seed=k).data for k in range(4)]),
    "multiplexed rotations": lambda: library.UCRYGate([0.1, 0.2, 0.3, 0.4]),
    "an isometry": lambda: library.Isometry(random_unitary(4, seed=1).data, 0, 0),
    "Fourier": lambda: library.QFTGate(4),
    "inverse Fourier": lambda: library.QFTGate(3).inverse(),
    "a Hamiltonian": lambda: library.HamiltonianGate(np.array([[1, 0.5], [0.5, -1]]), 0.7),
    "a Clifford operator": lambda: random_clifford(4, seed=1),
    "a Clifford instruction": lambda: random_clifford(3, seed=2).to_instruction(),
    "a linear function": lambda: library.LinearFunction([[1, 1], [0, 1]]),
    "and": lambda: library.AndGate(2, [1, -1]),
    "or": lambda: library.OrGate(2),
    "inner product": lambda: library.InnerProductGate(2),
    "modular addition": lambda: library.ModularAdderGate(2),
    "half addition": lambda: library.HalfAdderGate(2),
    "full addition": lambda: library.FullAdderGate(2),
    "multiplication": lambda: library.MultiplierGate(2),
    "a quadratic form": lambda: library.QuadraticFormGate(2, [[1, 0], [0, 1]], [1, 0], 0),
    "a graph state": lambda: library.GraphStateGate([[0, 1], [1, 0]]),
    "a prepared state backwards": lambda: library.StatePreparation([0.6, 0.8j]).inverse(),
    "prepared by letters": lambda: library.StatePreparation("01+-rl"),
    "annotated": lambda: AnnotatedOperation(library.HGate(), [PowerModifier(0.5), ControlModifier(2, 1)]),
    "annotated without a base": lambda: AnnotatedOperation(library.IGate(), [ControlModifier(2, 1)]),
    "annotated twice": lambda: AnnotatedOperation(
        AnnotatedOperation(library.SwapGate(), [ControlModifier(1)]), [InverseModifier(), PowerModifier(2)]
    ),
    "annotated Fourier": lambda: AnnotatedOperation(
        library.QFTGate(2), [InverseModifier(), ControlModifier(1, 0)]
    ),
    "nested 50 deep": lambda: nested(50),
    "nested and controlled": lambda: nested(5).control(1, ctrl_state=0, annotated=False),
}


def check(operation: Operation) -> None:
    circuit = QuantumCircuit(operation.num_qubits)
    circuit.append(operation, range(operation.num_qubits))
    assert Operator(parse_program(write_program(circuit).text)).equiv(Operator(circuit))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", STANDARD)
def test_every_standard_gate_can_be_written(name: str, form: str) -> None:
    gate = STANDARD[name]
    angles = np.random.default_rng(len(name)).uniform(-3, 3, len(gate.params))
    check(FORMS[form](gate.base_class(*angles)))


@pytest.mark.parametrize("name", COMPOSITE)
def test_every_operation_of_the_library_can_be_written(name: str) -> None:
    check(COMPOSITE[name]())


@pytest.mark.parametrize("terms", [["XX", "ZZ"], ["XIY", "ZZI", "IYX"]])
def test_an_evolution_is_written_as_qiskit_synthesizes_it(terms: list[str]) -> None:
    gate = library.PauliEvolutionGate(SparsePauliOp(terms), 0.3)
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.append(gate, circuit.qubits)
    assert Operator(parse_program(write_program(circuit).text)).equiv(Operator(gate.definition))


@pytest.mark.parametrize("make", [lambda: library.GlobalPhaseGate(0.3), lambda: Pauli("")])
def test_an_operation_on_no_qubits_is_left_out(make: Callable[[], Operation]) -> None:
    circuit = QuantumCircuit(1, global_phase=2)
    circuit.x(0)
    circuit.append(make(), [])
    assert write_program(circuit).text.splitlines()[3:] == ["x q[0];"]


def test_a_gate_without_definition_is_refused_with_advice() -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.append(Gate("mystery", 1, []), [0])
    with pytest.raises(QoroInputError, match=r"instruction 1 \(mystery\): .*no definition; define it"):
        write_program(circuit)
