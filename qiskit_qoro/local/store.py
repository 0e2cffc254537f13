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
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from qiskit_qoro.local import ledger
from qiskit_qoro.local.analyses import (
    StoredAnalysis,
    add_problem,
    read_analysis,
    read_problem,
    write_analysis,
)
from qiskit_qoro.local.database import open_database
from qiskit_qoro.local.intake import add_batch, add_template_batch
from qiskit_qoro.local.lifecycle import may_become
from qiskit_qoro.local.records import (
    AccessDenied,
    JobConflict,
    JobUnknown,
    StoredCircuit,
    StoredJob,
    StoredTemplate,
)
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.models.jobs import AnyConfig, CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.wire.configurations import config_from_json, config_to_json

__all__ = ["Store", "open_store"]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def open_store(
    database: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = _now,
    pending_time_s: float = 0.0,
) -> Store:
    """Open the store, creating what is missing.

    Jobs that were running when the last service on it ended are pending again, without results.

    Args:
        database: Path of the file, ``None`` for memory.
        clock: Seconds, from whenever.
        now: The time of day, for the statements of accounts.
        pending_time_s: Seconds that every job stays pending after it is finalized.

    Raises:
        QoroError: The file cannot be opened, is no database of this service, or is in use.
    """
    store = Store(open_database(database), clock=clock, now=now, pending_time_s=pending_time_s)
    store.requeue_running()
    return store


