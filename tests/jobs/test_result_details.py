"""The results of jobs say which method computed them, and why."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import QoroEstimator, QoroSampler
from qiskit_qoro.models.jobs import JobOutcome, ResultDetails
from qiskit_qoro.primitives.primitive_job import RESULT_READERS
from qiskit_qoro.wire.labels import decode_labels


def measured(num_qubits, gate="h"):
    circuit = QuantumCircuit(num_qubits, num_qubits)
    for qubit in range(num_qubits):
        getattr(circuit, gate)(qubit)
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def test_each_circuit_of_a_run_reports_its_method(backend):
    result = backend.run([measured(2), measured(70)], shots=10).result()
    first, second = (item.metadata for item in result.results)
    assert first["method"] == "Statevector"
    assert "fits" in first["method_reason"]
    assert second["method"] == "Stabilizer"
    assert "Clifford" in second["method_reason"]


def test_a_retrieved_job_reports_the_same(provider, backend):
    job = backend.run(measured(70), shots=10)
    expected = job.result().results[0].metadata
    assert provider.retrieve_job(job.job_id()).result().results[0].metadata == expected


def test_the_pubs_of_a_sampler_report_their_methods(backend):
    result = QoroSampler(backend).run([measured(2), measured(70)], shots=10).result()
    assert [pub.metadata["method"] for pub in result] == ["Statevector", "Stabilizer"]
    assert "Clifford" in result[1].metadata["method_reason"]


@pytest.mark.parametrize("num_rows", [1, 30])
def test_the_rows_of_a_sweep_report_one_method(provider, backend, num_rows):
    angle = Parameter("a")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    job = QoroEstimator(backend).run([(circuit, "ZZ", np.linspace(0, 1, num_rows))])
    metadata = job.result()[0].metadata
    assert metadata["method"] == "Statevector"
    assert metadata == provider.retrieve_job(job.job_id()).result()[0].metadata


def test_standard_errors_of_pauli_strings_become_those_of_observables(provider, backend):
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    observables = [{"ZZ": 2.0, "XX": -0.5}, {"XX": 3.0}]
    job = QoroEstimator(backend).run([(circuit, observables)])
    job.result()
    outcome = provider.service.fetch_results(job.job_ids[0])
    (label,) = outcome.results
    details = {label: ResultDetails("Statevector", None, {"ZZ": 0.01, "XX": 0.04})}
    structure = decode_labels(outcome.results)
    read = RESULT_READERS[structure.kind]
    result = read(structure.document, JobOutcome(outcome.results, details=details))
    # The errors may be correlated, so that they add up.
    assert result[0].data.stds == pytest.approx([2 * 0.01 + 0.5 * 0.04, 3 * 0.04])
    assert result[0].data.evs == pytest.approx([-0.5, 3])
    without = read(structure.document, JobOutcome(outcome.results))
    assert without[0].data.stds == pytest.approx([0, 0])
    assert "method" not in without[0].metadata


def test_pubs_that_use_several_methods_list_them(provider, backend):
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    job = QoroEstimator(backend).run([(circuit, "Z", [0.0, math.pi])])
    job.result()
    outcome = provider.service.fetch_results(job.job_ids[0])
    first, second = outcome.results
    details = {first: ResultDetails("A", "one"), second: ResultDetails("B")}
    structure = decode_labels(outcome.results)
    result = RESULT_READERS[structure.kind](structure.document, JobOutcome(outcome.results, details=details))
    assert result[0].metadata["method"] == "A; B"
    assert result[0].metadata["method_reason"] == "one"
