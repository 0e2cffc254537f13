"""Qiskit's generic primitives over our backend: users put them there, so they have to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, sqrt

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroBackend

Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
SHOTS = 4000


def two_registers() -> QuantumCircuit:
    circuit = QuantumCircuit(
        QuantumRegister(3),
        ClassicalRegister(1, "one"),
        ClassicalRegister(0, "none"),
        ClassicalRegister(2, "two"),
    )
    circuit.ry(0.8, 0)
    circuit.cx(0, 1)
    circuit.ry(1.9, 2)
    circuit.measure([2, 0, 1], [0, 1, 2])
    return circuit


def test_the_sampler_gives_each_register_its_own_bits(
    backend: QoroBackend, assert_sampled_from: Check
) -> None:
    circuit = two_registers()

    result = BackendSamplerV2(backend=backend).run([transpile(circuit, backend)], shots=SHOTS).result()[0]

    one = result.data.one.get_bitstrings()
    two = result.data.two.get_bitstrings()
    together = [f"{high}  {low}" for high, low in zip(two, one, strict=True)]
    assert_sampled_from({key: together.count(key) for key in set(together)}, circuit, SHOTS)
    assert result.data.none.num_bits == 0


def test_the_sampler_takes_parameter_values_and_wide_circuits(backend: QoroBackend) -> None:
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
def test_the_estimator_agrees_with_the_exact_one(
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

    # Each term is a mean of 2,500 values of ±1: by Hoeffding, all together within this but once in 1e9.
    reach = float(np.abs(observable.coeffs).sum()) * sqrt(2 * log(8e9)) * precision
    assert abs(found[0].data.evs - exact) < reach
    assert reach < 0.3
