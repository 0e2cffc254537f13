"""The defaults of the primitives, under the names that packages read from Qiskit's own."""

from __future__ import annotations

import pytest

from qiskit_qoro import QoroBackend, QoroEstimator, QoroProvider, QoroSampler


def test_the_sampler_tells_its_default_shots(backend: QoroBackend) -> None:
    sampler = QoroSampler(backend)
    assert sampler.default_shots == 1024
    sampler.options.default_shots = 20
    assert sampler.default_shots == 20


def test_an_estimator_of_exact_values_tells_a_precision_of_0(backend: QoroBackend) -> None:
    estimator = QoroEstimator(backend)
    assert estimator.default_precision == 0
    estimator.options.default_precision = 0.25
    assert estimator.default_precision == 0.25


def test_an_estimator_of_sampled_values_tells_the_precision_of_its_shots(provider: QoroProvider) -> None:
    estimator = QoroEstimator(provider.get_backend("local_qpu"))
    assert estimator.default_precision == 1 / 64
    estimator.options.default_shots = 10_000
    assert estimator.default_precision == pytest.approx(0.01)
