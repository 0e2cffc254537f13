"""Adding circuits to a job: what has to fit to what is there already, and the rows that are written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.records import StoredJob
from qiskit_qoro.models.jobs import CircuitBatch

__all__ = ["add_batch"]

_MOST_SHOTS = 2**63 - 1  # what an integer of SQLite holds; the engine has its own, lower limit


def add_batch(
    database: sqlite3.Connection, job: StoredJob, batch: CircuitBatch, blobs: Mapping[str, str]
) -> None:
    """Add circuits to a job that is open for them, within a transaction of the caller.

    Args:
        database: Where to write.
        job: The job.
        batch: The circuits' shots or observables, and whether they are the last ones.
        blobs: Label to compressed text, in order.

    Raises:
        WireError: A label is there already, the observables differ from those sent before, or a range
            of ``circuit_ham_map`` ends after the last circuit. The caller has to roll back.
    """
    query = "SELECT count(*) FROM circuits WHERE job = ?"
    first = int(database.execute(query, (job.number,)).fetchone()[0])
    _set_observables(database, job, batch, is_first=first == 0)
    _insert_circuits(database, job, first, blobs, _shots(batch, len(blobs)))
    if batch.finalized:
        _check_ranges(batch, first + len(blobs))
        database.execute(
            "UPDATE jobs SET turn = 1 + (SELECT coalesce(max(turn), 0) FROM jobs) WHERE number = ?",
            (job.number,),
        )


def _set_observables(
    database: sqlite3.Connection, job: StoredJob, batch: CircuitBatch, *, is_first: bool
) -> None:
    text = None if batch.observables is None else json.dumps([batch.observables, batch.circuit_ham_map])
    if is_first:
        database.execute("UPDATE jobs SET observables = ? WHERE number = ?", (text, job.number))
    elif text != job.observables:
        raise WireError(
            "observables: expected the same observables and circuit_ham_map in every body of a job, "
            "got others than before"
        )


def _insert_circuits(
    database: sqlite3.Connection,
    job: StoredJob,
    first: int,
    blobs: Mapping[str, str],
    shots: Sequence[int | None],
) -> None:
    rows = [
        (job.number, first + index, label, blob, count)
        for index, ((label, blob), count) in enumerate(zip(blobs.items(), shots, strict=True))
    ]
    try:
        database.executemany("INSERT INTO circuits VALUES (?, ?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError:
        query = "SELECT 1 FROM circuits WHERE job = ? AND label = ? AND position < ?"
        for label in blobs:
            if database.execute(query, (job.number, label, first)).fetchone():
                raise WireError(f"circuits[{label!r}]: the job has a circuit of this label already") from None
        raise


def _shots(batch: CircuitBatch, num_circuits: int) -> list[int | None]:
    if batch.shot_groups is None:
        counts: list[int | None] = [batch.shots] * num_circuits
    else:
        counts = [group.shots for group in batch.shot_groups for _ in range(group.start, group.end)]
    if any(count is not None and count > _MOST_SHOTS for count in counts):
        raise WireError(f"shots: expected at most {_MOST_SHOTS} for each circuit")
    return counts


def _check_ranges(batch: CircuitBatch, num_circuits: int) -> None:
    for index, (start, end) in enumerate(batch.circuit_ham_map or ()):
        if end > num_circuits:
            raise WireError(
                f"circuit_ham_map[{index}]: expected a range within the job's {num_circuits} circuits, "
                f"got [{start}, {end})"
            )
