"""How many jobs of an account have not ended. The function works within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["count_unfinished"]

_UNFINISHED = tuple(status.value for status in JobStatus if not status.is_final)


def count_unfinished(connection: sqlite3.Connection, owner: str) -> Mapping[tuple[str, JobStatus], int]:
    """Count the jobs of an account that wait or run, by the name of their target and by their status."""
    places = ", ".join("?" * len(_UNFINISHED))
    rows = connection.execute(
        "SELECT coalesce(simulator_cluster, qpu_system, ''), status, count(*) FROM jobs"  # noqa: S608
        f" WHERE status IN ({places}) AND owner = ? GROUP BY 1, 2",
        (*_UNFINISHED, owner),
    ).fetchall()
    return {(target, JobStatus(status)): number for target, status, number in rows}
