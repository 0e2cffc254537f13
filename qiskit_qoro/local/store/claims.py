"""Which job runs next.

The jobs of an account run in the order of their turns: the order in which they were finalized. Among
accounts, the one with the fewest running jobs is next. If several have equally many, it is the one that has
waited longest since a job of it was started. So an account with a thousand jobs does not hold up another
account, also if only one job runs at a time.

That is not enough if all threads of the runner are busy with long jobs. So each thread of a runner with many
of them has a :class:`ClaimScope`: some take only short jobs, and a few take only the first job of an account,
and only while all threads for any job are busy. A job of ten circuits starts at once although forty large
ones are waiting, and so does the first job of an account although another account has taken all other
threads. Of the long jobs only some run at once. The workers take turns between all running jobs, so the long
ones end no later for that, and a short one shares the workers with few others.

The functions read the index ``queue`` only, at two places for each account that has waiting jobs. It does not
matter how many jobs wait.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["SHORT_JOB_CIRCUITS", "Candidate", "ClaimScope", "find_candidates", "has_waiting_jobs"]

SHORT_JOB_CIRCUITS = 100
"""The largest number of circuits of a short job."""


class ClaimScope(Enum):
    """Which jobs a thread takes."""

    ANY = "any job"
    SHORT = "jobs with few circuits"
    FIRST = "jobs of accounts that have no running job"


@dataclass(frozen=True)
class Candidate:
    """The job of an account that is next among its short or among its other jobs.

    Attributes:
        number: The job.
        owner: The account.
        is_short: Whether it has few circuits.
        turn: Its position in the queue.
        num_running: How many jobs of the account are running.
    """

    number: int
    owner: str
    is_short: bool
    turn: int
    num_running: int

    def is_in(self, scope: ClaimScope) -> bool:
        """Whether a thread with a scope takes the job."""
        if scope is ClaimScope.SHORT:
            return self.is_short
        return scope is ClaimScope.ANY or not self.num_running


# The first part walks along the index from account to account.
_CANDIDATES = """
WITH RECURSIVE owners (owner) AS (
    SELECT min(owner) FROM jobs WHERE status = :pending
    UNION ALL
    SELECT (SELECT min(owner) FROM jobs WHERE status = :pending AND owner > owners.owner)
    FROM owners WHERE owner IS NOT NULL
), next_jobs (number) AS (
    SELECT (
        SELECT number FROM jobs
        WHERE status = :pending AND jobs.owner = owners.owner AND is_short = class.is_short
        ORDER BY turn LIMIT 1
    ) FROM owners, (SELECT 0 AS is_short UNION ALL SELECT 1) AS class
)
SELECT number, owner, is_short, turn FROM next_jobs CROSS JOIN jobs USING (number)
"""


def find_candidates(connection: sqlite3.Connection) -> list[Candidate]:
    """Return the jobs that may be next: at most two for each account, in any order."""
    rows = connection.execute(_CANDIDATES, {"pending": JobStatus.PENDING.value}).fetchall()
    if not rows:
        return []
    running = dict(
        connection.execute(
            "SELECT owner, count(*) FROM jobs WHERE status = ? GROUP BY owner", (JobStatus.RUNNING.value,)
        )
    )
    return [
        Candidate(number, owner, bool(is_short), turn, running.get(owner, 0))
        for number, owner, is_short, turn in rows
    ]


def has_waiting_jobs(connection: sqlite3.Connection) -> bool:
    """Whether a finalized job is pending."""
    query = "SELECT EXISTS (SELECT 1 FROM jobs WHERE status = ? AND turn IS NOT NULL)"
    return bool(connection.execute(query, (JobStatus.PENDING.value,)).fetchone()[0])
