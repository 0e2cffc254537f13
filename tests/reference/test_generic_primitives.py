"""Qiskit's generic primitives on our backend, compared with exact values and with our primitives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2, BitArray, DataBin, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroBackend, QoroEstimator, QoroSampler

Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
SHOTS = 4000


def two_registers(first: Any = 0.8, second: Any = 1.9) -> QuantumCircuit:
    circuit = QuantumCircuit(
        QuantumRegister(3),
        ClassicalRegister(1, "one"),
        ClassicalRegister(0, "none"),
        ClassicalRegister(2, "two"),
    )
    circuit.ry(first, 0)
    circuit.cx(0, 1)
    circuit.ry(second, 2)
    circuit.measure([2, 0, 1], [0, 1, 2])
    return circuit


def test_the_generic_sampler_returns_each_register(backend: QoroBackend, assert_sampled_from: Check) -> None:
    circuit = two_registers()

    result = BackendSamplerV2(backend=backend).run([transpile(circuit, backend)], shots=SHOTS).result()[0]

    assert_sampled_from(joint_counts(result.data.one, result.data.two), circuit, SHOTS)
    assert result.data.none.num_bits == 0


def joint_counts(one: BitArray, two: BitArray) -> Counter[str]:
    shots = zip(two.get_bitstrings(), one.get_bitstrings(), strict=True)
    return Counter(f"{high}  {low}" for high, low in shots)


def test_both_samplers_agree(backend: QoroBackend, assert_sampled_from: Check) -> None:
    circuit = two_registers(*ParameterVector("θ", 2))
    compiled = transpile(circuit, backend)
    values = np.array([[[0.8, 1.9], [0.0, 3.0]], [[2.0, 0.1], [0.5, 0.5]], [[1.0, 1.0], [2.2, 2.8]]])

    generic, ours = (
        kind(backend=backend).run([(compiled, values)], shots=SHOTS).result()
        for kind in (BackendSamplerV2, QoroSampler)
    )

    assert generic.metadata["version"] == ours.metadata["version"] == 2
    assert generic[0].metadata.items() <= ours[0].metadata.items()
    assert layout(generic[0].data) == layout(ours[0].data)
    for index in np.ndindex(3, 2):
        bound_circuit = circuit.assign_parameters(values[index])
        for result in (generic[0], ours[0]):
            assert_sampled_from(
                joint_counts(result.data.one[index], result.data.two[index]), bound_circuit, SHOTS
            )


def layout(data: DataBin) -> dict[str, tuple[object, ...]]:
    return {name: (bits.num_bits, bits.array.shape, bits.array.dtype) for name, bits in data.items()}


def test_the_generic_sampler_accepts_parameter_values_and_wide_circuits(backend: QoroBackend) -> None:
    theta = Parameter("θ")
    circuit = QuantumCircuit(70)
    circuit.rx(theta, 0)
    for qubit in range(69):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()

    values = [[0.0], [np.pi]]
    result = BackendSamplerV2(backend=backend).run([(transpile(circuit, backend), values)], shots=20).result()

    assert result[0].data.meas.get_counts(0) == {"0" * 70: 20}
    assert result[0].data.meas.get_counts(1) == {"1" * 70: 20}


@pytest.mark.parametrize("registers", [(), (ClassicalRegister(2, "extra"),)])
def test_the_generic_estimator_agrees_with_exact_values(
    backend: QoroBackend, registers: tuple[ClassicalRegister, ...]
) -> None:
    circuit = QuantumCircuit(QuantumRegister(3), *registers)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.rx(1.2, 2)
    circuit.cz(1, 2)
    compiled = transpile(circuit, backend, optimization_level=1)
    observable = SparsePauliOp(["ZZI", "XXI", "IYZ", "ZIX"], [0.5, -0.3, 0.8, 0.4]).apply_layout(
        compiled.layout
    )
    precision = 0.02

    exact = StatevectorEstimator().run([(circuit, observable)]).result()[0].data.evs
    found = BackendEstimatorV2(backend=backend).run([(compiled, observable)], precision=precision).result()

    # Each term is a mean of 2,500 values of ±1. By Hoeffding's inequality, the sum is off by more than this
    # with a probability of at most 1e-9.
    bound = float(np.abs(observable.coeffs).sum()) * sqrt(2 * log(8e9)) * precision
    assert abs(found[0].data.evs - exact) < bound
    assert bound < 0.3


def test_both_estimators_agree(backend: QoroBackend) -> None:
    circuit = efficient_su2(3, reps=1)
    compiled = transpile(circuit, backend)
    pauli_strings = ["ZZI", "IXX", "YIY", "XYZ", "III"]
    observables = [SparsePauliOp(string).apply_layout(compiled.layout) for string in pauli_strings]
    values = np.random.default_rng(2).normal(size=(4, 1, circuit.num_parameters))
    precision = 0.02

    generic = BackendEstimatorV2(backend=backend).run([(compiled, observables, values)], precision=precision)
    ours = QoroEstimator(backend, options={"force_sampling": True}).run(
        [(compiled, observables, values)], precision=precision
    )
    exact = QoroEstimator(backend).run([(compiled, observables, values)])

    left, right, truth = (job.result()[0] for job in (generic, ours, exact))
    assert left.data.evs.shape == right.data.evs.shape == truth.data.evs.shape == (4, 5)
    assert left.metadata["target_precision"] == right.metadata["target_precision"] == precision
    # Means of 2,500 values of ±1. By Hoeffding's inequality, any of the 40 is off by more than this with a
    # probability of at most 1e-9.
    bound = sqrt(2 * log(8e10)) * precision
    assert bound < 0.15
    assert (abs(left.data.evs - truth.data.evs) < bound).all()
    assert (abs(right.data.evs - truth.data.evs) < bound).all()
    # The standard error of such a mean follows from the mean.
    np.testing.assert_allclose(right.data.stds, np.sqrt((1 - right.data.evs**2) / 2500), atol=1e-12)
    np.testing.assert_allclose(left.data.stds, np.sqrt((1 - left.data.evs**2) / 2500), atol=1e-12)
