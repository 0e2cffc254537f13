"""Qubits of the simulated QPUs decay during delays."""

from __future__ import annotations

from math import exp, pi, sqrt
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Duration, Parameter
from qiskit.circuit.classical import expr

from qiskit_qoro import (
    ExecutionConfig,
    MaestroConfig,
    NoiseModel,
    QoroBackend,
    QoroEstimator,
    QoroInputError,
    QoroProvider,
    QoroSampler,
)

SHOTS = 20_000
QUBIT = 3


@pytest.fixture
def qpu(provider: QoroProvider) -> QoroBackend:
    return provider.get_backend("local_qpu")


def waiting(duration: Any, unit: str = "s", *, prepare: str = "x", finish: str = "id") -> QuantumCircuit:
    circuit = QuantumCircuit(QUBIT + 1, 1)
    getattr(circuit, prepare)(QUBIT)
    circuit.delay(duration, QUBIT, unit=unit)
    getattr(circuit, finish)(QUBIT)
    circuit.measure(QUBIT, 0)
    return circuit


def ones(backend: QoroBackend, circuits: list[QuantumCircuit]) -> list[float]:
    counts = backend.run(circuits, shots=SHOTS).result().get_counts()
    return [each.get("1", 0) / SHOTS for each in (counts if isinstance(counts, list) else [counts])]


def measured(qpu: QoroBackend, one: float) -> float:
    """The probability to read 1, for a probability to be in state 1."""
    wrong = qpu.target["measure"][QUBIT,].error
    return one * (1 - wrong) + (1 - one) * wrong


def after_errors(qpu: QoroBackend, value: float, pulses: int) -> float:
    """An expectation value after the errors of pulses."""
    return value * (1 - 2 * qpu.target["sx"][QUBIT,].error) ** pulses


def assert_close(found: float, expected: float) -> None:
    assert abs(found - expected) < 5 * sqrt(expected * (1 - expected) / SHOTS)


def test_state_1_decays_with_t1(qpu: QoroBackend) -> None:
    t1 = qpu.target.qubit_properties[QUBIT].t1
    times = [0.0, 0.1 * t1, 0.5 * t1, t1, 3 * t1]
    for time, found in zip(times, ones(qpu, [waiting(time) for time in times]), strict=True):
        one = exp(-time / t1) * (1 - after_errors(qpu, -1, 1)) / 2
        assert_close(found, measured(qpu, one))


def test_superpositions_decay_with_t2(qpu: QoroBackend) -> None:
    t2 = qpu.target.qubit_properties[QUBIT].t2
    times = [0.0, 0.5 * t2, t2, 2 * t2]
    circuits = [waiting(time, prepare="h", finish="h") for time in times]
    for time, found in zip(times, ones(qpu, circuits), strict=True):
        assert_close(found, measured(qpu, (1 - after_errors(qpu, exp(-time / t2), 2)) / 2))


@pytest.mark.parametrize(
    ("duration", "unit"),
    [(100e-6, "s"), (0.1, "ms"), (100, "us"), (100_000, "ns"), (1e8, "ps"), (100_000, "dt")],
)
def test_a_delay_may_have_any_unit(qpu: QoroBackend, duration: float, unit: str) -> None:
    assert qpu.dt == 1e-9
    t1 = qpu.target.qubit_properties[QUBIT].t1
    (found,) = ones(qpu, [waiting(duration, unit)])
    assert_close(found, measured(qpu, exp(-100e-6 / t1) * (1 - after_errors(qpu, -1, 1)) / 2))


