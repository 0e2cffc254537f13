"""The queue of jobs, as the runner uses it: claim the next job, read what to run, store the results.

A job enters the queue when it is finalized. It is RUNNING exactly as long as a thread of the runner works on
it. A job that is interrupted, because the runner stops or the workers cannot be reached, goes back to PENDING
at its old position. So does a job that is still RUNNING when a database is opened again after a crash. It
keeps the results and failures that are stored, and its next run adds the missing ones.

:mod:`~qiskit_qoro.local.store.claims` says which job is next.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from qiskit_qoro.local.store import ledger
from qiskit_qoro.local.store.analyses import read_problem, write_analysis
from qiskit_qoro.local.store.claims import Candidate, ClaimScope, find_candidates, has_waiting_jobs
from qiskit_qoro.local.store.configurations import read_config
from qiskit_qoro.local.store.database import Database, UnstoredFailure
from qiskit_qoro.local.store.quotas import Quota
from qiskit_qoro.local.store.records import EarlierOutcomes, StoredCircuit, StoredJob, StoredTemplate
from qiskit_qoro.local.store.store_errors import StorageError
from qiskit_qoro.models.jobs import AnyConfig, JobStatus

__all__ = ["JobQueue"]


class JobQueue:
    """The queue of jobs in a database. Methods may be called from any thread.

    An owner may cancel or delete a job while it runs. Methods that change a job therefore ignore jobs that
    are no longer running, and the runner need not check.

    Args:
        database: The database that contains the jobs.
        quotas: The quotas of accounts that have one, by name.
    """

    def __init__(self, database: Database, quotas: Mapping[str, Quota] = MappingProxyType({})) -> None:
        self._database = database
        # Accounts without a limit have no entry.
        self._running_limits = {
            name: quota.running_jobs for name, quota in quotas.items() if quota.running_jobs is not None
        }
        # Guarded by the lock of the database. They are not stored: after a restart all accounts are equal.
        self._num_claims = 0
        self._last_claims: dict[str, int] = {}  # the number of the last claim of each account

    @property
    def has_running_limits(self) -> bool:
        """Whether a job may have to wait until another one of its account ends."""
        return bool(self._running_limits)

    def claim(self, scope: ClaimScope = ClaimScope.ANY) -> StoredJob | None:
        """Take the next job of the queue and mark it as running.

        Args:
            scope: Which jobs to take.

        Returns:
            The job. ``None`` if no job may start now, or if the account of the next job cannot pay for it, in
            which case that job has ended.
        """
        with self._database.transaction() as connection:
            found = self._next_job(connection, scope)
            if found is None or found[1] > 0:
                return None
            candidate, _ = found
            # Check and claim in one transaction, so that two jobs cannot both use the last credits.
            reason = ledger.unaffordable_reason(connection, candidate.number)
            if reason is not None:
                status = JobStatus.INSUFFICIENT_CREDITS
                self._database.change_status(candidate.number, status, run_time_s=0, reason=reason)
                return None
            query = f"SELECT {StoredJob.COLUMNS} FROM jobs WHERE number = ?"  # noqa: S608
            job = StoredJob.from_row(connection.execute(query, (candidate.number,)).fetchone())
            self._database.change_status(job.number, JobStatus.RUNNING)
            # If the transaction is rolled back, the account loses one place in the order, which does no harm.
            self._num_claims += 1
            self._last_claims[candidate.owner] = self._num_claims
            return job

    def delay_s(self, scope: ClaimScope = ClaimScope.ANY) -> float | None:
        """Seconds until the next job may start, or ``None`` if there is none.

        Args:
            scope: Which jobs count.
        """
        with self._database.read() as connection:
            found = self._next_job(connection, scope)
            return None if found is None else found[1]

    def is_idle(self) -> bool:
        """Whether no job is running and the queue is empty."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT number FROM jobs WHERE status = ?", (JobStatus.RUNNING.value,))
            has_ended = all(self._database.unstored_failure(number) is not None for (number,) in rows)
            return has_ended and not has_waiting_jobs(connection)

    def wait_idle(self, timeout_s: float | None = None) -> bool:
        """Wait until no job is running and the queue is empty.

        Returns:
            ``True`` if the queue is idle, ``False`` after the timeout.
        """
        return self._database.wait_for(self.is_idle, timeout_s)

    def wait_until_due(self, delay_s: Callable[[], float | None]) -> None:
        """Wait, as :meth:`Database.wait_until_due` does."""
        self._database.wait_until_due(delay_s)

    def notify(self) -> None:
        """Wake the threads that wait in :meth:`wait_until_due`."""
        self._database.notify_due()

    def circuits(self, number: int) -> list[StoredCircuit]:
        """Read a job's circuits, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT position, label, content, shots, template FROM circuits"
                " WHERE job = ? ORDER BY position",
                (number,),
            ).fetchall()
        return [StoredCircuit(*row) for row in rows]

    def templates(self, number: int) -> dict[int, StoredTemplate]:
        """Read a job's templates, by their numbers."""
        with self._database.read() as connection:
            query = "SELECT number, blob, names FROM templates WHERE job = ?"
            rows = connection.execute(query, (number,)).fetchall()
        return {key: StoredTemplate(blob, tuple(json.loads(names))) for key, blob, names in rows}

    def config(self, number: int) -> AnyConfig | None:
        """Read a job's execution configuration; return ``None`` if none is set."""
        with self._database.read() as connection:
            return read_config(connection, number)

    def problem(self, number: int) -> str:
        """Read the problem of a characterization job, as JSON."""
        with self._database.read() as connection:
            return read_problem(connection, number)

    def earlier_outcomes(self, number: int) -> EarlierOutcomes:
        """Read what the earlier runs of a job have stored."""
        query = "SELECT position, iif(failed, item, NULL) FROM results WHERE job = ? ORDER BY position"
        with self._database.read() as connection:
            rows = connection.execute(query, (number,)).fetchall()
        failures = {position: item for position, item in rows if item is not None}
        return EarlierOutcomes(frozenset(position for position, _ in rows), failures)

    def add_results(self, number: int, items: Iterable[tuple[int, str]]) -> None:
        """Store results of a running job: the position of each circuit and its item as JSON."""
        self.add_outcomes(number, [(position, item, False) for position, item in items])

    def add_outcomes(self, number: int, outcomes: Iterable[tuple[int, str, bool]]) -> None:
        """Store outcomes of circuits of a running job.

        Args:
            number: The number of the job.
            outcomes: The position of each circuit, its item as JSON, and whether it failed.
        """
        rows = [(number, *outcome) for outcome in outcomes]
        with self._database.transaction() as connection:
            # A cancelled job keeps the results that it has and gets no more. A deleted job has no row.
            row = connection.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
            if row is not None and row[0] == JobStatus.RUNNING.value:
                connection.executemany(
                    "INSERT INTO results (job, position, item, failed) VALUES (?, ?, ?, ?)",
                    rows,
                )
                self._database.count_finished(number, len(rows))

    def finish(self, number: int, status: JobStatus, *, run_time_s: float, reason: str | None = None) -> bool:
        """End a running job. A job that completes is charged.

        Returns:
            Whether the job was ended. ``False`` if it was cancelled or deleted before.
        """
        with self._database.transaction() as connection:
            return self._finish(connection, number, status, run_time_s, reason)

    def fail(self, number: int, reason: str, *, run_time_s: float) -> None:
        """End a running job as failed, because its outcome could not be stored.

        If the failure cannot be stored either, it is kept in memory until it can.
        """
        try:
            self.finish(number, JobStatus.FAILED, run_time_s=run_time_s, reason=reason)
        except StorageError:
            self._database.keep_failure(number, UnstoredFailure(reason, run_time_s))

    def finish_analysis(self, number: int, findings: str, html: str, *, run_time_s: float) -> bool:
        """Complete a running characterization job with its analysis.

        Returns:
            As for :meth:`finish`.
        """
        with self._database.transaction() as connection:
            finished = self._finish(connection, number, JobStatus.COMPLETED, run_time_s, None)
            if finished:
                write_analysis(connection, number, findings, html, self._database.now())
            return finished

    def put_back(self, number: int, *, run_time_s: float) -> None:
        """Make a running job pending again. It keeps its position in the queue and its results.

        Args:
            number: The job.
            run_time_s: How long it has just run, in seconds.
        """
        with self._database.transaction():
            self._database.change_status(number, JobStatus.PENDING, run_time_s=run_time_s)

    def requeue_running(self) -> None:
        """Make every running job pending again. Call this only if no thread works on a job.

        How long the jobs ran is unknown.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT number FROM jobs WHERE status = ?", (JobStatus.RUNNING.value,)
            ).fetchall()
            for (number,) in rows:
                self._database.change_status(number, JobStatus.PENDING)

    def _finish(
        self,
        connection: sqlite3.Connection,
        number: int,
        status: JobStatus,
        run_time_s: float,
        reason: str | None,
    ) -> bool:
        # Both changes are in one transaction, so a job is charged if and only if it completes.
        ended = self._database.change_status(number, status, run_time_s=run_time_s, reason=reason)
        if ended and status is JobStatus.COMPLETED:
            ledger.charge_job(connection, number, self._database.now())
        return ended

    def _next_job(self, connection: sqlite3.Connection, scope: ClaimScope) -> tuple[Candidate, float] | None:
        """Return the job that is next, and the seconds until it may start."""
        found = [
            (candidate, self._database.start_delay_s(candidate.number))
            for candidate in find_candidates(connection)
            if candidate.is_in(scope) and self._may_run(candidate)
        ]
        return min(found, key=self._rank, default=None)

    def _may_run(self, candidate: Candidate) -> bool:
        limit = self._running_limits.get(candidate.owner)
        return limit is None or candidate.num_running < limit

    def _rank(self, found: tuple[Candidate, float]) -> tuple[float, int, int, int]:
        """Return a key that is lower for jobs that are earlier in the queue."""
        candidate, delay_s = found
        return delay_s, candidate.num_running, self._last_claims.get(candidate.owner, 0), candidate.turn
