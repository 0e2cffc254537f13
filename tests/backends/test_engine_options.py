"""Options of the engine reach the local service from ``run`` and the primitives, and change results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro import (
    ExecutionResult,
    MaestroConfig,
    QoroAPIError,
    QoroBackend,
    QoroEstimator,
    QoroProvider,
    QoroSampler,
)
from qiskit_qoro.local import LocalService

OBSERVABLE = SparsePauliOp(["ZZIII", "IXXII", "IIZIZ"], [1.0, 0.5, 0.25])


def entangled(angle: float | Parameter) -> QuantumCircuit:
    """Five qubits whose state needs a bond dimension of 4."""
    circuit = QuantumCircuit(5)
    for layer in range(3):
        for qubit in range(5):
            circuit.ry(0.4 + 0.3 * qubit + 0.7 * layer, qubit)
            circuit.rz(angle, qubit)
        for qubit in range(layer % 2, 4, 2):
            circuit.cx(qubit, qubit + 1)
        circuit.cx(0, 4)
    return circuit


MEASURED = entangled(0.3)
MEASURED.measure_all()
EXACT = float(Statevector(entangled(0.3)).expectation_value(OBSERVABLE).real)
REDUCED = MaestroConfig(seed=5, max_simulators=1, enable_sampling_reduction=True)
PLAIN = REDUCED.reset("enable_sampling_reduction")


def by_run(backend: QoroBackend, config: MaestroConfig) -> Any:
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    circuit.measure_all()
    return backend.run(circuit, shots=200, execution_config=config).result().get_counts()


def by_option(backend: QoroBackend, config: MaestroConfig) -> Any:
    backend.set_options(execution_config=config)
    return by_run(backend, config)


def by_sampler(backend: QoroBackend, config: MaestroConfig) -> Any:
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    circuit.measure_all()
    sampler = QoroSampler(backend, options={"execution_config": config, "default_shots": 200})
    return sampler.run([circuit]).result()[0].data.meas.get_counts()


@pytest.mark.parametrize("sample", [by_run, by_option, by_sampler])
def test_an_option_changes_counts(
    backend: QoroBackend, sample: Callable[[QoroBackend, MaestroConfig], Any]
) -> None:
    assert sample(backend, REDUCED) == sample(backend, REDUCED) != sample(backend, PLAIN)
    assert sample(backend, PLAIN) == by_run(backend, PLAIN)


@pytest.mark.parametrize(
    "options",
    [
        {"simulation_type": "DensityMatrix"},
        {"simulation_type": "MatrixProductOperator", "max_bond_dimension": 64},
        {"simulation_type": "PathIntegral", "path_integral_threshold": 0},
        {"simulation_type": "PauliPropagator"},
        {"simulation_type": "MatrixProductState", "truncation_mode": "relative_max"},
        {"simulation_type": "TensorNetwork", "gate_fusion": False},
        {"simulator_type": "QiskitAer", "simulation_type": "DensityMatrix", "precision": "double"},
        {"gate_fusion": True, "enable_causal_cone_reduction": False, "auto_reduce": False},
    ],
    ids=lambda options: ",".join(map(str, options.values())),
)
def test_every_method_computes_the_same_values_one_by_one_and_in_a_sweep(
    backend: QoroBackend, options: dict[str, Any]
) -> None:
    angle = Parameter("a")
    estimator = QoroEstimator(backend, options={"execution_config": MaestroConfig(**options)})
    rows = np.array([[0.3], [1.1]])
    single, swept = estimator.run(
        [(entangled(0.3), OBSERVABLE), (entangled(angle), OBSERVABLE, rows)]
    ).result()
    second = Statevector(entangled(1.1)).expectation_value(OBSERVABLE).real
    assert single.data.evs == pytest.approx(EXACT, abs=1e-8)
    assert swept.data.evs == pytest.approx([EXACT, second], abs=1e-8)


@pytest.mark.parametrize(
    "options",
    [
        {"max_bond_dimension": 2},
        {"singular_value_threshold": 0.2},
        {"path_integral_threshold": 0.1},
        {"pp_coefficient_threshold": 0.1},
        {"pp_max_pauli_weight": 1},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_truncation_changes_a_value(backend: QoroBackend, options: dict[str, Any]) -> None:
    estimator = QoroEstimator(backend, options={"execution_config": MaestroConfig(**options)})
    value = float(estimator.run([(entangled(0.3), OBSERVABLE)]).result()[0].data.evs)
    assert 1e-4 < abs(value - EXACT) < 2


def test_the_options_of_a_job_can_be_read_back(provider: QoroProvider, backend: QoroBackend) -> None:
    config = MaestroConfig(simulation_type="PathIntegral", path_integral_threshold=1e-9, seed=3)
    job = backend.run(MEASURED, shots=50, execution_config=config)
    assert provider.service.get_maestro_config(ExecutionResult(job_id=job.job_id())) == config
    assert job.result().results[0].metadata["method"] == "PathIntegral"


def test_a_seed_of_run_is_added_to_the_options_of_the_provider(local_service: LocalService) -> None:
    with QoroProvider(
        local_service.token, base_url=local_service.url, execution_config=REDUCED.reset("seed")
    ) as provider:
        job = provider.get_backend("qoro_maestro").run(MEASURED, shots=20, seed_simulator=5)
        assert provider.service.get_maestro_config(ExecutionResult(job_id=job.job_id())) == REDUCED


def test_a_refused_option_is_named(backend: QoroBackend) -> None:
    estimator = QoroEstimator(backend, options={"execution_config": MaestroConfig(mps_svd_solver="gesvd")})
    with pytest.raises(QoroAPIError, match="mps_svd_solver needs a GPU"):
        estimator.run([(entangled(0.3), OBSERVABLE)]).result()
