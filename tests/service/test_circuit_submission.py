"""submit_circuits: refused arguments, the requests it sends, and failures while sending."""

import base64
import gzip
import json

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro.errors import (
    ConflictError,
    InsufficientCreditsError,
    QoroAPIError,
    QoroConnectionError,
    QoroInputError,
    WireError,
)
from qiskit_qoro.models.config import ExecutionConfig, JobConfig, SimulationMethod
from qiskit_qoro.models.jobs import ExecutionResult, JobType
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.qasm import Program
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.circuit_submission import write_circuits
from qiskit_qoro.service.recovery import CONFIRMATION_DELAYS_S
from qiskit_qoro.service.submission import Measurement

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = HEADER + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
THREE = HEADER + "qreg q[3];\ncreg c[1];\nmeasure q[0] -> c[0];\n"
LOST = requests.exceptions.ConnectionError("connection reset")


def decode(blob):
    return gzip.decompress(base64.b64decode(blob)).decode()


def bodies(cloud, part):
    return [json.loads(call.request.body) for call in cloud.calls if f"/{part}/" in call.request.url]


def urls(cloud, url):
    return [call.request.url.removeprefix(url) for call in cloud.calls]


@pytest.fixture
def accepting(cloud, url):
    """The service opens job ``j1`` and accepts its uploads."""
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"}, status=201)
    cloud.add("POST", f"{url}/job/j1/add_circuits/", json={})
    return cloud


@pytest.fixture
def opened(cloud, url):
    """The service opens job ``j1``. The test scripts all further responses."""
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    return cloud


# --- refused before anything is sent ------------------------------------------------------------------

