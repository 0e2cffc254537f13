"""A service on a full disk, and one without free file descriptors, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.web_server.listener import LoopErrorHandler

TIMEOUT_S = 120

COMMON = """
import base64, gzip, json, resource, sys
from pathlib import Path
import requests
from qiskit_qoro.local import serve
from qiskit_qoro.local.store.job_listing import ListingConditions, list_jobs
from qiskit_qoro.models.jobs import JobStatus

PROGRAM = 'OPENQASM 2.0;include "qelib1.inc";qreg q[16];creg c[16];h q;measure q->c;'
INIT = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}
BLOB = base64.b64encode(gzip.compress(PROGRAM.encode())).decode()
seen = {}

def call(method, path, body=None, session=requests):
    headers = {"Authorization": f"Bearer {service.token}"}
    return session.request(method, service.url + path, json=body, headers=headers, timeout=60)

def submit(shots):
    job_id = call("POST", "/job/init/", INIT).json()["job_id"]
    body = {"mode": "append", "finalized": "true", "circuits": {"a": BLOB}, "shots": shots}
    call("POST", f"/job/{job_id}/add_circuits/", body).raise_for_status()
    return job_id

def limit_files(size):
    # Python ignores the signal for files that are too long, so that writing raises an error.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
"""

FULL_DISK = f"""{COMMON}
path = Path(sys.argv[1])
log = path.with_name(path.name + "-wal")
with serve(database=path, workers=1) as service:
    # Enough for the statements about the job, but not for 30,000 different bitstrings.
    limit_files(log.stat().st_size + 120_000)
    large = submit(50_000)
    service.wait_status(large, JobStatus.FAILED, timeout_s=60)
    seen["large"] = call("GET", f"/job/{{large}}/status/").json()["status"]
    seen["results"] = call("GET", f"/job/{{large}}/resultsV2/").json()["error"]
    limit_files(0)
    failed, _ = list_jobs(
        service.parts.database, "local", ListingConditions(["FAILED"]), limit=9, offset=0
    )
    seen["listed"] = [job.job_id == large for job in failed]
    seen["open"] = call("POST", "/job/init/", INIT).status_code
    seen["reason"] = call("POST", "/job/init/", INIT).json()["error"]
    limit_files(resource.RLIM_INFINITY)
    small = submit(10)
    service.wait_status(small, JobStatus.COMPLETED, timeout_s=60)
    seen["small"] = call("GET", f"/job/{{small}}/status/").json()["status"]
with serve(database=path, workers=1, token=service.token) as service:
    seen["restarted"] = [call("GET", f"/job/{{job}}/status/").json()["status"] for job in (large, small)]
print(json.dumps(seen))
"""

NO_DESCRIPTORS = f"""{COMMON}
import os
with serve(workers=1) as service:
    limit = max(int(name) for name in os.listdir("/dev/fd")) + 6
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    # After the limit is set, so that no connection is accepted before.
    print(service.url.split(":")[2].removesuffix("/api"), flush=True)
    sys.stdin.read()
"""

NO_WORKER = f"""{COMMON}
import os, signal, socket
with serve(workers=1) as service, requests.Session() as session:
    first = submit(10)
    service.wait_status(first, JobStatus.COMPLETED, timeout_s=60)
    (pid,) = service.worker_pids
    job_id = call("POST", "/job/init/", INIT, session).json()["job_id"]
    open_files = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        while True:
            open_files.append(open(os.devnull))
    except OSError:
        os.kill(pid, signal.SIGKILL)
    body = {{"mode": "append", "finalized": "true", "circuits": {{"a": BLOB}}, "shots": 10}}
    call("POST", f"/job/{{job_id}}/add_circuits/", body, session).raise_for_status()
    service.wait_status(job_id, JobStatus.FAILED, timeout_s=60)
    seen["reason"] = call("GET", f"/job/{{job_id}}/resultsV2/", None, session).json()["error"]
    for file in open_files:
        file.close()
    last = submit(10)
    service.wait_status(last, JobStatus.COMPLETED, timeout_s=60)
    seen["last"] = call("GET", f"/job/{{last}}/status/").json()["status"]
print(json.dumps(seen))
"""


def run(script: str, *arguments: str) -> tuple[Any, str]:
    """Run a script in a process of its own. Returns what it printed as JSON, and its standard error."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_full_disk_fails_the_job_and_later_jobs_run(tmp_path: Path) -> None:
    seen, errors = run(FULL_DISK, str(tmp_path / "jobs.db"))
    assert seen["large"] == "FAILED"
    assert seen["listed"] == [True]
    assert "its outcome could not be stored" in seen["results"]
    assert "is the disk full?" in seen["results"]
    assert seen["open"] == 507
    assert "is the disk full?" in seen["reason"]
    assert seen["small"] == "COMPLETED"
    assert seen["restarted"] == ["FAILED", "COMPLETED"]
    assert "Traceback" not in errors


def test_without_free_descriptors_connections_wait_and_one_line_is_logged(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("w+b") as errors:
        service = subprocess.Popen(
            [sys.executable, "-c", NO_DESCRIPTORS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert service.stdout is not None
            port = int(service.stdout.readline())
            with ExitStack() as stack:
                connections = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
                    for _ in range(12)
                ]
                # Each connection that ends lets the next one in. asyncio tries again after a second.
                for connection in connections:
                    connection.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    assert connection.recv(12) == b"HTTP/1.1 200"
                    connection.close()
            service.communicate(timeout=TIMEOUT_S)
        finally:
            service.kill()
            service.wait()
        assert service.returncode == 0
        errors.seek(0)
        lines = errors.read().decode().splitlines()
    assert len(lines) == 1, "\n".join(lines[:60])
    assert lines[0].startswith("cannot accept connections ([Errno 24] Too many open files)")


def test_a_worker_that_cannot_be_replaced_fails_the_job_and_later_jobs_run() -> None:
    seen, errors = run(NO_WORKER)
    assert "worker processes cannot be started" in seen["reason"]
    assert "Too many open files" in seen["reason"]
    assert seen["last"] == "COMPLETED"
    assert "Exception in thread" not in errors


@pytest.mark.parametrize(("is_stopping", "num_records"), [(True, 0), (False, 1)])
def test_a_server_that_stops_does_not_report_that_its_socket_is_closed(
    is_stopping: bool, num_records: int, caplog: pytest.LogCaptureFixture
) -> None:
    closed = socket.socket()
    closed.close()
    errors = LoopErrorHandler()
    errors.is_stopping = is_stopping

    async def accept_again() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(errors)
        loop.call_soon(loop.add_reader, closed, lambda: None)
        await asyncio.sleep(0)

    asyncio.run(accept_again())
    assert len(caplog.records) == num_records
