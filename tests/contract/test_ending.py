"""Cancelling and deleting jobs."""

from __future__ import annotations

import time
from typing import Any

import pytest


def test_an_open_job_can_be_cancelled(service: Any) -> None:
    job_id = service.open()
    service.add(job_id, dict.fromkeys("abc", service.bell), finalized=False)
    answer = service.call("POST", f"/job/{job_id}/cancel/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "cancelled", "job_id": job_id, "circuits_cancelled": 3}
    assert service.status(job_id) == "CANCELLED"


@pytest.mark.local_only("ten million shots cost money on another service")
def test_cancelling_a_running_job_frees_its_worker_for_the_next_job(service: Any) -> None:
    job_id = service.submit_slow()
    start = time.perf_counter()
    answer = service.call("POST", f"/job/{job_id}/cancel/")
    assert answer.status_code == 200
    assert answer.json()["circuits_cancelled"] in {1, 2}
    assert service.status(job_id) == "CANCELLED"
    service.settle()
    after = service.run({"bell": service.bell})
    assert time.perf_counter() - start < 5
    assert service.status(after) == "COMPLETED"


def test_a_cancelled_job_has_no_results_and_accepts_no_circuits(service: Any) -> None:
    job_id = service.open()
    service.call("POST", f"/job/{job_id}/cancel/")
    assert service.add(job_id, {"a": service.bell}).status_code == 409
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "CANCELLED")


def test_a_finished_job_cannot_be_cancelled(service: Any) -> None:
    completed, failed = service.run({"a": service.bell}), service.run({"a": "nonsense"})
    cancelled = service.open()
    service.call("POST", f"/job/{cancelled}/cancel/")
    for job_id, status in ((completed, "COMPLETED"), (failed, "FAILED"), (cancelled, "CANCELLED")):
        answer = service.call("POST", f"/job/{job_id}/cancel/")
        assert answer.status_code == 409
        assert service.says(answer, status)
        assert service.status(job_id) == status


@pytest.mark.local_only("ten million shots cost money on another service")
def test_a_running_job_has_no_results_and_cannot_be_configured(service: Any) -> None:
    job_id = service.submit_slow()
    assert service.says(service.call("GET", f"/job/{job_id}/resultsV2/"), "RUNNING")
    assert service.call("POST", f"/job/{job_id}/execution_config/", {}).status_code == 409
    answer = service.call("GET", f"/job/{job_id}/status/").json()
    assert answer.keys() == {"status", "circuits_finished", "circuits_total"}
    assert (answer["status"], answer["circuits_total"]) == ("RUNNING", 2)
    service.call("POST", f"/job/{job_id}/cancel/")


@pytest.mark.parametrize("method_and_path", [("POST", "/job/{}/cancel/"), ("DELETE", "/job/{}")])
def test_an_unknown_job_can_neither_be_cancelled_nor_deleted(
    service: Any, method_and_path: tuple[str, str]
) -> None:
    method, path = method_and_path
    assert service.call(method, path.format("no-such-job")).status_code == 404


def test_a_deleted_job_is_gone(service: Any) -> None:
    job_id = service.run({"a": service.bell})
    answer = service.call("DELETE", f"/job/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert service.call("GET", f"/job/{job_id}/status/").status_code == 404
    assert service.call("GET", f"/job/{job_id}/resultsV2/").status_code == 404
    assert service.call("DELETE", f"/job/{job_id}").status_code == 404


@pytest.mark.local_only("ten million shots cost money on another service")
def test_deleting_a_running_job_frees_its_worker_for_the_next_job(service: Any) -> None:
    job_id = service.submit_slow()
    assert service.call("DELETE", f"/job/{job_id}").status_code == 204
    start = time.perf_counter()
    after = service.run({"bell": service.bell})
    assert time.perf_counter() - start < 5
    assert service.status(after) == "COMPLETED"
