"""Injected faults and delayed jobs as a client sees them, without the client of the package."""

from __future__ import annotations

import base64
import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from qiskit_qoro.local import Fault, FaultInjection, FaultKind, LocalService, serve
from qiskit_qoro.models.jobs import JobStatus

INIT = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}
PROGRAM = base64.b64encode(
    gzip.compress(b"OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n")
).decode()


@contextmanager
def faulty_service(kind: FaultKind, call: str, **fields: Any) -> Iterator[LocalService]:
    """A service with one fault, which happens to all calls of one endpoint."""
    with serve(
        workers=1, fault_injection=FaultInjection(faults=(Fault(kind, 1, (call,)),), **fields)
    ) as service:
        yield service


def call(service: LocalService, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {service.token}"}
    return requests.request(method, service.url + path, json=body, headers=headers, timeout=60)


def read_raw(service: LocalService, path: str) -> tuple[bytes, Exception | None]:
    """The bytes received on a connection, and the error that it ends with, if any."""
    host, port = service.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {service.token}\r\n\r\n"
        connection.sendall(head.encode())
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError as error:
            return received, error
    return received, None


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        (FaultKind.BAD_GATEWAY, 502, "application/json"),
        (FaultKind.HTML, 502, "text/html; charset=utf-8"),
        (FaultKind.TOO_MANY, 429, "application/json"),
    ],
)
def test_a_refusal_has_its_status_and_content_type_and_the_service_continues(
    kind: FaultKind, status: int, content_type: str
) -> None:
    with faulty_service(kind, "init_job", retry_after_s=7) as service:
        answer = call(service, "POST", "/job/init/", INIT)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
        assert answer.headers.get("Retry-After") == ("7" if kind is FaultKind.TOO_MANY else None)
        assert call(service, "GET", "/").status_code == 200


def test_a_truncated_answer_is_shorter_than_its_content_length() -> None:
    with faulty_service(FaultKind.TRUNCATED, "qpu_systems") as service:
        received, error = read_raw(service, "/api/qpusystem/")
    head, body = received.split(b"\r\n\r\n")
    declared = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200")
    assert 0 < len(body) < declared
    assert error is None


def test_a_reset_answer_ends_with_a_connection_reset() -> None:
    with faulty_service(FaultKind.RESET, "qpu_systems") as service:
        _, error = read_raw(service, "/api/qpusystem/")
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.TRUNCATED])
def test_the_request_takes_effect_although_its_answer_is_lost(kind: FaultKind) -> None:
    with faulty_service(kind, "delete_job") as service:
        job_id = call(service, "POST", "/job/init/", INIT).json()["job_id"]
        with pytest.raises(requests.exceptions.ConnectionError, match=r"Connection aborted"):
            call(service, "DELETE", f"/job/{job_id}")
        assert call(service, "GET", f"/job/{job_id}/status/").status_code == 404


def test_a_broken_answer_logs_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with (
        faulty_service(FaultKind.TRUNCATED, "ping") as service,
        pytest.raises(requests.exceptions.RequestException, match=r"IncompleteRead"),
    ):
        call(service, "GET", "/")
    assert caplog.records == []


def test_a_slow_answer_is_late() -> None:
    with faulty_service(FaultKind.SLOW, "qpu_systems", slow_s=0.2) as service:
        start = time.perf_counter()
        assert call(service, "GET", "/qpusystem/").status_code == 200
        assert time.perf_counter() - start >= 0.2


def test_a_ping_describes_fault_injection_if_it_is_on(local_service: LocalService) -> None:
    with faulty_service(FaultKind.SLOW, "qpu_systems", pending_time_s=2.5) as service:
        described = call(service, "GET", "/").json()["rehearsal"]
    assert described == ["every job stays PENDING for 2.5 s", "fault slow in 1 of qpu_systems (2 s late)"]
    assert "rehearsal" not in call(local_service, "GET", "/").json()


# --- delayed jobs ---------------------------------------------------------------------------------------


def submit(service: LocalService) -> str:
    job_id = str(call(service, "POST", "/job/init/", INIT).json()["job_id"])
    body = {"mode": "append", "finalized": "true", "circuits": {"a": PROGRAM}, "shots": 3}
    assert call(service, "POST", f"/job/{job_id}/add_circuits/", body).status_code == 200
    return job_id


def status(service: LocalService, job_id: str) -> str:
    return str(call(service, "GET", f"/job/{job_id}/status/").json()["status"])


def test_a_delayed_pending_job_can_be_configured_and_cancelled() -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600)) as service:
        job_id = submit(service)
        config = {"bond_dimension": 4}
        assert call(service, "POST", f"/job/{job_id}/execution_config/", config).status_code == 200
        assert status(service, job_id) == "PENDING"
        assert call(service, "POST", f"/job/{job_id}/cancel/").json()["circuits_cancelled"] == 1
        assert service.wait_idle(60)


def test_a_delayed_running_job_can_be_cancelled() -> None:
    with serve(workers=1, fault_injection=FaultInjection(running_time_s=3600)) as service:
        job_id = submit(service)
        assert service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)
        assert call(service, "POST", f"/job/{job_id}/cancel/").status_code == 200
        assert status(service, job_id) == "CANCELLED"


def test_a_service_stops_without_waiting_for_delayed_jobs(tmp_path: Path) -> None:
    delays = FaultInjection(pending_time_s=0.05, running_time_s=3600)
    with serve(workers=1, fault_injection=delays, database=tmp_path / "jobs.db") as service:
        job_id = submit(service)
        assert service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        assert service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)


def test_a_delayed_job_completes_after_its_delays() -> None:
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=0.05, running_time_s=0.1)) as service:
        job_id = submit(service)
        assert service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)
        assert call(service, "GET", f"/job/{job_id}/status/").json()["run_time"] >= 0.1


QUBO = {"qubo": {"0": -1.0, "1": -1.0, "0,1": 2.0}, "options": {"preset": "fast"}}
VALIDATE = {"tag": "t", "job_type": "VALIDATE", "use_packing": False}


def test_a_queued_characterization_is_answered_before_it_runs() -> None:
    delayed = FaultInjection(queue_characterizations=True, pending_time_s=3600)
    with serve(workers=1, fault_injection=delayed) as service:
        job_id = call(service, "POST", "/job/init/", VALIDATE).json()["job_id"]
        answer = call(service, "POST", f"/job/{job_id}/submit_qubo/", QUBO | {"reference_states": ["01"]})
        assert (answer.status_code, answer.json()) == (202, {"status": "PENDING", "job_id": job_id})
        assert call(service, "GET", f"/job/{job_id}/validation_result/").status_code == 409
        described = call(service, "GET", "/").json()["rehearsal"]
    assert "submit_qubo only puts a characterization into the queue" in described


@pytest.mark.parametrize("states", ["reference_states", "target_states"])
def test_the_result_of_a_queued_characterization_can_be_read_when_it_is_completed(states: str) -> None:
    with serve(workers=1, fault_injection=FaultInjection(queue_characterizations=True)) as service:
        job_id = call(service, "POST", "/job/init/", VALIDATE).json()["job_id"]
        answer = call(service, "POST", f"/job/{job_id}/submit_qubo/", QUBO | {states: ["01"]})
        assert answer.status_code == 202
        assert service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)
        result = call(service, "GET", f"/job/{job_id}/validation_result/").json()
    assert result["status"] == "COMPLETED"
    assert result["report"]["target_states"] == ["01"]
