"""The JSON bodies about a job: each is encoded and decoded, and errors name the invalid field."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobState, JobStatus, JobType, ResultsPage
from qiskit_qoro.models.shots import CircuitRange, ShotGroup
from qiskit_qoro.wire.configurations import config_answer_from_json, execution_config_from_json
from qiskit_qoro.wire.payloads import (
    cancelled_to_json,
    config_answer_to_json,
    error_detail,
    error_to_json,
    job_id_from_json,
    job_id_to_json,
    job_request_from_json,
    job_request_to_json,
    job_state_from_json,
    job_state_to_json,
    names_qubit_limit,
    qubit_limit_of,
)
from qiskit_qoro.wire.results import (
    failed_page_from_json,
    failed_page_to_json,
    results_page_from_json,
    results_page_to_json,
)
from qiskit_qoro.wire.text import encode_text
from qiskit_qoro.wire.uploads import circuit_batch_from_json, circuit_batch_to_json

CONFIG = ExecutionConfig(
    bond_dimension=4,
    truncation_threshold=0.5,
    simulator=Simulator.QCSim,
    simulation_method=SimulationMethod.Stabilizer,
    api_meta={"layout_method": "sabre"},
    noisy_device="d",
    noise_realizations=2,
    noise_scaling_factor=1.0,
)
REQUEST = JobRequest("t", JobType.EXECUTE, simulator_cluster="c", use_packing=True, execution_config=CONFIG)
CIRCUITS = {"a": "qreg q[1];", "ψ": "qreg q[2];"}
BATCHES = [
    CircuitBatch(CIRCUITS, True, shots=5),
    CircuitBatch(CIRCUITS, False, shot_groups=(ShotGroup(0, 1, 5), ShotGroup(1, 2, 7))),
    CircuitBatch(CIRCUITS, True, observables=(("ZZ", "XI"),)),
    CircuitBatch(
        CIRCUITS,
        True,
        observables=(("Z",), ("ZZ",)),
        circuit_ham_map=(CircuitRange(0, 1), CircuitRange(5, 9)),
    ),
]


def through_json(body):
    """The body as the receiver parses it."""
    return json.loads(json.dumps(body, allow_nan=False))


def read_batch(body):
    return circuit_batch_from_json(body, circuit_limit_bytes=1000)


def changed(body, **fields):
    """A body with fields replaced, or removed if the new value is ``...``."""
    return {key: value for key, value in (body | fields).items() if value is not ...}


# --- encoding and decoding ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [REQUEST, JobRequest("", JobType.VALIDATE, qpu_system="q"), JobRequest("t", JobType.EXPECTATION, "c")],
)
def test_a_job_request_is_encoded_and_decoded(request_):
    assert job_request_from_json(through_json(job_request_to_json(request_))) == request_


@pytest.mark.parametrize("batch", BATCHES)
def test_a_batch_of_circuits_is_encoded_and_decoded(batch):
    assert read_batch(through_json(circuit_batch_to_json(batch))) == batch


@given(
    st.dictionaries(
        st.text(min_size=1), st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1
    )
)
def test_labels_and_texts_with_any_characters_are_decoded(circuits):
    batch = CircuitBatch(circuits, True, shots=1)
    read = read_batch(through_json(circuit_batch_to_json(batch)))
    assert list(read.circuits.items()) == list(circuits.items())


def test_texts_that_have_been_encoded_are_not_encoded_again():
    blobs = {label: encode_text(text) for label, text in CIRCUITS.items()}
    assert circuit_batch_to_json(BATCHES[0], blobs=blobs) == circuit_batch_to_json(BATCHES[0])


@pytest.mark.parametrize(
    "state",
    [JobState(status, 1.5) for status in JobStatus]
    + [JobState(JobStatus("NEW")), JobState(JobStatus.RUNNING, None, 0, 40)],
)
def test_a_state_is_encoded_and_decoded(state):
    assert job_state_from_json(through_json(job_state_to_json(state))) == state


@pytest.mark.parametrize(
    "numbers",
    [
        {"circuits_total": 4},
        {"circuits_finished": 4},
        {"circuits_finished": 5, "circuits_total": 4},
        {"circuits_finished": -1, "circuits_total": 4},
        {"circuits_finished": None, "circuits_total": 4},
        {"circuits_finished": True, "circuits_total": 4},
        {"circuits_finished": [1], "circuits_total": {"a": 1}},
        pytest.param({"circuits_finished": 4, "circuits_total": 10**400}, id="too large for a float"),
    ],
)
def test_numbers_of_circuits_that_make_no_sense_are_ignored(numbers):
    assert job_state_from_json({"status": "RUNNING", **numbers}) == JobState(JobStatus.RUNNING)


def test_results_are_encoded_and_decoded():
    page = ResultsPage(
        count=9,
        results={
            "wide": {"0" * 300: 1, "1" * 300: 2},
            "counts": {"00": 3, "11": 10**12},
            "values": {"ZZ": -1.0, "XI": 0.25},
            "empty": {},
        },
        next="n",
        previous="p",
    )
    body = through_json(results_page_to_json(page))
    assert results_page_from_json(body) == page
    assert [item["results"].get("encoding") for item in body["results"]] == ["qh2", "qh1", None, None]


def test_a_page_in_the_error_of_a_failed_job_is_encoded_and_decoded():
    page = ResultsPage(count=3, results={"a": {"0": 1}, "c": {}}, failures={"b": "out of ink"}, next="n")
    body = through_json(failed_page_to_json("job failed: circuit 'b': out of ink", page))
    assert failed_page_from_json(body) == page
    assert body["failures"] == [{"label": "b", "error": "out of ink"}]
    assert error_detail(body) == "job failed: circuit 'b': out of ink"


@pytest.mark.parametrize("body", [{"error": "no"}, {"detail": "no", "results": []}, [], "no", None])
def test_an_error_without_a_page_gives_none(body):
    assert failed_page_from_json(body) is None


@pytest.mark.parametrize(
    ("results", "failures", "complaint"),
    [
        ([], 5, "failures: expected a list"),
        (5, [], "results: expected a list"),
        ([], [{"label": "a"}], r"failures\[0\] \(circuit 'a'\): error: expected a value, got nothing"),
        ([], [{"error": "no"}], "label"),
        ([], [{"label": "a", "error": "no"}] * 2, "'a' occurs twice"),
        ([{"label": "a", "results": {}}], [{"label": "a", "error": "no"}], "'a' has a result too"),
    ],
)
def test_a_malformed_page_of_a_failed_job_is_an_error(results, failures, complaint):
    with pytest.raises(WireError, match=complaint):
        failed_page_from_json({"error": "no", "results": results, "failures": failures})


def test_small_responses_are_encoded_and_decoded():
    assert job_id_from_json(through_json(job_id_to_json("j1"))) == "j1"
    assert cancelled_to_json("j1", 0) == {"status": "cancelled", "job_id": "j1", "circuits_cancelled": 0}
    assert config_answer_from_json(through_json(config_answer_to_json("j1", CONFIG))) == CONFIG
    assert config_answer_to_json("j1", CONFIG, status="ok")["status"] == "ok"
    assert execution_config_from_json(through_json(CONFIG.to_payload())) == CONFIG
    assert error_detail(through_json(error_to_json("no"))) == "no"


def test_finalized_is_a_string():
    assert [circuit_batch_to_json(batch)["finalized"] for batch in BATCHES] == [
        "true",
        "false",
        "true",
        "true",
    ]


# --- unknown keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (job_request_from_json, job_request_to_json(REQUEST)),
        (read_batch, circuit_batch_to_json(BATCHES[0])),
        (execution_config_from_json, CONFIG.to_payload()),
        (
            lambda config: job_request_from_json(
                changed(job_request_to_json(REQUEST), execution_configuration=config)
            ),
            CONFIG.to_payload(),
        ),
    ],
    ids=["request", "batch", "config", "config in request"],
)
def test_an_unknown_key_in_a_request_is_refused_with_its_name(read, body):
    with pytest.raises(WireError, match=r"^surprise: unknown field, expected "):
        read(changed(body, surprise=1))


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (job_id_from_json, {"job_id": "j1"}),
        (job_state_from_json, {"status": "RUNNING"}),
        (results_page_from_json, {"count": 0, "results": []}),
        (results_page_from_json, {"results": [{"label": "a", "results": {}, "surprise": 1}]}),
        (config_answer_from_json, {"execution_configuration": {"surprise": 1}}),
    ],
)
def test_an_unknown_key_in_a_response_is_ignored(read, body):
    assert read(body) == read(changed(body, surprise=1))


# --- invalid fields -----------------------------------------------------------------------------------

WRONG_REQUESTS = [
    ("tag", 5),
    ("job_type", ...),
    ("job_type", "SAMPLE"),
    ("job_type", ["EXECUTE"]),
    ("use_packing", "yes"),
    ("use_packing", 1),
    ("simulator_cluster", ...),
    ("simulator_cluster", 5),
    ("qpu_system_name", "q"),
    ("execution_configuration", [1]),
]


@pytest.mark.parametrize(("field", "value"), WRONG_REQUESTS, ids=str)
def test_an_invalid_field_of_a_request_is_named(field, value):
    body = changed(job_request_to_json(REQUEST), **{field: value})
    with pytest.raises(WireError, match="simulator_cluster" if field == "qpu_system_name" else field):
        job_request_from_json(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bond_dimension", 0),
        ("bond_dimension", "4"),
        ("truncation_threshold", 10**400),
        ("truncation_threshold", True),
        ("simulator_type", 9),
        ("simulation_type", "Statevector"),
        ("api_meta", []),
        ("noisy_device", 5),
        ("noise_realizations", 0.5),
        ("noise_scaling_factor", 2),
    ],
)
def test_an_invalid_field_of_a_configuration_in_a_request_is_named(field, value):
    with pytest.raises(WireError, match=f"{field} is .*expected"):
        execution_config_from_json({field: value})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"mode": ...}, "mode"),
        ({"mode": "replace"}, "mode"),
        ({"finalized": True}, "finalized"),
        ({"finalized": ...}, "finalized"),
        ({"circuits": ...}, "circuits"),
        ({"circuits": {}}, "circuits"),
        ({"circuits": ["x"]}, "circuits"),
        ({"circuits": {"odd": 5}}, r"circuits\['odd'\]"),
        ({"circuits": {"odd": "no base64"}}, r"circuits\['odd'\]"),
        ({"circuits": {"odd": encode_text("x" * 1001)}}, r"circuits\['odd'\]"),
        ({"shots": ...}, "exactly one of shots, shot_groups and observables, got none"),
        ({"shots": 0}, "shots"),
        ({"shots": True}, "shots"),
        ({"shots": 1.0}, "shots"),
        ({"shot_groups": [[0, 2, 1]]}, "got shots and shot_groups"),
        ({"shots": ..., "shot_groups": {}}, "shot_groups"),
        ({"shots": ..., "shot_groups": [[0, 1, 5]]}, "shot_groups"),
        ({"shots": ..., "shot_groups": [[0, 2, "5"]]}, r"shot_groups\[0\]"),
        ({"shots": ..., "observables": ["ZZ"]}, "observables"),
        ({"shots": ..., "observables": "ZZ"}, "observables"),
        ({"circuit_ham_map": [[0, 1]]}, "circuit_ham_map: expected together with observables"),
    ],
    ids=str,
)
def test_an_invalid_field_of_a_batch_is_named(fields, named):
    with pytest.raises(WireError, match=named):
        read_batch(changed(circuit_batch_to_json(BATCHES[0]), **fields))


def test_the_circuits_of_a_body_are_never_all_inflated_at_once():
    size = 2**20
    blob = encode_text("x" * size)
    body = circuit_batch_to_json(BATCHES[0]) | {"circuits": dict.fromkeys(map(str, range(16)), blob)}
    tracemalloc.start()
    try:
        batch = circuit_batch_from_json(body, circuit_limit_bytes=size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * size
    assert batch.circuits["7"] == "x" * size


@pytest.mark.parametrize("ham_map", [5, [[0, 1]], [[0, 1], [1, 1]], [[0, 1], [0, True]], [[0, 1], "01"]])
def test_an_invalid_circuit_ham_map_is_named(ham_map):
    with pytest.raises(WireError, match="circuit_ham_map"):
        read_batch(changed(circuit_batch_to_json(BATCHES[3]), circuit_ham_map=ham_map))


@pytest.mark.parametrize("body", [None, 5, "x", [], True])
def test_a_body_that_is_not_an_object_is_refused(body):
    readers = (
        job_request_from_json,
        read_batch,
        job_id_from_json,
        job_state_from_json,
        results_page_from_json,
        config_answer_from_json,
    )
    for read in readers:
        with pytest.raises(WireError, match="body: expected an object"):
            read(body)


@pytest.mark.parametrize(
    ("read", "body", "named"),
    [
        (job_id_from_json, {}, "job_id"),
        (job_id_from_json, {"job_id": True}, "job_id"),
        (job_id_from_json, {"job_id": ""}, "job_id"),
        (job_state_from_json, {}, "status: expected text, got nothing"),
        (job_state_from_json, {"status": 5}, "status"),
        (config_answer_from_json, {}, "execution_configuration"),
        (results_page_from_json, {"count": 1}, "results"),
        (results_page_from_json, {"results": None}, "results"),
        (results_page_from_json, {"results": [5]}, r"results\[0\]"),
        (results_page_from_json, {"results": [{"results": {}}]}, "label"),
        (results_page_from_json, {"results": [{"label": "odd"}]}, r"results\[0\] \(circuit 'odd'\)"),
        (results_page_from_json, {"results": [{"label": "odd", "results": {"ZZ": "one"}}]}, "'odd'.*ZZ"),
        (results_page_from_json, {"results": [{"label": "odd", "results": {"encoding": "qh9"}}]}, "'odd'"),
        (results_page_from_json, {"results": [{"label": "a", "results": {}}] * 2}, "'a' occurs twice"),
    ],
)
def test_an_invalid_field_of_a_response_is_named(read, body, named):
    with pytest.raises(WireError, match=named):
        read(body)


def test_a_value_in_an_error_is_shortened():
    with pytest.raises(WireError, match=r"status: expected text") as caught:
        job_state_from_json({"status": ["x" * 10_000]})
    assert len(str(caught.value)) < 200


def test_a_job_id_may_be_a_number():
    assert job_id_from_json({"job_id": 17}) == "17"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": "e", "detail": "d"}, "e"),
        ({"error": "", "detail": "d"}, "d"),
        ({"detail": ["a", 5]}, "a; 5"),
        ({"tag": ["too long", "odd"], "shots": []}, "tag: too long; odd"),
        ({}, ""),
        ([], ""),
        (None, ""),
        ("text", "text"),
        (["a", {"tag": "b"}], "a; tag: b"),
        ({"error": {"code": 400, "message": "bad"}}, "bad"),
        ({"error": True, "message": "bad"}, "bad"),
        ({"error": 400, "message": "bad"}, "bad"),
        ({"error": 400}, "error: 400"),
        ({"errors": [{"field": "tag", "message": "too long"}]}, "errors: too long"),
        ({"message": None, "status": "no"}, "status: no"),
        (True, ""),
    ],
)
def test_the_detail_is_read_from_every_shape_of_error_body(body, detail):
    assert error_detail(body) == detail


# --- the qubit limit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "limit"),
    [
        ("The qubit limit of your account is 30", 30),
        ("Circuit has 40 qubits, but the qubit limit of your account is 30.", 30),
        ("Circuit 'a' needs 40 qubits. Your account is limited to 30 qubits", 30),
        ("Qubit limit exceeded (max 30)", 30),
        ("Qubit limit exceeded (limit: 30, requested: 40)", 30),
        ("40 qubits requested, maximum allowed for this account: 30", 30),
        ("Your plan allows at most 30 qubits, got 40", 30),
        ("Your tier allows up to 30 qubits", 30),
        ("The maximum number of qubits for your account is 30", 30),
        ("40 qubits exceed your 30-qubit limit", 30),
        ("QUBIT LIMIT = 30", 30),
        ("The circuit with 40 qubits exceeds the qubit limit of your account", None),
        ("The qubit limit of your account was exceeded: 40 > 30", None),
        ("qubit limit: 40 qubits requested", None),
        ("Your account may not use more than so many qubits", None),
        ("qubit limit 30 for simulators, qubit limit 20 for QPUs", None),
    ],
)
def test_a_message_about_the_qubit_limit_is_recognized(detail, limit):
    assert names_qubit_limit(detail)
    assert qubit_limit_of(detail) == limit


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "Invalid token",
        "The shot limit of your account is 1000",
        "qubit index 7 exceeds the register q[5]",
        "line 3: more than one qubit register",
        "Your account has no credits left",
    ],
)
def test_other_messages_are_not_about_the_qubit_limit(detail):
    assert not names_qubit_limit(detail)
