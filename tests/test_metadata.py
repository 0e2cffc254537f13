"""Metadata of circuits in runs and in primitives. What JSON cannot represent never causes a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroBackend, QoroEstimator, QoroProvider, QoroSampler

CYCLE: list[Any] = []
CYCLE.append(CYCLE)
ODD: dict[str, dict[Any, Any]] = {
    "tuple as a key": {("a", 1): 1},
    "tuple as a nested key": {"x": {("a", 1): 1}},
    "number as a key": {1: 2, None: 3},
    "surrogate as a key": {"\ud800": 1},
    "surrogate as a value": {"x": "\ud800"},
    "surrogate in a list": {"x": [["a\udfff"]]},
    "surrogate as a nested key": {"x": {"y": {"\ud800": 1}}},
    "NaN": {"x": float("nan")},
    "infinity in an array": {"x": np.array([1, np.inf])},
    "complex number": {"x": 1j},
    "bytes": {"x": b"\xff"},
    "set": {"x": {1}},
    "object": {"x": object()},
    "huge integer": {"x": 10**5000},
    "cycle": {"x": CYCLE},
    "date": {"x": np.datetime64("2026-11-01", "ns")},
}


def circuit(metadata: dict[Any, Any]) -> QuantumCircuit:
    circuit = QuantumCircuit(1, metadata=metadata)
    circuit.h(0)
    circuit.measure_all()
    return circuit


def of_run(backend: QoroBackend, circuit: QuantumCircuit) -> tuple[Any, Callable[[Any], Any]]:
    return backend.run(circuit, shots=2), lambda job: job.result().results[0].header["metadata"]


def of_sampler(backend: QoroBackend, circuit: QuantumCircuit) -> tuple[Any, Callable[[Any], Any]]:
    job = QoroSampler(backend).run([circuit], shots=2)
    return job, lambda job: job.result()[0].metadata["circuit_metadata"]


def of_estimator(backend: QoroBackend, circuit: QuantumCircuit) -> tuple[Any, Callable[[Any], Any]]:
    job = QoroEstimator(backend).run([(circuit, "Z")])
    return job, lambda job: job.result()[0].metadata["circuit_metadata"]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("run", [of_run, of_sampler, of_estimator])
def test_an_odd_entry_is_kept_in_the_job_and_dropped_in_its_labels(
    provider: QoroProvider,
    backend: QoroBackend,
    tmp_path: Path,
    run: Callable[..., tuple[Any, Callable[[Any], Any]]],
    odd: dict[Any, Any],
) -> None:
    metadata = {"before": 1, **odd, "after": [2]}
    job, metadata_of = run(backend, circuit(metadata))
    kept = metadata_of(job)
    assert kept.keys() == metadata.keys()
    assert all(kept[key] is value for key, value in metadata.items())
    assert metadata_of(provider.retrieve_job(job.job_id())) == {"before": 1, "after": [2]}
    job.save(tmp_path / "job")
    assert metadata_of(provider.load_job(tmp_path / "job")) == {"before": 1, "after": [2]}
