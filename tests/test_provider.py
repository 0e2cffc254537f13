"""``QoroProvider``: its backends, retrieving jobs, and starting and stopping the local service."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro import (
    AuthenticationError,
    ExecutionConfig,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroError,
    QoroInputError,
    QoroProvider,
    WireError,
)

URL = "http://qoro.invalid/api"


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


# --- backends and jobs ----------------------------------------------------------------------------------


def names(provider: QoroProvider, **conditions: Any) -> list[str]:
    return [backend.name for backend in provider.backends(**conditions)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["qoro_maestro", "local_qpu", "local_heavy_hex"]),
        ({"name": "local_qpu"}, ["local_qpu"]),
        ({"name": "nothing"}, []),
        ({"simulator": True}, ["qoro_maestro"]),
        ({"simulator": False}, ["local_qpu", "local_heavy_hex"]),
        ({"operational": True}, ["qoro_maestro", "local_qpu", "local_heavy_hex"]),
        ({"operational": False}, []),
        ({"min_num_qubits": 7}, ["qoro_maestro", "local_qpu", "local_heavy_hex"]),
        ({"min_num_qubits": 8}, ["qoro_maestro", "local_heavy_hex"]),
        ({"min_num_qubits": 28}, ["qoro_maestro"]),
        ({"filters": lambda backend: backend.num_qubits < 10}, ["local_qpu"]),
        ({"simulator": True, "filters": lambda backend: backend.num_qubits < 10}, []),
    ],
)
def test_backends_are_selected_by_each_condition(
    provider: QoroProvider, conditions: dict[str, Any], expected: list[str]
) -> None:
    assert names(provider, **conditions) == expected


def test_the_default_backend_is_the_simulator(provider: QoroProvider) -> None:
    assert provider.get_backend().name == "qoro_maestro"
    assert provider.get_backend("local_qpu").name == "local_qpu"


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("qoro_maestr", "Available: qoro_maestro"),
        ("local-qpu", "Available: local_qpu"),
        ("zzz", "local_heavy_hex, local_qpu, qoro_maestro"),
    ],
)
def test_the_error_for_an_unknown_backend_lists_similar_names(
    provider: QoroProvider, name: str, closest: str
) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match=f"no backend '{name}'.*{closest}"):
        provider.get_backend(name)


@pytest.mark.parametrize("job_id", ["", "a+", "+", None, 7])
def test_an_invalid_identifier_is_refused(provider: QoroProvider, job_id: Any) -> None:
    with pytest.raises(QoroInputError, match=f"job_id is {job_id!r}".replace("+", r"\+")):
        provider.retrieve_job(job_id)


def test_the_error_for_the_result_of_a_characterization_says_where_to_read_it(provider: QoroProvider) -> None:
    answer = provider.service.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})

    job = provider.retrieve_job(answer["job_id"])

    assert job.done()
    with pytest.raises(QoroAPIError, match="validation_result"):
        job.result()


def test_retrieving_a_job_that_does_not_exist_is_an_error(provider: QoroProvider) -> None:
    with pytest.raises(NotFoundError, match="never-was"):
        provider.retrieve_job("never-was")


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


def answer_listings(wire: responses.RequestsMock) -> None:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    qpu = {"nickname": "a", "q_bits": 5, "status": "offline", "system_kind": "ion"}
    systems = [{"name": "planned", "qpus": []}, {"name": "resting", "qpus": [qpu]}]
    wire.get(f"{URL}/qpusystem/", json=systems)


def test_a_system_without_qpus_is_skipped_with_a_warning(
    wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    answer_listings(wire)
    provider = QoroProvider("token", base_url=URL)

    with caplog.at_level(logging.WARNING):
        assert names(provider) == ["qoro_maestro", "resting"]
    assert "planned" in caplog.text
    assert names(provider, operational=True) == ["qoro_maestro"]
    assert names(provider, operational=False) == ["resting"]
    assert provider.get_backend("resting").num_qubits == 5
    with pytest.raises(QoroInputError, match="'planned' has no QPU"):
        provider.get_backend("planned")


@pytest.mark.parametrize("odd", ["simulatorcluster", "qpusystem"])
def test_a_backend_that_may_be_in_an_unreadable_list_is_not_called_missing(
    wire: responses.RequestsMock, odd: str
) -> None:
    known = {"simulatorcluster": "q", "qpusystem": "qoro_maestro"}[odd]
    qpu = {"nickname": "a", "q_bits": 5}
    bodies = {"simulatorcluster": [{"name": "qoro_maestro"}], "qpusystem": [{"name": "q", "qpus": [qpu]}]}
    for path, body in (bodies | {odd: {"detail": "odd"}}).items():
        wire.get(f"{URL}/{path}/", json=body)
    provider = QoroProvider("token", base_url=URL)

    assert provider.get_backend(known).name == known
    with pytest.raises(WireError, match=f"/{odd}/: body: expected a list"):
        provider.get_backend("other")


@pytest.mark.parametrize(
    ("status", "kind"), [(200, WireError), (401, AuthenticationError), (404, NotFoundError)]
)
def test_if_both_lists_of_systems_fail_the_first_error_is_raised(
    wire: responses.RequestsMock, status: int, kind: type[Exception]
) -> None:
    for path in ("simulatorcluster", "qpusystem"):
        wire.get(f"{URL}/{path}/", json={"detail": "odd"}, status=status)
    provider = QoroProvider("token", base_url=URL)
    with pytest.raises(kind, match="/simulatorcluster/"):
        provider.backends()


def test_the_constructor_sends_nothing_and_passes_its_arguments_to_the_client(
    wire: responses.RequestsMock,
) -> None:
    config = ExecutionConfig(bond_dimension=8)

    provider = QoroProvider(
        "token", base_url=URL, execution_config=config, polling_interval=0.5, max_retries=3
    )

    assert provider.service.execution_config == config
    assert (provider.service.polling_interval, provider.service.max_retries) == (0.5, 3)
    assert repr(provider) == f"<QoroProvider '{URL}'>"
    assert not wire.calls


def test_the_error_for_a_missing_token_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QORO_API_KEY", raising=False)

    with pytest.raises(ValueError, match=r"auth_token.*\.env.*QORO_API_KEY.*QoroProvider\.local\(\)"):
        QoroProvider()


# --- the local service ----------------------------------------------------------------------------------


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


def children() -> set[int]:
    """The running child processes of this process. Empty on systems without ``/proc``."""
    return {
        int(pid)
        for path in Path("/proc/self/task").glob("*/children")
        for pid in path.read_text(encoding="ascii").split()
    }


def assert_nothing_new(threads_before: set[threading.Thread], children_before: set[int]) -> None:
    """Check that no thread and no child process was added. Those of earlier tests may have ended."""
    assert threads() <= threads_before
    assert children() <= children_before


def test_the_local_service_starts_when_needed_and_stops_with_its_last_provider(
    accepts_connections: Callable[[str], bool],
) -> None:
    threads_before, children_before = threads(), children()
    first, second = QoroProvider.local(workers=1), QoroProvider.local(workers=1)
    assert_nothing_new(threads_before, children_before)
    assert "not started" in repr(first)

    assert names(first) == ["qoro_maestro", "local_qpu", "local_heavy_hex"]
    url = first.service.base_url
    assert url in repr(first)
    assert len(children() - children_before) == (1 if Path("/proc/self/task").exists() else 0)
    job = first.get_backend().run(bell(), shots=20)
    assert sum(second.retrieve_job(job.job_id()).result().get_counts().values()) == 20

    first.close()
    first.close()
    assert second.service.test_connection().ok
    second.close()
    assert not accepts_connections(url)
    assert_nothing_new(threads_before, children_before)


def test_a_local_provider_can_be_used_again_after_it_was_closed(
    accepts_connections: Callable[[str], bool],
) -> None:
    provider = QoroProvider.local(workers=1)
    with provider:
        url = provider.service.base_url
    assert not accepts_connections(url)

    with provider as again:
        assert sum(again.get_backend().run(bell(), shots=5).result().get_counts().values()) == 5
        again_url = again.service.base_url
    assert not accepts_connections(again_url)


def test_an_error_in_a_with_statement_closes_the_local_provider(
    accepts_connections: Callable[[str], bool],
) -> None:
    provider = QoroProvider.local(workers=1)
    url = provider.service.base_url

    with pytest.raises(QiskitBackendNotFoundError, match=r"has no backend 'nothing'"), provider:
        provider.get_backend("nothing")

    assert not accepts_connections(url)


def test_running_on_a_closed_local_provider_is_a_connection_error() -> None:
    with QoroProvider.local(workers=1) as provider:
        backend = provider.get_backend()

    with pytest.raises(QoroConnectionError, match="the local service has been stopped"):
        backend.run(bell())


def test_many_threads_start_one_service() -> None:
    provider, urls = QoroProvider.local(workers=1), []
    racers = [threading.Thread(target=lambda: urls.append(provider.service.base_url)) for _ in range(8)]
    with provider:
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

    assert len(urls) == 8
    assert len(set(urls)) == 1


def test_each_set_of_options_has_its_own_service_and_a_database_keeps_the_jobs(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with QoroProvider.local(workers=1, database=path) as kept, QoroProvider.local(workers=1) as other:
        assert kept.service.base_url != other.service.base_url
        with QoroProvider.local(workers=1, database=str(path)) as same:
            assert same.service.base_url == kept.service.base_url
        job = kept.get_backend().run(bell(), shots=15)
        counts = job.result().get_counts()

    with QoroProvider.local(workers=1, database=path) as later:
        assert later.retrieve_job(job.job_id()).result().get_counts() == counts


@pytest.mark.parametrize("options", [{"workers": 0}, {"time_limit_s": 0}, {"memory_limit_bytes": -1}])
def test_invalid_options_are_refused_and_leave_no_threads_or_processes(options: dict[str, Any]) -> None:
    threads_before, children_before = threads(), children()
    provider = QoroProvider.local(**options)

    with pytest.raises(QoroError, match=next(iter(options))):
        provider.backends()

    provider.close()
    assert_nothing_new(threads_before, children_before)


def test_an_unknown_option_of_the_local_provider_is_refused() -> None:
    with pytest.raises(TypeError, match="worker"):
        QoroProvider.local(worker=1)  # type: ignore[call-arg]


def test_the_local_provider_ignores_addresses_and_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QORO_API_URL", URL)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("QORO_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"QORO_API_URL={URL}\nQORO_API_KEY=stale\n", encoding="ascii")

    with QoroProvider.local(workers=1) as provider:
        assert provider.service.base_url.startswith("http://127.0.0.1:")
        assert provider.get_backend().run(bell(), shots=5).result().success


def test_copies_of_a_local_provider_and_its_backends_use_the_same_service() -> None:
    fresh = QoroProvider.local(workers=1)
    assert "not started" in repr(copy.deepcopy(fresh))
    with fresh as provider:
        backend = provider.get_backend()
        backend.run(bell()).result()
        for twin in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
            assert twin.provider.service.base_url == provider.service.base_url
            assert sum(twin.run(bell(), shots=8).result().get_counts().values()) == 8
            twin.provider.close()
        assert provider.service.test_connection().ok


def test_many_jobs_leave_no_threads_and_no_open_files() -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0

    with QoroProvider.local(workers=1) as provider:
        backend = provider.get_backend()
        for _ in range(5):
            backend.run(bell(), shots=5).result()
        before = len(threads()), open_files()
        for _ in range(50):
            backend.run(bell(), shots=5).result()
        assert (len(threads()), open_files()) == before


# --- whole programs -------------------------------------------------------------------------------------

PROGRAM = """\
from qiskit import QuantumCircuit, transpile
from qiskit_qoro import QoroProvider
backend = QoroProvider.local().get_backend("qoro_maestro")
circuit = QuantumCircuit(1); circuit.x(0); circuit.measure_all()
print(backend.run(transpile(circuit, backend), shots=9).result().get_counts())
"""
# Starts sooner than with a worker for each processor.
SMALL_PROGRAM = PROGRAM.replace("local()", "local(workers=1)")


def run_program(arguments: list[str], text: str | None, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run Python without an account, and check that none of its processes outlives it."""
    mark = uuid.uuid4().hex
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QORO_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**environment, "TEST_MARK": mark},
        check=False,
    )
    assert not survivors(mark.encode())
    return done


