"""The JSON of jobs that compute states: what is computed, and arrays of numbers."""

from __future__ import annotations

import base64
import struct

import numpy as np
import pytest

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.models.states import MAX_STATE_QUBITS, MAX_VALUES, StateQuantity, StateRequest
from qiskit_qoro.wire.payloads import job_request_from_json, job_request_to_json
from qiskit_qoro.wire.results import result_item_to_json, results_page_from_json
from qiskit_qoro.wire.states.arrays import array_from_json, array_to_json
from qiskit_qoro.wire.states.requests import state_request_from_json, state_request_to_json

REQUESTS = [
    StateRequest(StateQuantity.STATEVECTOR),
    StateRequest(StateQuantity.PROBABILITIES),
    StateRequest(StateQuantity.PROBABILITIES, qubits=(2, 0)),
    StateRequest(StateQuantity.AMPLITUDES, bitstrings=("01", "11")),
    StateRequest(StateQuantity.FIDELITIES),
    StateRequest(StateQuantity.FIDELITIES, split=3),
    StateRequest(StateQuantity.MIRROR_FIDELITY),
    StateRequest(StateQuantity.EVOLUTION, repetitions=0, observables=("XIZ", "YYI")),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.quantity.value)
def test_requests_survive_the_wire(request_):
    assert state_request_from_json(state_request_to_json(request_)) == request_
    job = JobRequest("tag", JobType.STATE, simulator_cluster="qoro_maestro", state=request_)
    assert job_request_from_json(job_request_to_json(job)) == job


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "state: expected an object"),
        ({}, "quantity: expected"),
        ({"quantity": "phase"}, "quantity: expected .*got 'phase'"),
        ({"quantity": "statevector", "shots": 1}, "shots: unknown field"),
        ({"quantity": "statevector", "qubits": [0]}, "qubits: expected no value for statevector"),
        ({"quantity": "amplitudes"}, "bitstrings: expected a value for amplitudes"),
        ({"quantity": "amplitudes", "bitstrings": []}, "at least one bitstring"),
        ({"quantity": "amplitudes", "bitstrings": [1]}, "bitstrings: expected text"),
        ({"quantity": "amplitudes", "bitstrings": ["0x"]}, "expected the characters 0 and 1"),
        ({"quantity": "probabilities", "qubits": []}, "expected 1 to 21 qubits"),
        ({"quantity": "probabilities", "qubits": [0, 0]}, "different indices"),
        ({"quantity": "probabilities", "qubits": [-1]}, "integer of 0 or more"),
        ({"quantity": "fidelities", "split": 0}, "split: expected an integer of 1 or more"),
        ({"quantity": "evolution", "repetitions": 1}, "observables: expected a value for evolution"),
        ({"quantity": "evolution", "repetitions": -1, "observables": ""}, "0 or more, got -1"),
    ],
)
def test_requests_that_cannot_be_read_are_refused(body, message):
    with pytest.raises(WireError, match=message):
        state_request_from_json(body)


def test_observables_of_an_evolution_are_one_group():
    body = state_request_to_json(REQUESTS[-1])
    body["observables"] += f"|{body['observables']}"
    with pytest.raises(WireError, match="one group of Pauli strings, got 2"):
        state_request_from_json(body)


def test_the_number_of_values_is_limited():
    limit = MAX_VALUES // 2 - 1
    assert StateRequest(StateQuantity.EVOLUTION, repetitions=limit, observables=("X", "Z"))
    with pytest.raises(QoroInputError, match=f"expected at most {MAX_VALUES}: use several jobs"):
        StateRequest(StateQuantity.EVOLUTION, repetitions=limit + 1, observables=("X", "Z"))
    assert StateRequest(StateQuantity.PROBABILITIES, qubits=tuple(range(MAX_STATE_QUBITS)))
    with pytest.raises(QoroInputError, match="expected 1 to 21 qubits, got 22"):
        StateRequest(StateQuantity.PROBABILITIES, qubits=tuple(range(MAX_STATE_QUBITS + 1)))


def test_only_jobs_that_compute_states_say_what_they_compute():
    with pytest.raises(QoroInputError, match="state: expected state in the request for a STATE job"):
        JobRequest("tag", JobType.STATE, simulator_cluster="qoro_maestro")
    with pytest.raises(QoroInputError, match="expected no state in the request for a EXECUTE job"):
        JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro", state=REQUESTS[0])


def test_arrays_are_little_endian_numbers_in_c_order():
    encoded = array_to_json(np.array([[1, 2j], [-0.5, 0]]))
    assert encoded["encoding"] == "complex128"
    assert encoded["shape"] == [2, 2]
    assert base64.b64decode(encoded["payload"]) == struct.pack("<8d", 1, 0, 0, 2, -0.5, 0, 0, 0)
    real = array_to_json(np.array([0.25], dtype=">f8"))
    assert (real["encoding"], base64.b64decode(real["payload"])) == ("float64", struct.pack("<d", 0.25))


@pytest.mark.parametrize(
    "array", [np.array(0.5), np.zeros((0, 3)), np.arange(6.0).reshape(2, 3), np.array([1j, 2])]
)
def test_arrays_survive_the_wire(array):
    decoded = array_from_json(array_to_json(array))
    assert decoded.dtype == array.dtype
    assert decoded.shape == array.shape
    assert np.array_equal(decoded, array)
    decoded[...] = 0  # the caller may change it
    assert array_from_json(array_to_json(None)) is None


VALID = {"encoding": "float64", "shape": [1], "payload": base64.b64encode(bytes(8)).decode()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoding": "qh1"}, "did not compute states"),
        ({"shape": None}, "shape: expected a list of lengths"),
        ({"shape": [-1]}, "shape: expected a list of lengths"),
        ({"shape": ["a"]}, "shape: expected a list of lengths"),
        ({"shape": [2]}, "expected 16 bytes for the shape"),
        ({"payload": "!!!!"}, "payload: expected canonical base64"),
        ({"payload": None}, "payload: expected base64 text"),
        ({"payload": "AAAAAAAA+H8="}, "payload: expected finite numbers"),
        ({"shape": [0, 2**70], "payload": ""}, "shape: NumPy has no array of the shape"),
        ({"encoding": ["float64"]}, "encoding: expected complex128 or float64"),
    ],
)
def test_arrays_that_contradict_themselves_are_refused(changes, message):
    assert array_from_json(VALID) == [0]
    with pytest.raises(WireError, match=message):
        array_from_json(VALID | changes)


def test_a_reader_of_counts_says_that_a_result_is_an_array():
    page = {"count": 1, "next": None, "results": [{"label": "a", "results": VALID}]}
    with pytest.raises(WireError, match="computed states: read it with QoroService"):
        results_page_from_json(page)
    counts = {"count": 1, "next": None, "results": [result_item_to_json("a", {"1": 2})]}
    with pytest.raises(WireError, match="did not compute states"):
        results_page_from_json(counts, read=array_from_json)
