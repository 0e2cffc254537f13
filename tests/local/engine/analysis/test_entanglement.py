"""The estimated bond dimension is that of the state for simple circuits, and never far below it."""

import math
import random

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qiskit_qoro.local.engine.analysis.entanglement import estimate_bond_bits
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.qasm.write.writer import write_program


def bits_of(circuit):
    program = read_engine_program(write_program(circuit).text)
    return estimate_bond_bits(program.gates, len(program.qubits))


def entropy_bits(circuit, cut):
    """The Rényi entropy of order 1/2 of a cut."""
    state = Statevector(circuit).data.reshape(2 ** (circuit.num_qubits - cut - 1), 2 ** (cut + 1))
    return 2 * math.log2(np.linalg.svd(state, compute_uv=False).sum())


def ghz(num_qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def bell_pairs(*pairs, size):
    circuit = QuantumCircuit(size)
    circuit.ry(0.2, range(size))
    for first, second in pairs:
        circuit.h(first)
        circuit.cx(first, second)
    return circuit


def product_state(num_qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)  # the target is in an eigenstate of X
    circuit.swap(0, num_qubits - 1)
    return circuit


def rotation_in_three_gates():
    circuit = QuantumCircuit(2)
    circuit.ry(0.3, [0, 1])
    circuit.cx(0, 1)
    circuit.rz(0.5, 1)
    circuit.cx(0, 1)
    return circuit


def swapped():
    circuit = bell_pairs((0, 1), (2, 3), size=4)
    circuit.swap(1, 2)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [
        (ghz(5), [1, 1, 1, 1]),
        (product_state(4), [0, 0, 0]),
        (bell_pairs((0, 1), (2, 3), size=4), [1, 0, 1]),
        (bell_pairs((0, 3), (1, 2), size=4), [1, 2, 1]),
        (swapped(), [1, 2, 1]),
        (rotation_in_three_gates(), [2 * math.log2(math.cos(0.25) + math.sin(0.25))]),
    ],
)
def test_the_estimate_of_a_simple_circuit_is_known(circuit, expected):
    assert bits_of(circuit) == pytest.approx(expected, abs=1e-9)


def test_the_estimate_is_at_most_the_number_of_qubits_on_the_smaller_side():
    circuit = QuantumCircuit(5)
    rng = random.Random(1)
    for _ in range(60):
        circuit.ry(rng.uniform(0, 3), rng.randrange(5))
        circuit.cx(*rng.sample(range(5), 2))
    assert bits_of(circuit) == pytest.approx([1, 2, 2, 1])


def test_random_circuits_have_at_most_the_estimated_entanglement(cases):
    for seed in range(10 * cases):
        rng = random.Random(seed)
        circuit = QuantumCircuit(8)
        for _ in range(rng.randrange(4, 20)):
            circuit.u(*(rng.uniform(0, 6) for _ in range(3)), rng.randrange(8))
            name = rng.choice(["cx", "cz", "cy", "ch", "swap", "ccx", "cswap"])
            getattr(circuit, name)(*rng.sample(range(8), 3 if name in ("ccx", "cswap") else 2))
        circuit.id(range(8))
        for cut, bits in enumerate(bits_of(circuit)):
            assert entropy_bits(circuit, cut) <= bits + 1e-9, (seed, cut)
