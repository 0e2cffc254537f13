"""The ground of the store: one connection, one lock, transactions, and every change of a job's status.

A statement takes microseconds, so threads queue for the lock. It is that of a condition which is notified at
every change of a status; the runner and whoever waits for a job sleep on it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from qiskit_qoro.local.store import ledger
from qiskit_qoro.local.store.lifecycle import may_become
from qiskit_qoro.local.store.records import JobUnknown, StoredJob
from qiskit_qoro.models.jobs import AnyConfig, JobStatus, JobType
from qiskit_qoro.wire.configurations import config_from_json

__all__ = ["JOB_COLUMNS", "Transactions", "job_from_row", "time_of_day"]

JOB_COLUMNS = (
    "number, job_id, job_type, simulator_cluster, qpu_system, status, turn IS NOT NULL, "
    "observables, run_time_s, reason"
)
"""What :func:`job_from_row` takes, in its order."""


def time_of_day() -> datetime:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


class Transactions:
    """The database of a service, for any number of threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = time_of_day,
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

    def when_ended(self, number: int, tell: Callable[[], None]) -> None:
        """Have ``tell`` called, from any thread, once a job is done or gone; at once where it is."""
        with self._changed:
            row = self._db.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
            if row is None or JobStatus(row[0]).is_final:
                tell()
            else:
                self._told_at_end.setdefault(number, []).append(tell)

    def job(self, owner: str, job_id: str) -> StoredJob:
        """What is known of a job."""
        with self._changed:
            row = self._db.execute(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE job_id = ? AND owner = ?",  # noqa: S608
                (job_id, owner),
            ).fetchone()
        if row is None:
            raise JobUnknown(f"there is no job {job_id!r}")
        return job_from_row(row)

    def config_of(self, number: int) -> AnyConfig | None:
        """A job's execution configuration, ``None`` where none is set."""
        with self._changed:
            row = self._db.execute(
                "SELECT configuration FROM configurations WHERE job = ?", (number,)
            ).fetchone()
        return None if row is None else config_from_json(json.loads(row[0]))

    def delay_s(self) -> float | None:
        """Seconds until the next job may run, ``None`` where none is waiting."""
        with self._changed:
            row = self._db.execute(
                "SELECT number FROM jobs WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1",
                (JobStatus.PENDING.value,),
            ).fetchone()
            # All wait equally long, so that whoever came first is first to go.
            return None if row is None else max(0.0, self._held_until.get(row[0], 0.0) - self._clock())

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

    def _finish(self, number: int, status: JobStatus, run_time_s: float, reason: str | None) -> bool:
        moved = self._move(number, status)
        if moved:
            self._db.execute(
                "UPDATE jobs SET run_time_s = ?, reason = ? WHERE number = ?", (run_time_s, reason, number)
            )
            if status is JobStatus.COMPLETED:
                ledger.charge_job(self._db, number, self._now())
        return moved

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


def job_from_row(row: tuple[Any, ...]) -> StoredJob:
    """A job from a row of :data:`JOB_COLUMNS`."""
    number, job_id, job_type, cluster, system, status, is_finalized, *rest = row
    return StoredJob(
        number, job_id, JobType(job_type), cluster, system, JobStatus(status), bool(is_finalized), *rest
    )
