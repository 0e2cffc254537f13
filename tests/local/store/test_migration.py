"""A database of version 7 or 8 keeps everything when it is opened, and gets what can be known of its jobs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.store.claims import ClaimScope
from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_listing import ListedJob, ListingConditions, list_jobs
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.resubmission import resubmit_job
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import JobStatus

from .version_7 import create_old_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    create_old_database(path)
    return path


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def jobs_in(path: Path, owner: str = "me") -> dict[str, ListedJob]:
    with closing(open_database(path)) as database:
        jobs, _ = list_jobs(database, owner, ListingConditions(), limit=100, offset=0)
    return {job.job_id: job for job in jobs}


def test_the_jobs_get_what_follows_from_their_circuits_and_results(path: Path) -> None:
    jobs = jobs_in(path)
    assert {job_id: job.kind.value for job_id, job in jobs.items()} == {
        "completed": "run",
        "failed": "sampler",
        "cancelled": "estimator",
        "unpaid": "other",
        "running": "gradient",
        "pending": "state",
        "open": "run",
        "empty": "other",
        "problem": "characterization",
    }
    assert {job_id: (job.num_finished, job.num_circuits, job.num_shots) for job_id, job in jobs.items()} == {
        "completed": (2, 2, 200),
        "failed": (2, 3, 300),
        "cancelled": (1, 3, None),
        "unpaid": (0, 2, 20),
        "running": (0, 1, None),
        "pending": (0, 1, None),
        "open": (0, 1, 2**62),
        "empty": (0, 0, None),
        "problem": (0, 0, None),
    }


def test_the_times_stay_unknown(path: Path) -> None:
    jobs = jobs_in(path).values()
    assert {(job.created_at, job.started_at, job.ended_at) for job in jobs} == {(None, None, None)}
    assert {job.job_id: job.run_time_s for job in jobs if job.run_time_s} == {
        "completed": 0.25,
        "failed": 1.5,
        "problem": 2.5,
    }


def test_shots_that_are_too_many_for_an_integer_become_the_largest_one(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO circuits SELECT job, 1, 'y', content, shots, NULL FROM circuits WHERE job = 10"
        )
    assert jobs_in(path, "other")["foreign"].num_shots == 2**63 - 1


def test_results_templates_configurations_analyses_and_credits_are_kept(path: Path) -> None:
    tables = ["circuits", "templates", "results", "configurations", "analyses", "accounts", "transactions"]
    before = {table: rows(path, f"SELECT * FROM {table}") for table in tables}
    open_database(path).close()
    assert {table: rows(path, f"SELECT * FROM {table}") for table in tables} == before
    with closing(open_database(path)) as database:
        store = JobStore(database)
        assert store.config("me", "completed") == ExecutionConfig(bond_dimension=8)
        count, results, failures = store.outcomes("me", "failed", 10, 0)
        assert (count, len(results), len(failures)) == (2, 1, 1)
        assert store.credit_balance("me").balance == Decimal("99.98")


def test_the_queue_continues_where_it_was(path: Path) -> None:
    with closing(open_database(path)) as database:
        queue = JobQueue(database)
        queue.requeue_running()
        claimed = [queue.claim(), queue.claim(), queue.claim()]
        assert [job and job.job_id for job in claimed] == ["running", "pending", None]


def test_a_job_of_the_old_version_can_be_submitted_again(path: Path) -> None:
    with closing(open_database(path)) as database:
        new_id = resubmit_job(database, "me", "completed")
        jobs, _ = list_jobs(database, "me", ListingConditions(), limit=1, offset=0)
        assert (jobs[0].job_id, jobs[0].kind.value, jobs[0].num_shots) == (new_id, "run", 200)
        assert jobs[0].created_at is not None
        assert JobStore(database).status(new_id) is JobStatus.PENDING


def test_the_tables_are_those_of_a_new_database(path: Path, tmp_path: Path) -> None:
    open_database(path).close()
    open_database(tmp_path / "new.db").close()
    columns = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('jobs')"
    indexes = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY name"
    for query in (columns, indexes, "PRAGMA user_version"):
        assert rows(path, query) == rows(tmp_path / "new.db", query)


# What distinguishes version 8 from version 9.
TO_VERSION_8 = """
DROP INDEX queue;
DROP INDEX turns;
DROP TABLE usage;
ALTER TABLE jobs DROP COLUMN is_short;
CREATE INDEX queue ON jobs (status, turn);
PRAGMA user_version = 8;
"""


def test_a_database_of_version_8_keeps_its_times_and_its_queue(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as database:
        created = resubmit_job(database, "me", "completed")
    before = jobs_in(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TO_VERSION_8)
    assert jobs_in(path) == before
    with closing(open_database(path)) as database:
        queue = JobQueue(database)
        claimed = [queue.claim(ClaimScope.SHORT) for _ in range(3)]
        assert [job and job.job_id for job in claimed] == ["pending", created, None]
    open_database(tmp_path / "new.db").close()
    indexes = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
    for query in (indexes, "PRAGMA user_version"):
        assert rows(path, query) == rows(tmp_path / "new.db", query)


INTERRUPTED = """
import os, sqlite3, sys
from qiskit_qoro.local.store.migration import migrate
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA cache_size = 1")  # changes reach the file before the transaction is committed
connection.execute("BEGIN IMMEDIATE")
migrate(connection, 7)
connection.execute("PRAGMA user_version = 9")
os._exit(7)
"""


def test_a_migration_that_was_interrupted_starts_again(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, str(path)], check=False, timeout=60)
    assert ended.returncode == 7
    assert rows(path, "PRAGMA user_version") == [(7,)]
    assert jobs_in(path)["failed"].kind.value == "sampler"
    assert rows(path, "PRAGMA user_version") == [(9,)]


FULL_DISK = """
import resource, sys
from pathlib import Path
from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.store.claims import ClaimScope
from qiskit_qoro.local.store.database import open_database
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
try:
    open_database(path)
except QoroError as error:
    print(error)
"""


def test_without_space_for_it_the_database_stays_as_it_is(path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    ended = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert f"cannot use the database {path}: " in ended.stdout
    assert rows(path, "PRAGMA user_version") == [(7,)]
    assert len(jobs_in(path)) == 9


def test_a_damaged_database_of_the_old_version_is_refused_and_not_changed(path: Path) -> None:
    content = path.read_bytes()
    damaged = content[:8192] + b"x" * 4096 + content[12288:]
    path.write_bytes(damaged)
    with pytest.raises(QoroError, match=r"(?s)it is damaged .*; restore a copy, or start with another file"):
        open_database(path)
    assert path.read_bytes() == damaged


def test_a_database_of_the_old_version_with_other_tables_is_refused_and_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE jobs ADD COLUMN kind TEXT")
    before = path.read_bytes()
    with pytest.raises(QoroError, match="expected a database of this service, got one with other tables"):
        open_database(path)
    assert path.read_bytes() == before


def test_a_database_of_the_old_version_in_use_is_refused_and_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QoroError, match="another service is using it"):
            open_database(path)
    assert rows(path, "PRAGMA user_version") == [(7,)]
