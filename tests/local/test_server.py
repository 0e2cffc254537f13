"""Starting and stopping a service, restarting it on its database, and failures of its workers."""

from __future__ import annotations

import base64
import gc
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from qiskit_qoro import local
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.installation import INSTALL_COMMAND
from qiskit_qoro.local.service_events import ServiceEvent
from qiskit_qoro.models.jobs import JobStatus

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = HEADER + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
# After a measurement in the middle the engine runs every shot separately. Ten million shots take about a
# minute.
SLOW = HEADER + "qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\nh q[0];\nmeasure q -> c;\n"
SLOW_SHOTS = 10_000_000


def call(service: LocalService, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {service.token}"}
    return requests.request(method, service.url + path, json=body, headers=headers, timeout=60)


def submit(service: LocalService, program: str = BELL, shots: int = 100) -> str:
    init = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}
    job_id = str(call(service, "POST", "/job/init/", init).json()["job_id"])
    blob = base64.b64encode(gzip.compress(program.encode())).decode()
    body = {"mode": "append", "finalized": "true", "circuits": {"circuit": blob}, "shots": shots}
    assert call(service, "POST", f"/job/{job_id}/add_circuits/", body).status_code == 200
    return job_id


def status(service: LocalService, job_id: str) -> str:
    return str(call(service, "GET", f"/job/{job_id}/status/").json()["status"])


def port_of(service: LocalService) -> int:
    return int(service.url.rsplit(":", 1)[1].removesuffix("/api"))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- starting -------------------------------------------------------------------------------------------


def test_a_service_answers_as_soon_as_serve_returns() -> None:
    with serve(workers=1) as service:
        assert service.url == f"http://127.0.0.1:{port_of(service)}/api"
        assert call(service, "GET", "/").status_code == 200


def test_every_service_has_a_random_token_that_its_repr_does_not_show() -> None:
    with serve(workers=1) as one, serve(workers=1) as other:
        assert one.token != other.token
        assert len(one.token) >= 32
        assert one.token not in repr(one)
        assert call(Address(other.url, one.token), "GET", "/").status_code == 401  # type: ignore[arg-type]


def test_a_function_that_takes_events_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: ServiceEvent) -> None:
        raise ZeroDivisionError(event.kind)

    with serve(workers=1, report=fail) as service:
        stranger = Address(service.url, "wrong")
        assert call(stranger, "GET", "/").status_code == 401  # type: ignore[arg-type]
        assert call(service, "GET", "/").status_code == 200
    assert "ZeroDivisionError: requests_refused" in caplog.text


@dataclass(frozen=True)
class Address:
    url: str
    token: str


def test_the_token_and_the_port_can_be_given() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(port=port, token="open-sesame", workers=1) as service:
        assert (port_of(service), service.token) == (port, "open-sesame")
        assert call(service, "GET", "/").status_code == 200


@pytest.mark.parametrize("token", ["", "two words", "tökén", "line\nbreak"])
def test_a_token_that_cannot_be_sent_in_a_header_is_refused(token: str) -> None:
    with pytest.raises(QoroInputError, match="token"):
        serve(token=token)


@pytest.mark.parametrize("limit", [{"workers": 0}, {"time_limit_s": 0}, {"memory_limit_bytes": 0}])
def test_an_invalid_limit_is_refused_and_named(limit: dict[str, Any]) -> None:
    with pytest.raises(QoroInputError, match=next(iter(limit))):
        serve(**limit)


@pytest.mark.parametrize("address", [{"port": 70_000}, {"host": "192.0.2.1"}, {"host": "no such host"}])
def test_an_address_that_cannot_be_listened_on_is_refused(address: dict[str, Any]) -> None:
    with pytest.raises(QoroError, match="cannot listen on"):
        serve(**address)