REFUSED = {
    "no circuits": ({}, {}, "at least one"),
    "not a mapping": ([BELL], {}, "expected a mapping"),
    "label that is not text": ({1: BELL}, {}, "label 1 is not text"),
    "empty label": ({"": BELL}, {}, "label '' is not text"),
    "circuit of another type": ({"a": 5}, {}, "circuit 'a': .*got int"),
    "empty text": ({"a": BELL, "b": " "}, {}, "circuit 'b': line 1, column 1"),
    "unknown gate": ({"a": BELL, "b": HEADER + "qreg q[1];\nfoo q[0];"}, {}, "circuit 'b': line 4, column 1"),
    "missing semicolon": ({"a": "OPENQASM 2.0;\nqreg q[2]\nx q[0];"}, {}, r"circuit 'a': line 3, column 1"),
    "unbound parameter": ({"a": "unbound"}, {}, "circuit 'a'"),
    "EXPECTATION without ham_ops": ({"a": BELL}, {"job_type": JobType.EXPECTATION}, "no ham_ops"),
    "EXECUTE with ham_ops": (
        {"a": BELL},
        {"job_type": JobType.EXECUTE, "ham_ops": "ZZ"},
        "EXECUTE with ham_ops",
    ),
    "VALIDATE": ({"a": BELL}, {"job_type": JobType.VALIDATE}, "VALIDATE"),
    "unknown job type": ({"a": BELL}, {"job_type": "SAMPLE"}, "expected EXECUTE or EXPECTATION"),
    "map without ham_ops": ({"a": BELL}, {"circuit_ham_map": [[0, 1]]}, "pass ham_ops too"),
    "map of another length": (
        {"a": BELL},
        {"ham_ops": "ZZ", "circuit_ham_map": [[0, 1], [0, 1]]},
        "2 ranges for 1",
    ),
    "map past the end": (
        {"a": BELL},
        {"ham_ops": "ZZ", "circuit_ham_map": [[0, 2]]},
        "within the 1 circuits",
    ),
    "empty range in the map": ({"a": BELL}, {"ham_ops": "ZZ", "circuit_ham_map": [[0, 0]]}, "non-empty"),
    "map that is not a list": ({"a": BELL}, {"ham_ops": "ZZ", "circuit_ham_map": 5}, "circuit_ham_map is 5"),
    "groups without map": ({"a": BELL}, {"ham_ops": "ZZ|XX"}, "2 groups: pass circuit_ham_map"),
    "invalid letter": ({"a": BELL}, {"ham_ops": "ZA"}, "'A'"),
    "lower-case letter": ({"a": BELL}, {"ham_ops": "zz"}, "upper case"),
    "empty Pauli string": ({"a": BELL}, {"ham_ops": "ZZ;"}, "is empty"),
    "ham_ops that is not text": ({"a": BELL}, {"ham_ops": ["ZZ"]}, "expected text"),
    "Pauli string longer than a circuit": (
        {"a": THREE, "b": BELL},
        {"ham_ops": "ZZZ"},
        "circuit 'b' has 2 qubits",
    ),
    "Pauli string longer than its own circuit": (
        {"a": THREE, "b": BELL},
        {"ham_ops": "ZZ|ZZZ", "circuit_ham_map": [[0, 1], [1, 2]]},
        "circuit 'b' has 2 qubits",
    ),
    "Pauli string longer than a circuit in no range": (
        {"a": THREE, "b": BELL},
        {"ham_ops": "ZZZ", "circuit_ham_map": [[0, 1]]},
        "circuit 'b' has 2 qubits",
    ),
    "shot_groups with ham_ops": (
        {"a": BELL},
        {"ham_ops": "ZZ", "shot_groups": [[0, 1, 5]]},
        "exclude each other",
    ),
    "shot_groups with a gap": (
        {"a": BELL, "b": BELL},
        {"shot_groups": [[1, 2, 5]]},
        "starts at circuit 1, expected 0",
    ),
    "shot_groups too short": (
        {"a": BELL, "b": BELL},
        {"shot_groups": [[0, 1, 5]]},
        "end at circuit 1, expected 2",
    ),
    "shot_groups too long": ({"a": BELL}, {"shot_groups": [[0, 2, 5]]}, "within the 1 circuits"),
    "shot_groups overlap": ({"a": BELL, "b": BELL}, {"shot_groups": [[0, 2, 5], [1, 2, 5]]}, "expected 2"),
    "zero shots": ({"a": BELL}, {"shot_groups": [[0, 1, 0]]}, "0 shots"),
    "fractional shots": ({"a": BELL}, {"shot_groups": [[0, 1, 0.5]]}, "expected integers"),
    "pair instead of a triple": ({"a": BELL}, {"shot_groups": [[0, 1]]}, "shot_groups.0. is"),
    "empty shot_groups": ({"a": BELL}, {"shot_groups": []}, "end at circuit 0, expected 1"),
    "shot_groups that are not a list": ({"a": BELL}, {"shot_groups": 5}, "shot_groups is 5"),
    "shots given twice": (
        {"a": BELL},
        {"shot_groups": [[0, 1, 5]], "override_job_config": JobConfig(shots=7)},
        "exclude each other",
    ),
    "job configuration of the wrong type": (
        {"a": BELL},
        {"override_job_config": {"shots": 5}},
        "expected a value of type JobConfig",
    ),
    "execution configuration of the wrong type": (
        {"a": BELL},
        {"override_execution_config": {"bond_dimension": 5}},
        "expected a value of type ExecutionConfig",
    ),
    "setting that JSON cannot represent": (
        {"a": BELL},
        {"override_execution_config": ExecutionConfig(api_meta={"new_key": object()})},
        "not JSON",
    ),
}


