"""Small jobs: a Bell circuit, and single energies of variational loops with other angles every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import maestro
from bench import Bench
from measuring import Contender
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BaseEstimatorV2, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2
from rows import AER, OURS, SOCKET, STATEVECTOR, Goal, Row
from workloads import H2, bell, h2_ansatz, random_observable, successive

from qiskit_qoro.qasm import write_program

TOPIC = "small_jobs"
SHOTS = 1024


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    circuit = transpile(bell(), bench.embedded)
    text = write_program(circuit).text
    aer = AerSimulator()
    yield bench.measure(
        "bell",
        TOPIC,
        "Bell circuit, `run().result().get_counts()`",
        {
            OURS: lambda: bench.embedded.run(circuit, shots=SHOTS).result().get_counts(),
            SOCKET: lambda: bench.socket.run(circuit, shots=SHOTS).result().get_counts(),
            AER: lambda: aer.run(circuit, shots=SHOTS).result().get_counts(),
            "engine, alone": lambda: maestro.simple_execute(text, shots=SHOTS),
        },
        goals=(Goal(0.002),),
    )
    yield bench.measure(
        "h2",
        TOPIC,
        "H2, one energy (2 qubits, 5 Pauli strings)",
        energies(bench, h2_ansatz(), H2),
        goals=(Goal(1.3, AER),),
    )
    yield bench.measure(
        "vqe8",
        TOPIC,
        "VQE, one energy (`efficient_su2(8, reps=3)`, 20 Pauli strings)",
        energies(bench, efficient_su2(8, reps=3), random_observable(8, 20)),
        goals=(Goal(1.0, AER),),
    )


def energies(bench: Bench, ansatz: QuantumCircuit, observable: SparsePauliOp) -> dict[str, Contender]:
    """Return contenders that compute one energy. Each of them goes through the same angles."""

    def energy(estimator: BaseEstimatorV2) -> Callable[[], float]:
        angles = successive(ansatz)
        return lambda: float(estimator.run([(ansatz, observable, next(angles))]).result()[0].data.evs)

    return {
        OURS: energy(bench.estimator(bench.embedded)),
        SOCKET: energy(bench.estimator(bench.socket)),
        AER: energy(EstimatorV2()),
        STATEVECTOR: energy(StatevectorEstimator()),
    }
