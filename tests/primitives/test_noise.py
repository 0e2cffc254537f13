"""Noise models in the primitives, on the local service."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import DensityMatrix, Pauli, SparsePauliOp, SuperOp

from qiskit_qoro import (
    ExecutionConfig,
    MaestroConfig,
    NoiseModel,
    QoroBackend,
    QoroEstimator,
    QoroSampler,
    SimulationMethod,
)
from qiskit_qoro.primitives.planning.realizations import MAX_REALIZATIONS

STATEVECTOR = SimulationMethod.Statevector


def ghz(num_qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def estimate(backend: QoroBackend, pub: Any, config: Any, **options: Any) -> Any:
    return QoroEstimator(backend, options={"execution_config": config, **options}).run([pub]).result()[0]


def test_qubits_of_the_model_are_those_of_the_circuit(backend: QoroBackend) -> None:
    # Only qubits 3 and 5 have gates. The engine numbers them 0 and 1.
    circuit = QuantumCircuit(7)
    circuit.x(3)
    circuit.x(5)
    model = NoiseModel().set_bit_flip(0, 0.5).set_bit_flip(3, 0.1).set_bit_flip(5, 0.2)
    result = estimate(backend, (circuit, ["IIIZIII", "IZIIIII", "IIIIIIZ"]), MaestroConfig(noise_model=model))
    assert result.data.evs == pytest.approx([-0.8, -0.6, 1])
    assert (result.data.stds == 0).all()


def test_noise_follows_gates_as_the_circuit_has_them(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(3)
    circuit.id(0)
    circuit.rz(0, 0)
    circuit.swap(1, 2)
    circuit.ccx(0, 1, 2)
    model = NoiseModel().set_1q_gate_depolarizing(0, 0.075).set_2q_gate_depolarizing(1, 0.075)
    result = estimate(backend, (circuit, ["IIZ", "IZI"]), MaestroConfig(noise_model=model))
    # The Toffoli gate is decomposed. Qubit 0 has a T gate there, and controls two-qubit gates.
    assert [item.name for item in circuit.decompose("ccx").data if item.qubits == (circuit.qubits[0],)] == [
        "id",
        "rz",
        "t",
    ]
    assert result.data.evs[0] == pytest.approx(0.9**3)
    # Its swap is one gate, and the Toffoli gate has several on qubit 1.
    assert result.data.evs[1] < 0.9**3


def test_twelve_qubits_of_a_noisy_device_have_exact_values(backend: QoroBackend) -> None:
    first, second = (
        estimate(backend, (ghz(12), "IIIIIIZZZZZZ"), ExecutionConfig(noisy_device="local_loud"))
        for _ in range(2)
    )
    assert first.data.evs == second.data.evs == pytest.approx(0.8786, abs=1e-4)
    assert first.data.stds == 0
    assert first.metadata["method"] == "MatrixProductOperator"
    random = estimate(
        backend,
        (ghz(12), "IIIIIIZZZZZZ"),
        ExecutionConfig(noisy_device="local_loud", noise_realizations=400),
    )
    assert 0.01 < random.data.stds < 0.1
    # Few realizations differ from 1, so the error of the standard error is large and not symmetric.
    assert abs(random.data.evs - first.data.evs) < 7 * random.data.stds
    assert random.metadata["noise_realizations"] == 400


def test_noise_is_repeatable_with_a_seed_only(backend: QoroBackend) -> None:
    model = NoiseModel().set_all_depolarizing(3, 0.05)

    def values(**seeds: int) -> list[float]:
        config = MaestroConfig(noise_model=model, simulation_type=STATEVECTOR, noise_realizations=25, **seeds)
        # Three equal circuits, except for a rotation without an effect.
        circuit = ghz(3)
        circuit.rz(Parameter("a"), 0)
        found: list[float] = estimate(backend, (circuit, "XXX", [0.0, 1e-9, 2e-9]), config).data.evs.tolist()
        return found

    assert values(seed=3) == values(seed=3)
    assert values(noise_seed=-3) == values(noise_seed=-3)
    assert values(seed=1, noise_seed=3) == values(seed=2, noise_seed=3)
    assert values() != values()
    assert values(seed=3) != values(seed=4)
    # Circuits of one job have different noise.
    assert len(set(values(seed=3))) == 3


def test_counts_with_noise_are_repeatable_if_shots_and_noise_have_seeds(backend: QoroBackend) -> None:
    circuit = ghz(3)
    circuit.measure_all()
    model = NoiseModel().set_all_depolarizing(3, 0.05).set_all_readout_error(3, 0.02)

    def counts(method: SimulationMethod | None, **seeds: int) -> dict[str, int]:
        config = MaestroConfig(noise_model=model, simulation_type=method, **seeds)
        sampler = QoroSampler(backend, options={"execution_config": config})
        found: dict[str, int] = sampler.run([circuit], shots=60).result()[0].data.meas.get_counts()
        return found

    for method in (None, STATEVECTOR):
        assert counts(method, seed=3) == counts(method, seed=3)
        assert counts(method, seed=3) != counts(method, seed=4)
    assert counts(STATEVECTOR, noise_seed=3) == counts(STATEVECTOR, noise_seed=3)
    assert counts(STATEVECTOR) != counts(STATEVECTOR)


def test_a_sweep_with_noise_has_the_values_of_its_rows(backend: QoroBackend) -> None:
    ansatz = efficient_su2(2, reps=1).decompose()
    rows = np.random.default_rng(1).normal(size=(5, ansatz.num_parameters))
    model = NoiseModel().set_all_1q_gate_depolarizing(2, 0.03).set_2q_depolarizing(0, 1, 0.1)
    observable = SparsePauliOp(["ZZ", "XI"], [1.0, 0.5])
    one = sum(
        (
            weight * SuperOp(Pauli(letter))
            for letter, weight in (("I", 0.97), ("X", 0.01), ("Y", 0.01), ("Z", 0.01))
        ),
        start=SuperOp(np.zeros((4, 4))),
    )
    expected = []
    for row in rows:
        state = DensityMatrix.from_label("00")
        bound = ansatz.assign_parameters(row)
        for item in bound:
            qubits = [bound.find_bit(qubit).index for qubit in item.qubits]
            if item.name == "barrier":
                continue
            state = state.evolve(item.operation, qubits)
            if len(qubits) == 1:
                state = state.evolve(one, qubits)
            else:
                state = DensityMatrix(0.1 * 16 / 15 * np.eye(4) / 4 + (1 - 0.1 * 16 / 15) * state.data)
        expected.append(state.expectation_value(observable).real)
    data = estimate(backend, (ansatz, observable, rows), MaestroConfig(noise_model=model)).data
    assert data.evs == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("precision", "realizations"),
    [(None, 200), (0.1, 200), (1 / 15, 225)],
)
def test_a_precision_raises_the_number_of_realizations(
    backend: QoroBackend, precision: float | None, realizations: int
) -> None:
    model = NoiseModel().set_depolarizing(0, 0.1)
    circuit = QuantumCircuit(1)
    circuit.x(0)
    config = MaestroConfig(noise_model=model, simulation_type=STATEVECTOR, seed=1)
    estimator = QoroEstimator(backend, options={"execution_config": config})
    result = estimator.run([(circuit, "Z")], precision=precision).result()[0]
    assert result.metadata["noise_realizations"] == realizations
    assert 0 < result.data.stds < (precision or 0.1)


@pytest.mark.parametrize("precision", [0.01, 0.001, 1e-200])
def test_a_precision_raises_the_number_of_realizations_to_a_limit(
    backend: QoroBackend, precision: float
) -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    config = MaestroConfig(noise_model=NoiseModel().set_depolarizing(0, 0.1), simulation_type=STATEVECTOR)
    plan = QoroEstimator(backend, options={"execution_config": config}).plan(
        [(circuit, "Z")], precision=precision
    )
    assert f"noise_realizations={MAX_REALIZATIONS}" in str(plan)


def test_a_precision_does_not_change_realizations_that_are_set_or_not_needed(backend: QoroBackend) -> None:
    model = NoiseModel().set_depolarizing(0, 0.1)
    circuit = QuantumCircuit(1)
    circuit.x(0)
    for config, text in (
        (MaestroConfig(noise_model=model, noise_realizations=7), "noise_realizations=7"),
        (MaestroConfig(noise_model=model, simulation_type=SimulationMethod.DensityMatrix), ""),
        (MaestroConfig(seed=1), ""),
    ):
        estimator = QoroEstimator(backend, options={"execution_config": config})
        plan = str(estimator.plan([(circuit, "Z")], precision=0.001))
        assert re.findall("noise_realizations=[0-9]+", plan) == [text] * bool(text)
