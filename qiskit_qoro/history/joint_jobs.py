"""The service jobs that belong together, because one run of a primitive submitted them.

The table is an addition to the first version of the journal. Older releases ignore it. It is created when it
is first needed, so that journals of older releases gain it too. Only jobs that consist of several service
jobs have rows in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from qiskit_qoro.history.conditions import Condition, join_conditions

__all__ = ["has_joint_jobs", "insert_joint_jobs", "read_joint_jobs", "select_jobs"]

_CREATE = """
CREATE TABLE IF NOT EXISTS joint_jobs (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    every_id TEXT NOT NULL,
    PRIMARY KEY (service, job_id)
)
"""
_SEPARATOR = "\n"
_JOINED = "jobs LEFT JOIN joint_jobs USING (service, job_id)"
# The jobs whose entries have been removed from the journal.
_CLEAN_UP = "DELETE FROM joint_jobs WHERE job_id NOT IN (SELECT job_id FROM jobs WHERE job_id IS NOT NULL)"


def insert_joint_jobs(database: sqlite3.Connection, service: str, job_ids: Sequence[str]) -> None:
    """Record that jobs of a service belong together.

    Args:
        database: A connection in a transaction that writes.
        service: The service, as the journal names it.
        job_ids: The identifiers of the jobs, in order.
    """
    database.execute(_CREATE)
    database.execute(_CLEAN_UP)
    every_id = _SEPARATOR.join(job_ids)
    # If failed service jobs were submitted again, the others belong to an older job already. The first row is
    # that of a new one, which stands for the whole job.
    ordered = sorted(job_ids, key=lambda job_id: bool(read_joint_jobs(database, job_id)))
    database.executemany(
        "INSERT OR REPLACE INTO joint_jobs (service, job_id, every_id) VALUES (?, ?, ?)",
        [(service, job_id, every_id) for job_id in ordered],
    )


def read_joint_jobs(database: sqlite3.Connection, job_id: str) -> list[str]:
    """Return the jobs that belong together with a job, in order. None, if it stands alone.

    Args:
        database: A connection in a transaction.
        job_id: The identifier of the job.
    """
    if not has_joint_jobs(database):
        return []
    row = database.execute("SELECT every_id FROM joint_jobs WHERE job_id = ?", (job_id,)).fetchone()
    return [] if row is None else str(row[0]).split(_SEPARATOR)


def select_jobs(
    database: sqlite3.Connection,
    conditions: Sequence[Condition],
    since: str | None,
    until: str | None,
    limit: int | None,
) -> list[tuple[list[str], list[int]]]:
    """Select whole jobs, newest first.

    Args:
        database: A connection in a transaction.
        conditions: Conditions that an entry of a job has to meet.
        since: The earliest time of the entry that stands for the job.
        until: The latest such time.
        limit: The largest number of jobs.

    Returns:
        For each job the identifiers of its service jobs, and the numbers of their entries as far as the
        journal has them. The first entry stands for the job. A job that stands alone has one number, and no
        identifiers.
    """
    has_joint = has_joint_jobs(database)
    where, values = join_conditions(conditions)
    columns = f"number, time, service, {'every_id' if has_joint else 'NULL'}"
    query = f"SELECT {columns} FROM {_JOINED if has_joint else 'jobs'}{where} ORDER BY number DESC"  # noqa: S608 - constants only
    found: list[tuple[list[str], list[int]]] = []
    seen: set[tuple[str, str]] = set()
    for number, own_time, service, every_id in database.execute(query, values):
        if len(found) == limit:
            break
        if (service, every_id) in seen:
            continue
        job_ids, numbers, time = [], [number], own_time
        if every_id is not None:
            seen.add((service, every_id))
            job_ids = str(every_id).split(_SEPARATOR)
            rows = database.execute(_entries_query(len(job_ids)), (service, *job_ids, every_id)).fetchall()
            numbers, time = [row[0] for row in rows], rows[0][1]
        if (since is None or str(time) >= since) and (until is None or str(time) <= until):
            found.append((job_ids, numbers))
    return found


def _entries_query(num_jobs: int) -> str:
    """Return the query for the entries of service jobs. The one that stands for the whole job comes first."""
    places = ", ".join("?" * num_jobs)
    return (
        f"SELECT number, time FROM {_JOINED} WHERE service = ? AND job_id IN ({places}) "  # noqa: S608 - constants only
        "ORDER BY every_id IS NOT ?, joint_jobs.rowid"
    )


def has_joint_jobs(database: sqlite3.Connection) -> bool:
    """Whether a journal has the table. Journals of older releases do not."""
    has_table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'joint_jobs'"
    return bool(database.execute(has_table).fetchone()[0])
