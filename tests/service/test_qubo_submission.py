"""Submit a QUBO and read a characterization: the requests, and failures."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import responses

from qiskit_qoro.errors import (
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroInputError,
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
def service() -> QoroService:
    return QoroService("tok", JobConfig(simulator_cluster="qoro_maestro"), base_url=URL)


@pytest.fixture
def wire() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/job/init/", json={"job_id": "j-1"}, status=201)
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
        ("GET", f"{URL}/job/j-1/validation_result/"),
    ]
    assert json.loads(wire.calls[0].request.body) == {
        "tag": "mine",
        "job_type": "VALIDATE",
        "use_packing": False,
    }
    assert json.loads(wire.calls[1].request.body) == {
        "qubo": QUBO,
        "target_states": ["10"],
        "options": {"preset": "fast"},
    }
    # The service answers when the analysis is done, so the time limit is long.
    assert wire.calls[1].request.req_kwargs["timeout"][1] == 300


def test_target_states_are_empty_by_default(wire: responses.RequestsMock, service: QoroService) -> None:
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
    ("status", "kind"), [(400, QoroAPIError), (402, InsufficientCreditsError), (409, QoroAPIError)]
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


def test_after_a_server_error_the_job_is_not_cancelled(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"error": "still RUNNING"}, status=502)
    with pytest.raises(QoroAPIError, match=r"still RUNNING.*characterize_and_validate\(job_id='j-1'\)"):
        service.characterize_and_validate(QUBO)
    assert not any("cancel" in str(url) for _, url in _sent(wire))


def test_target_states_may_have_more_variables_than_there_are_coefficients(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", json={"status": "ok"})
    service.characterize_and_validate({"0": 1.0}, target_states=["010"])
    assert json.loads(wire.calls[1].request.body)["target_states"] == ["010"]


def test_after_a_lost_answer_the_job_is_not_cancelled_and_the_error_says_how_to_read_the_result(
    wire: responses.RequestsMock, service: QoroService
) -> None:
    wire.post(f"{URL}/job/j-1/submit_qubo/", body=requests.exceptions.ReadTimeout())
    with pytest.raises(QoroConnectionError, match=r"characterize_and_validate\(job_id='j-1'\)") as caught:
        service.characterize_and_validate(QUBO)
    assert caught.value.job_id == "j-1"
    assert not any("cancel" in str(url) for _, url in _sent(wire))


def test_an_unknown_result_is_not_found(wire: responses.RequestsMock, service: QoroService) -> None:
    wire.get(f"{URL}/job/other/validation_result/", json={"detail": "no such job"}, status=404)
    with pytest.raises(NotFoundError, match="no such job"):
        service.characterize_and_validate(job_id="other")
