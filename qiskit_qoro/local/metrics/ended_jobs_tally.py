"""Count jobs that end, and circuits that get an outcome, since the start of the service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from qiskit_qoro.local.metrics.metric_table import OTHER_ACCOUNT
from qiskit_qoro.local.metrics.tallies import Counts, Histogram
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["EndedJobsTally"]

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)

_Value = TypeVar("_Value")

_logger = logging.getLogger(__name__)


class EndedJobsTally:
    """Counts within a ``with`` block.

    Args:
        database: The database of the service.
        accounts: The names of the accounts that have a label of their own.

    Attributes:
        jobs: The jobs by account, kind and status.
        durations: Their run times in seconds, by kind.
        waits: The seconds that they waited before they ran, by account.
        circuits: The circuits that have an outcome, by account.
        failed_circuits: The failed circuits of jobs that have ended, by account.
        shots: The shots of completed jobs, by account.
    """

    def __init__(self, database: Database, accounts: Collection[str]) -> None:
        self.jobs = Counts()
        self.durations = Histogram(_SECONDS)
        self.waits = Histogram(_SECONDS)
        self.circuits = Counts()
        self.failed_circuits = Counts()
        self.shots = Counts()
        self._database = database
        self._accounts = frozenset(accounts)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(self._database.subscribe(_never_fail(self._count_job)))
        self._stack.callback(self._database.subscribe_outcomes(_never_fail(self._count_circuits)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    # The database calls these methods with its lock held. They read one row by its key, which takes less time
    # than to hand the job to another thread.

    def _count_job(self, number: int, status: JobStatus) -> None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT owner, kind, run_time_s, created_at, started_at, num_shots,"
                " (SELECT count(*) FROM results WHERE job = number AND failed = 1)"
                " FROM jobs WHERE number = ?",
                (number,),
            ).fetchone()
        if row is None:
            return
        owner, kind, run_time_s, created, started, num_shots, num_failed = row
        account = self._label(owner)
        failure = self._database.unstored_failure(number)
        if failure is not None:
            run_time_s = failure.run_time_s
        self.jobs.add((account, kind, status.value))
        if run_time_s is not None:
            self.durations.add((kind,), run_time_s)
        if created and started:
            wait = datetime.fromisoformat(started) - datetime.fromisoformat(created)
            self.waits.add((account,), max(0.0, wait.total_seconds()))
        if num_failed:
            self.failed_circuits.add((account,), num_failed)
        if num_shots and status is JobStatus.COMPLETED:
            self.shots.add((account,), num_shots)

    def _count_circuits(self, number: int, num_circuits: int) -> None:
        with self._database.read() as connection:
            row = connection.execute("SELECT owner FROM jobs WHERE number = ?", (number,)).fetchone()
        if row is not None:
            self.circuits.add((self._label(row[0]),), num_circuits)

    def _label(self, owner: str) -> str:
        return owner if owner in self._accounts else OTHER_ACCOUNT


def _never_fail(function: Callable[[int, _Value], None]) -> Callable[[int, _Value], None]:
    """Log the errors of a function. Neither a job nor its outcomes may depend on the metrics."""

    def call(number: int, value: _Value) -> None:
        try:
            function(number, value)
        except Exception:
            _logger.exception("job number %d is missing in the metrics", number)

    return call