@pytest.mark.parametrize(("circuits", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_argument_is_refused_and_nothing_is_sent(cloud, service, circuits, options, message):
    if circuits == {"a": "unbound"}:
        from qiskit.circuit import Parameter

        circuits = {"a": QuantumCircuit(1)}
        circuits["a"].rx(Parameter("theta"), 0)
    with pytest.raises(ValueError, match=message) as caught:
        service.submit_circuits(circuits, **options)
    assert isinstance(caught.value, QoroInputError)
    assert len(cloud.calls) == 0


# --- what is sent -------------------------------------------------------------------------------------


def test_a_submission_opens_a_job_and_adds_its_circuits(accepting, service, url):
    result = service.submit_circuits({"first": BELL, "second": THREE})
    assert result == ExecutionResult(job_id="j1")
    assert result.is_async()
    assert urls(accepting, url) == ["/job/init/", "/job/j1/add_circuits/"]
    assert bodies(accepting, "init") == [
        {"tag": "default", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}
    ]
    [body] = bodies(accepting, "add_circuits")
    assert {label: decode(blob) for label, blob in body.pop("circuits").items()} == {
        "first": BELL,
        "second": THREE,
    }
    assert body == {"mode": "append", "finalized": "true", "shots": 1024}


def test_a_quantum_circuit_is_accepted(accepting, service):
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    service.submit_circuits({"a": circuit})
    [body] = bodies(accepting, "add_circuits")
    assert QuantumCircuit.from_qasm_str(decode(body["circuits"]["a"])).count_ops() == {"measure": 2, "h": 1}


def test_labels_with_any_characters_are_sent_unchanged(accepting, service):
    labels = ["ψ|0⟩", 'quote " and \\', "\u2028", "a" * 500]
    service.submit_circuits(dict.fromkeys(labels, BELL))
    [body] = bodies(accepting, "add_circuits")
    assert list(body["circuits"]) == labels


def test_observables_make_an_expectation_job_without_shots(accepting, service):
    service.submit_circuits({"a": THREE}, ham_ops="ZIX; III")
    assert bodies(accepting, "init")[0]["job_type"] == "EXPECTATION"
    [body] = bodies(accepting, "add_circuits")
    width, _, blob = body["observables"].partition(":")
    assert (width, decode(blob)) == ("@gzs3", "Z0X2;I")
    assert body.keys() == {"mode", "finalized", "observables", "circuits"}


def test_the_circuits_of_each_group_of_observables_are_sent(accepting, service):
    service.submit_circuits({"a": BELL, "b": THREE}, ham_ops="ZZ|ZZZ", circuit_ham_map=[[0, 1], (1, 2)])
    [body] = bodies(accepting, "add_circuits")
    assert body["circuit_ham_map"] == [[0, 1], [1, 2]]
    assert [group.partition(":")[0] for group in body["observables"].split("|")] == ["@gzs2", "@gzs3"]


def test_a_pauli_string_may_be_shorter_than_its_circuit(accepting, service):
    service.submit_circuits({"a": THREE}, ham_ops="ZZ")
    assert len(bodies(accepting, "add_circuits")) == 1


def test_shot_groups_replace_shots(accepting, service):
    import numpy as np

    service.submit_circuits({"a": BELL, "b": BELL, "c": BELL}, shot_groups=[(0, np.int64(2), 5), [2, 3, 7]])
    [body] = bodies(accepting, "add_circuits")
    assert body["shot_groups"] == [[0, 2, 5], [2, 3, 7]]
    assert "shots" not in body


@pytest.mark.parametrize("kind", [JobType.EXECUTE, "EXECUTE", None])
def test_the_job_type_may_be_given(accepting, service, kind):
    service.submit_circuits({"a": BELL}, job_type=kind)
    assert bodies(accepting, "init")[0]["job_type"] == "EXECUTE"


def test_further_keywords_are_ignored(accepting, service):
    import threading

    service.submit_circuits({"a": BELL}, cancellation_event=threading.Event(), anything=1, precision=8)
    assert "anything" not in bodies(accepting, "init")[0]


def test_overrides_take_precedence_field_by_field(accepting, url, token, clock):
    service = QoroService(
        token,
        JobConfig(shots=10, simulator_cluster="mine", tag="usual", use_circuit_packing=True),
        ExecutionConfig(bond_dimension=4, truncation_threshold=0.1),
        base_url=url,
        clock=clock,
    )
    service.submit_circuits(
        {"a": BELL},
        override_job_config=JobConfig(shots=20, qpu_system="theirs", use_circuit_packing=False),
        override_execution_config=ExecutionConfig(
            bond_dimension=8, simulation_method=SimulationMethod.MatrixProductState
        ),
    )
    service.submit_circuits({"a": BELL})
    changed, usual = bodies(accepting, "init")
    assert changed == {
        "tag": "usual",
        "job_type": "EXECUTE",
        "use_packing": False,
        "qpu_system_name": "theirs",
        "execution_configuration": {"bond_dimension": 8, "truncation_threshold": 0.1, "simulation_type": 1},
    }
    assert usual == {
        "tag": "usual",
        "job_type": "EXECUTE",
        "use_packing": True,
        "simulator_cluster": "mine",
        "execution_configuration": {"bond_dimension": 4, "truncation_threshold": 0.1},
    }
    assert [body["shots"] for body in bodies(accepting, "add_circuits")] == [20, 10]


def test_an_override_is_sent_without_a_default(accepting, service):
    service.submit_circuits({"a": BELL}, override_execution_config=ExecutionConfig(bond_dimension=2))
    assert bodies(accepting, "init")[0]["execution_configuration"] == {"bond_dimension": 2}


def test_checked_values_give_the_same_bytes_as_equivalent_arguments(service):
    programs = write_circuits({"a": BELL, "b": THREE})
    overrides = {"override_execution_config": ExecutionConfig(bond_dimension=2)}
    measured = Measurement(
        observables=(("ZZ",), ("ZZZ", "IIX")), circuit_ham_map=(CircuitRange(0, 1), CircuitRange(1, 2))
    )
    assert service.prepare_checked(programs, measured, **overrides) == service.prepare_circuits(
        {"a": BELL, "b": THREE}, ham_ops="ZZ|ZZZ;IIX", circuit_ham_map=[[0, 1], [1, 2]], **overrides
    )


def test_job_ids_may_be_numbers(cloud, service, url):
    cloud.add("POST", f"{url}/job/init/", json={"job_id": 17})
    cloud.add("POST", f"{url}/job/17/add_circuits/", json={})
    assert service.submit_circuits({"a": BELL}).job_id == "17"


# --- failures while sending ---------------------------------------------------------------------------


def test_nothing_is_uploaded_if_the_job_is_not_opened(cloud, service, url):
    cloud.add("POST", f"{url}/job/init/", status=402, json={"error": "no credits"})
    with pytest.raises(InsufficientCreditsError, match="no credits") as caught:
        service.submit_circuits({"a": BELL})
    assert urls(cloud, url) == ["/job/init/"]
    assert caught.value.job_id is None


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"body": LOST}, "not known whether the service acted"),
        ({"body": "<html>"}, "may have opened a job whose identifier is unknown"),
        ({"json": {}}, "may have opened a job whose identifier is unknown"),
        ({"json": {"job_id": ""}}, "may have opened a job whose identifier is unknown"),
    ],
)
def test_without_a_job_id_nothing_more_is_sent_and_the_error_says_what_is_known(
    cloud, service, url, answer, known
):
    cloud.add("POST", f"{url}/job/init/", **answer)
    with pytest.raises((QoroConnectionError, WireError), match=known):
        service.submit_circuits({"a": BELL})
    assert urls(cloud, url) == ["/job/init/"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 500}, QoroAPIError),
        ({"status": 502, "body": "<html>"}, QoroAPIError),
        ({"status": 409, "json": {"error": "finalized"}}, ConflictError),
        ({"body": LOST}, requests.exceptions.ConnectionError),
        ({"body": requests.exceptions.ReadTimeout("slow")}, requests.exceptions.Timeout),
    ],
)
def test_a_failed_upload_cancels_the_job_once_and_the_error_names_the_job(opened, service, url, answer, kind):
    opened.add("POST", f"{url}/job/j1/add_circuits/", **answer)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": "PENDING"})
    opened.add("POST", f"{url}/job/j1/cancel/", json={})
    with pytest.raises(
        kind,
        match=r"j1.*The job was opened, and the service confirmed 0 of its 1 uploads; it has been cancelled",
    ) as caught:
        service.submit_circuits({"a": BELL})
    assert caught.value.job_id == "j1"
    assert caught.value.message in repr(caught.value)
    assert posted(opened, url) == ["/job/init/", "/job/j1/add_circuits/", "/job/j1/cancel/"]


