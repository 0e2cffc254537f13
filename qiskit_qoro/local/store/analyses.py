"""The problem of a characterization job, and its analysis.

Every function works within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from qiskit_qoro.local.store.append_circuits import finalize
from qiskit_qoro.local.store.records import StoredJob

__all__ = [
    "StoredAnalysis",
    "add_problem",
    "copy_problem",
    "read_analysis",
    "read_problem",
    "write_analysis",
]


@dataclass(frozen=True)
class StoredAnalysis:
    """The finished analysis of a problem.

    Attributes:
        findings: A JSON object with the members ``hardness``, ``report`` and ``recommendations``.
        html: The report as an HTML fragment.
        created_at: When the problem was submitted, in UTC.
        completed_at: When the analysis was finished, in UTC.
    """

    findings: str
    html: str
    created_at: str
    completed_at: str


def add_problem(connection: sqlite3.Connection, job: StoredJob, problem: str, now: datetime) -> None:
    """Store the problem of a job, as JSON, and put the job in the queue."""
    connection.execute(
        "INSERT INTO analyses (job, problem, created_at) VALUES (?, ?, ?)", (job.number, problem, _text(now))
    )
    finalize(connection, job.number)


def copy_problem(connection: sqlite3.Connection, number: int, new_number: int, now: datetime) -> None:
    """Store the problem of a job for another job too, if it has one."""
    connection.execute(
        "INSERT INTO analyses (job, problem, created_at) SELECT ?, problem, ? FROM analyses WHERE job = ?",
        (new_number, _text(now), number),
    )


def read_problem(connection: sqlite3.Connection, number: int) -> str:
    """Read a job's problem, as JSON."""
    row = connection.execute("SELECT problem FROM analyses WHERE job = ?", (number,)).fetchone()
    return str(row[0])


def write_analysis(
    connection: sqlite3.Connection, number: int, findings: str, html: str, now: datetime
) -> None:
    """Store the analysis of a job's problem."""
    connection.execute(
        "UPDATE analyses SET findings = ?, html = ?, completed_at = ? WHERE job = ?",
        (findings, html, _text(now), number),
    )


def read_analysis(connection: sqlite3.Connection, number: int) -> StoredAnalysis | None:
    """Read the analysis of a job's problem; return ``None`` if it is not finished."""
    row = connection.execute(
        "SELECT findings, html, created_at, completed_at FROM analyses"
        " WHERE job = ? AND completed_at IS NOT NULL",
        (number,),
    ).fetchone()
    return None if row is None else StoredAnalysis(*row)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
