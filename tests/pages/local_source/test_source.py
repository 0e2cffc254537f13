"""What an account sees of its jobs on a real service, and what it can do with them."""

from __future__ import annotations

import base64
import gzip
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.primitives import BitArray
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import JobFailedError, QoroEstimator, QoroProvider, QoroSampler, characterize
from qiskit_qoro.local import Account, FaultInjection, LocalService, Tier, serve
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.pages.local_source.source import LocalSource, local_sources
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import Action, Counts, Failure, JobFilter, Values
from qiskit_qoro.wire.text import encode_text
from tests.local.store.version_7 import create_old_database

OTHER = "token-of-another-account"
POOR = "token-of-a-poor-account"
MARKUP = "<b>bell</b> & 'x'\n"


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    accounts = {OTHER: Account("other"), POOR: Account("poor", Tier.FREE, Decimal("0.01"))}
    with serve(workers=2, accounts=accounts) as service:
        yield service


@pytest.fixture(scope="module")
def provider(service: LocalService) -> Iterator[QoroProvider]:
    with QoroProvider(service.token, base_url=service.url, link=service.link, journal=False) as provider:
        yield provider


@pytest.fixture
def source(service: LocalService) -> LocalSource:
    return source_of(service)


def source_of(service: LocalService, account: str = "local") -> LocalSource:
    return local_sources(service.parts, f"QoroProvider(base_url={service.url!r})")(account)


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def names_of(source: LocalSource, job_id: str) -> list[str]:
    return [row.name for row in source.circuits(job_id, status="", limit=100, offset=0).rows]


def counts_of(source: LocalSource, job_id: str, position: int) -> dict[str, int]:
    circuit = source.circuit(job_id, position)
    assert circuit is not None
    assert isinstance(circuit.outcome, Counts)
    return dict(circuit.outcome.counts)


# --- names and bits -----------------------------------------------------------------------------------


def registers() -> QuantumCircuit:
    """Several registers and loose bits, in another order than the qubits."""
    circuit = QuantumCircuit(QuantumRegister(4, "q"), ClassicalRegister(2, "a"), name="registers")
    circuit.add_bits([Clbit()])
    circuit.add_register(ClassicalRegister(3, "c"))
    circuit.x(0)
    circuit.h(1)
    circuit.measure([0, 1, 2, 3], [1, 2, 3, 0])
    return circuit


def shared_bits() -> QuantumCircuit:
    first = ClassicalRegister(2, "a")
    second = ClassicalRegister(bits=[first[1], first[0]], name="b")
    circuit = QuantumCircuit(QuantumRegister(2), first, second, name="shared")
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def conditional() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    circuit.name = MARKUP
    circuit.h(0)
    circuit.measure(0, 2)
    with circuit.if_test((circuit.cregs[1], 2)):
        circuit.x(1)
    circuit.measure(1, 0)
    return circuit


def test_names_and_outcomes_are_those_of_the_result(provider: QoroProvider, source: LocalSource) -> None:
    circuits = [registers(), shared_bits(), conditional(), bell()]
    job = provider.get_backend().run(circuits, shots=200)
    result = job.result()
    assert names_of(source, job.job_id()) == [item.header["name"] for item in result.results]
    assert names_of(source, job.job_id()) == ["registers", "shared", MARKUP, "bell"]
    for position in range(len(circuits)):
        assert counts_of(source, job.job_id(), position) == result.get_counts(position)


def test_the_page_of_a_circuit_has_its_program_method_and_summary(
    provider: QoroProvider, source: LocalSource
) -> None:
    job = provider.get_backend().run([bell(), bell("second")], shots=200)
    metadata = job.result().results[1].metadata
    circuit = source.circuit(job.job_id(), 1)
    assert circuit is not None
    assert circuit.row == source.circuits(job.job_id(), status="", limit=1, offset=1).rows[0]
    assert (circuit.row.name, circuit.row.status, circuit.row.shots) == ("second", "COMPLETED", 200)
    assert circuit.program == job.programs()[1].text
    assert circuit.method == f"{metadata['method']}: {metadata['method_reason']}"
    assert source.job(job.job_id()).method == circuit.method
    assert re.fullmatch(r"(00|11): \d+, (00|11): \d+", circuit.row.summary)
    for position in (2, -1, 10**30):
        assert source.circuit(job.job_id(), position) is None
    assert source.circuits(job.job_id(), status="", limit=5, offset=10**30).rows == []
    assert source.jobs(JobFilter(), limit=5, offset=10**30).rows == []


