"""``seed_simulator``: counts that repeat, from the option of ``run`` to the engine and back."""

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


def test_another_seed_or_none_gives_other_counts(backend: QoroBackend, circuit: QuantumCircuit) -> None:
    # 1024 shots over 64 outcomes: two independent runs agree with a probability far below 1e-30.
    runs = [backend.run(circuit, seed_simulator=seed).result().get_counts() for seed in (1, 2, None, None)]
    assert all(runs[i] != runs[j] for i in range(4) for j in range(i))


def test_equal_circuits_of_one_job_differ(backend: QoroBackend, circuit: QuantumCircuit) -> None:
    first, second = backend.run([circuit, circuit], seed_simulator=3).result().get_counts()
    assert first != second


def test_the_configuration_travels_with_the_seed(
    local_service: LocalService, circuit: QuantumCircuit
) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState)
    with QoroProvider(local_service.token, base_url=local_service.url, execution_config=config) as provider:
        backend = provider.get_backend("qoro_maestro")
        job = backend.run(circuit, seed_simulator=3, execution_config=ExecutionConfig(bond_dimension=8))
        stored = provider.service.get_execution_config(ExecutionResult(job_id=job.job_id()))
    assert stored == config.override(ExecutionConfig(bond_dimension=8))


def test_a_configuration_that_cannot_travel_with_a_seed_is_refused(
    backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    config = ExecutionConfig(api_meta={"optimization_level": 1})
    with pytest.raises(QoroInputError, match="api_meta"):
        backend.run(circuit, seed_simulator=3, execution_config=config)


def test_a_qpu_system_takes_no_seed(provider: QoroProvider, circuit: QuantumCircuit) -> None:
    with pytest.raises(QoroInputError, match="no simulator"):
        provider.get_backend("local_qpu").run(circuit, seed_simulator=3)


def test_a_seed_goes_into_the_options_of_the_engine_that_are_given(
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


def test_a_qpu_system_takes_its_seed_among_its_options(provider: QoroProvider) -> None:
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.measure_all()
    qpu = provider.get_backend("local_qpu")
    config = DeviceConfig({"SEED": 5})
    first, second = (qpu.run(circuit, execution_config=config).result().get_counts() for _ in range(2))
    assert first == second


def test_options_of_the_other_kind_of_target_are_refused(
    provider: QoroProvider, backend: QoroBackend, circuit: QuantumCircuit
) -> None:
    with pytest.raises(QoroInputError, match="for QPU systems"):
        backend.run(circuit, execution_config=DeviceConfig({"SEED": 5}))
    with pytest.raises(QoroInputError, match="for simulators"):
        provider.get_backend("local_qpu").run(circuit, execution_config=MaestroConfig(seed=5))


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "x", True])
def test_a_seed_that_is_none_is_refused(backend: QoroBackend, circuit: QuantumCircuit, seed: object) -> None:
    with pytest.raises(QoroInputError, match="seed_simulator"):
        backend.run(circuit, seed_simulator=seed)


def test_the_translation_goes_both_ways() -> None:
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


def test_a_seed_joins_the_options_that_the_client_is_set_to(
    local_service: LocalService, circuit: QuantumCircuit
) -> None:
    config = MaestroConfig(simulation_type=SimulationMethod.MatrixProductState, max_bond_dimension=4, seed=1)
    with QoroProvider(local_service.token, base_url=local_service.url, execution_config=config) as provider:
        job = provider.get_backend("qoro_maestro").run(circuit, seed_simulator=11)
        job.result()
        kept = provider.service.get_execution_config(ExecutionResult(job_id=job.job_id()))
    assert kept == ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState, bond_dimension=4)