def survivors(mark: bytes) -> list[str]:
    """The processes with a mark in their environment. Empty on systems without ``/proc``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_a_script_runs_a_circuit_and_exits_cleanly(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PROGRAM, encoding="ascii")

    done = run_program([str(script)], None, tmp_path)

    assert (done.stdout, done.stderr, done.returncode) == ("{'1': 9}\n", "", 0)


def test_a_program_from_standard_input_runs_a_circuit_and_exits_cleanly(tmp_path: Path) -> None:
    done = run_program(["-"], SMALL_PROGRAM, tmp_path)

    assert (done.stdout, done.stderr, done.returncode) == ("{'1': 9}\n", "", 0)


def test_a_failing_program_prints_only_its_own_error(tmp_path: Path) -> None:
    done = run_program(["-c", SMALL_PROGRAM + "raise SystemExit('enough')\n"], None, tmp_path)

    assert (done.stdout, done.stderr, done.returncode) == ("{'1': 9}\n", "enough\n", 1)


def test_a_program_that_ends_before_its_job_leaves_no_processes(tmp_path: Path) -> None:
    text = SMALL_PROGRAM.replace(
        "circuit.measure_all()", "circuit.measure_all(); circuit.h(0); circuit.measure_all()"
    )
    text = text.replace(".result().get_counts()", "").replace("shots=9", "shots=10**7")

    done = run_program(["-"], text + "1 / 0\n", tmp_path)

    assert done.stdout.startswith("<QoroJob")
    assert done.stderr.splitlines()[0].startswith("Traceback")
    assert done.stderr.splitlines()[-1].startswith("ZeroDivisionError")
    assert done.stderr.count("Traceback") == 1
    assert done.returncode == 1
