"""Clifford circuits of 40 qubits run on the stabilizer simulator, however they were transpiled."""

import random
import time

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import Clifford, SparsePauliOp

from qiskit_qoro import QoroEstimator
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES

WIDTH = 40
LEVELS = range(4)


def clifford_circuit(seed, num_gates=300):
    rng = random.Random(seed)
    circuit = QuantumCircuit(WIDTH)
    for _ in range(num_gates):
        name = rng.choice(sorted(CLIFFORD_GATES))
        getattr(circuit, name)(*rng.sample(range(WIDTH), GATES[name].num_qubits))
    return circuit


@pytest.mark.parametrize("level", LEVELS)
def test_samples_of_a_transpiled_clifford_circuit_are_right_and_fast(backend, level):
    there = clifford_circuit(level)
    circuit = QuantumCircuit(WIDTH)
    circuit.compose(there, inplace=True)
    circuit.barrier()
    flipped = [1, 5, 38]
    circuit.compose(there.inverse(), inplace=True)
    circuit.x(flipped)
    circuit.measure_all()
    transpiled = transpile(circuit, backend, optimization_level=level, seed_transpiler=1)
    start = time.perf_counter()
    result = backend.run(transpiled, shots=50).result()
    assert time.perf_counter() - start < 10  # it takes a tenth of a second; the margin is for slow machines
    expected = "".join("1" if qubit in flipped else "0" for qubit in reversed(range(WIDTH)))
    assert result.get_counts() == {expected: 50}
    assert result.results[0].metadata["method"] == "Stabilizer"


@pytest.mark.parametrize("level", LEVELS)
def test_expectation_values_of_a_transpiled_clifford_circuit_are_those_of_its_stabilizers(backend, level):
    circuit = clifford_circuit(10 + level)
    signed = Clifford(circuit).to_labels(mode="S")
    observables = [SparsePauliOp(label[1:]) for label in signed]
    expected = [1 if label[0] == "+" else -1 for label in signed]
    transpiled = transpile(circuit, backend, optimization_level=level, seed_transpiler=1)
    # The transpiler may have replaced SWAP gates by a permutation.
    observables = [observable.apply_layout(transpiled.layout) for observable in observables]
    result = QoroEstimator(backend).run([(transpiled, observables)]).result()[0]
    assert result.data.evs == pytest.approx(expected, abs=1e-12)
    assert result.metadata["method"] == "Stabilizer"
