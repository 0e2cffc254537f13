"""The database of a service: one connection, one lock, transactions, and every change of a job's status.

A statement takes microseconds, so each thread waits for the lock. The lock belongs to a condition
variable, which is notified whenever the status of a job changes. All threads that wait for a job, including
those of the runner, wait for this notification.

:class:`~qiskit_qoro.local.store.job_store.JobStore` and :class:`~qiskit_qoro.local.store.job_queue.JobQueue`
are the two interfaces to a database: one for the owners of jobs, one for the runner.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from qiskit_qoro.local.store.lifecycle import may_become, write_status
from qiskit_qoro.local.store.schema import open_connection
from qiskit_qoro.local.store.store_errors import StorageError
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.storage import transaction

__all__ = ["Database", "UnstoredFailure", "open_database"]

_Subscriber = TypeVar("_Subscriber")

_PRIMARY_CODE = 0xFF  # an extended error code of SQLite contains the primary one in its lowest byte
# SQLite reports a full disk as "full", a file at its size limit or a used-up quota as a failed write.
_STORAGE_REASONS: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: "disk full: make room for the database of the local service",
    sqlite3.SQLITE_IOERR: "the database of the local service cannot be read or written; is the disk full?",
    sqlite3.SQLITE_CANTOPEN: "a file of the local service's database cannot be opened",
    sqlite3.SQLITE_READONLY: "the database of the local service cannot be written",
    sqlite3.SQLITE_CORRUPT: "the database of the local service is damaged",
    sqlite3.SQLITE_NOTADB: "the database of the local service is damaged",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class UnstoredFailure:
    """The reason and the run time, in seconds, of a failed job, if they cannot be stored."""

    reason: str
    run_time_s: float


def open_database(
    path: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = _utc_now,
    pending_time_s: float = 0.0,
) -> Database:
    """Open a database and create it if it is new.

    Only one service at a time can use a file. The file remains when the service stops.

    Args:
        path: The file, or ``None`` for a database in memory.
        clock: Returns seconds from an arbitrary start.
        now: Returns the time of day, for jobs and credit transactions.
        pending_time_s: Seconds that every job stays pending after it is finalized.

    Raises:
        QoroError: The file cannot be opened, is not a database of this service and version, or is in use.
    """
    return Database(open_connection(path), clock=clock, now=now, pending_time_s=pending_time_s)


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Raise :class:`StorageError` if SQLite cannot read or write the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = _STORAGE_REASONS.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE)
        if reason is None:
            raise
        raise StorageError(f"{reason} ({error})") from error


class Database:
    """A SQLite connection that any number of threads share.

    :meth:`read` and :meth:`transaction` are the only way to the connection. Both hold the lock, so a thread
    never sees the unfinished transaction of another one.

    Attributes:
        now: Returns the time of day.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        pending_time_s: float,
    ) -> None:
        self.now = now
        self._connection = connection
        self._clock = clock
        self._pending_time_s = pending_time_s
        # Reentrant, because conditions given to `wait_for` read the database while they hold the lock.
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        # Notified if a job may start now. Threads that wait for that are not concerned by other changes.
        self._due = threading.Condition(lock)
        # By the number of a job, guarded by the lock. They are not stored: after a restart no job is delayed,
        # and nobody is waiting.
        self._start_times: dict[int, float] = {}  # when a delayed job may start, by the clock
        self._end_callbacks: dict[int, list[Callable[[], None]]] = {}  # for jobs that have not ended
        # Jobs that failed while the disk was full. In the file they are still RUNNING. The next transaction
        # stores their failures. After a crash they run again.
        self._unstored: dict[int, UnstoredFailure] = {}
        self._num_finished: dict[int, int] = {}  # circuits of running jobs that have a result or have failed
        # The jobs that end with the present transaction, and their final statuses; None for deleted ones.
        self._ended: list[tuple[int, JobStatus | None]] = []
        # Both guarded by the lock.
        self._subscribers: list[Callable[[int, JobStatus], None]] = []
        self._outcome_subscribers: list[Callable[[int, int], None]] = []

    def close(self) -> None:
        """Close the connection."""
        with self._changed:
            self._connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and give access to the connection, for reading."""
        with self._changed, _storage_errors():
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give access to the connection within a transaction, which an exception rolls back.

        The lock is held until the transaction is committed. Threads that are notified during the transaction
        therefore wake up to its result.

        Raises:
            StorageError: The database cannot be written.
        """
        with self._changed, _storage_errors():
            self._ended.clear()
            unstored = dict(self._unstored)
            with transaction(self._connection):
                for number, failure in unstored.items():
                    self.change_status(
                        number, JobStatus.FAILED, run_time_s=failure.run_time_s, reason=failure.reason
                    )
                yield self._connection
            for number in unstored:
                del self._unstored[number]
            for number, status in self._ended:
                # If the failure was kept in memory, the subscribers have been called.
                self._call_back(number, None if number in unstored else status)

    def wait_for(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until ``condition`` returns true. It is evaluated again at every change.

        Returns:
            ``True`` if the condition holds, ``False`` after the timeout.
        """
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def wait_until_due(self, delay_s: Callable[[], float | None]) -> None:
        """Wait until ``delay_s`` returns 0 or less.

        Args:
            delay_s: Returns the seconds that are left, or ``None`` if only an event can end the wait. It is
                evaluated again when the seconds are over, when a job becomes pending again,
                and after :meth:`notify`.
        """
        with self._due:
            while (delay := delay_s()) is None or delay > 0:
                self._due.wait(delay)

    def notify(self) -> None:
        """Wake all waiting threads, so that they evaluate their conditions again."""
        with self._changed:
            self._changed.notify_all()
            self._due.notify_all()

    def notify_due(self) -> None:
        """Wake the threads that wait in :meth:`wait_until_due`."""
        with self._due:
            self._due.notify_all()

    def call_at_end(self, number: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once a job has ended or is deleted; at once if that is the case already.

        The callback runs with the lock held, in the thread that ends the job. It must not block.

        Returns:
            A function that removes the callback, if it has not been called yet.
        """
        with self.read() as connection:
            row = connection.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
            if row is None or JobStatus(row[0]).is_final or number in self._unstored:
                callback()
            else:
                self._end_callbacks.setdefault(number, []).append(callback)

        def remove() -> None:
            with self._changed:
                callbacks = self._end_callbacks.get(number, [])
                if callback in callbacks:
                    callbacks.remove(callback)
                if not callbacks:
                    self._end_callbacks.pop(number, None)

        return remove

    def subscribe(self, subscriber: Callable[[int, JobStatus], None]) -> Callable[[], None]:
        """Call a function with the number and the final status of each job that ends from now on.

        It runs with the lock held, in the thread that ends the job. It must not block. It is not called for
        jobs that are deleted.

        Returns:
            A function that ends the calls.
        """
        return self._subscribe(self._subscribers, subscriber)

    def subscribe_outcomes(self, subscriber: Callable[[int, int], None]) -> Callable[[], None]:
        """Call a function with the number of a job and a number of its circuits when these get an outcome.

        It runs with the lock held, within the transaction that stores the outcomes. It must not block.

        Returns:
            A function that ends the calls.
        """
        return self._subscribe(self._outcome_subscribers, subscriber)

    def _subscribe(self, subscribers: list[_Subscriber], subscriber: _Subscriber) -> Callable[[], None]:
        with self._changed:
            subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self._changed:
                if subscriber in subscribers:
                    subscribers.remove(subscriber)

        return unsubscribe

    def keep_failure(self, number: int, failure: UnstoredFailure) -> None:
        """Keep in memory that a running job has failed, because that cannot be stored now.

        Ignored if the job is not running.
        """
        with self._changed:
            self._unstored[number] = failure
            self._call_back(number, JobStatus.FAILED)
            self._changed.notify_all()

    def unstored_failure(self, number: int) -> UnstoredFailure | None:
        """Return the failure of a job that has not been stored yet, or ``None`` if there is none."""
        with self._changed:
            return self._unstored.get(number)

    def unstored_failures(self) -> dict[int, UnstoredFailure]:
        """Return the failures that have not been stored yet, by the number of the job."""
        with self._changed:
            return dict(self._unstored)

    def num_finished(self, number: int) -> int:
        """Return how many circuits of a running job have got a result or have failed in its present run."""
        with self._changed:
            return self._num_finished.get(number, 0)

    # The methods below work within a transaction of the caller, who therefore holds the lock. If it is rolled
    # back, their changes in memory remain. This does no harm: a job may start early, and every thread that
    # waits checks the status again.

    def change_status(
        self,
        number: int,
        status: JobStatus,
        *,
        run_time_s: float | None = None,
        reason: str | None = None,
    ) -> bool:
        """Change the status of a job. All changes of a status use this method.

        Args:
            number: The job.
            status: Its new status.
            run_time_s: If the job has ended or waits again, how long it has just run, in seconds.
            reason: Why it failed or was not run.

        Returns:
            Whether the status was changed. ``False`` if the job was deleted or its present status does not
            allow the change, for example because it was cancelled meanwhile.
        """
        query = "SELECT status FROM jobs WHERE number = ?"
        row = self._connection.execute(query, (number,)).fetchone()
        if row is None or not may_become(JobStatus(row[0]), status):
            return False
        write_status(self._connection, number, status, now=self.now(), run_time_s=run_time_s, reason=reason)
        self._start_times.pop(number, None)
        self._num_finished.pop(number, None)  # the job is not running any more, or has just started
        if status.is_final:
            self._ended.append((number, status))
        # The transaction is not committed yet, but the threads that wake up have to wait for the lock.
        self._changed.notify_all()
        if status is JobStatus.PENDING:
            self._due.notify_all()
        return True

    def delete_job(self, number: int) -> None:
        """Delete a job and everything that belongs to it."""
        # Foreign keys delete its circuits, results and so on.
        self._connection.execute("DELETE FROM jobs WHERE number = ?", (number,))
        self._start_times.pop(number, None)
        self._num_finished.pop(number, None)
        self._ended.append((number, None))
        self._changed.notify_all()

    def count_finished(self, number: int, num_circuits: int) -> None:
        """Count circuits of a running job that have a result or have failed."""
        self._num_finished[number] = self._num_finished.get(number, 0) + num_circuits
        for subscriber in self._outcome_subscribers:
            subscriber(number, num_circuits)

    def delay_start(self, number: int) -> None:
        """Keep a job that was just finalized pending for the configured time."""
        if self._pending_time_s:
            self._start_times[number] = self._clock() + self._pending_time_s

    def start_delay_s(self, number: int) -> float:
        """Seconds until a pending job may start."""
        return max(0.0, self._start_times.get(number, 0.0) - self._clock())

    def _call_back(self, number: int, status: JobStatus | None) -> None:
        for callback in self._end_callbacks.pop(number, ()):
            callback()
        if status is not None:
            for subscriber in self._subscribers:
                subscriber(number, status)
