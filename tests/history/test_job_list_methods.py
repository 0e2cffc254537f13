"""``JobList``: cancelling, deleting, waiting, results and the table of pandas; entries as jobs."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import (
    ExecutionConfig,
    ExecutionResult,
    JobFailedError,
    JobList,
    JobTimeoutError,
    NotFoundError,
    QoroAPIError,
    QoroInputError,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
    as_completed,
)
from qiskit_qoro.history import Journal, Selection, list_recorded
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

URL = "http://qoro.invalid/api"
FACTS = SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1)


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def recording(local_service: LocalService, tmp_path: Path) -> Iterator[QoroProvider]:
    """A provider that keeps a journal."""
    with QoroProvider(
        local_service.token,
        base_url=local_service.url,
        link=local_service.link,
        journal=tmp_path / "journal.sqlite3",
    ) as provider:
        yield provider


@pytest.fixture(scope="module")
def slow_service() -> Iterator[LocalService]:
    """A service on which jobs stay pending until they are cancelled."""
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600.0)) as service:
        yield service


@pytest.fixture
def slow(slow_service: LocalService, tmp_path: Path) -> Iterator[QoroProvider]:
    with QoroProvider(
        slow_service.token, base_url=slow_service.url, link=slow_service.link, journal=tmp_path / "j.sqlite3"
    ) as provider:
        yield provider


@pytest.fixture
def scripted(tmp_path: Path) -> QoroProvider:
    """A provider of a service whose answers a test scripts. Its journal has the jobs 0, 1 and 2."""
    journal = Journal(tmp_path / "journal.sqlite3")
    for index in range(3):
        number = journal.begin(URL, FACTS)
        journal.set_job_id(number, f"job-{index}")
        journal.set_stage(number, Stage.SUBMITTED)
    assert journal.path is not None
    return QoroProvider("token", base_url=URL, journal=journal.path)


def job_of(job_id: str) -> ExecutionResult:
    return ExecutionResult(job_id=job_id)


def submit_failing(provider: QoroProvider) -> str:
    wide = QuantumCircuit(70, name="wide")
    wide.h(range(70))
    wide.measure_all()
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    return provider.get_backend().run(wide, execution_config=config).job_id()


# --- cancelling and deleting ----------------------------------------------------------------------------


def test_cancel_returns_the_jobs_that_were_cancelled_and_leaves_out_the_others(slow: QoroProvider) -> None:
    backend = slow.get_backend()
    ids = [backend.run(bell()).job_id() for _ in range(4)]
    jobs = slow.jobs()
    assert jobs[0].retrieve().cancel()  # between the listing and the cancelling
    slow.service.delete_job(job_of(ids[2]))
    assert slow.journal is not None
    slow.journal.begin(slow.service.base_url, FACTS)  # never submitted

    assert slow.jobs(refresh=False).cancel() == [ids[1], ids[0]]
    assert [entry.status for entry in slow.jobs()][1:] == ["CANCELLED", "DELETED", "CANCELLED", "CANCELLED"]
    assert slow.jobs().cancel() == []


def test_delete_returns_the_jobs_that_were_deleted(recording: QoroProvider) -> None:
    ids = [recording.get_backend().run(bell()).job_id() for _ in range(2)]
    assert recording.jobs().delete() == ids[::-1]
    assert [entry.status for entry in recording.jobs()] == ["DELETED", "DELETED"]
    assert recording.jobs().delete() == []


def test_an_error_of_one_job_is_raised_after_all_jobs_have_been_tried(scripted: QoroProvider) -> None:
    with responses.RequestsMock() as wire:
        wire.post(f"{URL}/job/job-2/cancel/", status=500, json={"error": "broken"})
        wire.post(f"{URL}/job/job-1/cancel/", status=403, json={"error": "not yours"})
        done = {"status": "cancelled", "job_id": "job-0", "circuits_cancelled": 1}
        wire.post(f"{URL}/job/job-0/cancel/", json=done)
        with pytest.raises(
            QoroAPIError,
            match=r"job-2.*jobs have not been cancelled either: job-1. These have been cancelled: job-0",
        ) as caught:
            scripted.jobs(refresh=False).cancel()
    assert caught.value.job_id == "job-2"


def test_a_list_of_all_services_changes_no_job(scripted: QoroProvider) -> None:
    assert scripted.journal is not None
    jobs = list_recorded(scripted.journal, Selection())
    with pytest.raises(QoroInputError, match=r"job-2 is in a list without a token.*provider\.jobs\(\)"):
        jobs.cancel()


# --- waiting --------------------------------------------------------------------------------------------


def test_wait_returns_the_list_with_the_final_statuses(recording: QoroProvider) -> None:
    submit_failing(recording)
    recording.get_backend().run(bell())
    jobs = recording.jobs(refresh=False)
    assert [entry.status for entry in jobs] == ["SUBMITTED", "SUBMITTED"]
    assert [entry.status for entry in jobs.wait()] == ["COMPLETED", "FAILED"]
    assert [entry.status for entry in recording.jobs(refresh=False)] == ["COMPLETED", "FAILED"]
    assert JobList([]).wait() == JobList([])


def test_wait_ends_in_time_and_does_not_stop_at_a_job_that_is_gone(
    slow: QoroProvider, slow_service: LocalService
) -> None:
    backend = slow.get_backend()
    kept, gone = backend.run(bell()), backend.run(bell())
    with QoroProvider(slow_service.token, base_url=slow_service.url, journal=False) as other:
        other.service.delete_job(job_of(gone.job_id()))
    with pytest.raises(JobTimeoutError, match=kept.job_id()):
        slow.jobs(refresh=False).wait(timeout=0.05)
    kept.cancel()
    assert [entry.status for entry in slow.jobs(refresh=False).wait(5)] == ["GONE", "CANCELLED"]


# --- results --------------------------------------------------------------------------------------------


def test_results_are_in_the_order_of_the_list(recording: QoroProvider) -> None:
    backend = recording.get_backend()
    backend.run(bell(), shots=10)
    QoroSampler(backend).run([bell()], shots=20)
    sampled, counted = recording.jobs().results(timeout=60)
    assert sampled[0].data.meas.num_shots == 20
    assert sum(counted.get_counts().values()) == 10


def test_results_raise_the_error_of_a_job_or_return_it(recording: QoroProvider) -> None:
    recording.get_backend().run(bell(), shots=10)
    failed = submit_failing(recording)
    assert recording.journal is not None
    number = recording.journal.begin(recording.service.base_url, FACTS)
    recording.journal.set_stage(number, Stage.FAILED, "no")
    with pytest.raises(JobFailedError, match=rf"{failed}.*results\(return_exceptions=True\) returns"):
        recording.jobs()[1:].results()
    never, error, result = recording.jobs().results(return_exceptions=True)
    assert isinstance(never, QoroInputError)
    assert "NOT_SUBMITTED" in str(never)
    assert isinstance(error, JobFailedError)
    assert sum(result.get_counts().values()) == 10


def test_a_job_of_a_primitive_is_one_entry_with_its_result(recording: QoroProvider) -> None:
    options = {"max_parameter_rows_per_job": 1}
    angle = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    circuit.measure_all()
    job = QoroSampler(recording.get_backend(), options=options).run([(circuit, [0.0, 3.0])], shots=10)
    assert len(job.job_ids) == 2
    (entry,) = recording.jobs()
    assert entry.job_id == job.job_id()
    assert entry.num_circuits == 2
    (result,) = recording.jobs().results()
    assert result[0].data.meas.shape == (2,)
    assert [each.job_id() for each in as_completed(recording.jobs())] == [job.job_id()]


def test_entries_can_be_awaited_and_completed(recording: QoroProvider) -> None:
    for shots in (10, 20):
        recording.get_backend().run(bell(), shots=shots)
    jobs = pickle.loads(pickle.dumps(recording.jobs()))

    async def both() -> list[int]:
        results = await asyncio.gather(*jobs)
        return [sum(result.get_counts().values()) for result in results]

    assert asyncio.run(both()) == [20, 10]
    assert {job.job_id() for job in as_completed(jobs)} == {entry.job_id for entry in jobs}


def test_an_entry_that_is_gone_raises_when_it_is_awaited(recording: QoroProvider) -> None:
    job = recording.get_backend().run(bell())
    recording.service.delete_job(job_of(job.job_id()))

    async def first() -> object:
        return await recording.jobs()[0]

    with pytest.raises(NotFoundError, match="404"):
        asyncio.run(first())


# --- pandas ---------------------------------------------------------------------------------------------


def test_the_table_of_pandas_has_proper_types(scripted: QoroProvider) -> None:
    jobs = scripted.jobs(refresh=False)
    table = jobs.to_pandas()
    assert list(table["job_id"]) == ["job-2", "job-1", "job-0"]
    assert str(table["time"].dtype) == "datetime64[us, UTC]"
    assert table["time"][0].to_pydatetime() == jobs[0].time.astimezone(UTC)
    assert str(table["num_circuits"].dtype) == "int64"
    assert list(table["kind"]) == ["run"] * 3
    assert table["reason"].isna().all()
    assert list(table.columns) == [
        "job_id",
        "service",
        "backend",
        "kind",
        "time",
        "tag",
        "num_circuits",
        "status",
        "reason",
    ]
    empty = JobList([]).to_pandas()
    assert list(empty.dtypes) == list(table.dtypes)


def test_without_pandas_the_error_says_what_to_install(
    scripted: QoroProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(QoroInputError, match="pip install pandas"):
        scripted.jobs(refresh=False).to_pandas()
