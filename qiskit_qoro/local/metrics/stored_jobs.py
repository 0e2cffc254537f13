"""What the database knows of jobs and credits, for the metrics.

Each function holds the lock of the database for one or two statements, which take a few milliseconds for
10,000 jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.models.jobs import JobStatus

__all__ = [
    "Queued",
    "count_jobs",
    "count_unfinished_circuits",
    "database_size",
    "read_credits",
    "read_queue",
]

# An interrupted job has outcomes of earlier runs, whose number is stored with the job.
_NUM_LEFT = "ifnull((SELECT max(position) + 1 FROM circuits WHERE job = number), 0) - ifnull(num_finished, 0)"
_QUEUED_CIRCUITS = (
    f"SELECT owner, sum({_NUM_LEFT}) FROM jobs"  # noqa: S608
    " WHERE status = ? AND turn IS NOT NULL GROUP BY owner"
)
_RUNNING = f"SELECT owner, number, {_NUM_LEFT} FROM jobs WHERE status = ?"  # noqa: S608


@dataclass(frozen=True)
class Queued:
    """The queue of an account: the number of jobs, and the age of the first one in seconds."""

    num_jobs: int
    oldest_s: float


def count_jobs(database: Database) -> Mapping[tuple[str, str], int]:
    """Count the jobs by account and status."""
    failures = database.unstored_failures()
    with database.read() as connection:
        rows = connection.execute("SELECT owner, status, count(*) FROM jobs GROUP BY 1, 2").fetchall()
        counts = Counter({(owner, status): count for owner, status, count in rows})
        for number in failures:
            # In the file, a job is still RUNNING if it failed while the disk was full.
            query = "SELECT owner, status FROM jobs WHERE number = ?"
            for owner, status in connection.execute(query, (number,)):
                if status == JobStatus.RUNNING.value:
                    counts[owner, status] -= 1
                    counts[owner, JobStatus.FAILED.value] += 1
    return counts


def read_queue(database: Database) -> Mapping[str, Queued]:
    """Read the queues of the accounts that have one."""
    with database.read() as connection:
        # With min(), the number is that of the first job.
        rows = connection.execute(
            "SELECT owner, count(*), min(turn), number FROM jobs"
            " WHERE status = ? AND turn IS NOT NULL GROUP BY 1",
            (JobStatus.PENDING.value,),
        ).fetchall()
        created = {
            owner: connection.execute("SELECT created_at FROM jobs WHERE number = ?", (number,)).fetchone()[0]
            for owner, _, _, number in rows
        }
    now = database.now()
    ages = {
        owner: (now - datetime.fromisoformat(text)).total_seconds() if text else 0.0
        for owner, text in created.items()
    }
    return {owner: Queued(count, max(0.0, ages[owner])) for owner, count, _, _ in rows}


def count_unfinished_circuits(database: Database) -> Mapping[str, int]:
    """Count the circuits of queued and running jobs that have no outcome, by account."""
    failures = database.unstored_failures()
    with database.read() as connection:
        # The few running jobs are read one by one.
        counts = Counter(dict(connection.execute(_QUEUED_CIRCUITS, (JobStatus.PENDING.value,))))
        for owner, number, num_left in connection.execute(_RUNNING, (JobStatus.RUNNING.value,)):
            if number not in failures:
                counts[owner] += max(0, num_left - database.num_finished(number))
    return counts


def read_credits(database: Database) -> Mapping[str, tuple[float, float]]:
    """Read the balance and the charges of each account, in credits."""
    with database.read() as connection:
        rows = connection.execute("SELECT name, balance, total_used FROM accounts").fetchall()
    return {name: (balance / 100, used / 100) for name, balance, used in rows}


def database_size(database: Database) -> int:
    """Return the size of the database, in bytes."""
    with database.read() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page_size)
