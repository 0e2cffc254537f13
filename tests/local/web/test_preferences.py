"""The header ``Prefer: wait=N``: the service answers when the job has ended, or after N seconds."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
import requests

from qiskit_qoro.local import FaultInjection, LocalService, serve
from qiskit_qoro.local.web.preferences import LONGEST_WAIT_S, requested_wait_s
from qiskit_qoro.service import QoroService

PROGRAM = "OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=3"], 3),
        (['Wait = "3"'], 3),
        (["respond-async, wait=7;x=1"], 7),
        (["respond-async", "wait=2"], 2),
        (["wait=2, wait=5"], 2),
        ([f"wait={LONGEST_WAIT_S}"], LONGEST_WAIT_S),
        ([f"wait={LONGEST_WAIT_S + 1}"], LONGEST_WAIT_S),
        (["wait=" + "9" * 5000], LONGEST_WAIT_S),
        (["wait"], 0),
        (["wait="], 0),
        (["wait=-1"], 0),
        (["wait=0.5"], 0),
        (["wait=³"], 0),
        (["waiting=3"], 0),
    ],
)
def test_the_first_wait_counts_if_it_is_a_number(headers: list[str], seconds: int) -> None:
    assert requested_wait_s(headers) == seconds


def status(local: LocalService, job_id: str, prefer: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {local.token}", "Prefer": prefer}
    return requests.get(f"{local.url}/job/{job_id}/status/", headers=headers, timeout=60)


def submitted(local: LocalService) -> str:
    with closing(QoroService(local.token, base_url=local.url)) as client:
        job_id = client.submit_circuits({"a": PROGRAM}).job_id
    assert job_id is not None
    return job_id


def test_a_status_is_held_until_the_job_has_ended() -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=0.3)) as local:
        answer = status(local, submitted(local), "wait=10")
    assert answer.json()["status"] == "COMPLETED"
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert 0.2 < answer.elapsed.total_seconds() < 9


def test_a_status_is_held_for_the_given_time() -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600)) as local:
        job_id = submitted(local)
        answer = status(local, job_id, "wait=1")
        assert answer.json()["status"] == "PENDING"
        assert 1 <= answer.elapsed.total_seconds() < 9
        # Nothing is left behind for the end of the job.
        assert local.parts.database._end_callbacks == {}


@pytest.mark.parametrize("prefer", ["wait=0", "respond-async", "wait=soon"])
def test_without_a_time_the_status_is_answered_at_once(prefer: str) -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600)) as local:
        answer = status(local, submitted(local), prefer)
    assert answer.json()["status"] == "PENDING"
    assert "Preference-Applied" not in answer.headers


def test_the_status_of_a_job_that_has_ended_is_answered_at_once(local_service: LocalService) -> None:
    job_id = submitted(local_service)
    local_service.wait_idle()
    answer = status(local_service, job_id, "wait=10")
    assert (answer.json()["status"], answer.headers["Preference-Applied"]) == ("COMPLETED", "wait=10")
    assert answer.elapsed.total_seconds() < 5


def test_cancelling_and_deleting_end_a_hold() -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600)) as local:
        for method, path, expected in [("POST", "/cancel/", 200), ("DELETE", "", 404)]:
            job_id = submitted(local)
            answers: list[requests.Response] = []
            holding = threading.Thread(target=lambda: answers.append(status(local, job_id, "wait=10")))  # noqa: B023
            holding.start()
            headers = {"Authorization": f"Bearer {local.token}"}
            assert requests.request(method, f"{local.url}/job/{job_id}{path}", headers=headers, timeout=60).ok
            holding.join(9)
            assert [answer.status_code for answer in answers] == [expected]
