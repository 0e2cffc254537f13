"""What version 8 of the database adds to version 7, and how an existing database gets it.

Version 7 has no times, so they stay unknown for its jobs. Everything else follows from what it has stored.
Every function works within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from qiskit_qoro.local.store.kinds import find_kind
from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "ADDED_COLUMNS",
    "ADDED_INDEXES",
    "OLD_VERSION",
    "SchemaRow",
    "migrate",
    "without_additions",
]

OLD_VERSION = 7
"""The version that can be brought up to date."""

SchemaRow = tuple[str, str, str | None, str | None, int | None]
"""Type and name of a table or an index, and name, type and place in the primary key of one of its columns."""

ADDED_COLUMNS = (
    "kind TEXT NOT NULL DEFAULT 'other'",  # what submitted the job: a word of JobKind
    "num_shots INTEGER",  # the shots of all circuits together; NULL if they take none
    # How many circuits have a result or a failure. Set if a job ends without being completed, and if it waits
    # again or runs again with outcomes of earlier runs; else NULL.
    "num_finished INTEGER",
    "created_at TEXT",  # these times are in UTC, in the format of `records.time_to_text`; NULL if unknown
    "started_at TEXT",  # NULL also if the job has not run, or waits again
    "ended_at TEXT",
)
"""The definitions of the new columns, which are the last ones of the table ``jobs``."""

# `listing` holds all that the conditions of a listing need, because the rows of `jobs` may be long: they have
# the observables. `failures` finds the failed circuits among any number of results, and `charges` the cost of
# one job among those of all jobs.
ADDED_INDEXES = """
CREATE INDEX listing ON jobs
    (owner, number, status, kind, tag, simulator_cluster, qpu_system, job_id, reason);
CREATE INDEX failures ON results (job, position) WHERE failed = 1;
CREATE INDEX charges ON transactions (job_id) WHERE job_id IS NOT NULL;
"""
"""The definitions of the new indexes."""

_COLUMN_NAMES = frozenset(definition.split()[0] for definition in ADDED_COLUMNS)
_INDEX_NAMES = frozenset({"charges", "failures", "listing"})


def without_additions(schema: Iterable[SchemaRow]) -> list[SchemaRow]:
    """Return the tables, indexes and columns of the old version.

    Args:
        schema: Those of the present version.
    """
    return [
        row
        for row in schema
        if row[1] not in _INDEX_NAMES and (row[1] != "jobs" or row[2] not in _COLUMN_NAMES)
    ]


def migrate(connection: sqlite3.Connection) -> None:
    """Add the new columns and indexes to a database of the old version, and fill them."""
    for definition in ADDED_COLUMNS:
        connection.execute(f"ALTER TABLE jobs ADD COLUMN {definition}")
    for definition in filter(str.strip, ADDED_INDEXES.split(";")):
        connection.execute(definition)
    first_labels = connection.execute(
        "SELECT number, job_type, label FROM jobs LEFT JOIN circuits ON job = number AND position = 0"
        " ORDER BY number"
    ).fetchall()
    # In the order of the jobs, because the kind of a job may follow from an earlier one.
    for number, job_type, label in first_labels:
        kind = find_kind(connection, number, JobType(job_type), label)
        connection.execute("UPDATE jobs SET kind = ? WHERE number = ?", (kind.value, number))
    # `total` cannot overflow, and the conversion of a sum that is too large gives the largest integer.
    connection.execute(
        "UPDATE jobs SET num_shots = (SELECT iif(count(shots), CAST(total(shots) AS INTEGER), NULL)"
        " FROM circuits WHERE job = jobs.number)"
    )
    ended = [status.value for status in JobStatus if status.is_final and status is not JobStatus.COMPLETED]
    connection.execute(
        "UPDATE jobs SET num_finished = (SELECT count(*) FROM results WHERE job = jobs.number)"  # noqa: S608
        f" WHERE status IN ({', '.join('?' * len(ended))})",
        ended,
    )
