"""What the owner of a job can ask of the store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from qiskit_qoro.local.store import ledger
from qiskit_qoro.local.store.analyses import StoredAnalysis, add_problem, read_analysis
from qiskit_qoro.local.store.append_circuits import add_batch, add_template_batch
from qiskit_qoro.local.store.connection import Transactions
from qiskit_qoro.local.store.records import AccessDenied, JobConflict, JobUnknown, StoredJob
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.models.jobs import AnyConfig, CircuitBatch, JobRequest, JobStatus
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.wire.configurations import config_to_json

__all__ = ["JobStore"]


class JobStore(Transactions):
    """The jobs and the credits of accounts.

    Methods that take an ``owner`` raise :class:`JobUnknown` for a job that this owner does not have.
    """

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
            The job as it was before, and the number of its circuits of which nothing has come yet.

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

    def outcomes(self, owner: str, job_id: str, limit: int, offset: int) -> tuple[int, list[str], list[str]]:
        """A page of what came of a job's circuits.

        Returns:
            How many circuits there is something to say of altogether; and, for those of the page, the
            results and the failures as JSON.
        """
        with self._changed:
            job = self.job(owner, job_id)
            rows = self._db.execute(
                "SELECT item, failed FROM results WHERE job = ? ORDER BY position LIMIT ? OFFSET ?",
                (job.number, limit, offset),
            ).fetchall()
            results, failures = ([item for item, failed in rows if failed == kind] for kind in (0, 1))
            return self._count("results", job.number), results, failures

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

    @contextmanager
    def _adding(self, owner: str, job_id: str, *, is_last: bool) -> Iterator[StoredJob]:
        with self._transaction():
            job = self.job(owner, job_id)
            if job.status is not JobStatus.PENDING:
                raise JobConflict(
                    f"job {job_id} is {job.status}: it takes circuits or a problem while it is PENDING"
                )
            if job.is_finalized:
                raise JobConflict(
                    f"job {job_id} is finalized: it takes no more circuits, and no other problem"
                )
            yield job
            if is_last and self._pending_time_s:
                self._held_until[job.number] = self._clock() + self._pending_time_s
            self._changed.notify_all()

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
