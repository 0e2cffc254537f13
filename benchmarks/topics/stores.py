"""What SQLite costs, and what PostgreSQL instead would cost: the same statements, in the same transactions.

The tables and statements are those that a job needs most. PostgreSQL is measured if the option
``--postgresql`` names a database that this topic may create tables in.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import psutil
from bench import Bench
from rows import Row
from workloads import bell

from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.accounts import LOCAL_ACCOUNT
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.qasm import write_program
from qiskit_qoro.wire.text import encode_text

TOPIC = "stores"
SERVICE = "the store of the service"
SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"
POSTGRESQL_FAST = "PostgreSQL, `synchronous_commit=off`"
TRANSACTIONS_PER_JOB = 5
ROWS_PER_TRANSACTION = 250

_TABLES = """
CREATE TABLE jobs (number INTEGER PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
    tag TEXT NOT NULL, status TEXT NOT NULL, turn INTEGER, run_time_s REAL);
CREATE INDEX queue ON jobs (status, turn);
CREATE TABLE circuits (job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, position INTEGER NOT NULL,
    label TEXT NOT NULL, content TEXT NOT NULL, shots INTEGER,
    PRIMARY KEY (job, position), UNIQUE (job, label));
CREATE TABLE results (job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, position INTEGER NOT NULL,
    item TEXT NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (job, position));
CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL, total_used INTEGER NOT NULL);
CREATE TABLE transactions (job_id TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts,
    amount INTEGER NOT NULL, balance_after INTEGER NOT NULL, created_at TEXT NOT NULL);