def test_a_transpiled_circuit_decays_in_the_place_where_it_runs(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(200, 0, unit="us")
    circuit.measure(0, 0)
    for place in (1, 4):
        compiled = transpile(circuit, qpu, initial_layout=[place], scheduling_method="alap")
        (found,) = ones(qpu, [compiled])
        assert found == pytest.approx(exp(-200e-6 / qpu.target.qubit_properties[place].t1), abs=0.03)


def test_the_duration_may_be_a_parameter_of_a_sampler(qpu: QoroBackend) -> None:
    time = Parameter("t")
    times = np.array([0.0, 50.0, 300.0])
    (result,) = QoroSampler(qpu).run([(waiting(time, "us"), times)], shots=SHOTS).result()
    t1 = qpu.target.qubit_properties[QUBIT].t1
    for index, each in enumerate(times):
        counts = result.data.c.get_counts(index)
        one = exp(-each * 1e-6 / t1) * (1 - after_errors(qpu, -1, 1)) / 2
        assert_close(counts.get("1", 0) / SHOTS, measured(qpu, one))


def test_an_estimator_ignores_delays_after_the_measurement(qpu: QoroBackend) -> None:
    before = waiting(1e-3)
    after = QuantumCircuit(QUBIT + 1, 1)
    after.x(QUBIT)
    after.measure(QUBIT, 0)
    after.delay(1e-3, QUBIT, unit="s")
    pubs = [(circuit, "Z" + "I" * QUBIT) for circuit in (before, after)]
    first, second = QoroEstimator(qpu).run(pubs, precision=0.02).result()
    assert float(first.data.evs) > 0.8
    assert float(second.data.evs) < -0.8


def test_a_delay_in_a_conditional_block_has_no_effect(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.x(1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.delay(1e-3, 1, unit="s")
        circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    counts = qpu.run(circuit, shots=500).result().get_counts()
    assert counts["10"] > 400


def test_a_dynamical_decoupling_sequence_does_not_change_the_state(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    for _ in range(2):
        circuit.delay(1, 0, unit="us")
        circuit.x(0)
    circuit.rz(pi, 0)
    circuit.h(0)
    circuit.measure(0, 0)
    assert ones(qpu, [circuit])[0] > 0.9


def test_a_constant_duration_is_accepted_and_an_unknown_one_is_refused(qpu: QoroBackend) -> None:
    (found,) = ones(qpu, [waiting(expr.lift(Duration.ms(1)), None)])
    assert found < 0.05
    circuit = QuantumCircuit(1, 1)
    circuit.delay(circuit.add_stretch("a"), 0)
    with pytest.raises(QoroInputError, match=r"instruction 0 \(delay\): its duration is .*expected a number"):
        qpu.run(circuit)


def test_without_noise_delays_are_not_sent(backend: QoroBackend) -> None:
    assert ones(backend, [waiting(1.0)]) == [1.0]


def test_the_noise_of_a_device_on_a_simulator_includes_its_decay(
    backend: QoroBackend, qpu: QoroBackend
) -> None:
    job = backend.run(
        waiting(150e-6), shots=SHOTS, execution_config=ExecutionConfig(noisy_device="local_qpu")
    )
    t1 = qpu.target.qubit_properties[QUBIT].t1
    one = exp(-150e-6 / t1) * (1 - after_errors(qpu, -1, 1)) / 2
    assert_close(job.result().get_counts().get("1", 0) / SHOTS, measured(qpu, one))


def test_a_noise_model_says_how_qubits_decay(backend: QoroBackend) -> None:
    model = NoiseModel().set_idle_noise(QUBIT, t1=50e-6, t2=60e-6)
    estimator = QoroEstimator(backend, options={"execution_config": MaestroConfig(noise_model=model)})
    circuit = QuantumCircuit(QUBIT + 1)
    circuit.h(QUBIT)
    circuit.delay(30, QUBIT, unit="us")
    # A simulator has no dt, so this delay has no effect.
    circuit.delay(10**6, QUBIT, unit="dt")
    (result,) = estimator.run([(circuit, ["X" + "I" * QUBIT, "Z" + "I" * QUBIT])]).result()
    assert result.data.evs == pytest.approx([exp(-30 / 60), 1 - exp(-30 / 50)])
