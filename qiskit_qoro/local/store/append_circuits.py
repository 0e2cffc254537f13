"""Adding circuits to a job: what has to fit to what is there already, and the rows that are written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.store.records import StoredJob, pack_values
from qiskit_qoro.models.jobs import CircuitBatch
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.models.templates import TemplateBatch

__all__ = ["add_batch", "add_template_batch", "finalize"]

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
    first = _num_circuits(database, job)
    _set_observables(database, job, batch.observables, batch.circuit_ham_map, is_first=first == 0)
    counts = _shots(batch, len(blobs))
    rows = [
        (job.number, first + index, label, blob, count, None)
        for index, ((label, blob), count) in enumerate(zip(blobs.items(), counts, strict=True))
    ]
    _insert_circuits(database, rows)
    if batch.finalized:
        _check_ranges(batch, first + len(blobs))
        finalize(database, job)


def add_template_batch(database: sqlite3.Connection, job: StoredJob, batch: TemplateBatch, blob: str) -> None:
    """Add the circuits of a template to a job that is open for them, within a transaction of the caller.

    Args:
        database: Where to write.
        job: The job.
        batch: The parameter sets, their shots or observables, and whether they are the last ones.
        blob: The compressed text of the template. It is kept once, however often it is sent in a row.

    Raises:
        WireError: A label is there already, or the observables differ from those sent before. The caller
            has to roll back.
    """
    first = _num_circuits(database, job)
    _set_observables(database, job, batch.observables, None, is_first=first == 0)
    _check_shots([batch.shots])
    number = _template_number(database, job, blob, json.dumps(batch.template.parameter_names))
    rows = [
        (job.number, first + index, label, pack_values(values), batch.shots, number)
        for index, (label, values) in enumerate(batch.template.parameter_sets)
    ]
    _insert_circuits(database, rows)
    if batch.finalized:
        finalize(database, job)


def _num_circuits(database: sqlite3.Connection, job: StoredJob) -> int:
    query = "SELECT count(*) FROM circuits WHERE job = ?"
    return int(database.execute(query, (job.number,)).fetchone()[0])


def finalize(database: sqlite3.Connection, job: StoredJob) -> None:
    """Give a job its place in the queue: it can run from here on."""
    database.execute(
        "UPDATE jobs SET turn = 1 + (SELECT coalesce(max(turn), 0) FROM jobs) WHERE number = ?",
        (job.number,),
    )


def _template_number(database: sqlite3.Connection, job: StoredJob, blob: str, names: str) -> int:
    query = "SELECT number, blob, names FROM templates WHERE job = ? ORDER BY number DESC LIMIT 1"
    last = database.execute(query, (job.number,)).fetchone()
    if last is not None and last[1:] == (blob, names):
        return int(last[0])
    number = 0 if last is None else int(last[0]) + 1
    database.execute("INSERT INTO templates VALUES (?, ?, ?, ?)", (job.number, number, blob, names))
    return number


def _set_observables(
    database: sqlite3.Connection,
    job: StoredJob,
    observables: Sequence[Sequence[str]] | None,
    ham_map: Sequence[CircuitRange] | None,
    *,
    is_first: bool,
) -> None:
    text = None if observables is None else json.dumps([observables, ham_map])
    if is_first:
        database.execute("UPDATE jobs SET observables = ? WHERE number = ?", (text, job.number))
    elif text != job.observables:
        raise WireError(
            "observables: expected the same observables and circuit_ham_map in every body of a job, "
            "got others than before"
        )


def _insert_circuits(
    database: sqlite3.Connection, rows: Sequence[tuple[int, int, str, str | bytes, int | None, int | None]]
) -> None:
    try:
        database.executemany("INSERT INTO circuits VALUES (?, ?, ?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError:
        query = "SELECT 1 FROM circuits WHERE job = ? AND label = ? AND position < ?"
        for job, _, label, *_ in rows:
            if database.execute(query, (job, label, rows[0][1])).fetchone():
                raise WireError(f"circuits[{label!r}]: the job has a circuit of this label already") from None
        raise


def _shots(batch: CircuitBatch, num_circuits: int) -> list[int | None]:
    if batch.shot_groups is None:
        counts: list[int | None] = [batch.shots] * num_circuits
    else:
        counts = [group.shots for group in batch.shot_groups for _ in range(group.start, group.end)]
    _check_shots(counts)
    return counts


def _check_shots(counts: Sequence[int | None]) -> None:
    if any(count is not None and count > _MOST_SHOTS for count in counts):
        raise WireError(f"shots: expected at most {_MOST_SHOTS} for each circuit")


def _check_ranges(batch: CircuitBatch, num_circuits: int) -> None:
    for index, (start, end) in enumerate(batch.circuit_ham_map or ()):
        if end > num_circuits:
            raise WireError(
                f"circuit_ham_map[{index}]: expected a range within the job's {num_circuits} circuits, "
                f"got [{start}, {end})"
            )
