"""What the runner asks of the store: whose turn it is, what to run, and what came out."""

from __future__ import annotations

import json
from collections.abc import Iterable

from qiskit_qoro.local.store import ledger
from qiskit_qoro.local.store.analyses import read_problem, write_analysis
from qiskit_qoro.local.store.connection import JOB_COLUMNS, Transactions, job_from_row
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob, StoredTemplate
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["JobQueue"]


class JobQueue(Transactions):
    """The queue of jobs. Methods that take a job's ``number`` ignore jobs that are gone."""

    def claim(self) -> StoredJob | None:
        """Take the job whose turn it is: it is running from here on.

        Returns:
            The job; ``None`` where none is waiting, or where the account of the next one cannot pay for it,
            which ends it.
        """
        with self._transaction():
            row = self._db.execute(
                f"SELECT {JOB_COLUMNS} FROM jobs"  # noqa: S608
                " WHERE status = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1",
                (JobStatus.PENDING.value,),
            ).fetchone()
            if row is None or self.delay_s() != 0:
                return None
            job = job_from_row(row)
            unpaid = ledger.why_unpaid(self._db, job.number)
            if unpaid is not None:
                self._refuse(job, unpaid)
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

    def add_results(self, number: int, items: Iterable[tuple[int, str]]) -> None:
        """Keep results of a running job, each with the circuit's position; dropped if it runs no more."""
        self._add_outcomes(number, items, failed=False)

    def add_failure(self, number: int, position: int, item: str) -> None:
        """Keep why one circuit of a running job has no result; it is dropped if the job runs no more."""
        self._add_outcomes(number, [(position, item)], failed=True)

    def _add_outcomes(self, number: int, items: Iterable[tuple[int, str]], *, failed: bool) -> None:
        with self._transaction():
            row = self._db.execute("SELECT status FROM jobs WHERE number = ?", (number,)).fetchone()
            if row is not None and row[0] == JobStatus.RUNNING.value:
                self._db.executemany(
                    "INSERT INTO results (job, position, item, failed) VALUES (?, ?, ?, ?)",
                    [(number, position, item, failed) for position, item in items],
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

    def _refuse(self, job: StoredJob, reason: str) -> None:
        self._held_until.pop(job.number, None)
        self._move(job.number, JobStatus.INSUFFICIENT_CREDITS)
        self._db.execute(
            "UPDATE jobs SET run_time_s = 0, reason = ? WHERE number = ?",
            (reason, job.number),
        )
