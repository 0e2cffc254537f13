"""The defaults of the primitives, under the names that other packages read from Qiskit's primitives."""

from __future__ import annotations

import pytest

from qiskit_qoro import QoroBackend, QoroEstimator, QoroProvider, QoroSampler


def test_the_sampler_has_default_shots(backend: QoroBackend) -> None:
    sampler = QoroSampler(backend)
    assert sampler.default_shots == 1024
    sampler.options.default_shots = 20
    assert sampler.default_shots == 20


def test_the_default_precision_of_exact_values_is_0(backend: QoroBackend) -> None:
    estimator = QoroEstimator(backend)
    assert estimator.default_precision == 0
    estimator.options.default_precision = 0.25
    assert estimator.default_precision == 0.25


def test_the_default_precision_of_sampled_values_follows_from_the_shots(provider: QoroProvider) -> None:
    estimator = QoroEstimator(provider.get_backend("local_qpu"))
    assert estimator.default_precision == 1 / 64
    estimator.options.default_shots = 10_000
    assert estimator.default_precision == pytest.approx(0.01)
