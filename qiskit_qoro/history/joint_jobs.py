"""The service jobs that belong together, because one run of a primitive submitted them.

The table is an addition to the first version of the journal. Older releases ignore it. It is created when it
is first needed, so that journals of older releases gain it too. Only jobs that consist of several service
jobs have rows in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

__all__ = ["insert_joint_jobs", "read_joint_jobs"]

_CREATE = """
CREATE TABLE IF NOT EXISTS joint_jobs (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    every_id TEXT NOT NULL,
    PRIMARY KEY (service, job_id)
)
"""
_SEPARATOR = "\n"
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
    database.executemany(
        "INSERT OR REPLACE INTO joint_jobs (service, job_id, every_id) VALUES (?, ?, ?)",
        [(service, job_id, every_id) for job_id in job_ids],
    )


def read_joint_jobs(database: sqlite3.Connection, job_id: str) -> list[str]:
    """Return the jobs that belong together with a job, in order. None, if it stands alone.

    Args:
        database: A connection in a transaction.
        job_id: The identifier of the job.
    """
    has_table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'joint_jobs'"
    if not database.execute(has_table).fetchone()[0]:
        return []
    row = database.execute("SELECT every_id FROM joint_jobs WHERE job_id = ?", (job_id,)).fetchone()
    return [] if row is None else str(row[0]).split(_SEPARATOR)