INSERT INTO accounts VALUES ('local', 1000000, 0);
"""


class Statements(Protocol):
    """A database: executes statements with ``?`` for values, in transactions."""

    def transaction(self) -> AbstractContextManager[object]:
        """Begin a transaction, and commit it at the end of the context."""

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute a statement, and return its rows."""

    def execute_all(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement for each of some rows."""


class SQLiteStatements:
    """SQLite, opened as the service opens it."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            self.connection.execute(f"PRAGMA {setting}")
        self.connection.executescript(_TABLES)

    def transaction(self) -> AbstractContextManager[object]:
        self.connection.execute("BEGIN")
        return self.connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def execute_all(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        self.connection.executemany(statement, rows)


class PostgreSQLStatements:
    """PostgreSQL. The tables are made in a schema of their own, which has to be dropped at the end."""

    def __init__(self, address: str, schema: str, *, waits_for_disk: bool) -> None:
        import psycopg  # noqa: PLC0415  optional

        self.connection = psycopg.connect(address, autocommit=True)
        self._schema = schema
        self.connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        self.connection.execute(f"CREATE SCHEMA {schema}")
        self.connection.execute(f"SET search_path TO {schema}")
        if not waits_for_disk:
            self.connection.execute("SET synchronous_commit TO off")
        self.connection.execute(_TABLES)

    def transaction(self) -> AbstractContextManager[object]:
        return self.connection.transaction()

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else []

    def execute_all(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(statement.replace("?", "%s"), rows)

    def drop(self) -> None:
        """Drop the tables, and close the connection."""
        self.connection.execute(f"DROP SCHEMA {self._schema} CASCADE")
        self.connection.close()


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        databases: dict[str, Statements] = {SQLITE: _open_sqlite(folder, stack)}
        if bench.postgresql:
            for name, schema, waits in (
                (POSTGRESQL, "qoro_waits", True),
                (POSTGRESQL_FAST, "qoro_fast", False),
            ):
                opened = PostgreSQLStatements(bench.postgresql, schema, waits_for_disk=waits)
                stack.callback(opened.drop)
                databases[name] = opened
        queue, store = _open_store(folder, stack)
        number = bench.amount(200, 10)
        yield _measured(
            bench,
            "store-jobs",
            f"{number:,} jobs of one circuit, {TRANSACTIONS_PER_JOB * number:,} transactions",
            {SERVICE: lambda: _run_service_jobs(store, queue, number)}
            | {
                name: _repeat(lambda each=each: _run_job(each, 1), number) for name, each in databases.items()
            },
            units=number,
        )
        rows = bench.amount(10_000, 500)
        yield _measured(
            bench,
            "store-results",
            f"one job of {rows:,} circuits, {ROWS_PER_TRANSACTION} results in a transaction",
            {SERVICE: lambda: _run_service_job(store, queue, rows)}
            | {name: lambda each=each: _run_job(each, rows) for name, each in databases.items()},
            units=rows,
        )


def _measured(
    bench: Bench, key: str, work: str, contenders: dict[str, Callable[[], object]], *, units: int
) -> Row:
    """Measure a row, and the processor time of the server of PostgreSQL with it."""
    servers: dict[str, float] = {}
    for name, call in contenders.items():
        if name.startswith(POSTGRESQL):
            before = _server_cpu_s()
            call()
            servers[name] = _server_cpu_s() - before
    return bench.measure(key, TOPIC, work, contenders, seconds=5, units=units, server_cpu_s=servers)


def _server_cpu_s() -> float:
    times = (
        process.info["cpu_times"]
        for process in psutil.process_iter(["name", "cpu_times"])
        if process.info["name"] == "postgres" and process.info["cpu_times"]
    )
    return float(sum(each.user + each.system for each in times))


def _repeat(call: Callable[[], object], number: int) -> Callable[[], object]:
    def run() -> None:
        for _ in range(number):
            call()

    return run


def _open_sqlite(folder: Path, stack: ExitStack) -> SQLiteStatements:
    opened = SQLiteStatements(folder / "statements.sqlite3")
    stack.callback(opened.connection.close)
    return opened


_TEXT = write_program(bell()).text
_CONTENT = encode_text(_TEXT)
_ITEM = '{"label":"circuit-12345","results":{"encoding":"qh1","n_bits":2,"payload":"UUgxAgIEBAEDAwAAAgIC"}}'
_numbers = iter(range(1, 2**31))


def _run_job(database: Statements, circuits: int) -> None:
    """Execute the statements of a job from its opening to its end."""
    number, job_id = next(_numbers), str(uuid.uuid4())
    with database.transaction():
        database.execute("SELECT balance FROM accounts WHERE name = ?", ("local",))
        database.execute(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, NULL, NULL)", (number, job_id, "local", "tag", "PENDING")
        )
    with database.transaction():
        database.execute("SELECT number, status FROM jobs WHERE job_id = ?", (job_id,))
        rows = [(number, place, f"circuit-{place}", _CONTENT, 1024) for place in range(circuits)]
        database.execute_all("INSERT INTO circuits VALUES (?, ?, ?, ?, ?)", rows)
        database.execute("UPDATE jobs SET turn = ? WHERE number = ?", (number, number))
    with database.transaction():
        database.execute(
            "SELECT * FROM jobs WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1", ("PENDING",)
        )
        database.execute("UPDATE jobs SET status = ? WHERE number = ?", ("RUNNING", number))
    database.execute("SELECT * FROM circuits WHERE job = ? ORDER BY position", (number,))
    for start in range(0, circuits, ROWS_PER_TRANSACTION):
        places = range(start, min(start + ROWS_PER_TRANSACTION, circuits))
        with database.transaction():
            database.execute("SELECT status FROM jobs WHERE number = ?", (number,))
            database.execute_all(
                "INSERT INTO results VALUES (?, ?, ?, ?)", [(number, place, _ITEM, 0) for place in places]
            )
    with database.transaction():
        database.execute("SELECT status FROM jobs WHERE number = ?", (number,))
        database.execute(
            "UPDATE jobs SET status = ?, run_time_s = ? WHERE number = ?", ("COMPLETED", 0.1, number)
        )
        database.execute("UPDATE accounts SET balance = balance - 1, total_used = total_used + 1")
        database.execute(
            "INSERT INTO transactions VALUES (?, 'local', ?, ?, ?)",
            (job_id, -1, 0, datetime.now(UTC).isoformat()),
        )
    database.execute("SELECT item FROM results WHERE job = ? ORDER BY position LIMIT 1000", (number,))


def _open_store(folder: Path, stack: ExitStack) -> tuple[JobQueue, JobStore]:
    database = open_database(folder / "service.sqlite3")
    stack.enter_context(closing(database))
    store = JobStore(database)
    store.open_account(LOCAL_ACCOUNT.name, LOCAL_ACCOUNT.credits)
    return JobQueue(database), store


def _run_service_jobs(store: JobStore, queue: JobQueue, number: int) -> None:
    for _ in range(number):
        _run_service_job(store, queue, 1)


def _run_service_job(store: JobStore, queue: JobQueue, circuits: int) -> None:
    """Let the store do what it does for a job from its opening to its end."""
    owner = LOCAL_ACCOUNT.name
    request = JobRequest("tag", JobType.EXECUTE, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    job_id = store.create_job(owner, request)
    labels = [f"circuit-{place}" for place in range(circuits)]
    batch = CircuitBatch(dict.fromkeys(labels, _TEXT), finalized=True, shots=1024)
    store.append_circuits(owner, job_id, batch, dict.fromkeys(labels, _CONTENT))
    job = queue.claim()
    assert job is not None
    queue.config(job.number)
    queue.circuits(job.number)
    for start in range(0, circuits, ROWS_PER_TRANSACTION):
        places = range(start, min(start + ROWS_PER_TRANSACTION, circuits))
        queue.add_outcomes(job.number, [(place, _ITEM, False) for place in places])
    queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0.1)
