"""What later versions of the database add to version 7, and how an existing database gets it.

- Version 8 adds what lists of jobs show. Version 7 has no times, so they stay unknown for its jobs.
- Version 9 adds what the fair order of the queue and the quotas of accounts need. What was sent before on the
  day of the change is not counted.

Everything else follows from what a database has stored. Every function works within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from qiskit_qoro.local.store.claims import SHORT_JOB_CIRCUITS
from qiskit_qoro.local.store.kinds import find_kind
from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "ADDED_COLUMNS",
    "ADDED_INDEXES",
    "ADDED_TABLES",
    "OLD_VERSIONS",
    "SchemaRow",
    "migrate",
    "without_additions",
]

OLD_VERSIONS = (7, 8)
"""The versions that can be brought up to date."""

SchemaRow = tuple[str, str, str | None, str | None, int | None]
"""Type and name of a table or an index, and name, type and place in the primary key of one of its columns."""

_COLUMNS_OF_8 = (
    "kind TEXT NOT NULL DEFAULT 'other'",  # what submitted the job: a word of JobKind
    "num_shots INTEGER",  # the shots of all circuits together; NULL if they take none
    # How many circuits have a result or a failure. Set if a job ends without being completed, and if it waits
    # again or runs again with outcomes of earlier runs; else NULL.
    "num_finished INTEGER",
    "created_at TEXT",  # these times are in UTC, in the format of `records.time_to_text`; NULL if unknown
    "started_at TEXT",  # NULL also if the job has not run, or waits again
    "ended_at TEXT",
)
_COLUMNS_OF_9 = (
    "is_short INTEGER",  # whether the job has few circuits; NULL until it is finalized
)
ADDED_COLUMNS = (*_COLUMNS_OF_8, *_COLUMNS_OF_9)
"""The definitions of the new columns, which are the last ones of the table ``jobs``."""

ADDED_TABLES = """
CREATE TABLE usage (
    account TEXT PRIMARY KEY,
    day TEXT NOT NULL,          -- in UTC, such as 2026-11-30
    circuits INTEGER NOT NULL   -- how many were sent on that day
) WITHOUT ROWID;
"""
"""The definitions of the new tables, which version 9 adds."""

# `listing` holds all that the conditions of a listing need, because the rows of `jobs` may be long: they have
# the observables. `failures` finds the failed circuits among any number of results, and `charges` the cost of
# one job among those of all jobs.
_INDEXES_OF_8 = """
CREATE INDEX listing ON jobs
    (owner, number, status, kind, tag, simulator_cluster, qpu_system, job_id, reason);
CREATE INDEX failures ON results (job, position) WHERE failed = 1;
CREATE INDEX charges ON transactions (job_id) WHERE job_id IS NOT NULL;
"""
# `queue` finds the next job of each account, and `turns` the last turn.
_INDEXES_OF_9 = """
CREATE INDEX queue ON jobs (status, owner, is_short, turn);
CREATE INDEX turns ON jobs (turn);
"""
ADDED_INDEXES = _INDEXES_OF_8 + _INDEXES_OF_9
"""The definitions of the new indexes. The earlier versions have an index ``queue`` with other columns."""

# The names that are missing in each version: of columns of `jobs`, and of tables and indexes.
_NEW_COLUMNS = {
    version: frozenset(definition.split()[0] for definition in definitions)
    for version, definitions in {7: ADDED_COLUMNS, 8: _COLUMNS_OF_9}.items()
}
_NEW_NAMES = {
    7: frozenset({"charges", "failures", "listing", "turns", "usage"}),
    8: frozenset({"turns", "usage"}),
}


def without_additions(schema: Iterable[SchemaRow], version: int) -> list[SchemaRow]:
    """Return the tables, indexes and columns of an old version.

    Args:
        schema: Those of the present version.
        version: The old version.
    """
    names, columns = _NEW_NAMES[version], _NEW_COLUMNS[version]
    return [row for row in schema if row[1] not in names and (row[1] != "jobs" or row[2] not in columns)]


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Add what is new to a database of an old version, and fill it.

    Args:
        connection: The database.
        version: Its version.
    """
    if version == 7:
        _add_version_8(connection)
    _add_version_9(connection)


def _add_version_9(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX queue")
    _define(connection, _COLUMNS_OF_9, ADDED_TABLES + _INDEXES_OF_9)
    connection.execute(
        "UPDATE jobs SET is_short ="
        " ifnull((SELECT max(position) + 1 FROM circuits WHERE job = number), 0) <= ?"
        " WHERE turn IS NOT NULL",
        (SHORT_JOB_CIRCUITS,),
    )


def _define(connection: sqlite3.Connection, columns: Iterable[str], statements: str) -> None:
    for definition in columns:
        connection.execute(f"ALTER TABLE jobs ADD COLUMN {definition}")
    for statement in filter(str.strip, statements.split(";")):
        connection.execute(statement)


def _add_version_8(connection: sqlite3.Connection) -> None:
    _define(connection, _COLUMNS_OF_8, _INDEXES_OF_8)
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