def posted(cloud, url):
    """The paths of the requests that change something."""
    return [path for path in urls(cloud, url) if not path.endswith("/status/")]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
def test_a_refused_upload_is_not_looked_for(opened, service, url, status):
    opened.add("POST", f"{url}/job/j1/add_circuits/", status=status)
    opened.add("POST", f"{url}/job/j1/cancel/", json={})
    with pytest.raises(QoroAPIError, match="it has been cancelled"):
        service.submit_circuits({"a": BELL})
    assert urls(opened, url) == ["/job/init/", "/job/j1/add_circuits/", "/job/j1/cancel/"]


# What the client may receive after the service has received the last upload.
UNCONFIRMED = {
    "lost": {"body": LOST},
    "slow": {"body": requests.exceptions.ReadTimeout("slow")},
    "500": {"status": 500},
    "html": {"status": 502, "body": "<html>"},
    "gateway": {"status": 504},
    "page": {"status": 200, "body": "<html>"},
    "request timeout": {"status": 408},
    "repeated by a proxy": {"status": 409, "json": {"error": "finalized"}},
}
STARTED = ["SCHEDULED", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "INSUFFICIENT_CREDITS", "TIMED_OUT"]


@pytest.mark.parametrize("answer", UNCONFIRMED.values(), ids=UNCONFIRMED)
@pytest.mark.parametrize("status", STARTED)
def test_a_job_that_the_service_has_received_completely_is_submitted(
    opened, service, url, caplog, answer, status
):
    opened.add("POST", f"{url}/job/j1/add_circuits/", **answer)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": status})
    assert service.submit_circuits({"a": BELL}).job_id == "j1"
    assert posted(opened, url) == ["/job/init/", "/job/j1/add_circuits/"]
    assert "has received all uploads of job j1" in caplog.text


