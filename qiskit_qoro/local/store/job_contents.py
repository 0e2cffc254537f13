"""The circuits of a job with their results, some at a time, and what all circuits have in common.

The number of circuits of each status follows from stored numbers and from the index of the failed circuits.
The results of all circuits are never read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_listing import ListedJob
from qiskit_qoro.local.store.records import StoredCircuit
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.wire.text import decode_text

__all__ = [
    "CircuitContents",
    "ListedCircuit",
    "find_circuit",
    "list_circuits",
    "read_first_result",
    "read_labels",
]

_COMPLETED, _FAILED = JobStatus.COMPLETED.value, JobStatus.FAILED.value
# The status of circuits without a result, by that of their job. They never run if the job has ended.
_WITHOUT_RESULT = {JobStatus.PENDING: JobStatus.PENDING.value, JobStatus.RUNNING: JobStatus.RUNNING.value}
_NEVER_RUN = JobStatus.CANCELLED.value

# The index has to be named. By itself, SQLite reads all results of the job, which may be long.
_FAILURES = "results INDEXED BY failures WHERE job = :job AND failed = 1"
_POSITIONS = {
    _COMPLETED: (
        "SELECT position FROM results WHERE job = :job"  # noqa: S608
        f" AND position NOT IN (SELECT position FROM {_FAILURES})"
    ),
    _FAILED: f"SELECT position FROM {_FAILURES}",  # noqa: S608
}
_POSITIONS_WITHOUT_RESULT = (
    "SELECT position FROM circuits WHERE job = :job AND NOT EXISTS"
    " (SELECT 1 FROM results WHERE results.job = :job AND results.position = circuits.position)"
)


@dataclass(frozen=True)
class ListedCircuit:
    """A circuit in a list.

    Attributes:
        position: Its position in the job, from 0.
        label: The caller's name for it.
        shots: How often it is sampled, or ``None`` if expectation values or states are computed instead.
        status: ``COMPLETED``, ``FAILED``, ``RUNNING``, ``PENDING``, or ``CANCELLED``.
        item: Its result or its failure as JSON, or ``None`` if there is none, or if it is left out.
        is_left_out: Whether the result is left out because it is too long.
    """

    position: int
    label: str
    shots: int | None
    status: str
    item: str | None
    is_left_out: bool = False


@dataclass(frozen=True)
class CircuitContents:
    """A circuit with what it runs.

    Attributes:
        listed: What a list shows of it, with its result of any length.
        program: Its OpenQASM text. A row of a template has the text of the template.
        parameters: Name to value of the parameters of a row of a template, in the order of the template.
    """

    listed: ListedCircuit
    program: str
    parameters: Mapping[str, float] = field(default_factory=dict)


def list_circuits(
    database: Database, job: ListedJob, *, status: str, limit: int, offset: int, longest_item: int
) -> tuple[list[ListedCircuit], Mapping[str, int]]:
    """Read some of the circuits of a job, in order, and count them.

    Args:
        database: The database.
        job: The job, as it has just been read.
        status: Only circuits with this status; empty for all.
        limit: The largest number of circuits.
        offset: How many to leave out at the beginning.
        longest_item: The length of the longest result that is not left out, in characters.

    Returns:
        The circuits, and status to number of circuits, without regard to the condition on the status.
    """
    with database.read() as connection:
        by_status = _count(connection, job)
        positions = _positions(connection, job, status, by_status, limit, offset)
        rows = connection.execute(
            "SELECT position, label, shots, failed, iif(length(item) <= ?, item, NULL)"  # noqa: S608
            " FROM circuits LEFT JOIN results USING (job, position)"
            f" WHERE job = ? AND position IN ({', '.join('?' * len(positions))}) ORDER BY position",
            (longest_item, job.number, *positions),
        ).fetchall()
    circuits = [
        ListedCircuit(position, label, shots, _status(job, failed), item, failed is not None and item is None)
        for position, label, shots, failed, item in rows
    ]
    return circuits, by_status


def find_circuit(database: Database, job: ListedJob, position: int) -> CircuitContents | None:
    """Read a circuit of a job with its program; return ``None`` if the job has no circuit at a position.

    Raises:
        WireError: The text of the circuit is damaged.
    """
    with database.read() as connection:
        row = connection.execute(
            "SELECT label, content, shots, template, failed, item, blob, names"
            " FROM circuits LEFT JOIN results USING (job, position)"
            " LEFT JOIN templates ON templates.job = circuits.job AND templates.number = template"
            " WHERE circuits.job = ? AND circuits.position = ?",
            (job.number, position),
        ).fetchone()
    if row is None:
        return None
    label, content, shots, template, failed, item, blob, names = row
    listed = ListedCircuit(position, label, shots, _status(job, failed), item)
    if template is None:
        return CircuitContents(listed, decode_text(content))
    values = StoredCircuit(position, label, content, shots, template).values
    return CircuitContents(listed, decode_text(blob), dict(zip(json.loads(names), values, strict=True)))


def read_labels(database: Database, job: ListedJob) -> list[str]:
    """Read the labels of all circuits of a job, in any order."""
    with database.read() as connection:
        rows = connection.execute("SELECT label FROM circuits WHERE job = ?", (job.number,)).fetchall()
    return [label for (label,) in rows]


def read_first_result(database: Database, job: ListedJob) -> str | None:
    """Read the result of the first circuit that has one, as JSON; ``None`` if there is none."""
    query = f"SELECT item FROM results WHERE job = :job AND position = ({_POSITIONS[_COMPLETED]} LIMIT 1)"  # noqa: S608
    with database.read() as connection:
        row = connection.execute(query, {"job": job.number}).fetchone()
    return None if row is None else str(row[0])


def _status(job: ListedJob, failed: int | None) -> str:
    """Return the status of a circuit that has failed, has a result, or has nothing (``None``)."""
    if failed is None:
        return _WITHOUT_RESULT.get(job.status, _NEVER_RUN)
    return _FAILED if failed else _COMPLETED


def _count(connection: sqlite3.Connection, job: ListedJob) -> dict[str, int]:
    query = f"SELECT count(*) FROM {_FAILURES}"  # noqa: S608
    num_failed = int(connection.execute(query, {"job": job.number}).fetchone()[0])
    # Circuits may have finished since the job was read.
    num_completed = max(0, job.num_finished - num_failed)
    counts = {
        _COMPLETED: num_completed,
        _FAILED: num_failed,
        _status(job, None): max(0, job.num_circuits - num_completed - num_failed),
    }
    return {status: number for status, number in counts.items() if number}


def _positions(
    connection: sqlite3.Connection,
    job: ListedJob,
    status: str,
    by_status: Mapping[str, int],
    limit: int,
    offset: int,
) -> Sequence[int]:
    """Return the positions of some of the circuits with a status."""
    number = by_status.get(status, 0)
    if not status or number == job.num_circuits:
        return range(offset, min(offset + limit, job.num_circuits))
    if offset >= number:
        return ()
    query = _POSITIONS.get(status, _POSITIONS_WITHOUT_RESULT)
    rows = connection.execute(
        f"{query} ORDER BY position LIMIT :limit OFFSET :offset",
        {"job": job.number, "limit": limit, "offset": offset},
    )
    return [position for (position,) in rows]
