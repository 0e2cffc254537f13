"""The database file: what it keeps, who may open it, and which files are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")


def append(store: JobStore, job_id: str, *labels: str, finalized: bool = True) -> None:
    circuits = dict.fromkeys(labels, "text")
    store.append_circuits("me", job_id, CircuitBatch(circuits, finalized, shots=10), circuits)


def finalized_job(store: JobStore, *labels: str) -> str:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, *labels)
    return job_id


def test_a_file_keeps_jobs_and_results(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        store, queue = JobStore(opened), JobQueue(opened)
        job_id = finalized_job(store, "a")
        job = queue.claim()
        assert job is not None
        queue.add_results(job.number, [(0, "1")])
        queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0.25)
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        store = JobStore(opened)
        assert store.job("me", job_id).run_time_s == 0.25
        assert store.outcomes("me", job_id, 10, 0) == (1, ["1"], [])


def test_a_job_that_was_running_when_the_service_died_can_be_queued_again(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        store, queue = JobStore(opened), JobQueue(opened)
        job_id = finalized_job(store, "a", "b")
        open_job = store.create_job("me", EXECUTE)
        append(store, open_job, "a", finalized=False)
        job = queue.claim()
        assert job is not None
        queue.add_results(job.number, [(0, "1")])
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        store, queue = JobStore(opened), JobQueue(opened)
        queue.requeue_running()
        assert store.status(job_id) is JobStatus.PENDING
        assert store.outcomes("me", job_id, 10, 0) == (0, [], [])
        again = queue.claim()
        assert again is not None
        assert again.job_id == job_id
        assert queue.claim() is None
        assert store.status(open_job) is JobStatus.PENDING


def test_a_closed_database_is_a_single_file(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        finalized_job(JobStore(opened), "a")
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]


def test_a_file_belongs_to_one_service_at_a_time(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "jobs.db")
    with pytest.raises(QoroError, match="another service is using it"):
        open_database(tmp_path / "jobs.db")
    opened.close()
    open_database(tmp_path / "jobs.db").close()


@pytest.mark.parametrize("version", [0, 5, 7])
def test_a_database_of_another_program_or_version_is_refused_and_not_changed(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE jobs (x); PRAGMA user_version = {version};")
    before = path.read_bytes()
    with pytest.raises(QoroError, match=rf"expected a database of this service.*got version {version}"):
        open_database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["no/such/directory/jobs.db", "text.txt"])
def test_a_path_that_cannot_be_a_database_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("not a database " * 100)
    with pytest.raises(QoroError, match="database"):
        open_database(tmp_path / name)
