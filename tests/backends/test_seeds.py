"""``seed_simulator``: a seed makes counts repeatable, and how it combines with configurations."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import (
    DeviceConfig,
    ExecutionConfig,
    ExecutionResult,
    MaestroConfig,
    QoroBackend,
    QoroInputError,
    QoroProvider,
    SimulationMethod,
)
from qiskit_qoro.local import LocalService


@pytest.fixture
def circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    "config",
    [None, ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState, bond_dimension=4)],
    ids=["default", "MPS"],
)
def test_the_same_seed_gives_the_same_shots(
    backend: QoroBackend, circuit: QuantumCircuit, config: ExecutionConfig | None
) -> None:
    first, second = (
        backend.run(circuit, seed_simulator=11, memory=True, execution_config=config).result()
        for _ in range(2)
    )
    assert first.get_counts() == second.get_counts()
    assert first.get_memory() == second.get_memory()


def test_different_seeds_and_no_seed_give_different_counts(
    backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    # 1024 shots over 64 outcomes: two independent runs agree with a probability far below 1e-30.
    runs = [backend.run(circuit, seed_simulator=seed).result().get_counts() for seed in (1, 2, None, None)]
    assert all(runs[i] != runs[j] for i in range(4) for j in range(i))


def test_equal_circuits_of_one_job_give_different_counts(
    backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    first, second = backend.run([circuit, circuit], seed_simulator=3).result().get_counts()
    assert first != second


def test_a_seed_is_sent_together_with_the_execution_configuration(
    local_service: LocalService, circuit: QuantumCircuit
) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState)
    with QoroProvider(local_service.token, base_url=local_service.url, execution_config=config) as provider:
        backend = provider.get_backend("qoro_maestro")
        job = backend.run(circuit, seed_simulator=3, execution_config=ExecutionConfig(bond_dimension=8))
        stored = provider.service.get_execution_config(ExecutionResult(job_id=job.job_id()))
    assert stored == config.override(ExecutionConfig(bond_dimension=8))


def test_a_seed_with_an_api_meta_configuration_is_refused(
    backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    config = ExecutionConfig(api_meta={"optimization_level": 1})
    with pytest.raises(QoroInputError, match="api_meta"):
        backend.run(circuit, seed_simulator=3, execution_config=config)


def test_a_seed_for_a_qpu_system_is_refused(provider: QoroProvider, circuit: QuantumCircuit) -> None:
    with pytest.raises(QoroInputError, match="not a simulator"):
        provider.get_backend("local_qpu").run(circuit, seed_simulator=3)


def test_a_seed_is_added_to_a_given_maestro_config(
    provider: QoroProvider, backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    config = MaestroConfig(simulation_type=SimulationMethod.MatrixProductState)
    first, second = (
        backend.run(circuit, execution_config=config, seed_simulator=4).result().get_counts()
        for _ in range(2)
    )
    assert first == second
    job = backend.run(circuit, execution_config=config)
    stored = provider.service.get_execution_config(ExecutionResult(job_id=job.job_id()))
    assert stored == ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState)


def test_a_qpu_system_accepts_a_seed_in_its_device_config(provider: QoroProvider) -> None:
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.measure_all()
    qpu = provider.get_backend("local_qpu")
    config = DeviceConfig({"SEED": 5})
    first, second = (qpu.run(circuit, execution_config=config).result().get_counts() for _ in range(2))
    assert first == second


def test_a_configuration_for_the_other_kind_of_backend_is_refused(
    provider: QoroProvider, backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    with pytest.raises(QoroInputError, match="for QPU systems"):
        backend.run(circuit, execution_config=DeviceConfig({"SEED": 5}))
    with pytest.raises(QoroInputError, match="for simulators"):
        provider.get_backend("local_qpu").run(circuit, execution_config=MaestroConfig(seed=5))


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "x", True])
def test_an_invalid_seed_is_refused(backend: QoroBackend, circuit: QuantumCircuit, seed: object) -> None:
    with pytest.raises(QoroInputError, match="seed_simulator"):
        backend.run(circuit, seed_simulator=seed)


def test_an_execution_config_converts_to_a_maestro_config_and_back() -> None:
    config = ExecutionConfig(bond_dimension=16, truncation_threshold=1e-6, simulator=1, simulation_method=1)
    translated = MaestroConfig.from_execution_config(config, seed=5)
    assert translated.to_payload() == {
        "max_bond_dimension": 16,
        "seed": 5,
        "simulation_type": 1,
        "simulator_type": 1,
        "singular_value_threshold": 1e-6,
    }
    assert translated.execution_config == config


def test_a_seed_is_added_to_the_maestro_config_of_the_client(
    local_service: LocalService, circuit: QuantumCircuit
) -> None:
    config = MaestroConfig(simulation_type=SimulationMethod.MatrixProductState, max_bond_dimension=4, seed=1)
    with QoroProvider(local_service.token, base_url=local_service.url, execution_config=config) as provider:
        job = provider.get_backend("qoro_maestro").run(circuit, seed_simulator=11)
        job.result()
        kept = provider.service.get_execution_config(ExecutionResult(job_id=job.job_id()))
    assert kept == ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState, bond_dimension=4)