class Store:
    """The jobs of a service. Every method may be called from any thread.

    Methods that take an ``owner`` raise :class:`JobUnknown` for a job that this owner does not have.
    Those that take a job's ``number`` are for the runner and ignore jobs that are gone.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
        pending_time_s: float = 0.0,
    ) -> None:
        self._db = connection
        self._clock = clock
        self._now = now
        self._pending_time_s = pending_time_s
        self._held_until: dict[int, float] = {}  # job -> when it may run, for those that wait on purpose
        self._told_at_end: dict[int, list[Callable[[], None]]] = {}
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

    def wait_out(self, delay_s: Callable[[], float | None]) -> None:
        """Wait until ``delay_s`` returns 0 or less.

        Args:
            delay_s: Seconds after which it is asked again, ``None`` for whenever something changes. It is
                asked again at every change.
        """
        with self._changed:
            while (delay := delay_s()) is None or delay > 0:
                self._changed.wait(delay)

    def notify(self) -> None:
        """Have every :meth:`wait_for` ask its condition again."""
        with self._changed:
            self._changed.notify_all()

    # --- asked by the owner -----------------------------------------------------------------------------

    def create_job(self, owner: str, request: JobRequest) -> str:
        """Open a job.

        Returns:
            Its identifier.

        Raises:
            CreditsShort: The owner could not pay for a single circuit.
        """
        job_id = str(uuid.uuid4())
        with self._transaction():
            ledger.check_credit(self._db, owner)
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

    def status(self, job_id: str) -> JobStatus:
        """Where a job of any owner stands."""
        with self._changed:
            row = self._db.execute("SELECT status FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        if row is None:
            raise JobUnknown(f"there is no job {job_id!r}")
        return JobStatus(row[0])

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
        with self._adding(owner, job_id, is_last=batch.finalized) as job:
            add_batch(self._db, job, batch, blobs)

    def append_template(self, owner: str, job_id: str, batch: TemplateBatch, blob: str) -> None:
        """Add circuits of a template to a job, all of them or, with an error, none.

        Args:
            owner: Whose job.
            job_id: Which one.
            batch: The parameter sets, their shots or observables, and whether they are the last ones.
            blob: The template's compressed text.

        Raises:
            JobConflict: The job is finalized or not pending.
            WireError: A label is there already, or the observables differ from those sent before.
        """
        with self._adding(owner, job_id, is_last=batch.finalized) as job:
            add_template_batch(self._db, job, batch, blob)

    def submit_problem(self, owner: str, job_id: str, problem: str) -> StoredJob:
        """Give a job the problem that it is to characterize, as JSON.

        Returns:
            The job as it was before.

        Raises:
            JobConflict: It has one already, or is not pending.
        """
        with self._adding(owner, job_id, is_last=True) as job:
            add_problem(self._db, job, problem)
            return job

    def analysis(self, owner: str, job_id: str) -> StoredAnalysis | None:
        """What was found out about a job's problem, ``None`` as long as that is nothing."""
        with self._changed:
            return read_analysis(self._db, self.job(owner, job_id).number)

    def when_ended(self, number: int, tell: Callable[[], None]) -> None:
        """Have ``tell`` called, from any thread, once a job is done or gone; at once where it is."""
        with self._changed:
            row = self._db.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
            if row is None or JobStatus(row[0]).is_final:
                tell()
            else:
                self._told_at_end.setdefault(number, []).append(tell)

    def fail(self, owner: str, job_id: str, *, reason: str) -> None:
        """Let a pending job fail without running it, for the tests of clients."""
        with self._transaction():
            job = self.job(owner, job_id)
            if self._move(job.number, JobStatus.FAILED):
                self._db.execute(
                    "UPDATE jobs SET run_time_s = 0, reason = ? WHERE number = ?", (reason, job.number)
                )

    def cancel(self, owner: str, job_id: str) -> tuple[StoredJob, int]:
        """Cancel a job.

        Returns:
            The job as it was before, and the number of its circuits that have no result.

        Raises:
            AccessDenied: It belongs to somebody else.
            JobConflict: It is neither pending nor running.
        """
        with self._transaction():
            if self._owner(job_id) not in (None, owner):
                raise AccessDenied(f"job {job_id} belongs to somebody else: only its owner can cancel it")
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
            self._tell_end(job.number)
            self._held_until.pop(job.number, None)
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

    def config(self, owner: str, job_id: str) -> AnyConfig | None:
        """A job's execution configuration, ``None`` where none is set."""
        with self._changed:
            return self.config_of(self.job(owner, job_id).number)

    def set_config(self, owner: str, job_id: str, config: AnyConfig) -> None:
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

    # --- credits ----------------------------------------------------------------------------------------

    def open_account(self, name: str, grant: Decimal) -> None:
        """Open an account with a grant; one that is there keeps what it has."""
        with self._transaction():
            ledger.open_account(self._db, name, grant, self._now())

    def credit_balance(self, owner: str) -> CreditBalance:
        """What an account holds.

        Raises:
            AccessDenied: There is no account of this name.
        """
        with self._changed:
            balance = ledger.read_balance(self._db, owner)
        if balance is None:
            raise AccessDenied(f"{owner!r} has no credits here")
        return balance

    def credit_transactions(self, owner: str, limit: int, offset: int) -> tuple[int, list[CreditTransaction]]:
        """How many transactions an account has, and some of them, the newest first."""
        with self._changed:
            return ledger.read_transactions(self._db, owner, limit=limit, offset=offset)

    # --- asked by the runner ----------------------------------------------------------------------------

    def claim(self) -> StoredJob | None:
        """Take the job whose turn it is: it is running from here on.

        Returns:
            The job; ``None`` where none is waiting, or where the account of the next one cannot pay for it,
            which ends it.
        """
        with self._transaction():
            row = self._db.execute(
                f"SELECT {_JOB_COLUMNS} FROM jobs"  # noqa: S608
                " WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1",
                (JobStatus.PENDING.value,),
            ).fetchone()
            if row is None or self.delay_s() != 0:
                return None
            job = _job_from_row(row)
            if not ledger.can_pay(self._db, job.number):
                self._refuse(job)
                return None
            self._move(job.number, JobStatus.RUNNING)
            return job

    def circuits(self, number: int) -> list[StoredCircuit]:
        """A job's circuits, in order."""
        with self._changed:
            rows = self._db.execute(
                "SELECT position, label, content, shots, template FROM circuits"
                " WHERE job = ? ORDER BY position",
                (number,),
            ).fetchall()
        return [StoredCircuit(*row) for row in rows]

    def templates(self, number: int) -> dict[int, StoredTemplate]:
        """A job's templates, by their numbers."""
        with self._changed:
            rows = self._db.execute(
                "SELECT number, blob, names FROM templates WHERE job = ?", (number,)
            ).fetchall()
        return {key: StoredTemplate(blob, tuple(json.loads(names))) for key, blob, names in rows}

    def config_of(self, number: int) -> AnyConfig | None:
        """A job's execution configuration, ``None`` where none is set."""
        with self._changed:
            row = self._db.execute(
                "SELECT configuration FROM configurations WHERE job = ?", (number,)
            ).fetchone()
        return None if row is None else config_from_json(json.loads(row[0]))

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
            return self._finish(number, status, run_time_s, reason)

    def problem(self, number: int) -> str:
        """A job's problem, as JSON."""
        with self._changed:
            return read_problem(self._db, number)

    def finish_analysis(self, number: int, findings: str, html: str, *, run_time_s: float) -> bool:
        """End the characterization of a problem with what was found out.

        Returns:
            Whether it ended so; ``False`` where somebody else was faster.
        """
        with self._transaction():
            finished = self._finish(number, JobStatus.COMPLETED, run_time_s, None)
            if finished:
                write_analysis(self._db, number, findings, html)
            return finished

    def requeue_running(self) -> None:
        """Make every running job pending again, without results: whoever ran it is gone."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT number FROM jobs WHERE status = ?", (JobStatus.RUNNING.value,)
            ).fetchall()
            for (number,) in rows:
                self._db.execute("DELETE FROM results WHERE job = ?", (number,))
                self._move(number, JobStatus.PENDING)

    def delay_s(self) -> float | None:
        """Seconds until the next job may run, ``None`` where none is waiting."""
        with self._changed:
            row = self._db.execute(
                "SELECT number FROM jobs WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1",
                (JobStatus.PENDING.value,),
            ).fetchone()
            # All wait equally long, so that whoever came first is first to go.
            return None if row is None else max(0.0, self._held_until.get(row[0], 0.0) - self._clock())

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

    @contextmanager
    def _adding(self, owner: str, job_id: str, *, is_last: bool) -> Iterator[StoredJob]:
        with self._transaction():
            job = self.job(owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflict(f"job {job_id} is {job.status}: circuits can be added while it is PENDING")
            if job.is_finalized:
                raise JobConflict(f"job {job_id} is finalized: no more circuits can be added")
            yield job
            if is_last and self._pending_time_s:
                self._held_until[job.number] = self._clock() + self._pending_time_s
            self._changed.notify_all()

    def _finish(self, number: int, status: JobStatus, run_time_s: float, reason: str | None) -> bool:
        moved = self._move(number, status)
        if moved:
            self._db.execute(
                "UPDATE jobs SET run_time_s = ?, reason = ? WHERE number = ?", (run_time_s, reason, number)
            )
            if status is JobStatus.COMPLETED:
                ledger.charge_job(self._db, number, self._now())
        return moved

    def _refuse(self, job: StoredJob) -> None:
        self._held_until.pop(job.number, None)
        self._move(job.number, JobStatus.INSUFFICIENT_CREDITS)
        self._db.execute(
            "UPDATE jobs SET run_time_s = 0, reason = ? WHERE number = ?",
            ("the account cannot pay for it besides its jobs that are running", job.number),
        )

    def _move(self, number: int, status: JobStatus) -> bool:
        row = self._db.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
        if row is None or not may_become(JobStatus(row[0]), status):
            return False
        self._db.execute("UPDATE jobs SET status = ? WHERE number = ?", (status.value, number))
        self._held_until.pop(number, None)
        if status.is_final:
            self._tell_end(number)
        self._changed.notify_all()
        return True

    def _tell_end(self, number: int) -> None:
        for tell in self._told_at_end.pop(number, ()):
            tell()

    def _owner(self, job_id: str) -> str | None:
        row = self._db.execute("SELECT owner FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return None if row is None else str(row[0])

    def _count(self, table: str, number: int) -> int:
        row = self._db.execute(f"SELECT count(*) FROM {table} WHERE job = ?", (number,)).fetchone()  # noqa: S608
        return int(row[0])

    def _write_config(self, number: int | None, config: AnyConfig) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO configurations VALUES (?, ?)",
            (number, json.dumps(config_to_json(config))),
        )


_JOB_COLUMNS = (
    "number, job_id, job_type, simulator_cluster, qpu_system, status, turn IS NOT NULL, "
    "observables, run_time_s, reason"
)


def _job_from_row(row: tuple[Any, ...]) -> StoredJob:
    number, job_id, job_type, cluster, system, status, is_finalized, *rest = row
    return StoredJob(
        number, job_id, JobType(job_type), cluster, system, JobStatus(status), bool(is_finalized), *rest
    )