def test_a_job_that_stays_pending_for_a_moment_is_polled_until_it_starts(opened, service, url, clock):
    opened.add("POST", f"{url}/job/j1/add_circuits/", body=LOST)
    for status in ["PENDING"] * len(CONFIRMATION_DELAYS_S):
        opened.add("GET", f"{url}/job/j1/status/", json={"status": status})
    opened.add("GET", f"{url}/job/j1/status/", json={"status": "RUNNING"})
    assert service.submit_circuits({"a": BELL}).job_id == "j1"
    assert clock.waits == list(CONFIRMATION_DELAYS_S)


@pytest.mark.parametrize("status", ["PENDING", "DREAMING", "CANCELLED"])
def test_a_job_that_does_not_start_is_cancelled(opened, service, url, clock, status):
    opened.add("POST", f"{url}/job/j1/add_circuits/", body=LOST)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": status})
    opened.add("POST", f"{url}/job/j1/cancel/", status=409 if status == "CANCELLED" else 200, json={})
    with pytest.raises(QoroConnectionError, match="confirmed 0 of its 1 uploads; it has been cancelled"):
        service.submit_circuits({"a": BELL})
    # Only PENDING means that the job may still start.
    assert clock.waits == (list(CONFIRMATION_DELAYS_S) if status == "PENDING" else [])


def test_a_job_that_starts_before_it_is_cancelled_is_submitted(opened, service, url):
    opened.add("POST", f"{url}/job/j1/add_circuits/", body=LOST)
    for _ in range(len(CONFIRMATION_DELAYS_S) + 1):
        opened.add("GET", f"{url}/job/j1/status/", json={"status": "PENDING"})
    opened.add("POST", f"{url}/job/j1/cancel/", status=409)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": "RUNNING"})
    assert service.submit_circuits({"a": BELL}).job_id == "j1"
    assert posted(opened, url) == ["/job/init/", "/job/j1/add_circuits/", "/job/j1/cancel/"]