def test_a_sampler_shows_the_registers_of_its_circuits(provider: QoroProvider, source: LocalSource) -> None:
    job = QoroSampler(provider.get_backend()).run([(shared_bits(), None, 50), (conditional(), None, 200)])
    first, second = (pub.data for pub in job.result())
    assert names_of(source, job.job_id()) == ["0", "1"]
    assert source.job(job.job_id()).row.kind == "sampler"
    for position, data in enumerate((first, second)):
        # Qiskit's results separate registers by spaces, joined bit arrays do not.
        arrays = [data[name] for name in ("a", "b")]
        expected = BitArray.concatenate_bits(arrays).get_counts()
        found = counts_of(source, job.job_id(), position)
        assert {outcome.replace(" ", ""): count for outcome, count in found.items()} == expected
        assert all(outcome.count(" ") == 1 for outcome in found)


def test_an_estimator_shows_the_expectation_values_of_its_result(
    provider: QoroProvider, source: LocalSource
) -> None:
    circuit = QuantumCircuit(2)
    circuit.ry(0.5, 0)
    circuit.rx(0.25, 1)
    circuit.cx(0, 1)
    labels = ["IZ", "ZI", "YX"]
    job = QoroEstimator(provider.get_backend()).run([(circuit, [SparsePauliOp(label) for label in labels])])
    expected = dict(zip(labels, job.result()[0].data.evs, strict=True))
    found = source.circuit(job.job_id(), 0)
    assert found is not None
    assert isinstance(found.outcome, Values)
    assert found.outcome.values == pytest.approx(expected, abs=1e-9)
    assert source.job(job.job_id()).row.kind == "estimator"
    assert source.job(job.job_id()).shots is None


def test_a_row_of_a_template_has_the_template_and_named_values(
    provider: QoroProvider, source: LocalSource
) -> None:
    angle = Parameter("θ")
    circuit = QuantumCircuit(1, 1, name="sweep")
    circuit.rx(angle, 0)
    circuit.measure(0, 0)
    values = [0.25 * index for index in range(40)]
    job = QoroSampler(provider.get_backend()).run([(circuit, values, 20)])
    job.result()
    found = source.circuit(job.job_id(), 3)
    assert found is not None
    sent = job.programs()[3]
    assert found.program == sent.template
    assert dict(found.parameters) == dict(sent.parameters)
    assert 0.75 in found.parameters.values()


def test_states_are_shown(provider: QoroProvider, source: LocalSource) -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    provider.get_backend().statevector(circuit)
    row = source.jobs(JobFilter(kinds=frozenset({"state"})), limit=1, offset=0).rows[0]
    assert row.job_id is not None
    found = source.circuit(row.job_id, 0)
    assert found is not None
    assert found.row.summary == "state vector of 2 qubits"


def test_jobs_of_other_clients_have_their_labels_as_names(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    labels = [MARKUP, "5", "Größe", "0.1x"]
    job_id = str(provider.service.submit_circuits(dict.fromkeys(labels, bell())).job_id)
    assert service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)
    assert names_of(source, job_id) == [MARKUP, "5", "Größe", "0"]
    assert source.job(job_id).row.kind == "other"
    assert set(counts_of(source, job_id, 0)) <= {"00", "11"}


