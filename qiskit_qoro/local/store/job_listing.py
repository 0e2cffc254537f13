"""The jobs of an account as lists show them: some of them at a time, filtered and counted by SQLite.

Each function holds the lock of the database only for one or two statements, which read the index ``listing``.
So a long list does not keep the jobs waiting.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.store_errors import JobNotFoundError
from qiskit_qoro.models.jobs import JobStatus, JobType
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.storage import text_test

__all__ = ["ListedJob", "ListingConditions", "find_listed_job", "list_choices", "list_jobs"]

_MAX_TAGS = 200
# The jobs as they are seen. In the file, jobs are still RUNNING if they failed while the disk was full.
_SEEN = """(
    SELECT number, owner, kind, tag, simulator_cluster, qpu_system, job_id,
        iif(key IS NULL, status, 'FAILED') AS status, ifnull(value, reason) AS reason
    FROM jobs LEFT JOIN json_each(?) ON number = CAST(key AS INTEGER) AND status = 'RUNNING'
)"""
# One text, so that each job is compared once.
_SEARCHED = (
    "tag || char(10) || coalesce(simulator_cluster, qpu_system, '') || char(10) || job_id || char(10) ||"
    " ifnull(reason, '')"
)
_COLUMNS = (
    "number, job_id, job_type, kind, tag, coalesce(simulator_cluster, qpu_system), status, turn IS NOT NULL,"
    " (SELECT max(position) + 1 FROM circuits WHERE job = number), num_finished, num_shots,"
    " created_at, started_at, ended_at, run_time_s, reason"
)
_Conditions = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class ListingConditions:
    """Conditions for jobs. Empty values mean any.

    Attributes:
        statuses: The statuses.
        kinds: The kinds.
        tag: The whole tag.
        text: Occurs in the tag, the target, the identifier or the reason. The case does not matter.
    """

    statuses: Collection[str] = ()
    kinds: Collection[str] = ()
    tag: str = ""
    text: str = ""


@dataclass(frozen=True)
class ListedJob:
    """A job in a list.

    Attributes:
        number: Its key in the database.
        job_id: Its public identifier.
        job_type: What to compute.
        kind: What submitted it.
        tag: Its tag.
        target: The name of its simulator cluster or QPU system, or ``None`` if the service chooses.
        status: Its status.
        is_finalized: Whether its last circuits have arrived.
        num_circuits: The number of its circuits so far.
        num_finished: How many of them have a result or a failure.
        num_shots: The shots of all circuits together, or ``None`` if they take none.
        created_at: When it was opened; all times are in UTC, and ``None`` if unknown.
        started_at: When it began to run; ``None`` also if it has not.
        ended_at: When it ended; ``None`` also if it has not.
        run_time_s: How long it ran, in seconds, or ``None`` until it has ended; as in
            :class:`~qiskit_qoro.local.store.records.StoredJob`.
        reason: Why it failed or was not run; ``None`` otherwise.
    """

    number: int
    job_id: str
    job_type: JobType
    kind: JobKind
    tag: str
    target: str | None
    status: JobStatus
    is_finalized: bool
    num_circuits: int
    num_finished: int
    num_shots: int | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    run_time_s: float | None
    reason: str | None


def list_jobs(
    database: Database, owner: str, conditions: ListingConditions, *, limit: int, offset: int
) -> tuple[list[ListedJob], Mapping[str, int]]:
    """Read some of the jobs of an account that meet conditions, newest first, and count them.

    Args:
        database: The database.
        owner: The name of the account.
        conditions: The conditions.
        limit: The largest number of jobs.
        offset: How many to leave out at the beginning.

    Returns:
        The jobs, and status to number of jobs. The numbers disregard the condition on the status.
    """
    failures = database.unstored_failures()
    source, values = "jobs", []
    if failures:
        reasons = json.dumps({number: failure.reason for number, failure in failures.items()})
        source, values = _SEEN, [reasons]
    with database.read() as connection:
        tests = _tests(connection, owner, conditions)
        query = f"SELECT status, count(*) FROM {source} WHERE {_joined(tests)} GROUP BY status"  # noqa: S608
        by_status = dict(connection.execute(query, values + _values(tests)).fetchall())
    if offset >= sum(by_status.get(status, 0) for status in conditions.statuses or by_status):
        return [], by_status  # without comparing all jobs again
    if conditions.statuses:
        tests.append(_one_of("status", conditions.statuses))
    with database.read() as connection:
        numbers = f"SELECT number FROM {source} WHERE {_joined(tests)} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM jobs WHERE number IN ({numbers}) ORDER BY number DESC",  # noqa: S608
            [*values, *_values(tests), limit, offset],
        ).fetchall()
        return [_listed_job(database, row) for row in rows], by_status


def find_listed_job(database: Database, owner: str, job_id: str) -> ListedJob:
    """Read a job of an account.

    Raises:
        JobNotFoundError: The account has no such job.
    """
    query = f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ? AND owner = ?"  # noqa: S608
    with database.read() as connection:
        row = connection.execute(query, (job_id, owner)).fetchone()
        if row is None:
            raise JobNotFoundError(f"there is no job {job_id!r}")
        return _listed_job(database, row)


def list_choices(database: Database, owner: str) -> tuple[list[str], list[JobKind]]:
    """Read the tags and the kinds of the jobs of an account. Those of the newest job are first."""
    query = "SELECT tag, kind FROM jobs WHERE owner = ? GROUP BY tag, kind ORDER BY max(number) DESC"
    with database.read() as connection:
        rows = connection.execute(query, (owner,)).fetchall()
    tags, kinds = dict.fromkeys(tag for tag, _ in rows), dict.fromkeys(kind for _, kind in rows)
    return list(tags)[:_MAX_TAGS], [JobKind(kind) for kind in kinds]


def _tests(connection: sqlite3.Connection, owner: str, conditions: ListingConditions) -> _Conditions:
    """Return expressions of SQL, and the values of their parameters, without that on the status."""
    tests: _Conditions = [("owner = ?", [owner])]
    if conditions.kinds:
        tests.append(_one_of("kind", conditions.kinds))
    if conditions.tag:
        tests.append(("tag = ?", [conditions.tag]))
    if conditions.text:
        test, value = text_test(connection, conditions.text)
        tests.append((test.format(_SEARCHED), [value]))
    return tests


def _one_of(column: str, values: Collection[str]) -> tuple[str, list[str]]:
    return f"{column} IN ({', '.join('?' * len(values))})", list(values)


def _joined(tests: _Conditions) -> str:
    return " AND ".join(expression for expression, _ in tests)


def _values(tests: _Conditions) -> list[str]:
    return [value for _, values in tests for value in values]


def _listed_job(database: Database, row: Sequence[Any]) -> ListedJob:
    number, job_id, job_type, kind, tag, target, status_text, is_finalized, *rest = row
    num_circuits, num_finished, num_shots, created_at, started_at, ended_at, run_time_s, reason = rest
    status, total = JobStatus(status_text), num_circuits or 0
    failure = database.unstored_failure(number) if status is JobStatus.RUNNING else None
    if status is JobStatus.COMPLETED:
        num_finished = total
    elif status is JobStatus.RUNNING:
        num_finished = (num_finished or 0) + database.num_finished(number)
    if failure is not None:
        status, reason, run_time_s = JobStatus.FAILED, failure.reason, failure.run_time_s
    return ListedJob(
        number,
        job_id,
        JobType(job_type),
        JobKind(kind),
        tag,
        target,
        status,
        bool(is_finalized),
        total,
        num_finished or 0,
        num_shots,
        _time(created_at),
        _time(started_at),
        _time(ended_at),
        run_time_s if status.is_final else None,
        reason,
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
