"""One expectation value of a kicked Ising chain of 100 qubits by several simulation methods.

The circuit repeats ``rzz(-0.8)`` on all neighbours and ``rx(0.6)`` on all qubits. It starts in the state
``|0...0>``. The observable is Z on the qubit in the middle. The first line leaves the choice of the method to
the local service; its method and reason are printed. Each time is the shortest of several rounds, from
``run`` to ``result`` of ``QoroEstimator``, and the methods alternate. The difference is that from the value
of the causal cone, which is exact.
"""

from __future__ import annotations

import math
import time

from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import MaestroConfig, QoroEstimator, QoroProvider, SimulationMethod

QUBITS = 100
STEPS = (5, 7)
ROUNDS = 5

STATEVECTOR, MPS = SimulationMethod.Statevector, SimulationMethod.MatrixProductState
PAULI = SimulationMethod.PauliPropagator

CONFIGS = {
    "automatic": None,
    "causal cone": MaestroConfig(simulation_type=STATEVECTOR),
    "matrix product state": MaestroConfig(simulation_type=MPS),
    "matrix product state, bond dimension 8": MaestroConfig(simulation_type=MPS, max_bond_dimension=8),
    "Pauli propagation": MaestroConfig(simulation_type=PAULI),
    "Pauli propagation, threshold 1e-4": MaestroConfig(simulation_type=PAULI, pp_coefficient_threshold=1e-4),
}


def kicked_ising_chain(steps: int) -> QuantumCircuit:
    circuit = QuantumCircuit(QUBITS)
    for _ in range(steps):
        for first in (0, 1):
            for qubit in range(first, QUBITS - 1, 2):
                circuit.rzz(-0.8, qubit, qubit + 1)
        circuit.rx(0.6, range(QUBITS))
    return circuit


def measure(provider: QoroProvider, steps: int) -> None:
    print(f"{QUBITS} qubits, {steps} steps")
    circuit = kicked_ising_chain(steps)
    observable = SparsePauliOp.from_sparse_list([("Z", [QUBITS // 2], 1)], QUBITS)
    estimators = {}
    for name, config in CONFIGS.items():
        backend = provider.get_backend("qoro_maestro")
        if config is not None:
            backend.set_options(execution_config=config)
        estimators[name] = QoroEstimator(backend, options={"show_progress": False})
    times = dict.fromkeys(CONFIGS, math.inf)
    results = {}
    for _ in range(ROUNDS):
        for name, estimator in estimators.items():
            begin = time.perf_counter()
            results[name] = estimator.run([(circuit, observable)]).result()[0]
            times[name] = min(times[name], time.perf_counter() - begin)
    exact = float(results["causal cone"].data.evs)
    for name, result in results.items():
        value = float(result.data.evs)
        print(f"  {name:40s} {value:.6f}, difference {abs(value - exact):.0e}, {times[name] * 1e3:.0f} ms")
    metadata = results["automatic"].metadata
    print(f"  automatic choice: {metadata['method']} ({metadata['method_reason']})")


def main() -> None:
    with QoroProvider.local() as provider:
        for steps in STEPS:
            measure(provider, steps)


if __name__ == "__main__":
    main()
