"""Jobs of each kind on a local service, for the pictures of the web pages and for tests in a browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import QFTGate
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import (
    MaestroConfig,
    QoroEstimator,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
    characterize,
)
from qiskit_qoro.errors import QoroJobError

__all__ = ["JOBS", "slow_circuits"]

SIMULATOR, DEVICE = "qoro_maestro", "local_qpu"
SEED = 7
RING = [(node, (node + 1) % 6) for node in range(6)]
H2 = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"], [-1.052373, 0.397937, -0.397937, -0.011280, 0.180931]
)  # at 0.735 ångström, in hartree
VQE_STEPS, QAOA_STEPS = 40, 12


def ghz(num_qubits: int) -> QuantumCircuit:
    """Return a GHZ state with its measurement."""
    circuit = QuantumCircuit(num_qubits, name=f"ghz-{num_qubits}")
    circuit.h(0)
    for qubit in range(1, num_qubits):
        circuit.cx(qubit - 1, qubit)
    circuit.measure_all()
    return circuit


def slow_circuits(number: int, num_qubits: int = 18, layers: int = 8) -> list[QuantumCircuit]:
    """Return circuits that take a moment each, so that a job can be seen while it runs."""
    generator = np.random.default_rng(SEED)
    circuits = []
    for index in range(number):
        circuit = QuantumCircuit(num_qubits, name=f"layers-{index:02}")
        for _ in range(layers):
            for qubit in range(num_qubits):
                circuit.ry(generator.uniform(0, np.pi), qubit)
            for qubit in range(num_qubits - 1):
                circuit.cx(qubit, qubit + 1)
        circuit.measure_all()
        circuits.append(circuit)
    return circuits


def run_ghz(provider: QoroProvider) -> None:
    """GHZ states of two to six qubits."""
    job = provider.get_backend(SIMULATOR).run(
        [ghz(number) for number in range(2, 7)], shots=4096, seed_simulator=SEED, tag="ghz"
    )
    job.result()


def run_on_device(provider: QoroProvider) -> None:
    """The Bernstein-Vazirani algorithm on a device with noise."""
    secret = "1011"
    circuit = QuantumCircuit(5, 4, name="bernstein-vazirani")
    circuit.x(4)
    circuit.h(range(5))
    for qubit, bit in enumerate(reversed(secret)):
        if bit == "1":
            circuit.cx(qubit, 4)
    circuit.h(range(4))
    circuit.measure(range(4), range(4))
    backend = provider.get_backend(DEVICE)
    compiled = transpile(circuit, backend, seed_transpiler=SEED)
    job = backend.run(compiled, shots=2000, tag="bernstein-vazirani")
    job.result()


def estimate_h2(provider: QoroProvider) -> None:
    """The energy of a hydrogen molecule along the path of a VQE, from counts."""
    (angle,) = angles = ParameterVector("theta", 1)
    ansatz = QuantumCircuit(2, name="h2-ansatz")
    ansatz.x(0)
    ansatz.ry(angle, 1)
    ansatz.cx(1, 0)
    values = np.linspace(-np.pi, np.pi, VQE_STEPS).reshape(-1, len(angles))
    estimator = QoroEstimator(
        provider.get_backend(SIMULATOR),
        options={
            "force_sampling": True,
            "seed_simulator": SEED,
            "show_progress": False,
            "tag": "vqe-h2",
        },
    )
    job = estimator.run([(ansatz, H2, values)], precision=0.02)
    job.result()


def differentiate(provider: QoroProvider) -> None:
    """The gradient of a transverse-field Ising model."""
    angles = ParameterVector("x", 4)
    ansatz = QuantumCircuit(4, name="ising-ansatz")
    for qubit, angle in enumerate(angles):
        ansatz.ry(angle, qubit)
    for qubit in range(3):
        ansatz.cx(qubit, qubit + 1)
    energy = SparsePauliOp(["ZZII", "IZZI", "IIZZ", "XIII", "IIIX"], [1, 1, 1, 0.5, 0.5])
    estimator = QoroEstimator(
        provider.get_backend(SIMULATOR), options={"show_progress": False, "tag": "ising-gradient"}
    )
    job = estimator.gradient([(ansatz, energy, np.linspace(0.1, 1.2, 4))])
    job.result()


def sample_qaoa(provider: QoroProvider) -> None:
    """The QAOA for the largest cut of a ring of six nodes, for several angles."""
    gamma, beta = parameters = ParameterVector("a", 2)
    circuit = QuantumCircuit(6, name="qaoa-maxcut")
    circuit.h(range(6))
    for one, two in RING:
        circuit.rzz(gamma, one, two)
    circuit.rx(2 * beta, range(6))
    circuit.measure_all()
    values = np.column_stack([np.linspace(0.2, 2.4, QAOA_STEPS), np.linspace(0.6, 0.1, QAOA_STEPS)])
    assert values.shape[1] == len(parameters)
    sampler = QoroSampler(
        provider.get_backend(SIMULATOR),
        options={"seed_simulator": SEED, "show_progress": False, "tag": "qaoa-maxcut"},
    )
    job = sampler.run([(circuit, values)], shots=2000)
    job.result()


def compute_state(provider: QoroProvider) -> None:
    """The state vector of a quantum Fourier transform."""
    circuit = QuantumCircuit(3, name="qft")
    circuit.x(0)
    circuit.append(QFTGate(3), range(3))
    provider.get_backend(SIMULATOR).statevector(circuit, tag="qft")


def characterize_cut(provider: QoroProvider) -> None:
    """The characterization of the largest cut of the ring."""
    matrix = np.zeros((6, 6))
    for one, two in RING:
        matrix[one, one] -= 1
        matrix[two, two] -= 1
        matrix[min(one, two), max(one, two)] += 2
    characterize(matrix, service=provider.service, target_states=["101010"], tag="ring-maxcut")


def fail(provider: QoroProvider) -> None:
    """A state vector that no machine can hold."""
    circuit = ghz(44)
    circuit.name = "ghz-44"
    method = MaestroConfig(simulation_type=SimulationMethod.Statevector)
    job = provider.get_backend(SIMULATOR).run([ghz(3), circuit], execution_config=method, tag="too-wide")
    with suppress(QoroJobError):
        job.result()


def cancel(provider: QoroProvider) -> None:
    """A job that is cancelled while it runs."""
    job = provider.get_backend(SIMULATOR).run(slow_circuits(40), shots=1000, tag="random-layers")
    job.cancel()


JOBS: tuple[Callable[[QoroProvider], None], ...] = (
    run_ghz,
    characterize_cut,
    sample_qaoa,
    compute_state,
    cancel,
    run_on_device,
    differentiate,
    fail,
    estimate_h2,
)
"""Submit a job and wait for its end."""
