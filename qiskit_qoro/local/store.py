"""Jobs, circuits, results and configurations, in SQLite.

One connection, one lock: a statement takes microseconds, so threads queue for it. The lock is that of a
condition which is notified at every change of a status; the runner and whoever waits for a job sleep on it.
Circuits are kept compressed as they came; a result is kept as the JSON text that is sent. The database is in
memory unless a path is given; a file belongs to one service at a time and survives it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroError, WireError
from qiskit_qoro.local.lifecycle import may_become
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

__all__ = ["JobConflict", "JobUnknown", "Store", "StoredCircuit", "StoredJob", "open_store"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a deleted job may still be stopping
    job_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    job_type TEXT NOT NULL,
    simulator_cluster TEXT,
    qpu_system TEXT,
    use_packing INTEGER NOT NULL,
    status TEXT NOT NULL,
    turn INTEGER,        -- place in the queue; NULL until the job is finalized
    observables TEXT,    -- [groups, circuit_ham_map] as JSON
    run_time_s REAL,
    reason TEXT          -- why it failed
);
CREATE INDEX queue ON jobs (status, turn);
CREATE TABLE circuits (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    blob TEXT NOT NULL,  -- base64 of gzip of the OpenQASM text
    shots INTEGER,
    PRIMARY KEY (job, position),
    UNIQUE (job, label)
) WITHOUT ROWID;
CREATE TABLE results (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,  -- {"label": ..., "results": ...} as JSON
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE configurations (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    configuration TEXT NOT NULL
);
"""

_MOST_SHOTS = 2**63 - 1  # what an integer of SQLite holds; the engine has its own, lower limit


class JobUnknown(Exception):  # noqa: N818 - it says what the job is, and is answered 404
    """There is no such job, or it belongs to somebody else."""


class JobConflict(Exception):  # noqa: N818 - answered 409
    """The job is not in a state that allows this."""


@dataclass(frozen=True)
class StoredCircuit:
    """One circuit of a job: its place, its label, its compressed text and its shots, if it is sampled."""

    position: int
    label: str
    blob: str
    shots: int | None


@dataclass(frozen=True)
class StoredJob:
    """What is known of a job besides its circuits.

    Attributes:
        number: Its key in the store.
        job_id: Its public identifier.
        job_type: What is asked of it.
        simulator_cluster: The simulator cluster it runs on, if that is its target.
        qpu_system: The QPU system it runs on, if that is its target.
        status: Where it stands.
        is_finalized: Whether its last circuits have arrived.
        observables: Groups of Pauli words and the circuits each one is measured on, as JSON.
        run_time_s: Seconds it ran, once it is done.
        reason: Why it failed.
    """

    number: int
    job_id: str
    job_type: JobType
    simulator_cluster: str | None
    qpu_system: str | None
    status: JobStatus
    is_finalized: bool
    observables: str | None
    run_time_s: float | None
    reason: str | None


def open_store(database: Path | None = None) -> Store:
    """Open the database, creating what is missing.

    Jobs that were running when the last service on it ended are pending again, without results.

    Args:
        database: Path of the file, ``None`` for memory.

    Raises:
        QoroError: The file cannot be opened, is no database of this service, or is in use.
    """
    try:
        connection = sqlite3.connect(
            ":memory:" if database is None else database,
            check_same_thread=False,
            isolation_level=None,
            timeout=0,
        )
    except sqlite3.Error as error:
        raise QoroError(f"cannot open the database {database}: {error}") from error
    try:
        _prepare(connection)
        store = Store(connection)
        store.requeue_running()
    except (sqlite3.Error, QoroError) as error:
        connection.close()
        in_use = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        hint = "another service is using it" if in_use else str(error)
        raise QoroError(f"cannot use the database {database}: {hint}") from error
    return store


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if version != _VERSION and not (version == 0 and is_empty):
        raise QoroError(f"expected a database of this service, version {_VERSION}, got version {version}")
    # Exclusive: two services on one file would run each other's jobs.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA foreign_keys = ON")
    if is_empty:
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")