def test_the_jobs_of_one_primitive_are_shown_alike(provider: QoroProvider, source: LocalSource) -> None:
    def ansatz(num_layers: int) -> QuantumCircuit:
        circuit = QuantumCircuit(2)
        for _ in range(num_layers):
            circuit.ry(Parameter("a") if not circuit.parameters else 0.2, 0)
            circuit.rx(0.3, 1)
            circuit.cx(0, 1)
        return circuit

    angles = [0.1 * index for index in range(9)]
    pubs = [
        (ansatz(index), SparsePauliOp(label), angles)
        for index, label in enumerate(("IZ", "ZI", "YX"), start=1)
    ]
    job = QoroEstimator(provider.get_backend()).run(pubs)
    expected = [pub.data.evs[0] for pub in job.result()]
    parts = job.job_id().split("+")
    assert len(parts) == len(pubs)
    assert [source.job(part).row.kind for part in parts] == ["estimator"] * 3
    assert [names_of(source, part)[0] for part in parts] == ["0", "9", "18"]
    found = [source.circuit(part, 0) for part in parts]
    values = [circuit.outcome.values for circuit in found if circuit and isinstance(circuit.outcome, Values)]
    assert values == [
        {label: pytest.approx(value, abs=1e-9)}
        for label, value in zip(("IZ", "ZI", "YX"), expected, strict=True)
    ]


# --- failures -----------------------------------------------------------------------------------------


def wide() -> QuantumCircuit:
    """A circuit that needs a state vector of 70 qubits."""
    circuit = QuantumCircuit(70, name=MARKUP)
    circuit.h(range(70))
    circuit.measure_all()
    return circuit


def test_reasons_of_failures_name_the_circuits(provider: QoroProvider, source: LocalSource) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = provider.get_backend().run([bell(), wide()], shots=10, execution_config=config)
    with pytest.raises(JobFailedError, match="70 qubits"):
        job.result()
    result = job.result(partial=True)
    failed = source.circuit(job.job_id(), 1)
    assert failed is not None
    assert (failed.row.name, failed.row.status) == (MARKUP, "FAILED")
    assert failed.outcome == Failure(result.results[1].status)
    assert failed.row.summary == result.results[1].status
    page = source.circuits(job.job_id(), status="FAILED", limit=5, offset=0)
    assert (page.rows, page.total, page.by_status) == ([failed.row], 1, {"COMPLETED": 1, "FAILED": 1})
    view = source.job(job.job_id())
    assert (view.row.status, view.row.num_finished, view.row.num_circuits) == ("FAILED", 2, 2)
    assert view.settings == (("simulation_method", "SimulationMethod.Statevector"),)
    assert view.row.reason is not None
    assert view.row.reason.startswith('circuit 1 ("<b>bell</b> & ')
    (listed,) = source.jobs(JobFilter(text=job.job_id()), limit=5, offset=0).rows
    assert listed.reason is not None
    assert listed.reason.startswith("circuit 1: ")


# --- the life of a job --------------------------------------------------------------------------------


@pytest.fixture
def slow_service() -> Iterator[LocalService]:
    """A service whose jobs stay running until they are cancelled. It runs one job at a time."""
    faults = FaultInjection(running_time_s=3600)
    with serve(workers=1, fault_injection=faults, accounts={OTHER: Account("other")}) as service:
        yield service


@contextmanager
def connected(service: LocalService, token: str | None = None) -> Iterator[QoroProvider]:
    with QoroProvider(
        token or service.token, base_url=service.url, link=service.link, journal=False
    ) as provider:
        yield provider


def test_the_life_of_a_job_has_times_shots_and_cost(provider: QoroProvider, source: LocalSource) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)  # the times are in milliseconds
    job = provider.get_backend().run([bell()] * 3, shots=7, tag="life")
    result = job.result()
    view = source.job(job.job_id())
    assert [event.status for event in view.events] == ["PENDING", "RUNNING", "COMPLETED"]
    times = [before, *(event.time for event in view.events if event.time), datetime.now(UTC)]
    assert len(times) == 5
    assert times == sorted(times)
    assert view.row.duration_s == result.time_taken
    assert (view.shots, view.cost, view.is_cost_estimated) == (21, Decimal("0.03"), False)
    assert (view.notes, view.is_characterization, view.settings) == ([], False, ())


