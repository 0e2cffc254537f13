"""The quotas of accounts: how many unfinished jobs, running jobs and circuits an account may have.

Whoever opens a job or completes its submission is refused if that would exceed a quota. The check and the
change are in one transaction, so requests that arrive together cannot exceed it either. The number of running
jobs refuses nothing: jobs beyond it stay in the queue.

The circuits of a day are counted when the submission of a job is complete. A job that is given up before does
not count. Days are those of UTC. Every function works within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.store_errors import QuotaExceededError
from qiskit_qoro.models.arguments import checked, integer_of
from qiskit_qoro.models.credits import LimitUse
from qiskit_qoro.models.jobs import JobStatus

__all__ = [
    "NO_QUOTA",
    "Quota",
    "QuotaUse",
    "check_circuits",
    "check_unfinished_jobs",
    "count_circuits",
    "read_use",
]

_UNFINISHED = tuple(status.value for status in JobStatus if not status.is_final)

# Nobody knows when a job ends. This is short for a user who waits, and long for the service.
_RETRY_JOBS_S = 10


@dataclass(frozen=True)
class Quota:
    """What an account may have at most. ``None`` means that there is no limit.

    Attributes:
        unfinished_jobs: Jobs that wait or run, and those whose submission is not complete.
        running_jobs: Jobs that run at once. Others wait.
        circuits_per_day: Circuits that it sends on one day in UTC. A characterization counts as one.

    Raises:
        QoroInputError: A limit is not an integer of 1 or more.
    """

    unfinished_jobs: int | None = None
    running_jobs: int | None = None
    circuits_per_day: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                limit = checked(field.name, value, integer_of(value, least=1), "1 or more")
                object.__setattr__(self, field.name, limit)

    @classmethod
    def of(cls, value: Self | Mapping[str, Any]) -> Self:
        """Return a quota, or that with the fields of a mapping.

        Raises:
            QoroInputError: It is neither, or a field is unknown or invalid.
        """
        if isinstance(value, cls):
            return value
        names = [field.name for field in fields(cls)]
        if not isinstance(value, Mapping) or not value.keys() <= set(names):
            raise QoroInputError(
                f"quota is {value!r}, expected a Quota, or a mapping with {', '.join(names)}"
            )
        return cls(**value)

    def limits(self, use: QuotaUse) -> list[LimitUse]:
        """Return the limits that are set, and how much of each is used."""
        used = (use.unfinished_jobs, use.running_jobs, use.circuits_today)
        limits = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [
            LimitUse(name, limit, number)
            for (name, limit), number in zip(limits, used, strict=True)
            if limit is not None
        ]


NO_QUOTA = Quota()
"""The quota of an account without limits."""


@dataclass(frozen=True)
class QuotaUse:
    """What an account has now.

    Attributes:
        unfinished_jobs: Jobs that wait or run, and those whose submission is not complete.
        running_jobs: Jobs that run.
        circuits_today: Circuits that it has sent today, in UTC.
    """

    unfinished_jobs: int
    running_jobs: int
    circuits_today: int


def read_use(connection: sqlite3.Connection, owner: str, now: datetime) -> QuotaUse:
    """Read what an account has now."""
    query = "SELECT count(*) FROM jobs WHERE status = ? AND owner = ?"
    (running,) = connection.execute(query, (JobStatus.RUNNING.value, owner)).fetchone()
    return QuotaUse(_count_unfinished(connection, owner), running, _circuits_today(connection, owner, now))


def check_unfinished_jobs(connection: sqlite3.Connection, owner: str, quota: Quota) -> None:
    """Check that an account may open another job.

    Raises:
        QuotaExceededError: It has too many.
    """
    limit = quota.unfinished_jobs
    if limit is None:
        return
    used = _count_unfinished(connection, owner)
    if used >= limit:
        raise QuotaExceededError(
            f"account {owner!r} has {used} unfinished jobs and its quota is {limit}: wait until one of them "
            "ends, or cancel one",
            _RETRY_JOBS_S,
        )


def check_circuits(
    connection: sqlite3.Connection, owner: str, quota: Quota, number: int, now: datetime
) -> None:
    """Check that an account may send the circuits of a job today.

    Args:
        connection: The database.
        owner: The account.
        quota: Its quota.
        number: The job, with all its circuits so far. A job without circuits counts as one circuit.
        now: The time of day.

    Raises:
        QuotaExceededError: They are too many.
    """
    limit = quota.circuits_per_day
    if limit is None:
        return
    used, wanted = _circuits_today(connection, owner, now), _num_circuits(connection, number)
    if used + wanted > limit:
        left_s = _seconds_left(now)
        hours, minutes = left_s // 3600, left_s % 3600 // 60
        raise QuotaExceededError(
            f"account {owner!r} has sent {used} circuits today and its quota is {limit} a day, so {wanted} "
            f"more are too many: the quota is free again at 00:00 UTC, in {hours} h {minutes} min",
            left_s,
        )


def count_circuits(connection: sqlite3.Connection, owner: str, number: int, now: datetime) -> None:
    """Count the circuits of a job, whose submission is complete, for its account."""
    connection.execute(
        "INSERT INTO usage (account, day, circuits) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE SET"
        " circuits = iif(day = excluded.day, circuits, 0) + excluded.circuits, day = excluded.day",
        (owner, _day(now), _num_circuits(connection, number)),
    )


def _count_unfinished(connection: sqlite3.Connection, owner: str) -> int:
    # Unlike the counts for each target, this reads the index `queue` only.
    marks = ", ".join("?" * len(_UNFINISHED))
    query = f"SELECT count(*) FROM jobs WHERE status IN ({marks}) AND owner = ?"  # noqa: S608 - question marks
    return int(connection.execute(query, (*_UNFINISHED, owner)).fetchone()[0])


def _circuits_today(connection: sqlite3.Connection, owner: str, now: datetime) -> int:
    query = "SELECT circuits FROM usage WHERE account = ? AND day = ?"
    row = connection.execute(query, (owner, _day(now))).fetchone()
    return 0 if row is None else int(row[0])


def _num_circuits(connection: sqlite3.Connection, number: int) -> int:
    # The positions have no gaps. Counting the rows would read all circuits.
    query = "SELECT ifnull(max(position) + 1, 1) FROM circuits WHERE job = ?"
    return int(connection.execute(query, (number,)).fetchone()[0])


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _seconds_left(now: datetime) -> int:
    """Return the seconds until the next day begins, rounded up."""
    now = now.astimezone(UTC)
    end = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return -int((now - end).total_seconds() // 1)
