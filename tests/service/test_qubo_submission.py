"""Submit a QUBO and read a characterization: the requests, and failures."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import responses

from qiskit_qoro.errors import (
    ConflictError,
    InsufficientCreditsError,
    JobCancelledError,
    JobFailedError,
    MaxRetriesReachedError,
    NotFoundError,
    QoroAPIError,
    QoroError,
    QoroInputError,
    QoroJobError,
)
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.service import QoroService

URL = "https://qoro.test/api"
QUBO = {"0": -1.0, "0,1": 2.0}
ANSWER = {
    "job_id": "j-1",
    "status": "COMPLETED",
    "hardness": None,
    "report": {"num_qubits": 2},
    "recommendations": [],
    "created_at": "2026-01-01T00:00:00Z",
    "completed_at": "2026-01-01T00:00:01Z",
}


@pytest.fixture
def service(clock: Any) -> QoroService:
    return QoroService("tok", JobConfig(simulator_cluster="qoro_maestro"), base_url=URL, clock=clock)


@pytest.fixture
def wire() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/job/init/", json={"job_id": "j-1"}, status=201)
        mock.get(f"{URL}/job/j-1/status/", json={"status": "COMPLETED"})
        mock.get(f"{URL}/job/j-1/validation_result/", json=ANSWER)
        mock.get(f"{URL}/job/j-1/validation_result/html/", body='<div class="qvr-root">ü</div>')
        yield mock


def _sent(wire: responses.RequestsMock) -> list[tuple[str | None, str | None]]:
    return [(call.request.method, call.request.url) for call in wire.calls]


def test_a_submission_opens_a_job_submits_the_problem_and_reads_the_result(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"status": "ok"})
    answer = service.characterize_and_validate(
        QUBO, target_states=["10"], options={"preset": "fast"}, tag="mine"
    )
    assert answer == ANSWER
    assert _sent(wire) == [
        ("POST", f"{URL}/job/init/"),
        ("POST", f"{URL}/job/j-1/submit_qubo/"),
        ("GET", f"{URL}/job/j-1/status/"),
        ("GET", f"{URL}/job/j-1/validation_result/"),
    ]
    assert json.loads(wire.calls[0].request.body) == {
        "tag": "mine",
        "job_type": "VALIDATE",
        "use_packing": False,
    }
    assert json.loads(wire.calls[1].request.body) == {
        "qubo": QUBO,
        "reference_states": ["10"],
        "options": {"preset": "fast"},
    }
    # The service answers when the analysis is done, so the time limit is long.
    assert wire.calls[1].request.req_kwargs["timeout"][1] == 300


def test_target_states_are_empty_by_default_and_have_their_older_name_then(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"status": "ok"})
    service.characterize_and_validate(QUBO)
    assert json.loads(wire.calls[0].request.body)["tag"] == "divi-characterize"
    assert json.loads(wire.calls[1].request.body) == {"qubo": QUBO, "target_states": []}


def test_with_a_job_id_only_the_result_is_fetched(wire: responses.RequestsMock, service: QoroService) -> None:
    assert service.characterize_and_validate("ignored", job_id="j-1", tag="ignored") == ANSWER
    assert _sent(wire) == [("GET", f"{URL}/job/j-1/validation_result/")]


def test_the_report_is_returned_as_text(wire: responses.RequestsMock, service: QoroService) -> None:
    assert service.fetch_characterization_report("j-1") == '<div class="qvr-root">ü</div>'


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "qubo"),
        ({"qubo": {"a": 1.0}}, "a"),
        ({"qubo": [1.0]}, "qubo"),
        ({"qubo": QUBO, "target_states": ["1"]}, r"target_states\[0\].*2 characters"),
        ({"qubo": QUBO, "target_states": ["10", "1x"]}, r"target_states\[1\]"),
        ({"qubo": QUBO, "target_states": ["10", "101"]}, r"target_states\[0\].*3 characters"),
        ({"qubo": QUBO, "options": "fast"}, "options"),
        ({"job_id": ""}, "job_id"),
        ({"qubo": {f"0,{i}": 0.1234567890123 for i in range(1, 60_000)}}, "factored_v1"),
    ],
)
def test_an_invalid_argument_is_refused_before_anything_is_sent(
    wire: responses.RequestsMock, service: QoroService, arguments: dict[str, Any], expected: str
) -> None:
    with pytest.raises(QoroInputError, match=expected):
        service.characterize_and_validate(**arguments)
    assert not wire.calls


@pytest.mark.parametrize(
    ("status", "kind"), [(400, QoroAPIError), (402, InsufficientCreditsError), (413, QoroAPIError)]
)
def test_a_refused_problem_is_sent_once_and_its_job_is_cancelled(
    wire: responses.RequestsMock, service: QoroService, status: int, kind: type[QoroAPIError]
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"error": "too hard"}, status=status)
    wire.post(f"{URL}/job/j-1/cancel/", json={"status": "cancelled", "job_id": "j-1"})
    with pytest.raises(kind, match=r"too hard.*The job has been cancelled") as caught:
        service.characterize_and_validate(QUBO)
    assert caught.value.job_id == "j-1"
    assert [url for _, url in _sent(wire)].count(f"{URL}/job/j-1/submit_qubo/") == 1


# What the client may receive although the service has received the problem.
UNCONFIRMED = {
    "lost": {"body": requests.exceptions.ReadTimeout()},
    "502": {"status": 502, "json": {"error": "still RUNNING"}},
    "page": {"status": 200, "body": "<html>"},
    "repeated by a proxy": {"status": 409, "json": {"error": "not PENDING"}},
}


def statuses(wire: responses.RequestsMock, *sequence: str) -> None:
    """Script the statuses of the job. The last one is repeated."""
    wire.remove("GET", f"{URL}/job/j-1/status/")
    for status in sequence:
        wire.get(f"{URL}/job/j-1/status/", json={"status": status})


@pytest.mark.parametrize("answer", UNCONFIRMED.values(), ids=UNCONFIRMED)
@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "COMPLETED"])
def test_a_problem_whose_analysis_runs_is_waited_for_although_the_answer_is_lost(
    wire: responses.RequestsMock, service: QoroService, answer: dict[str, Any], status: str
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", **answer)
    statuses(wire, status, "RUNNING", "COMPLETED")
    assert service.characterize_and_validate(QUBO) == ANSWER
    assert [method for method, _ in _sent(wire)].count("POST") == 2


@pytest.mark.parametrize("answer", UNCONFIRMED.values(), ids=UNCONFIRMED)
def test_if_the_problem_may_have_arrived_the_job_is_not_cancelled(
    wire: responses.RequestsMock, service: QoroService, answer: dict[str, Any]
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", **answer)
    statuses(wire, "PENDING")
    with pytest.raises(
        QoroError, match=r"may be running: characterize_and_validate\(job_id='j-1'\)"
    ) as caught:
        service.characterize_and_validate(QUBO)
    assert caught.value.job_id == "j-1"
    assert not any("cancel" in str(url) for _, url in _sent(wire))


def test_the_reason_of_a_failed_analysis_is_reported(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", status=502, json={"error": "too many variables"})
    statuses(wire, "FAILED")
    with pytest.raises(QoroAPIError, match=r"too many variables.*The job is FAILED"):
        service.characterize_and_validate(QUBO)


# --- a service that only queues the problem -----------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_queued_problem_is_polled_until_its_result_is_there(
    wire: responses.RequestsMock, service: QoroService, clock: Any, status: int
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", status=status)
    statuses(wire, "PENDING", "PENDING", "SCHEDULED", "RUNNING", "COMPLETED")
    assert service.characterize_and_validate(QUBO) == ANSWER
    assert [url.removeprefix(f"{URL}/job/") for _, url in _sent(wire)] == [
        "init/",
        "j-1/submit_qubo/",
        *["j-1/status/"] * 5,
        "j-1/validation_result/",
    ]
    assert clock.waits[0] == 0.05


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("FAILED", JobFailedError),
        ("TIMED_OUT", JobFailedError),
        ("INSUFFICIENT_CREDITS", JobFailedError),
        ("CANCELLED", JobCancelledError),
    ],
)
def test_a_queued_problem_that_is_not_analysed_is_an_error_with_the_reason(
    wire: responses.RequestsMock, service: QoroService, status: str, kind: type[QoroJobError]
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", status=202)
    statuses(wire, "RUNNING", status)
    wire.replace("GET", f"{URL}/job/j-1/validation_result/", status=409, json={"error": "out of memory"})
    with pytest.raises(kind, match=rf"job j-1 is {status}: out of memory") as caught:
        service.characterize_and_validate(QUBO)
    assert (caught.value.job_id, caught.value.status) == ("j-1", status)


def test_a_result_of_a_failed_analysis_is_returned_if_there_is_one(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", status=202)
    statuses(wire, "FAILED")
    wire.replace("GET", f"{URL}/job/j-1/validation_result/", json=ANSWER | {"status": "FAILED"})
    assert service.characterize_and_validate(QUBO)["status"] == "FAILED"


def test_an_analysis_that_takes_too_long_is_an_error_that_says_how_to_read_the_result(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", status=202)
    statuses(wire, "RUNNING")
    service.max_retries = 3
    with pytest.raises(MaxRetriesReachedError, match=r"characterize_and_validate\(job_id='j-1'\)"):
        service.characterize_and_validate(QUBO)


def test_ctrl_c_during_the_analysis_says_how_to_read_the_result(
    wire: responses.RequestsMock, service: QoroService, clock: Any
) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    wire.post(f"{URL}/job/j-1/submit_qubo/", status=202)
    statuses(wire, "RUNNING")
    clock.during_wait = press
    with pytest.raises(KeyboardInterrupt) as caught:
        service.characterize_and_validate(QUBO)
    assert "characterize_and_validate(job_id='j-1')" in caught.value.__notes__[0]


@pytest.mark.parametrize("status", ["SCHEDULED", "RUNNING", "PAUSED"])
def test_the_result_of_an_earlier_problem_is_waited_for_while_its_analysis_runs(
    wire: responses.RequestsMock, service: QoroService, status: str
) -> None:
    wire.remove("GET", f"{URL}/job/j-1/validation_result/")
    wire.get(f"{URL}/job/j-1/validation_result/", status=409, json={"error": "no result"})
    wire.get(f"{URL}/job/j-1/validation_result/", json=ANSWER)
    statuses(wire, status, "RUNNING", "COMPLETED")
    assert service.characterize_and_validate(job_id="j-1") == ANSWER


@pytest.mark.parametrize("status", ["PENDING", "FAILED", "CANCELLED"])
def test_the_result_of_an_earlier_problem_is_not_waited_for_if_its_analysis_does_not_run(
    wire: responses.RequestsMock, service: QoroService, clock: Any, status: str
) -> None:
    wire.replace("GET", f"{URL}/job/j-1/validation_result/", status=409, json={"error": "no result"})
    statuses(wire, status)
    with pytest.raises(ConflictError, match="no result"):
        service.characterize_and_validate(job_id="j-1")
    assert clock.waits == []


def test_target_states_may_have_more_variables_than_there_are_coefficients(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"status": "ok"})
    service.characterize_and_validate({"0": 1.0}, target_states=["010"])
    assert json.loads(wire.calls[1].request.body)["reference_states"] == ["010"]


def test_an_unknown_result_is_not_found(wire: responses.RequestsMock, service: QoroService) -> None:
    wire.get(f"{URL}/job/other/validation_result/", json={"detail": "no such job"}, status=404)
    with pytest.raises(NotFoundError, match="no such job"):
        service.characterize_and_validate(job_id="other")