def test_a_taken_port_is_refused_and_no_thread_or_file_is_left(tmp_path: Path) -> None:
    before = threading.enumerate()
    with serve(workers=1) as service, pytest.raises(QoroError, match=f"port {port_of(service)}"):
        serve(port=port_of(service), database=tmp_path / "jobs.db")
    assert threading.enumerate() == before
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_refused_and_the_port_is_free_again(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(workers=1, database=tmp_path / "jobs.db"):
        with pytest.raises(QoroError, match="another service is using it"):
            serve(port=port, database=tmp_path / "jobs.db")
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_web_server_and_engine_are_imported_when_they_are_used_and_the_server_not_by_workers() -> None:
    program = (
        "import sys, qiskit_qoro.local.workers.worker_process\n"
        "print(sorted({'qiskit_qoro.local.server'} & set(sys.modules)))\n"
        "from qiskit_qoro.local import serve\n"
        "print(sorted({'starlette', 'uvicorn', 'maestro'} & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout == "[]\n[]\n"


def test_a_first_job_of_the_embedded_service_imports_no_web_server_and_no_analysis_of_problems() -> None:
    program = (
        "import sys\n"
        "from qiskit import QuantumCircuit\n"
        "from qiskit_qoro import QoroProvider\n"
        "circuit = QuantumCircuit(1)\n"
        "circuit.x(0)\n"
        "circuit.measure_all()\n"
        "with QoroProvider.local(workers=1) as provider:\n"
        "    print(provider.get_backend().run(circuit, shots=5).result().get_counts())\n"
        "late = {'uvicorn', 'h11', 'qiskit_qoro.qubo_analysis.analysis', 'maestro'}\n"
        "print(sorted(late & sys.modules.keys()))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout == "{'1': 5}\n[]\n"


def test_the_package_has_the_names_that_it_lists_and_no_others() -> None:
    assert all(hasattr(local, name) for name in local.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = local.Server


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    # None of them is imported before it is missing: an import that fails leaves nothing behind.
    libraries = ["uvicorn", "starlette", "maestro"]
    program = (
        "import sys\n"
        "from qiskit_qoro.local import serve\n"
        "from qiskit_qoro.errors import QoroError\n"
        f"for missing in {libraries}:\n"
        "    assert missing not in sys.modules\n"
        "    sys.modules[missing] = None\n"
        "    try:\n"
        "        serve()\n"
        "    except QoroError as error:\n"
        "        print(error)\n"
        "    del sys.modules[missing]"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for line, missing in zip(output.stdout.splitlines(), libraries, strict=True):
        assert missing in line
        assert INSTALL_COMMAND in line


# --- stopping -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_stopped_service_leaves_no_thread_process_port_or_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = set(threading.enumerate())
    service = serve(workers=2)
    with requests.Session() as session:  # its connection stays open while the service stops
        session.headers["Authorization"] = f"Bearer {service.token}"
        assert session.get(service.url + "/", timeout=60).status_code == 200
        if is_busy:
            service.wait_status(submit(service, SLOW, SLOW_SHOTS), JobStatus.RUNNING, timeout_s=60)
        pids = service.worker_pids
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            service.close()
            gc.collect()
    assert len(pids) == 2
    assert not any(map(is_alive, pids))
    assert set(threading.enumerate()) == before
    assert list(tmp_path.iterdir()) == []
    with socket.create_server(("127.0.0.1", port_of(service))):
        pass
    with pytest.raises(requests.ConnectionError, match=r"refused"):
        call(service, "GET", "/")


def test_a_service_can_be_closed_twice_and_from_two_threads() -> None:
    service = serve(workers=1)
    threads = [threading.Thread(target=service.close) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.close()
    assert service.worker_pids == ()
    with pytest.raises(requests.ConnectionError, match="refused"):
        call(service, "GET", "/")


def test_a_service_that_is_not_closed_ends_with_its_process() -> None:
    program = (
        "from qiskit_qoro.local import serve\n"
        "service = serve(workers=1)\n"
        "print(*service.worker_pids, flush=True)"
    )
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert output.stderr == ""
    assert not is_alive(int(output.stdout))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_forever_stops_at_a_signal(number: signal.Signals) -> None:
    program = (
        "from qiskit_qoro.local import serve_forever\n"
        "def announce(service):\n"
        "    print(service.url, service.token, *service.worker_pids, flush=True)\n"
        "serve_forever(announce=announce, workers=1)\n"
        "print('stopped')"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, token, pid = process.stdout.readline().split()
        answer = requests.get(url + "/", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.status_code == 200
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "stopped\n")
    assert not is_alive(int(pid))


# --- restarting -----------------------------------------------------------------------------------------


def test_finished_jobs_are_kept_after_a_restart(tmp_path: Path) -> None:
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        job_id = submit(service)
        assert service.wait_idle(60)
        results = call(service, "GET", f"/job/{job_id}/resultsV2/").json()
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        assert status(service, job_id) == "COMPLETED"
        assert call(service, "GET", f"/job/{job_id}/resultsV2/").json() == results


def test_a_job_that_was_running_when_the_process_was_killed_runs_again(tmp_path: Path) -> None:
    program = (
        "import runpy, signal, sys\n"
        "from qiskit_qoro.local import serve\n"
        "from qiskit_qoro.models.jobs import JobStatus\n"
        "test = runpy.run_path(sys.argv[1])\n"
        "service = serve(workers=1, database=sys.argv[2])\n"
        "job_id = test['submit'](service, test['SLOW'], test['SLOW_SHOTS'])\n"
        "waiting = test['submit'](service)\n"
        "service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)\n"
        "print(job_id, waiting, flush=True)\n"
        "signal.raise_signal(signal.SIGKILL)"
    )
    output = subprocess.run(
        [sys.executable, "-c", program, __file__, str(tmp_path / "jobs.db")],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert output.returncode == -signal.SIGKILL
    slow, waiting = output.stdout.split()
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        assert service.wait_status(slow, JobStatus.RUNNING, timeout_s=60)
        assert status(service, waiting) == "PENDING"
        assert call(service, "POST", f"/job/{slow}/cancel/").status_code == 200
        assert service.wait_idle(60)
        assert status(service, waiting) == "COMPLETED"


def test_a_job_that_is_running_when_the_service_stops_is_pending_afterwards(tmp_path: Path) -> None:
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        job_id = submit(service, SLOW, SLOW_SHOTS)
        assert service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)
    with serve(workers=1, database=tmp_path / "jobs.db") as service:
        assert service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)


# --- workers and jobs -----------------------------------------------------------------------------------


def test_a_killed_worker_fails_its_job_and_the_next_job_completes() -> None:
    with serve(workers=1) as service:
        assert service.wait_status(submit(service), JobStatus.COMPLETED, timeout_s=60)
        killed = submit(service, SLOW, SLOW_SHOTS)
        following = submit(service)
        assert service.wait_status(killed, JobStatus.RUNNING, timeout_s=60)
        # A worker that is killed before it begins with a circuit is replaced, and the job goes on. Then the
        # second kill hits the circuit.
        for _ in range(2):
            (pid,) = service.worker_pids
            os.kill(pid, signal.SIGKILL)
            if service.wait_status(killed, JobStatus.FAILED, timeout_s=10):
                break
        assert service.wait_idle(60)
        assert [status(service, killed), status(service, following)] == ["FAILED", "COMPLETED"]
        error = call(service, "GET", f"/job/{killed}/resultsV2/").json()["error"]
        assert error.startswith("job failed: circuit 'circuit': ")
        assert "SIGKILL" in error


def test_a_circuit_that_takes_too_long_fails_its_job() -> None:
    with serve(workers=1, time_limit_s=0.5) as service:
        job_id = submit(service, SLOW, SLOW_SHOTS)
        assert service.wait_idle(60)
        assert "0.5 s" in call(service, "GET", f"/job/{job_id}/resultsV2/").json()["error"]


def test_jobs_run_in_the_order_in_which_they_were_finalized() -> None:
    with serve(workers=1) as service:
        jobs = [submit(service) for _ in range(10)]
        slow = submit(service, SLOW, SLOW_SHOTS)
        last = submit(service)
        assert service.wait_status(slow, JobStatus.RUNNING, timeout_s=60)
        assert [status(service, job_id) for job_id in jobs] == ["COMPLETED"] * 10
        assert status(service, last) == "PENDING"
        assert call(service, "POST", f"/job/{slow}/cancel/").status_code == 200
        assert service.wait_status(last, JobStatus.COMPLETED, timeout_s=60)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("maestro", rf"{re.escape(INSTALL_COMMAND)}.*Linux x86-64.*none for other platforms"),
        ("uvicorn", rf"uvicorn.*{re.escape(INSTALL_COMMAND)}"),
    ],
)
def test_without_the_extra_the_error_says_how_to_install_it_and_on_which_platforms(
    monkeypatch: pytest.MonkeyPatch, module: str, expected: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(QoroError, match=expected):
        serve()
