"""All kinds of jobs run on the workers of a cluster, with the results of a local pool."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro import MaestroConfig, NoiseModel, QoroEstimator, QoroProvider, SimulationMethod, characterize
from qiskit_qoro.local import LocalService
from qiskit_qoro.service import QoroService

Provider = Any


@pytest.fixture
def providers(service: Any, local_service: LocalService) -> Any:
    """A provider of the cluster, and one of a local pool."""
    with (
        QoroProvider(service.token, base_url=service.url, journal=False, progress=False) as cluster,
        QoroProvider(local_service.token, base_url=local_service.url, journal=False, progress=False) as local,
    ):
        yield cluster, local


def test_1000_circuits_have_their_own_counts_in_order(service: Any, cases: Any) -> None:
    counts = service.counts(cases.numbered(1000), shots=10)
    cases.check_numbered(counts, 1000, shots=10)


def test_a_seed_gives_the_same_counts_as_on_a_local_pool(service: Any, local_service: LocalService) -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[5]; creg c[5]; {} measure q -> c;'
    circuits = {
        str(index): text.format(" ".join(f"ry(0.{index % 9 + 1}) q[{bit}];" for bit in range(5)))
        for index in range(40)
    }
    local = QoroService(local_service.token, base_url=local_service.url, progress=False)
    options = {"override_execution_config": MaestroConfig(seed=11)}
    found = service.counts(circuits, shots=500, **options)
    job = local.submit_circuits(circuits, override_job_config=service.job_config(500), **options)
    local.wait_for_job(job, timeout_s=30)
    assert found == local.get_job_outcome(job).results


def test_states_values_gradients_and_noise_are_those_of_a_local_pool(providers: Any) -> None:
    ansatz = efficient_su2(4, reps=2)
    energy = SparsePauliOp(["ZZII", "IZZI", "XIII"], [1, 1, 0.5])
    angles = np.random.default_rng(1).normal(size=(50, ansatz.num_parameters))
    bound = ansatz.assign_parameters(angles[0])
    found = []
    for provider in providers:
        backend = provider.get_backend("qoro_maestro")
        estimator = QoroEstimator(backend, options={"show_progress": False})
        data = estimator.gradient([(ansatz, energy, angles)]).result()[0].data
        noisy = backend.run(_ghz(), shots=2000, execution_config=_noise()).result().get_counts()
        found.append((backend.statevector(bound).data, data.evs, data.gradients, noisy))
    cluster, local = found
    np.testing.assert_allclose(cluster[0], local[0], atol=1e-12)
    np.testing.assert_allclose(cluster[0], Statevector(bound).data, atol=1e-9)
    np.testing.assert_allclose(cluster[1], local[1], atol=1e-12)
    np.testing.assert_allclose(cluster[2], local[2], atol=1e-12)
    assert cluster[3] == local[3]


def _noise() -> MaestroConfig:
    model = NoiseModel()
    model.set_all_1q_gate_depolarizing(3, 0.05)
    return MaestroConfig(noise_model=model, noise_seed=7, seed=3)


def _ghz() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def test_a_characterization_is_that_of_a_local_pool(providers: Any) -> None:
    matrix = np.array([[-2.0, 1.0, 1.0], [1.0, -2.0, 1.0], [1.0, 1.0, -2.0]])
    cluster, local = (characterize(matrix, service=provider.service) for provider in providers)
    assert cluster.difficulty == local.difficulty == "easy"


def test_a_state_vector_runs_only_where_it_fits(cluster: Any, service: Any) -> None:
    config = MaestroConfig(simulation_type=SimulationMethod.Statevector)
    circuits = {f"wide-{index}": _wide_text(24, index) for index in range(6)}
    small = cluster.workers["small"].engine_cpu_s()
    large = cluster.workers["large"].engine_cpu_s()
    counts = service.counts(circuits, shots=3, override_execution_config=config)
    assert [set(each) for each in counts.values()] == [{format(index, "024b")} for index in range(6)]
    assert cluster.workers["small"].engine_cpu_s() < small + 0.2
    assert cluster.workers["large"].engine_cpu_s() > large + 0.2


def test_a_state_vector_that_fits_nowhere_fails_with_the_reason(service: Any) -> None:
    config = MaestroConfig(simulation_type=SimulationMethod.Statevector)
    job = service.submit({"huge": _wide_text(31, 1)}, shots=3, override_execution_config=config)
    outcome = service.outcome(job)
    assert "huge" in outcome.reason
    assert "31 qubits" in outcome.reason


def _wide_text(qubits: int, index: int) -> str:
    flips = "".join(f"x q[{bit}];" for bit in range(qubits) if index >> bit & 1)
    head = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{qubits}]; creg c[{qubits}];'
    return f"{head} {flips} measure q -> c;"
