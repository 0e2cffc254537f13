"""The rows of a characterization: its problem, and what was found. Within a transaction of the caller."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from qiskit_qoro.local.store.append_circuits import finalize
from qiskit_qoro.local.store.records import StoredJob

__all__ = ["StoredAnalysis", "add_problem", "read_analysis", "read_problem", "write_analysis"]


@dataclass(frozen=True)
class StoredAnalysis:
    """What was found out about a problem.

    Attributes:
        findings: ``hardness``, ``report`` and ``recommendations`` as the members of a JSON object.
        html: The report as a fragment of HTML.
        created_at: When the problem came, in UTC.
        completed_at: When the analysis was done, in UTC.
    """

    findings: str
    html: str
    created_at: str
    completed_at: str


def add_problem(database: sqlite3.Connection, job: StoredJob, problem: str) -> None:
    """Give a job its problem, as JSON; it can run from here on."""
    database.execute(
        "INSERT INTO analyses (job, problem, created_at) VALUES (?, ?, ?)", (job.number, problem, _now())
    )
    finalize(database, job)


def read_problem(database: sqlite3.Connection, number: int) -> str:
    """A job's problem, as JSON."""
    row = database.execute("SELECT problem FROM analyses WHERE job = ?", (number,)).fetchone()
    return str(row[0])


def write_analysis(database: sqlite3.Connection, number: int, findings: str, html: str) -> None:
    """Keep what was found out."""
    database.execute(
        "UPDATE analyses SET findings = ?, html = ?, completed_at = ? WHERE job = ?",
        (findings, html, _now(), number),
    )


def read_analysis(database: sqlite3.Connection, number: int) -> StoredAnalysis | None:
    """What was found out, ``None`` as long as that is nothing."""
    row = database.execute(
        "SELECT findings, html, created_at, completed_at FROM analyses"
        " WHERE job = ? AND completed_at IS NOT NULL",
        (number,),
    ).fetchone()
    return None if row is None else StoredAnalysis(*row)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
