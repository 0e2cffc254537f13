"""The status of a listed job as an expression of SQL, so that SQLite can select and count jobs by it.

The rules are those of :mod:`~qiskit_qoro.history.journal_entry`, which SQLite calls as functions. Whether the
submitting process runs matters only for the few entries whose submission has not ended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from functools import cache

from qiskit_qoro.history.conditions import Condition
from qiskit_qoro.history.journal_entry import Stage, joint_status, listed_status
from qiskit_qoro.history.processes import ProcessMark, is_abandoned

__all__ = ["condition_on_status", "prepare_statuses", "status_expression"]

# Nearly all entries have been submitted and have a status, which is then the one to show. SQLite finds this
# out faster than a function in Python.
_OF_ENTRY = (
    f"CASE WHEN stage = '{Stage.SUBMITTED.value}' AND status IS NOT NULL THEN status "
    "ELSE listed_status(stage, status, host, pid, started, time) END"
)


def prepare_statuses(database: sqlite3.Connection, separator: str | None, now: datetime) -> None:
    """Define the functions of SQL that :func:`status_expression` calls.

    Args:
        database: A connection in a transaction.
        separator: Separates the identifiers in the table of service jobs that belong together; ``None`` if
            the journal has no such table.
        now: The present, in UTC.
    """
    abandoned: dict[tuple[object, ...], bool] = {}

    def of_entry(stage: str, status: str | None, host: str, pid: int, started: str, time: str) -> str:
        def has_process_ended() -> bool:
            # A process that submits many jobs is looked up once.
            key = (host, pid, started, time)
            if key not in abandoned:
                mark = ProcessMark(host, pid, started)
                abandoned[key] = is_abandoned(mark, now - datetime.fromisoformat(time))
            return abandoned[key]

        return listed_status(Stage(stage), status, has_process_ended)

    database.create_function("listed_status", 6, of_entry)
    if separator is not None:
        joint = _joint_statuses(database, separator)
        database.create_function("joint_status", 2, lambda *whole: joint[whole])


def status_expression(*, joint: bool) -> str:
    """Return the expression for the status of the job that an entry belongs to.

    Args:
        joint: Whether the query joins the table of service jobs that belong together.
    """
    if not joint:
        return _OF_ENTRY
    return f"CASE WHEN every_id IS NULL THEN {_OF_ENTRY} ELSE joint_status(service, every_id) END"


def condition_on_status(statuses: Collection[str], *, joint: bool) -> Condition:
    """Return the condition that the job of an entry has one of several statuses."""
    places = ", ".join("?" * len(statuses))
    return f"{status_expression(joint=joint)} IN ({places})", tuple(statuses)


def _joint_statuses(database: sqlite3.Connection, separator: str) -> dict[tuple[str, str], str]:
    """Return the status of each job that consists of several service jobs, by service and identifiers.

    A service job may belong to several jobs. Its row in the table names the newest of them only.
    """
    query = f"SELECT service, job_id, every_id, {_OF_ENTRY} FROM jobs JOIN joint_jobs USING (service, job_id)"  # noqa: S608 - constants only
    parts: dict[tuple[str, str], set[str]] = {}
    wholes: dict[tuple[str, str], None] = {}
    for service, job_id, every_id, status in database.execute(query):
        parts.setdefault((service, job_id), set()).add(status)
        wholes[service, every_id] = None
    joint_of = cache(joint_status)  # there are few different sets of statuses
    return {
        (service, every_id): joint_of(
            frozenset().union(*(parts.get((service, job_id), ()) for job_id in every_id.split(separator)))
        )
        for service, every_id in wholes
    }
