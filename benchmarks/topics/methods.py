"""One expectation value of a kicked Ising chain of 100 qubits by several simulation methods.

The observable is Z on the qubit in the middle. The difference is that from the causal cone or, if that takes
too long, from the matrix product state without a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import Bench
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from rows import Row

from qiskit_qoro import MaestroConfig, SimulationMethod

TOPIC = "methods"
QUBITS = 100
STATEVECTOR, MPS = SimulationMethod.Statevector, SimulationMethod.MatrixProductState
PAULI = SimulationMethod.PauliPropagator
CAUSAL_CONE = "`Statevector` of the causal cone"
PROPAGATION = "`PauliPropagator`"
EXACT_MPS = "`MatrixProductState`"

CONFIGS = {
    "automatic choice": None,
    CAUSAL_CONE: MaestroConfig(simulation_type=STATEVECTOR),
    EXACT_MPS: MaestroConfig(simulation_type=MPS),
    "`MatrixProductState`, `max_bond_dimension=8`": MaestroConfig(simulation_type=MPS, max_bond_dimension=8),
    PROPAGATION: MaestroConfig(simulation_type=PAULI),
    "`PauliPropagator`, `pp_coefficient_threshold=1e-4`": MaestroConfig(
        simulation_type=PAULI, pp_coefficient_threshold=1e-4
    ),
}


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    for steps in (5, 7):
        circuit = QuantumCircuit(QUBITS)
        for _ in range(steps):
            for first in (0, 1):
                for qubit in range(first, QUBITS - 1, 2):
                    circuit.rzz(-0.8, qubit, qubit + 1)
            circuit.rx(0.6, range(QUBITS))
        pub = (circuit, SparsePauliOp.from_sparse_list([("Z", [QUBITS // 2], 1)], QUBITS))
        # With 7 steps, these two take seconds.
        names = [name for name in CONFIGS if steps == 5 or name not in (CAUSAL_CONE, PROPAGATION)]
        estimators = {name: bench.estimator(bench.embedded, execution_config=CONFIGS[name]) for name in names}
        results = {name: estimator.run([pub]).result()[0] for name, estimator in estimators.items()}
        found = {name: float(result.data.evs) for name, result in results.items()}
        exact = found.get(CAUSAL_CONE, found[EXACT_MPS])
        yield bench.measure(
            f"methods-{steps}",
            TOPIC,
            f"Z in the middle of {QUBITS} qubits after {steps} steps",
            {
                name: lambda estimator=estimator, pub=pub: estimator.run([pub]).result()
                for name, estimator in estimators.items()
            },
            min_turns=3,
            differences={name: abs(value - exact) for name, value in found.items()},
            chosen=results["automatic choice"].metadata["method"],
        )