def test_running_and_waiting_jobs(slow_service: LocalService) -> None:
    source = source_of(slow_service)
    with connected(slow_service) as provider:
        backend = provider.get_backend()
        running, waiting = backend.run([bell()] * 2, shots=5), backend.run(bell(), shots=5)
        slow_service.wait_status(running.job_id(), JobStatus.RUNNING, timeout_s=60)
    first, second = source.job(running.job_id()), source.job(waiting.job_id())
    assert [event.status for event in first.events] == ["PENDING", "RUNNING"]
    assert first.row.duration_s is not None
    assert 0 <= first.row.duration_s < 60
    assert (first.cost, first.is_cost_estimated) == (Decimal("0.02"), True)
    assert [event.status for event in second.events] == ["PENDING"]
    assert second.row.duration_s is None
    assert first.row.actions == second.row.actions == {Action.CANCEL, Action.DELETE}
    assert source.circuits(waiting.job_id(), status="", limit=5, offset=0).by_status == {"PENDING": 1}
    assert source.jobs(JobFilter(), limit=1, offset=1).rows[0].job_id == running.job_id()
    with pytest.raises(RefusedError, match="only a job that has ended can be submitted again"):
        source.resubmit(waiting.job_id())
    assert source.cancel(running.job_id()) == "The job is cancelled."
    cancelled = source.job(running.job_id())
    assert [event.status for event in cancelled.events] == ["PENDING", "RUNNING", "CANCELLED"]
    assert cancelled.row.duration_s is not None
    assert cancelled.cost == 0
    assert cancelled.row.actions == {Action.DELETE, Action.RESUBMIT}
    assert slow_service.wait_status(waiting.job_id(), JobStatus.RUNNING, timeout_s=60)


def test_a_job_that_was_interrupted_waits_again_and_has_not_started(tmp_path: Path) -> None:
    faults = FaultInjection(running_time_s=3600)
    path = tmp_path / "jobs.db"
    with serve(workers=1, fault_injection=faults, database=path) as service, connected(service) as provider:
        job_id = provider.get_backend().run(bell(), shots=5).job_id()
        service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)
        submitted = source_of(service).job(job_id).events[0]
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=0), database=path) as service:
        service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)
        view = source_of(service).job(job_id)
    assert [event.status for event in view.events] == ["PENDING", "RUNNING", "COMPLETED"]
    assert view.events[0] == submitted
    assert view.row.num_finished == 1


def test_a_job_that_was_interrupted_shows_what_it_keeps(service: LocalService, source: LocalSource) -> None:
    store, queue = service.parts.store, JobQueue(service.parts.database)
    job_id = store.create_job("local", JobRequest("t", JobType.EXECUTE, "qoro_maestro"))
    texts = dict.fromkeys(("a", "b", "c"), "OPENQASM 2.0;")
    # In one step, so that the runner cannot start the job in between.
    with service.parts.database.read():
        blobs = dict.fromkeys(texts, encode_text("OPENQASM 2.0;"))
        store.append_circuits("local", job_id, CircuitBatch(texts, finalized=True, shots=1), blobs)
        number = store.job("local", job_id).number
        claimed = queue.claim()
        assert claimed is not None
        assert claimed.number == number
        queue.add_outcomes(number, [(1, '{"label": "b", "error": "it broke"}', True)])
        queue.put_back(number, run_time_s=1.0)
        view = source.job(job_id)
        circuits = source.circuits(job_id, status="", limit=10, offset=0)
        store.delete("local", job_id)
    assert (view.row.status, view.row.num_finished, view.row.duration_s) == ("PENDING", 1, None)
    assert [event.status for event in view.events] == ["PENDING"]
    assert view.notes == [
        "The job was interrupted. It keeps what has finished, and continues with the other circuits."
    ]
    assert circuits.by_status == {"FAILED": 1, "PENDING": 2}
    assert [row.status for row in circuits.rows] == ["PENDING", "FAILED", "PENDING"]


