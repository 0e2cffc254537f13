"""Time evolution with ``backend.evolve``, and fidelity kernels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from bench import Bench
from measuring import Contender
from qiskit import QuantumCircuit
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import SparsePauliOp, Statevector
from rows import Row

from qiskit_qoro import ExecutionConfig, QoroFidelity

TOPIC = "states"


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    for steps in (5, 10, 20):
        yield evolution(bench, 16, steps, None)
    yield evolution(bench, 40, 10, ExecutionConfig(bond_dimension=8))
    yield kernel(bench, bench.amount(60, 10))


def evolution(bench: Bench, num_qubits: int, steps: int, config: ExecutionConfig | None) -> Row:
    """Measure the magnetization of a kicked Ising chain after 0, 1, ..., ``steps`` steps."""
    step = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits - 1):
        step.rzz(-0.4, qubit, qubit + 1)
    step.rx(0.6, range(num_qubits))
    terms = [("Z", [qubit], 1 / num_qubits) for qubit in range(num_qubits)]
    observable = SparsePauliOp.from_sparse_list(terms, num_qubits)
    estimator = bench.estimator(bench.embedded, execution_config=config)

    def evolve() -> np.ndarray:
        return np.asarray(bench.embedded.evolve(step, observable, steps, execution_config=config))

    def separate_circuits() -> np.ndarray:
        circuits = [step.repeat(number).decompose() for number in range(steps + 1)]
        results = estimator.run([(circuit, observable) for circuit in circuits]).result()
        return np.array([float(result.data.evs) for result in results])

    contenders: dict[str, Contender] = {
        "`evolve`": evolve,
        "`QoroEstimator`, a circuit for each number of steps": separate_circuits,
    }
    how = "state vector" if config is None else "matrix product state"
    return bench.measure(
        f"evolution-{num_qubits}-{steps}",
        TOPIC,
        f"kicked Ising chain, {num_qubits} qubits, {steps} steps, {how}",
        contenders,
        min_turns=3,
        difference=float(np.abs(evolve() - separate_circuits()).max()),
    )


def kernel(bench: Bench, number: int) -> Row:
    """Measure the kernel matrix of random points."""
    features = zz_feature_map(6)
    points = np.random.default_rng(1).random((number, 6))
    left, right = np.triu_indices(number, 1)

    def ours() -> np.ndarray:
        circuits = [features] * len(left)
        job = QoroFidelity(bench.embedded).run(circuits, circuits, points[left], points[right])
        return np.array(job.result().fidelities)

    def statevectors() -> np.ndarray:
        states = np.array([Statevector(features.assign_parameters(point)).data for point in points])
        return np.asarray(np.abs(states.conj() @ states.T)[left, right] ** 2)

    return bench.measure(
        "kernel",
        TOPIC,
        f"kernel matrix of {number} points, `zz_feature_map(6)`",
        {"`QoroFidelity`": ours, "`Statevector` of each point, in this process": statevectors},
        min_turns=3,
        difference=float(np.abs(ours() - statevectors()).max()),
    )
