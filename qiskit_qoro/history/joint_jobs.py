"""The service jobs that belong together, because one run of a primitive submitted them.

The table is an addition to the first version of the journal. Older releases ignore it. It is created when it
is first needed, so that journals of older releases gain it too. Only jobs that consist of several service
jobs have rows in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from qiskit_qoro.history.conditions import Condition, join_conditions

__all__ = [
    "SEPARATOR",
    "count_by_status",
    "find_parts",
    "has_joint_jobs",
    "insert_joint_jobs",
    "read_joint_jobs",
    "select_jobs",
    "select_page",
]

_CREATE = """
CREATE TABLE IF NOT EXISTS joint_jobs (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    every_id TEXT NOT NULL,
    PRIMARY KEY (service, job_id)
)
"""
SEPARATOR = "\n"
"""Separates the identifiers of the service jobs of a job."""

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
    every_id = SEPARATOR.join(job_ids)
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
    return [] if row is None else str(row[0]).split(SEPARATOR)


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
        job_ids: list[str] = []
        numbers, time = [number], own_time
        if every_id is not None:
            seen.add((service, every_id))
            job_ids, numbers, time = _read_parts(database, service, every_id)
        if (since is None or str(time) >= since) and (until is None or str(time) <= until):
            found.append((job_ids, numbers))
    return found


def select_page(
    database: sqlite3.Connection, conditions: Sequence[Condition], limit: int, offset: int
) -> list[tuple[list[str], list[int]]]:
    """Select some of the jobs that meet conditions, newest first.

    Args:
        database: A connection in a transaction.
        conditions: Conditions that an entry of a job has to meet.
        limit: The largest number of jobs.
        offset: How many jobs to leave out at the beginning.

    Returns:
        The jobs, as :func:`select_jobs` returns them.
    """
    jobs, values = _whole_jobs(conditions, "NULL", joint=has_joint_jobs(database))
    query = f"SELECT newest, service, every_id FROM ({jobs}) ORDER BY newest DESC LIMIT ? OFFSET ?"  # noqa: S608 - constants only
    return [
        ([], [number]) if every_id is None else _read_parts(database, service, every_id)[:2]
        for number, service, every_id in database.execute(query, (*values, limit, offset)).fetchall()
    ]


def find_parts(database: sqlite3.Connection, number: int, job_ids: Sequence[str]) -> list[int]:
    """Return the numbers of the entries of service jobs. The one that stands for the whole job comes first.

    Args:
        database: A connection in a transaction.
        number: The number of an entry of the same service.
        job_ids: The service jobs.
    """
    (service,) = database.execute("SELECT service FROM jobs WHERE number = ?", (number,)).fetchone()
    return _read_parts(database, service, SEPARATOR.join(job_ids))[1]


def count_by_status(
    database: sqlite3.Connection, conditions: Sequence[Condition], status: str
) -> dict[str, int]:
    """Count the jobs that meet conditions by their status.

    Args:
        database: A connection in a transaction.
        conditions: Conditions that an entry of a job has to meet.
        status: The expression for the status of a job.
    """
    jobs, values = _whole_jobs(conditions, status, joint=has_joint_jobs(database))
    query = f"SELECT listed, count(*) FROM ({jobs}) GROUP BY listed"  # noqa: S608 - constants only
    return dict(database.execute(query, values).fetchall())


def _whole_jobs(conditions: Sequence[Condition], status: str, *, joint: bool) -> tuple[str, list[object]]:
    """Return the query for the jobs, one row for each, and its values."""
    where, values = join_conditions(conditions)
    if not joint:
        columns = f"number AS newest, service, NULL AS every_id, {status} AS listed"
        return f"SELECT {columns} FROM jobs{where}", values  # noqa: S608 - constants only
    # With max(), SQLite takes the other columns from the row that has the maximum.
    columns = f"max(number) AS newest, service, every_id, {status} AS listed"
    return f"SELECT {columns} FROM {_JOINED}{where} GROUP BY service, ifnull(every_id, number)", values  # noqa: S608 - constants only


def _read_parts(
    database: sqlite3.Connection, service: str, every_id: str
) -> tuple[list[str], list[int], str]:
    """Return the service jobs of a job, the numbers of their entries, and the time of the first entry."""
    job_ids = str(every_id).split(SEPARATOR)
    rows = database.execute(_entries_query(len(job_ids)), (service, *job_ids, every_id)).fetchall()
    return job_ids, [row[0] for row in rows], rows[0][1]


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
