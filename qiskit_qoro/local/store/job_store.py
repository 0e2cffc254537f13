"""The jobs, results and credits of accounts: the interface for the calls of their owners."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from qiskit_qoro.local.store import ledger, quotas
from qiskit_qoro.local.store.analyses import StoredAnalysis, add_problem, read_analysis
from qiskit_qoro.local.store.append_circuits import add_batch, add_template_batch
from qiskit_qoro.local.store.configurations import read_config, write_config
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.kinds import kind_of_type
from qiskit_qoro.local.store.quotas import Quota, QuotaUse
from qiskit_qoro.local.store.records import StoredJob, time_to_text
from qiskit_qoro.local.store.store_errors import AccessDeniedError, JobConflictError, JobNotFoundError
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse
from qiskit_qoro.models.jobs import AnyConfig, CircuitBatch, JobRequest, JobState, JobStatus
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.wire.states.requests import state_request_to_json

__all__ = ["JobStore"]


class JobStore:
    """The jobs and credits of the accounts in a database. Methods may be called from any thread.

    Methods that take an ``owner`` raise :class:`JobNotFoundError` if this owner has no such job.

    Args:
        database: The database that contains the jobs.
        quotas: The quotas of accounts that have one, by name.
    """

    def __init__(self, database: Database, quotas: Mapping[str, Quota] = MappingProxyType({})) -> None:
        self._database = database
        self._quotas = quotas

    def create_job(self, owner: str, request: JobRequest) -> str:
        """Open a job.

        Returns:
            The job's identifier.

        Raises:
            BalanceTooLowError: The owner cannot pay for a single circuit.
            QuotaExceededError: The owner has too many unfinished jobs.
        """
        job_id = str(uuid.uuid4())  # random, so that nobody can guess the jobs of others
        with self._database.transaction() as connection:
            ledger.check_balance(connection, owner)
            quotas.check_unfinished_jobs(connection, owner, self.quota(owner))
            cursor = connection.execute(
                "INSERT INTO jobs"
                " (job_id, owner, tag, job_type, simulator_cluster, qpu_system, use_packing, status, state,"
                " kind, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    owner,
                    request.tag,
                    request.job_type.value,
                    request.simulator_cluster,
                    request.qpu_system,
                    request.use_packing,
                    JobStatus.PENDING.value,
                    None if request.state is None else json.dumps(state_request_to_json(request.state)),
                    kind_of_type(request.job_type).value,
                    time_to_text(self._database.now()),
                ),
            )
            number = cursor.lastrowid
            if request.execution_config is not None and number is not None:
                write_config(connection, number, request.execution_config)
        return job_id

    def job(self, owner: str, job_id: str) -> StoredJob:
        """Read a job."""
        with self._database.read() as connection:
            return self._find_job(connection, owner, job_id)

    def state(self, owner: str, job_id: str) -> JobState:
        """Read the state of a job. The numbers of circuits are unknown until the job is finalized."""
        with self._database.read() as connection:
            job = self._find_job(connection, owner, job_id)
            # The positions have no gaps. Counting the rows would read all circuits.
            total, earlier = connection.execute(
                "SELECT (SELECT max(position) + 1 FROM circuits WHERE job = number), num_finished FROM jobs"
                " WHERE number = ?",
                (job.number,),
            ).fetchone()
            if total is None or not job.is_finalized:
                return JobState(job.status, job.run_time_s)
            if job.status is JobStatus.COMPLETED:
                finished = total
            elif job.status.is_final:
                finished = _count(connection, "results", job.number)
            else:
                finished = (earlier or 0) + self._database.num_finished(job.number)
            return JobState(job.status, job.run_time_s, finished, total)

    def status(self, job_id: str) -> JobStatus:
        """Read the status of a job of any owner."""
        with self._database.read() as connection:
            row = connection.execute("SELECT status, number FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            if row is None:
                raise JobNotFoundError(f"there is no job {job_id!r}")
            status, number = JobStatus(row[0]), row[1]
            has_failed = status is JobStatus.RUNNING and self._database.unstored_failure(number) is not None
            return JobStatus.FAILED if has_failed else status

    def wait_status(self, job_id: str, *statuses: JobStatus, timeout_s: float | None = None) -> bool:
        """Wait until the status of a job of any owner is one of ``statuses``.

        Returns:
            ``True`` if it is, ``False`` after the timeout.
        """
        return self._database.wait_for(lambda: self.status(job_id) in statuses, timeout_s)

    def call_at_end(self, number: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once a job has ended, as :meth:`Database.call_at_end` does."""
        return self._database.call_at_end(number, callback)

    def append_circuits(self, owner: str, job_id: str, batch: CircuitBatch, blobs: dict[str, str]) -> None:
        """Append circuits to a job. After an error none of them is appended.

        Args:
            owner: The owner of the job.
            job_id: The job.
            batch: The shots or observables of the circuits, and whether they are the last ones.
            blobs: Label to compressed text, in order.

        Raises:
            JobConflictError: The job is finalized or not pending.
            QuotaExceededError: The owner has sent too many circuits today.
            WireError: The job has a circuit with the same label, the observables differ from those of earlier
                bodies, or a range of ``circuit_ham_map`` ends after the last circuit.
        """
        with self._open_job(owner, job_id, is_last=batch.finalized) as (connection, job):
            add_batch(connection, job, batch, blobs)

    def append_template(self, owner: str, job_id: str, batch: TemplateBatch, blob: str) -> None:
        """Append the rows of a template to a job. After an error none of them is appended.

        Args:
            owner: The owner of the job.
            job_id: The job.
            batch: The parameter sets, their shots or observables, and whether they are the last ones.
            blob: The template's compressed text.

        Raises:
            JobConflictError: The job is finalized or not pending.
            QuotaExceededError: The owner has sent too many circuits today.
            WireError: The job has a circuit with the same label, or the observables differ from those of
                earlier bodies.
        """
        with self._open_job(owner, job_id, is_last=batch.finalized) as (connection, job):
            add_template_batch(connection, job, batch, blob)

    def submit_problem(self, owner: str, job_id: str, problem: str) -> StoredJob:
        """Store the problem that a job is to characterize, as JSON, and put the job in the queue.

        Returns:
            The job as it was before.

        Raises:
            JobConflictError: The job has a problem already, or is not pending.
            QuotaExceededError: The owner has sent too many circuits today.
        """
        with self._open_job(owner, job_id, is_last=True) as (connection, job):
            add_problem(connection, job, problem, self._database.now())
            return job

    def analysis(self, owner: str, job_id: str) -> StoredAnalysis | None:
        """Read the analysis of a job's problem; return ``None`` if it is not finished."""
        with self._database.read() as connection:
            return read_analysis(connection, self._find_job(connection, owner, job_id).number)

    def fail(self, owner: str, job_id: str, *, reason: str) -> None:
        """Make a pending job fail without running it, for tests of clients."""
        with self._database.transaction() as connection:
            job = self._find_job(connection, owner, job_id)
            self._database.change_status(job.number, JobStatus.FAILED, run_time_s=0, reason=reason)

    def cancel(self, owner: str, job_id: str) -> tuple[StoredJob, int]:
        """Cancel a job.

        Returns:
            The job as it was before, and the number of its circuits that have neither a result nor a failure.

        Raises:
            AccessDeniedError: The job belongs to another account.
            JobConflictError: The job is neither pending nor running.
        """
        with self._database.transaction() as connection:
            # Unlike the other calls, cancelling admits that the job of another account exists, as on the
            # cloud.
            row = connection.execute("SELECT owner FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            if row is not None and row[0] != owner:
                raise AccessDeniedError(
                    f"job {job_id} belongs to another account: only its owner can cancel it"
                )
            job = self._find_job(connection, owner, job_id)
            if not self._database.change_status(job.number, JobStatus.CANCELLED):
                raise JobConflictError(
                    f"job {job_id} is {job.status}: only a PENDING or RUNNING job can be cancelled"
                )
            num_done = _count(connection, "results", job.number)
            return job, _count(connection, "circuits", job.number) - num_done

    def delete(self, owner: str, job_id: str) -> StoredJob:
        """Delete a job and everything that belongs to it.

        Returns:
            The job as it was before.
        """
        with self._database.transaction() as connection:
            job = self._find_job(connection, owner, job_id)
            self._database.delete_job(job.number)
            return job

    def outcomes(self, owner: str, job_id: str, limit: int, offset: int) -> tuple[int, list[str], list[str]]:
        """Read a page of the results and failures of a job's circuits.

        Returns:
            The number of all circuits that have a result or a failure; the results of the page and the
            failures of the page, each as JSON. The page covers ``limit`` circuits of both kinds from
            ``offset`` on.
        """
        with self._database.read() as connection:
            job = self._find_job(connection, owner, job_id)
            rows = connection.execute(
                "SELECT item, failed FROM results WHERE job = ? ORDER BY position LIMIT ? OFFSET ?",
                (job.number, limit, offset),
            ).fetchall()
            count = _count(connection, "results", job.number)
        results = [item for item, failed in rows if not failed]
        failures = [item for item, failed in rows if failed]
        return count, results, failures

    def config(self, owner: str, job_id: str) -> AnyConfig | None:
        """Read a job's execution configuration; return ``None`` if none is set."""
        with self._database.read() as connection:
            return read_config(connection, self._find_job(connection, owner, job_id).number)

    def set_config(self, owner: str, job_id: str, config: AnyConfig) -> None:
        """Set or overwrite a job's execution configuration.

        Raises:
            JobConflictError: The job is not pending, or some of its circuits have run.
        """
        with self._database.transaction() as connection:
            job = self._find_job(connection, owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflictError(f"job {job_id} is {job.status}: only a PENDING job can be configured")
            # After an interruption a job keeps its results. All of them must be for the same configuration.
            if _count(connection, "results", job.number):
                raise JobConflictError(
                    f"job {job_id} was interrupted and continues with the circuits that have no result yet: "
                    "only a job without results can be configured"
                )
            write_config(connection, job.number, config)

    def quota(self, owner: str) -> Quota:
        """Return the quota of an account."""
        return self._quotas.get(owner, quotas.NO_QUOTA)

    def quota_use(self, owner: str) -> QuotaUse:
        """Read what an account has of what a quota can limit."""
        with self._database.read() as connection:
            return quotas.read_use(connection, owner, self._database.now())

    def limits(self, owner: str) -> list[LimitUse]:
        """Read the limits of an account and how much of each is used. Without a quota there are none."""
        quota = self.quota(owner)
        return [] if quota == quotas.NO_QUOTA else quota.limits(self.quota_use(owner))

    def open_account(self, name: str, grant: Decimal) -> None:
        """Open an account with a grant. An account that exists already keeps its balance."""
        with self._database.transaction() as connection:
            ledger.open_account(connection, name, grant, self._database.now())

    def credit_balance(self, owner: str) -> CreditBalance:
        """Read the balance of an account.

        Raises:
            AccessDeniedError: There is no account with this name.
        """
        with self._database.read() as connection:
            balance = ledger.read_balance(connection, owner)
        if balance is None:
            raise AccessDeniedError(f"there is no account {owner!r}")
        return balance

    def credit_transactions(self, owner: str, limit: int, offset: int) -> tuple[int, list[CreditTransaction]]:
        """Read some transactions of an account, newest first.

        Returns:
            The number of all its transactions, and ``limit`` of them from ``offset`` on.
        """
        with self._database.read() as connection:
            return ledger.read_transactions(connection, owner, limit=limit, offset=offset)

    @contextmanager
    def _open_job(
        self, owner: str, job_id: str, *, is_last: bool
    ) -> Iterator[tuple[sqlite3.Connection, StoredJob]]:
        """A transaction that adds circuits or a problem to a job which still accepts them."""
        with self._database.transaction() as connection:
            job = self._find_job(connection, owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflictError(
                    f"job {job_id} is {job.status}: only a PENDING job accepts circuits or a problem"
                )
            if job.is_finalized:
                raise JobConflictError(
                    f"job {job_id} is finalized: it accepts no more circuits and no other problem"
                )
            yield connection, job
            # Not reached after an error: the transaction is rolled back.
            now = self._database.now()
            quotas.check_circuits(connection, owner, self.quota(owner), job.number, now)
            if is_last:
                quotas.count_circuits(connection, owner, job.number, now)
                self._database.delay_start(job.number)
            # Finalizing changes the queue but no status, so nothing has woken the runner yet.
            self._database.notify()

    def _find_job(self, connection: sqlite3.Connection, owner: str, job_id: str) -> StoredJob:
        row = connection.execute(
            f"SELECT {StoredJob.COLUMNS} FROM jobs WHERE job_id = ? AND owner = ?",  # noqa: S608
            (job_id, owner),
        ).fetchone()
        if row is None:
            raise JobNotFoundError(f"there is no job {job_id!r}")
        job = StoredJob.from_row(row)
        failure = self._database.unstored_failure(job.number)
        if failure is None or job.status is not JobStatus.RUNNING:
            return job
        return replace(job, status=JobStatus.FAILED, reason=failure.reason, run_time_s=failure.run_time_s)


def _count(connection: sqlite3.Connection, table: str, number: int) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE job = ?", (number,)).fetchone()  # noqa: S608
    return int(row[0])