class Store:
    """The jobs of a service. Every method may be called from any thread.

    Methods that take an ``owner`` raise :class:`JobUnknown` for a job that this owner does not have.
    Those that take a job's ``number`` are for the runner and ignore jobs that are gone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._changed = threading.Condition(threading.RLock())

    def close(self) -> None:
        """Close the database."""
        with self._changed:
            self._db.close()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until ``condition`` holds; it is asked again at every change.

        Returns:
            Whether it holds, ``False`` after the timeout.
        """
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def notify(self) -> None:
        """Have every :meth:`wait_for` ask its condition again."""
        with self._changed:
            self._changed.notify_all()

    # --- asked by the owner -----------------------------------------------------------------------------

    def create_job(self, owner: str, request: JobRequest) -> str:
        """Open a job.

        Returns:
            Its identifier.
        """
        job_id = str(uuid.uuid4())
        with self._transaction():
            cursor = self._db.execute(
                "INSERT INTO jobs"
                " (job_id, owner, tag, job_type, simulator_cluster, qpu_system, use_packing, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    owner,
                    request.tag,
                    request.job_type.value,
                    request.simulator_cluster,
                    request.qpu_system,
                    request.use_packing,
                    JobStatus.PENDING.value,
                ),
            )
            if request.execution_config is not None:
                self._write_config(cursor.lastrowid, request.execution_config)
        return job_id

    def job(self, owner: str, job_id: str) -> StoredJob:
        """What is known of a job."""
        with self._changed:
            row = self._db.execute(
                f"SELECT {_JOB_COLUMNS} FROM jobs WHERE job_id = ? AND owner = ?",  # noqa: S608
                (job_id, owner),
            ).fetchone()
        if row is None:
            raise JobUnknown(f"there is no job {job_id!r}")
        return _job_from_row(row)

    def append(self, owner: str, job_id: str, batch: CircuitBatch, blobs: dict[str, str]) -> None:
        """Add circuits to a job, all of them or, with an error, none.

        Args:
            owner: Whose job.
            job_id: Which one.
            batch: The circuits' shots or observables, and whether they are the last ones.
            blobs: Label to compressed text, in order.

        Raises:
            JobConflict: The job is finalized or not pending.
            WireError: A label is there already, the observables differ from those sent before, or a range
                of ``circuit_ham_map`` ends after the last circuit.
        """
        with self._transaction():
            job = self.job(owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflict(f"job {job_id} is {job.status}: circuits can be added while it is PENDING")
            if job.is_finalized:
                raise JobConflict(f"job {job_id} is finalized: no more circuits can be added")
            first = self._count("circuits", job.number)
            self._set_observables(job, batch, is_first=first == 0)
            self._insert_circuits(job, first, blobs, _shots(batch, len(blobs)))
            if batch.finalized:
                self._finalize(job, batch, first + len(blobs))

    def cancel(self, owner: str, job_id: str) -> tuple[StoredJob, int]:
        """Cancel a job.

        Returns:
            The job as it was before, and the number of its circuits that have no result.

        Raises:
            JobConflict: It is neither pending nor running.
        """
        with self._transaction():
            job = self.job(owner, job_id)
            if not self._move(job.number, JobStatus.CANCELLED):
                raise JobConflict(
                    f"job {job_id} is {job.status}: only a PENDING or RUNNING job can be cancelled"
                )
            missing = self._count("circuits", job.number) - self._count("results", job.number)
            return job, missing

    def delete(self, owner: str, job_id: str) -> StoredJob:
        """Delete a job with all that belongs to it.

        Returns:
            The job as it was.
        """
        with self._transaction():
            job = self.job(owner, job_id)
            self._db.execute("DELETE FROM jobs WHERE number = ?", (job.number,))
            self._changed.notify_all()
            return job

    def results(self, owner: str, job_id: str, limit: int, offset: int) -> tuple[int, list[str]]:
        """A page of a job's results.

        Returns:
            How many there are altogether, and the page's items as JSON.
        """
        with self._changed:
            job = self.job(owner, job_id)
            rows = self._db.execute(
                "SELECT item FROM results WHERE job = ? ORDER BY position LIMIT ? OFFSET ?",
                (job.number, limit, offset),
            ).fetchall()
            return self._count("results", job.number), [row[0] for row in rows]

    def config(self, owner: str, job_id: str) -> ExecutionConfig | None:
        """A job's execution configuration, ``None`` where none is set."""
        with self._changed:
            return self.config_of(self.job(owner, job_id).number)

    def set_config(self, owner: str, job_id: str, config: ExecutionConfig) -> None:
        """Set or overwrite a job's execution configuration.

        Raises:
            JobConflict: The job is not pending.
        """
        with self._transaction():
            job = self.job(owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflict(
                    f"job {job_id} is {job.status}: its configuration can be set while it is PENDING"
                )
            self._write_config(job.number, config)

    # --- asked by the runner ----------------------------------------------------------------------------

    def claim(self) -> StoredJob | None:
        """Take the job whose turn it is: it is running from here on. ``None`` where none is waiting."""
        with self._transaction():
            row = self._db.execute(
                f"SELECT {_JOB_COLUMNS} FROM jobs"  # noqa: S608
                " WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1",
                (JobStatus.PENDING.value,),
            ).fetchone()
            if row is None:
                return None
            job = _job_from_row(row)
            self._move(job.number, JobStatus.RUNNING)
            return job

    def circuits(self, number: int) -> list[StoredCircuit]:
        """A job's circuits, in order."""
        with self._changed:
            rows = self._db.execute(
                "SELECT position, label, blob, shots FROM circuits WHERE job = ? ORDER BY position", (number,)
            ).fetchall()
        return [StoredCircuit(*row) for row in rows]

    def config_of(self, number: int) -> ExecutionConfig | None:
        """A job's execution configuration, ``None`` where none is set."""
        with self._changed:
            row = self._db.execute(
                "SELECT configuration FROM configurations WHERE job = ?", (number,)
            ).fetchone()
        return None if row is None else ExecutionConfig.from_response(json.loads(row[0]))

    def add_result(self, number: int, position: int, item: str) -> None:
        """Keep the result of one circuit of a running job; it is dropped if the job runs no more."""
        with self._changed:
            self._db.execute(
                "INSERT INTO results SELECT number, ?, ? FROM jobs WHERE number = ? AND status = ?",
                (position, item, number, JobStatus.RUNNING.value),
            )

    def finish(self, number: int, status: JobStatus, *, run_time_s: float, reason: str | None = None) -> bool:
        """End a running job.

        Returns:
            Whether it ended so; ``False`` where somebody else was faster.
        """
        with self._transaction():
            moved = self._move(number, status)
            if moved:
                self._db.execute(
                    "UPDATE jobs SET run_time_s = ?, reason = ? WHERE number = ?",
                    (run_time_s, reason, number),
                )
            return moved

    def requeue_running(self) -> None:
        """Make every running job pending again, without results: whoever ran it is gone."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT number FROM jobs WHERE status = ?", (JobStatus.RUNNING.value,)
            ).fetchall()
            for (number,) in rows:
                self._db.execute("DELETE FROM results WHERE job = ?", (number,))
                self._move(number, JobStatus.PENDING)

    def has_waiting(self) -> bool:
        """Whether a job is waiting for its turn."""
        with self._changed:
            row = self._db.execute(
                "SELECT 1 FROM jobs WHERE status = ? AND turn IS NOT NULL LIMIT 1", (JobStatus.PENDING.value,)
            ).fetchone()
        return row is not None

    def is_idle(self) -> bool:
        """Whether no job is running or waiting for its turn."""
        with self._changed:
            row = self._db.execute(
                "SELECT 1 FROM jobs WHERE status = ? LIMIT 1", (JobStatus.RUNNING.value,)
            ).fetchone()
            return row is None and not self.has_waiting()

    # --- inside a transaction ---------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._changed:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _move(self, number: int, status: JobStatus) -> bool:
        row = self._db.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
        if row is None or not may_become(JobStatus(row[0]), status):
            return False
        self._db.execute("UPDATE jobs SET status = ? WHERE number = ?", (status.value, number))
        self._changed.notify_all()
        return True

    def _count(self, table: str, number: int) -> int:
        row = self._db.execute(f"SELECT count(*) FROM {table} WHERE job = ?", (number,)).fetchone()  # noqa: S608
        return int(row[0])

    def _write_config(self, number: int | None, config: ExecutionConfig) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO configurations VALUES (?, ?)", (number, json.dumps(config.to_payload()))
        )

    def _set_observables(self, job: StoredJob, batch: CircuitBatch, *, is_first: bool) -> None:
        text = None if batch.observables is None else json.dumps([batch.observables, batch.circuit_ham_map])
        if is_first:
            self._db.execute("UPDATE jobs SET observables = ? WHERE number = ?", (text, job.number))
        elif text != job.observables:
            raise WireError(
                "observables: expected the same observables and circuit_ham_map in every body of a job, "
                "got others than before"
            )

    def _insert_circuits(
        self, job: StoredJob, first: int, blobs: dict[str, str], shots: Sequence[int | None]
    ) -> None:
        rows = [
            (job.number, first + index, label, blob, count)
            for index, ((label, blob), count) in enumerate(zip(blobs.items(), shots, strict=True))
        ]
        try:
            self._db.executemany("INSERT INTO circuits VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError:
            for label in blobs:
                query = "SELECT 1 FROM circuits WHERE job = ? AND label = ? AND position < ?"
                if self._db.execute(query, (job.number, label, first)).fetchone():
                    raise WireError(
                        f"circuits[{label!r}]: the job has a circuit of this label already"
                    ) from None
            raise

    def _finalize(self, job: StoredJob, batch: CircuitBatch, num_circuits: int) -> None:
        for index, (start, end) in enumerate(batch.circuit_ham_map or ()):
            if end > num_circuits:
                raise WireError(
                    f"circuit_ham_map[{index}]: expected a range within the job's {num_circuits} circuits, "
                    f"got [{start}, {end})"
                )
        self._db.execute(
            "UPDATE jobs SET turn = 1 + (SELECT coalesce(max(turn), 0) FROM jobs) WHERE number = ?",
            (job.number,),
        )
        self._changed.notify_all()


_JOB_COLUMNS = (
    "number, job_id, job_type, simulator_cluster, qpu_system, status, turn IS NOT NULL, "
    "observables, run_time_s, reason"
)


def _job_from_row(row: tuple[Any, ...]) -> StoredJob:
    number, job_id, job_type, cluster, system, status, is_finalized, *rest = row
    return StoredJob(
        number, job_id, JobType(job_type), cluster, system, JobStatus(status), bool(is_finalized), *rest
    )


def _shots(batch: CircuitBatch, num_circuits: int) -> list[int | None]:
    if batch.shot_groups is None:
        counts: list[int | None] = [batch.shots] * num_circuits
    else:
        counts = [group.shots for group in batch.shot_groups for _ in range(group.start, group.end)]
    if any(count is not None and count > _MOST_SHOTS for count in counts):
        raise WireError(f"shots: expected at most {_MOST_SHOTS} for each circuit")
    return counts
