"""The database file: what it keeps, who may open it, and which files are refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
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
        assert store.outcomes("me", job_id, 10, 0) == (1, ["1"], [])
        again = queue.claim()
        assert again is not None
        assert again.job_id == job_id
        assert queue.claim() is None
        assert store.status(open_job) is JobStatus.PENDING


def test_a_closed_database_is_a_single_file(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        finalized_job(JobStore(opened), "a")
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]


@pytest.fixture
def lenient_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.usefixtures("lenient_umask")
def test_only_the_owner_can_read_a_new_file_and_its_log(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        finalized_job(JobStore(opened), "a")
        assert modes(tmp_path) == {"jobs.db": 0o600, "jobs.db-wal": 0o600}


@pytest.mark.usefixtures("lenient_umask")
def test_only_the_owner_can_read_a_file_that_everyone_could_read_before(tmp_path: Path) -> None:
    source, left = tmp_path / "source", tmp_path / "left"
    source.mkdir()
    left.mkdir()
    # The files as a killed service of an earlier version left them.
    with closing(open_database(source / "jobs.db")) as opened:
        job_id = finalized_job(JobStore(opened), "a")
        for file in source.iterdir():
            shutil.copyfile(file, left / file.name)
    assert modes(left) == {"jobs.db": 0o666, "jobs.db-wal": 0o666}
    with closing(open_database(left / "jobs.db")) as opened:
        assert JobStore(opened).status(job_id) is JobStatus.PENDING
        assert set(modes(left)) >= {"jobs.db", "jobs.db-wal"}
        assert set(modes(left).values()) == {0o600}


def test_a_file_belongs_to_one_service_at_a_time(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "jobs.db")
    with pytest.raises(QoroError, match="another service is using it"):
        open_database(tmp_path / "jobs.db")
    opened.close()
    open_database(tmp_path / "jobs.db").close()


@pytest.mark.parametrize("version", [0, 6, 10])
def test_a_database_of_another_program_or_version_is_refused_and_not_changed(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE jobs (x); PRAGMA user_version = {version};")
    path.chmod(0o644)
    before, mode = path.read_bytes(), path.stat().st_mode
    with pytest.raises(QoroError, match=rf"expected a database of this service.*got version {version}"):
        open_database(path)
    assert path.read_bytes() == before
    assert path.stat().st_mode == mode


def test_a_database_of_this_version_with_other_tables_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    open_database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE results")
    before = path.read_bytes()
    with pytest.raises(QoroError, match="expected a database of this service, got one with other tables"):
        open_database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage", ["a page is overwritten", "the end is missing", "the schema is overwritten"]
)
def test_a_damaged_database_is_refused_at_start_with_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "jobs.db"
    with closing(open_database(path)) as opened:
        finalized_job(JobStore(opened), *(f"circuit {index}" for index in range(2000)))
    content = path.read_bytes()
    half = len(content) // 2
    if damage == "a page is overwritten":
        path.write_bytes(content[:half] + b"x" * 4096 + content[half + 4096 :])
    elif damage == "the end is missing":
        path.write_bytes(content[:half])
    else:
        path.write_bytes(content[:100] + b"x" * 4096 + content[4196:])
    with pytest.raises(QoroError, match=r"cannot use the database") as caught:
        open_database(path)
    message = str(caught.value)
    assert message.count(str(path)) == 1
    assert "it is damaged" in message
    assert "restore a copy, or start with another file" in message


@pytest.mark.parametrize("name", ["no/such/directory/jobs.db", "text.txt"])
def test_a_path_that_cannot_be_a_database_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("not a database " * 100)
    with pytest.raises(QoroError, match="database"):
        open_database(tmp_path / name)
