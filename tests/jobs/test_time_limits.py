"""The time limits of waits hold, whatever a server does: it is silent, or it answers byte by byte."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import JobFailedError, JobTimeoutError, QoroJob, QoroPrimitiveJob, QoroService, as_completed
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.registers import layout_of_circuit
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, JobStatus, ResultsPage
from qiskit_qoro.service.clock import GRACE_S
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.results import failed_page_to_json, results_page_to_json

TIMEOUT_S, MARGIN_S = 0.4, 1.0
BYTE_S = 0.03  # an answer of 200 bytes takes 6 seconds


@dataclass
class SlowServer:
    """A server of one job with two pages of results, which answers some calls slowly or not at all.

    Attributes:
        status: The status of the job.
        silent: The calls that get no answer: ``status``, ``page 0`` or ``page 1``.
        slow: The calls that are answered byte by byte.
    """

    url: str = ""
    status: str = "COMPLETED"
    silent: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str) -> tuple[str, int, bytes]:
        """The name of a call, and the answer to it."""
        if path.endswith("/status/"):
            return "status", 200, json.dumps({"status": self.status}).encode()
        offset = int(parse_qs(urlsplit(path).query)["offset"][0])
        if self.status == "FAILED":
            page = failed_page_to_json("too hot", ResultsPage(1, failures={"c0": "too hot"}))
            return "page 0", 400, render(page)
        page = results_page_to_json(ResultsPage(2, {f"c{offset}": {"0": 7}}, "next" if offset == 0 else None))
        return f"page {offset}", 200, render(page)


@pytest.fixture
def server() -> Iterator[SlowServer]:
    script = SlowServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            call, status, body = script.answer(self.path)
            script.calls.append(call)
            if call in script.silent:
                script.stopping.wait()
                self.close_connection = True
                return
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            answer = f"{head}\r\n\r\n".encode() + body
            if call not in script.slow:
                self.wfile.write(answer)
                return
            with suppress(OSError):  # the client has given up
                for byte in answer:
                    self.wfile.write(bytes([byte]))
                    if script.stopping.wait(BYTE_S):
                        break
            self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{http.server_port}/api"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield script
    script.stopping.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def service(server: SlowServer) -> Iterator[QoroService]:
    service = QoroService("token", base_url=server.url)
    yield service
    service.close()


def job_of(service: QoroService) -> QoroJob:
    circuit = QuantumCircuit(1, 1)
    experiments = {f"c{k}": Experiment(f"c{k}", layout_of_circuit(circuit), 7) for k in range(2)}
    return QoroJob(None, "j1", service, experiments=experiments)


@pytest.fixture
def job(service: QoroService) -> QoroJob:
    return job_of(service)


def primitive_result(service: QoroService, timeout: float) -> object:
    return QoroPrimitiveJob(service, ["j1"]).result(timeout)


CALLS: dict[str, Callable[[QoroService, QoroJob, float], Any]] = {
    "result": lambda _service, job, timeout: job.result(timeout),
    "results": lambda _service, job, timeout: job.results(timeout),
    "outcome": lambda _service, job, timeout: job.outcome(timeout),
    "wait_for_final_state": lambda _service, job, timeout: job.wait_for_final_state(timeout),
    "primitive": lambda service, _job, timeout: primitive_result(service, timeout),
    "as_completed": lambda _service, job, timeout: list(as_completed([job], timeout)),
    "wait_for_job": lambda service, _job, timeout: service.wait_for_job(
        ExecutionResult(job_id="j1"), timeout_s=timeout
    ),
}


def seconds_of(call: Callable[[], object], match: str) -> float:
    begin = time.monotonic()
    with pytest.raises(JobTimeoutError, match=match) as caught:
        call()
    assert caught.value.job_id == "j1"
    return time.monotonic() - begin


def assert_that_waits_end_in_time(server: SlowServer, calls: Iterable[str], match: str) -> None:
    """Make some calls at the same time, each with a client of its own."""

    def wait(call: str) -> float:
        service = QoroService("token", base_url=server.url)
        waited_s = seconds_of(lambda: CALLS[call](service, job_of(service), TIMEOUT_S), match)
        service.close()
        return waited_s

    names = list(calls)
    with ThreadPoolExecutor(len(names)) as pool:
        waited = dict(zip(names, pool.map(wait, names), strict=True))
    limit_s = TIMEOUT_S + GRACE_S + MARGIN_S
    assert {call: s for call, s in waited.items() if not TIMEOUT_S <= s < limit_s} == {}


@pytest.mark.parametrize("kind", ["silent", "slow"])
def test_a_wait_ends_in_time_although_the_status_does_not_arrive(server: SlowServer, kind: str) -> None:
    getattr(server, kind).add("status")
    message = r"did not report the status of job j1 within 0\.4 s\. The job keeps running"
    assert_that_waits_end_in_time(server, CALLS, message)


def test_a_long_time_limit_has_no_grace(server: SlowServer, service: QoroService, job: QoroJob) -> None:
    server.silent.add("status")
    assert 1.3 <= seconds_of(lambda: job.result(1.3), r"within 1\.3 s") < 1.3 + 0.9


@pytest.mark.parametrize("kind", ["silent", "slow"])
@pytest.mark.parametrize("page", ["page 0", "page 1"])
def test_results_that_do_not_arrive_in_time_are_a_timeout_too(
    server: SlowServer, kind: str, page: str
) -> None:
    getattr(server, kind).add(page)
    message = r"job j1 has ended, but its results could not be read within 0\.4 s"
    assert_that_waits_end_in_time(server, ["result", "outcome", "primitive"], message)


def test_pages_that_have_been_read_are_kept_for_the_next_call(server: SlowServer, job: QoroJob) -> None:
    server.silent.add("page 1")
    with pytest.raises(
        JobTimeoutError, match=r"job j1 has ended, but its results could not be read within 0\.4 s"
    ) as caught:
        job.result(TIMEOUT_S)
    assert caught.value.status is JobStatus.COMPLETED
    assert server.calls == ["status", "page 0", "page 1"]
    server.silent.clear()
    assert job.result(TIMEOUT_S).get_counts() == [{"0": 7}, {"0": 7}]
    assert server.calls == ["status", "page 0", "page 1", "page 1"]


def test_the_results_of_service_jobs_that_have_been_read_are_kept(
    server: SlowServer, service: QoroService
) -> None:
    job = QoroPrimitiveJob(service, ["j1", "j2"])
    server.silent.add("page 1")
    for _ in range(2):
        with pytest.raises(
            JobTimeoutError, match=r"has ended, but its results could not be read within 0\.4 s"
        ):
            job.result(TIMEOUT_S)
    assert server.calls == ["status", "status", "page 0", "page 1", "page 1"]


def test_a_failed_job_is_reported_although_its_reason_does_not_arrive(
    server: SlowServer, job: QoroJob
) -> None:
    server.status = "FAILED"
    server.silent.add("page 0")
    begin = time.monotonic()
    with pytest.raises(JobFailedError, match=r"j1 is FAILED: the reason could not be read"):
        job.result(TIMEOUT_S)
    assert time.monotonic() - begin < TIMEOUT_S + GRACE_S + MARGIN_S
    server.silent.clear()
    with pytest.raises(JobFailedError, match="too hot"):
        job.result(TIMEOUT_S)


@pytest.mark.parametrize("timeout", [0, TIMEOUT_S])
def test_a_server_that_answers_in_time_is_read_completely(
    server: SlowServer, job: QoroJob, timeout: float
) -> None:
    assert job.result(timeout).get_counts() == [{"0": 7}, {"0": 7}]


def test_the_outcome_of_a_job_is_read_in_time(server: SlowServer, service: QoroService) -> None:
    execution = ExecutionResult(job_id="j1")
    outcome = service.get_job_outcome(execution, deadline=service.deadline(5))
    assert outcome == JobOutcome({"c0": {"0": 7}, "c1": {"0": 7}})
    assert service.get_job_state(execution, deadline=service.deadline(5)).status is JobStatus.COMPLETED