def test_a_job_without_its_last_circuits_is_shown(service: LocalService, source: LocalSource) -> None:
    headers = {"Authorization": f"Bearer {service.token}"}
    body = {"tag": "open", "job_type": "EXECUTE", "simulator_cluster": "qoro_maestro"}
    answer = requests.post(f"{service.url}/job/init/", json=body, headers=headers, timeout=60)
    job_id = answer.json()["job_id"]
    view = source.job(job_id)
    assert view.row.num_circuits == 0
    assert view.notes == ["The job waits for its last circuits: its submission is not complete."]
    assert source.circuits(job_id, status="", limit=5, offset=0).rows == []
    blob = base64.b64encode(gzip.compress(b"OPENQASM 2.0;\nqreg q[1];\n")).decode()
    upload = {"mode": "append", "finalized": "false", "circuits": {"0.1rabc": blob}, "shots": 3}
    url = f"{service.url}/job/{job_id}/add_circuits/"
    requests.post(url, json=upload, headers=headers, timeout=60).raise_for_status()
    assert names_of(source, job_id) == ["0"]
    row = source.job(job_id).row
    assert (row.status, row.kind, row.num_circuits) == ("PENDING", "run", 1)
    source.cancel(job_id)
    assert source.job(job_id).row.actions == {Action.DELETE}
    with pytest.raises(RefusedError, match=r"^Job .* ended before its last circuits were sent: .*again\.$"):
        source.resubmit(job_id)


def test_jobs_of_an_earlier_version_of_the_service_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    create_old_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE jobs SET owner = 'local' WHERE owner = 'me'")
    with serve(workers=1, database=path) as service:
        source = source_of(service)
        assert service.wait_idle(timeout_s=60)
        views = {
            job_id: source.job(job_id) for job_id in ("completed", "failed", "cancelled", "unpaid", "problem")
        }
        assert {job_id: [event.status for event in view.events] for job_id, view in views.items()} == {
            "completed": ["PENDING", "RUNNING", "COMPLETED"],
            "failed": ["PENDING", "RUNNING", "FAILED"],
            "cancelled": ["PENDING", "CANCELLED"],
            "unpaid": ["PENDING", "INSUFFICIENT_CREDITS"],
            "problem": ["PENDING", "RUNNING", "COMPLETED"],
        }
        assert {job_id: view.row.duration_s for job_id, view in views.items()} == {
            "completed": 0.25,
            "failed": 1.5,
            "cancelled": None,
            "unpaid": None,
            "problem": 2.5,
        }
        for view in views.values():
            assert {event.time for event in view.events} == {None}
            assert view.row.submitted is None
            assert view.notes == [
                "The times are unknown, because an earlier version of the service did not store them."
            ]
        assert counts_of(source, "completed", 1) == {"11": 52, "00": 48}
        ran_now = source.job("running")
        assert [event.time is None for event in ran_now.events] == [True, False, False]
        new_id = source.resubmit("completed")
        assert service.wait_status(new_id, JobStatus.COMPLETED, JobStatus.FAILED, timeout_s=60)


# --- the code that fetches a job ----------------------------------------------------------------------