def test_a_job_is_cancelled_if_its_status_cannot_be_read(opened, service, url):
    opened.add("POST", f"{url}/job/j1/add_circuits/", body=LOST)
    opened.add("GET", f"{url}/job/j1/status/", status=403)
    opened.add("POST", f"{url}/job/j1/cancel/", json={})
    with pytest.raises(QoroConnectionError, match="it has been cancelled"):
        service.submit_circuits({"a": BELL})


def test_only_the_last_upload_can_complete_a_job(opened, service, url):
    opened.add("POST", f"{url}/job/j1/add_circuits/", body=LOST)
    opened.add("POST", f"{url}/job/j1/cancel/", json={})
    template = 'include "qelib1.inc"; qreg q[1]; creg c[1]; rx(a) q[0]; measure q -> c;'
    templates = [TemplateEntry(template, ["a"], [(label, [0.5])]) for label in "xy"]
    with pytest.raises(QoroConnectionError, match="confirmed 0 of its 2 uploads; it has been cancelled"):
        service.submit_circuit_templates(templates)
    assert urls(opened, url) == ["/job/init/", "/job/j1/add_circuits/", "/job/j1/cancel/"]


@pytest.mark.parametrize("answer", [{"body": LOST}, {"status": 500}, {"status": 200, "body": "<html>"}])
def test_a_cancellation_without_answer_is_repeated_only_if_the_job_is_not_cancelled(
    opened, service, url, answer
):
    opened.add("POST", f"{url}/job/j1/add_circuits/", status=400)
    opened.add("POST", f"{url}/job/j1/cancel/", **answer)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": "PENDING"})
    opened.add("POST", f"{url}/job/j1/cancel/", **answer)
    opened.add("GET", f"{url}/job/j1/status/", json={"status": "CANCELLED"})
    with pytest.raises(QoroAPIError, match="it has been cancelled"):
        service.submit_circuits({"a": BELL})
    assert posted(opened, url).count("/job/j1/cancel/") == 2


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ({"body": LOST}, {"status": 403}, "could not be cancelled and may still run"),
        ({"status": 409}, {"body": LOST}, "could not be cancelled and may still run"),
        ({"status": 503}, {"json": {"status": "PENDING"}}, "could not be cancelled and may still run"),
        ({"status": 409}, {"json": {"status": "FAILED"}}, "could not be cancelled, because it is FAILED"),
        ({"status": 404}, {"status": 404}, "does not exist any more"),
    ],
)
def test_a_failed_cancellation_is_reported_together_with_the_first_error(
    opened, service, url, answer, status, outcome
):
    opened.add("POST", f"{url}/job/j1/add_circuits/", status=413, json={"error": "disk full"})
    opened.add("POST", f"{url}/job/j1/cancel/", **answer)
    opened.add("GET", f"{url}/job/j1/status/", **status)
    with pytest.raises(QoroAPIError, match=rf"disk full.*{outcome}") as caught:
        service.submit_circuits({"a": BELL})
    assert (caught.value.job_id, caught.value.status_code) == ("j1", 413)
    assert posted(opened, url)[:2] == ["/job/init/", "/job/j1/add_circuits/"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(1)])
def test_ctrl_c_during_an_upload_cancels_the_job_and_is_raised_again(opened, service, url, stop):
    def press(request):
        raise stop

    opened.add_callback("POST", f"{url}/job/j1/add_circuits/", press)
    opened.add("POST", f"{url}/job/j1/cancel/", json={})
    with pytest.raises(type(stop)) as caught:
        service.submit_circuits({"a": BELL})
    assert urls(opened, url) == ["/job/init/", "/job/j1/add_circuits/", "/job/j1/cancel/"]
    assert caught.value is stop
    assert caught.value.__notes__ == [
        "Job j1 was opened, and the service confirmed 0 of its 1 uploads; it has been cancelled"
    ]


def test_a_failed_submission_records_no_depths(opened, url, token, clock):
    service = QoroService(token, track_depth=True, base_url=url, clock=clock)
    with pytest.raises(QoroConnectionError, match=r"no answer from .* to POST /job/j1/add_circuits/"):
        service.submit_circuits({"a": BELL})
    assert service.depth_history == []


