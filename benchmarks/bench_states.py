"""Time evolution and fidelity kernels on the local service.

(a) The magnetization of a kicked Ising chain after 0, 1, ..., n steps: ``backend.evolve``, which applies the
    step once for each repetition, and one job of ``QoroEstimator`` with n + 1 circuits. Both are measured for
    several n. If the cost is proportional to n, the time for 4 n is 4 times the time for n.
(b) The kernel matrix of ``zz_feature_map(6)`` for 100 points: ``QoroFidelity``, and Qiskit's ``Statevector``
    for each point in the measuring process.

Each time is the shortest of several rounds, and the contenders alternate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import SparsePauliOp, Statevector
from timing import shortest

from qiskit_qoro import ExecutionConfig, QoroBackend, QoroEstimator, QoroFidelity, QoroProvider

STEPS = (10, 20, 40)
QUBITS = 16
WIDE_QUBITS = 40
POINTS = 100


def kicked_step(num_qubits: int) -> QuantumCircuit:
    step = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits - 1):
        step.rzz(-0.4, qubit, qubit + 1)
    step.rx(0.6, range(num_qubits))
    return step


def magnetization(num_qubits: int) -> SparsePauliOp:
    terms = [("Z", [qubit], 1 / num_qubits) for qubit in range(num_qubits)]
    return SparsePauliOp.from_sparse_list(terms, num_qubits)


def separate_circuits(
    backend: QoroBackend, step: QuantumCircuit, observable: SparsePauliOp, steps: int, **options: object
) -> np.ndarray:
    circuits = [step.repeat(number).decompose() for number in range(steps + 1)]
    estimator = QoroEstimator(backend, options={"show_progress": False, **options})
    results = estimator.run([(circuit, observable) for circuit in circuits]).result()
    return np.array([float(result.data.evs) for result in results])


def compare_evolution(backend: QoroBackend, num_qubits: int, config: ExecutionConfig | None) -> None:
    step, observable = kicked_step(num_qubits), magnetization(num_qubits)
    how = "state vector" if config is None else "matrix product state"
    print(f"(a) kicked Ising chain, {num_qubits} qubits, {how}")
    for steps in STEPS:
        contenders: dict[str, Callable[[], object]] = {
            "evolve": lambda steps=steps: backend.evolve(step, observable, steps, execution_config=config),
            "separate circuits": lambda steps=steps: separate_circuits(
                backend, step, observable, steps, execution_config=config
            ),
        }
        one, other = (run() for run in contenders.values())
        times = shortest(contenders, rounds=3)
        ratio = times["separate circuits"] / times["evolve"]
        figures = ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in times.items())
        print(f"  {steps} steps: {figures} ({ratio:.1f}), difference {np.abs(one - other).max():.0e}")


def compare_kernels(backend: QoroBackend) -> None:
    features = zz_feature_map(6)
    points = np.random.default_rng(1).random((POINTS, 6))
    left, right = np.triu_indices(POINTS, 1)

    def ours() -> np.ndarray:
        circuits = [features] * len(left)
        job = QoroFidelity(backend).run(circuits, circuits, points[left], points[right])
        return np.array(job.result().fidelities)

    def statevectors() -> np.ndarray:
        states = np.array([Statevector(features.assign_parameters(point)).data for point in points])
        return np.abs(states.conj() @ states.T)[left, right] ** 2

    difference = np.abs(ours() - statevectors()).max()
    times = shortest({"QoroFidelity": ours, "Statevector": statevectors}, rounds=3)
    figures = ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in times.items())
    print(f"(b) kernel matrix of {POINTS} points, 6 qubits: {figures}, difference {difference:.0e}")


def main() -> None:
    with QoroProvider.local() as provider:
        backend = provider.get_backend("qoro_maestro")
        compare_evolution(backend, QUBITS, None)
        compare_evolution(backend, WIDE_QUBITS, ExecutionConfig(bond_dimension=8))
        compare_kernels(backend)


if __name__ == "__main__":
    main()