def test_the_code_of_a_job_fetches_it_in_another_process(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    job = provider.get_backend().run(bell(), shots=50)
    expected = job.result().get_counts()
    code = source.job(job.job_id()).code
    assert len(code.splitlines()) == 2
    assert service.token not in code
    environment = os.environ | {"QORO_API_KEY": service.token}
    program = f"{code}\nprint(job.result().get_counts() == {expected!r}, job.job_id())"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.stdout == f"True {job.job_id()}\n"


def test_the_code_of_other_jobs_fetches_what_they_computed(
    service: LocalService, provider: QoroProvider, source: LocalSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    state = provider.get_backend().statevector(circuit)
    known = characterize({(0, 0): -1.0, (0, 1): 2.0, (1, 1): -1.0}, service=provider.service)
    monkeypatch.setenv("QORO_API_KEY", service.token)
    found: dict[str, Any] = {}
    for kind in ("state", "characterization"):
        row = source.jobs(JobFilter(kinds=frozenset({kind})), limit=1, offset=0).rows[0]
        code = source.job(str(row.job_id)).code
        assert len(code.splitlines()) == 2
        exec(code, found)
    (array,) = found["arrays"].values()
    assert list(array) == pytest.approx(list(state.data))
    assert found["result"].raw == known.raw


IN_PROCESS = """
import html, re, sys
import requests
from qiskit import QuantumCircuit
from qiskit_qoro import QoroProvider

database = sys.argv[1] or None
with QoroProvider.local(workers=1, database=database) as provider, requests.Session() as browser:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    submitted = provider.get_backend().run(circuit, shots=50)
    expected = submitted.result().get_counts()
    link = provider.open(browser=False)
    browser.get(str(link)).raise_for_status()
    base = str(link).partition("/pages/")[0]
    page = html.unescape(browser.get(f"{base}/pages/jobs/{submitted.job_id()}").text)
    code = re.search("from qiskit_qoro import QoroProvider\\njob = [^\\n<]+", page)[0]
    exec(code)
    print(job.result().get_counts() == expected, job.job_id() == submitted.job_id())
"""


@pytest.mark.parametrize("database", ["", "the user's jobs.db"])
def test_the_code_of_a_job_of_a_service_in_the_process_fetches_it(tmp_path: Path, database: str) -> None:
    command = [sys.executable, "-c", IN_PROCESS, database]
    ended = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=300)
    assert ended.stdout == "True True\n"


# --- accounts and actions -----------------------------------------------------------------------------


def test_an_account_does_not_see_the_jobs_of_others(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    job = provider.get_backend().run(bell(), shots=5, tag="mine")
    job.result()
    other = source_of(service, "other")
    assert other.jobs(JobFilter(), limit=5, offset=0).rows == []
    assert "mine" not in other.jobs(JobFilter(), limit=5, offset=0).tags
    calls: list[Callable[[str], object]] = [
        other.job,
        lambda job_id: other.circuits(job_id, status="", limit=5, offset=0),
        lambda job_id: other.circuit(job_id, 0),
        other.characterization,
        other.report,
        other.cancel,
        other.delete,
        other.resubmit,
    ]
    messages = set()
    for call in calls:
        for job_id in (job.job_id(), "0" * 36, "<b>", ""):
            with pytest.raises(MissingError, match=f"^There is no job {job_id!r}") as caught:
                call(job_id)
            messages.add(str(caught.value).replace(repr(job_id), "X"))
    assert messages == {"There is no job X."}
    assert source.job(job.job_id()).row.status == "COMPLETED"
    assert source.facts.account == "local"
    assert other.facts.account == "other"


def test_the_only_account_has_no_name() -> None:
    with serve(workers=1) as service:
        assert source_of(service).facts.account == ""


def test_a_job_is_submitted_again(service: LocalService, provider: QoroProvider, source: LocalSource) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = provider.get_backend().run([registers(), bell()], shots=30, tag="again", execution_config=config)
    job.result()
    new_id = source.resubmit(job.job_id())
    assert service.wait_status(new_id, JobStatus.COMPLETED, timeout_s=60)
    old, new = source.job(job.job_id()), source.job(new_id)
    assert (new.row.tag, new.row.kind, new.shots, new.settings) == ("again", "run", 60, old.settings)
    result = provider.retrieve_job(new_id).result()
    assert [item.header["name"] for item in result.results] == names_of(source, new_id)
    assert counts_of(source, new_id, 0) == result.get_counts(0)


def test_a_characterization_is_submitted_again(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    characterize({(0, 0): -1.0, (0, 1): 2.0, (1, 1): -1.0}, service=provider.service)
    row = source.jobs(JobFilter(kinds=frozenset({"characterization"})), limit=1, offset=0).rows[0]
    assert row.job_id is not None
    new_id = source.resubmit(row.job_id)
    assert service.wait_status(new_id, JobStatus.COMPLETED, timeout_s=60)
    view = source.job(new_id)
    assert (view.is_characterization, view.shots, view.row.num_circuits) == (True, None, 0)
    assert view.cost == Decimal("0.02")
    assert source.characterization(new_id) is not None
    assert source.report(new_id) == source.report(row.job_id)


def test_an_account_without_credits_cannot_submit_again(service: LocalService) -> None:
    source = source_of(service, "poor")
    with connected(service, POOR) as provider:
        job = provider.get_backend().run(bell(), shots=5)
        job.result()
    with pytest.raises(
        RefusedError, match=r"^The balance is 0\.00, a circuit costs 0\.01: buy credits first\.$"
    ):
        source.resubmit(job.job_id())
    assert source.jobs(JobFilter(), limit=5, offset=0).total == 1


def test_a_tier_that_was_lowered_meanwhile_refuses_a_configuration(tmp_path: Path) -> None:
    config = ExecutionConfig(bond_dimension=64)
    path = tmp_path / "jobs.db"
    before, now = ({OTHER: Account("other", tier)} for tier in (Tier.PAID, Tier.FREE))
    with (
        serve(workers=1, database=path, accounts=before) as service,
        connected(service, OTHER) as provider,
    ):
        job = provider.get_backend().run(bell(), shots=5, execution_config=config)
        job.result()
    with (
        serve(workers=1, database=path, accounts=now) as service,
        pytest.raises(RefusedError, match=r"^bond_dimension is 64, the tier FREE allows at most 32\.$"),
    ):
        source_of(service, "other").resubmit(job.job_id())


def test_a_job_that_has_ended_cannot_be_cancelled(provider: QoroProvider, source: LocalSource) -> None:
    job = provider.get_backend().run(bell(), shots=5)
    job.result()
    with pytest.raises(
        RefusedError, match=r"^Job .* is COMPLETED: only a PENDING or RUNNING job can be cancelled\.$"
    ):
        source.cancel(job.job_id())


def test_deleting_a_running_job_stops_it(slow_service: LocalService) -> None:
    source = source_of(slow_service)
    with connected(slow_service) as provider:
        running, waiting = (provider.get_backend().run(bell(), shots=5) for _ in range(2))
        slow_service.wait_status(running.job_id(), JobStatus.RUNNING, timeout_s=60)
        assert source.delete(running.job_id()) == "The job and its results are deleted."
        # The only thread of the runner is free again.
        assert slow_service.wait_status(waiting.job_id(), JobStatus.RUNNING, timeout_s=60)
    for action in (source.cancel, source.delete, source.resubmit, source.job):
        with pytest.raises(MissingError, match="There is no job"):
            action(running.job_id())


def test_a_job_that_ends_while_it_is_cancelled_is_either_cancelled_or_completed(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    seen = set()
    for _ in range(20):
        job = provider.get_backend().run(bell(), shots=5)
        try:
            source.cancel(job.job_id())
            expected = "CANCELLED"
        except RefusedError:
            expected = "COMPLETED"
        assert service.wait_status(job.job_id(), JobStatus(expected), timeout_s=60)
        view = source.job(job.job_id())
        assert view.row.status == view.events[-1].status == expected
        assert view.cost == (0 if expected == "CANCELLED" else Decimal("0.01"))
        seen.add(expected)
    assert seen


def test_of_several_actions_at_once_each_takes_effect_once(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    job = provider.get_backend().run(bell(), shots=5, tag="race")
    job.result()
    start = threading.Barrier(6)

    def act(action: Callable[[str], str]) -> str | None:
        start.wait()
        try:
            return action(job.job_id())
        except MissingError:
            return None

    with ThreadPoolExecutor(6) as threads:
        deleted = [threads.submit(act, source.delete) for _ in range(3)]
        submitted = [threads.submit(act, source.resubmit) for _ in range(3)]
        assert sum(future.result() is not None for future in deleted) == 1
        new_ids = {future.result() for future in submitted} - {None}
    rows = source.jobs(JobFilter(tag="race"), limit=9, offset=0).rows
    assert {row.job_id for row in rows} == new_ids
    assert all(service.wait_status(str(new_id), JobStatus.COMPLETED, timeout_s=60) for new_id in new_ids)


def test_jobs_are_read_while_they_run_and_are_deleted(
    service: LocalService, provider: QoroProvider, source: LocalSource
) -> None:
    stop = threading.Event()

    def read() -> int:
        number = 0
        while not stop.is_set():
            for row in source.jobs(JobFilter(), limit=5, offset=0).rows:
                assert row.job_id is not None
                try:
                    source.job(row.job_id)
                    source.circuits(row.job_id, status="", limit=5, offset=0)
                    source.circuit(row.job_id, 0)
                except MissingError:
                    pass
            number += 1
        return number

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        for _ in range(30):
            job = provider.get_backend().run([bell()] * 3, shots=5)
            job.result()
            source.delete(job.job_id())
        stop.set()
        assert all(reader.result() for reader in readers)