# --- depths -------------------------------------------------------------------------------------------


def test_depths_are_recorded_on_request(accepting, url, token, clock):
    service = QoroService(token, track_depth=True, base_url=url, clock=clock)
    circuit = QuantumCircuit(1, 1)
    for _ in range(5):
        circuit.x(0)
    circuit.measure(0, 0)
    service.submit_circuits({"a": BELL, "b": THREE})
    service.submit_circuits({"c": circuit})
    assert service.depth_history == [[3, 1], [6]]
    assert service.average_depth() == pytest.approx(10 / 3)
    assert service.std_depth() == pytest.approx(
        (((3 - 10 / 3) ** 2 + (1 - 10 / 3) ** 2 + (6 - 10 / 3) ** 2) / 3) ** 0.5
    )
    service.depth_history.clear()
    assert len(service.depth_history) == 2
    service.clear_depth_history()
    assert (service.depth_history, service.average_depth(), service.std_depth()) == ([], 0.0, 0.0)


def test_depths_are_not_recorded_by_default(accepting, service):
    service.submit_circuits({"a": BELL})
    assert service.depth_history == []


WIDE = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[65]; x q[0]; '
CONDITIONAL_TEXTS = {
    "a number of 32 bits": f"{WIDE}measure q[0] -> c[31]; if (c == {2**31}) x q[1]; measure q[1] -> c[0];",
    "a number of 31 bits": f"{WIDE}measure q[0] -> c[30]; if (c == {2**30}) x q[1]; measure q[1] -> c[0];",
    "a number of 65 bits": f"{WIDE}measure q[0] -> c[64]; if (c == {2**64}) x q[1]; measure q[1] -> c[0];",
    "a number of 64 bits": f"{WIDE}measure q[0] -> c[64]; if (c == {2**63}) x q[1]; measure q[1] -> c[0];",
    "zero": f"{WIDE}if (c == 0) x q[1]; measure q[1] -> c[0];",
    "a number that does not fit": f"{WIDE}creg d[2]; if (d == 5) x q[1]; measure q[1] -> c[0];",
    "a conditional reset": f"{WIDE}measure q[0] -> c[0]; if (c == 1) reset q[0]; measure q[0] -> c[1];",
    "many operations": WIDE
    + f"measure q[0] -> c[64]; if (c == {2**64}) x q[1]; if (c == 0) x q[2];" * 31
    + "measure q[1] -> c[0]; measure q[2] -> c[1];",
}


def test_texts_with_any_condition_run_like_their_circuits(live_service):
    circuits = {
        f"circuit: {name}": QuantumCircuit.from_qasm_str(text) for name, text in CONDITIONAL_TEXTS.items()
    }
    job = live_service.submit_circuits({**CONDITIONAL_TEXTS, **circuits})
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = live_service.get_job_results(job).results

    ones = {
        "a number of 32 bits": {0, 31},
        "a number of 31 bits": {0, 30},
        "a number of 65 bits": {0, 64},
        "a number of 64 bits": {64},
        "zero": {0},
        "a number that does not fit": set(),
        "a conditional reset": {0},
        "many operations": {0, 64},
    }
    for name, bits in ones.items():
        for label in (name, f"circuit: {name}"):
            ((outcome, count),) = results[label].items()
            # The circuit's own bits are rightmost. Scratch bits are to their left.
            assert int(outcome, 2) == sum(1 << bit for bit in bits), label
            assert count == 1024
            assert len(outcome) >= 65


def test_the_local_service_runs_such_texts_of_other_clients_as_they_are(live_service):
    programs = {
        name: Program(text, 3, 65, (0, 1, 2)) for name, text in CONDITIONAL_TEXTS.items() if "fit" not in name
    }
    job = live_service.submit_programs(programs, Measurement(shots=10))
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = live_service.get_job_results(job).results
    assert {name: len(outcome) for name in programs for outcome in results[name]} == dict.fromkeys(
        programs, 65
    )
    assert results["a number of 65 bits"] == {f"1{1:064b}": 10}
