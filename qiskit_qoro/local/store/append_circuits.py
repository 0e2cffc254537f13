"""Append circuits to a job: check them against the circuits that the job already has, and write the rows.

Every function works within the caller's transaction. After a :class:`WireError` the caller has to roll back,
because some rows may have been written already.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.store.claims import SHORT_JOB_CIRCUITS
from qiskit_qoro.local.store.kinds import find_kind
from qiskit_qoro.local.store.records import StoredJob, pack_values
from qiskit_qoro.models.jobs import CircuitBatch
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.models.templates import TemplateBatch

__all__ = ["add_batch", "add_template_batch", "finalize"]

_MAX_SHOTS = 2**63 - 1  # the largest integer of SQLite; the engine has a lower limit of its own

# job, position, label, content, shots, template
_CircuitRow = tuple[int, int, str, str | bytes, int | None, int | None]


def add_batch(
    connection: sqlite3.Connection, job: StoredJob, batch: CircuitBatch, blobs: Mapping[str, str]
) -> None:
    """Append circuits to a job that is not finalized.

    Args:
        connection: The database, in a transaction.
        job: The job.
        batch: The shots or observables of the circuits, and whether they are the last ones.
        blobs: Label to compressed text, in order.

    Raises:
        WireError: The job has a circuit with the same label, the observables differ from those of earlier
            bodies, or a range of ``circuit_ham_map`` ends after the last circuit.
    """
    first = _num_circuits(connection, job)
    shots = _shots_per_circuit(batch, len(blobs))
    observables = _observables_to_json(batch.observables, batch.circuit_ham_map)
    if first == 0:
        _set_contents(connection, job, observables, next(iter(blobs), None), _total(shots))
    else:
        _check_observables(job, observables)
        _add_shots(connection, job, _total(shots))
    rows: list[_CircuitRow] = [
        (job.number, first + index, label, blob, count, None)
        for index, ((label, blob), count) in enumerate(zip(blobs.items(), shots, strict=True))
    ]
    _insert_circuits(connection, rows)
    if batch.finalized:
        # The ranges have to fit into the number of circuits, which is known only now.
        _check_ranges(batch, first + len(blobs))
        finalize(connection, job.number)


def add_template_batch(
    connection: sqlite3.Connection, job: StoredJob, batch: TemplateBatch, blob: str
) -> None:
    """Append the rows of a template to a job that is not finalized.

    Args:
        connection: The database, in a transaction.
        job: The job.
        batch: The parameter sets, their shots or observables, and whether they are the last ones.
        blob: The compressed text of the template.

    Raises:
        WireError: The job has a circuit with the same label, or the observables differ from those of
            earlier bodies.
    """
    first = _num_circuits(connection, job)
    _check_shots([batch.shots])
    observables = _observables_to_json(batch.observables, None, batch.weights)
    parameter_sets = batch.template.parameter_sets
    num_shots = _total([batch.shots] * len(parameter_sets))
    if first == 0:
        _set_contents(
            connection, job, observables, parameter_sets[0][0] if parameter_sets else None, num_shots
        )
    else:
        _check_observables(job, observables)
        _add_shots(connection, job, num_shots)
    number = _template_number(connection, job, blob, json.dumps(batch.template.parameter_names))
    rows: list[_CircuitRow] = [
        (job.number, first + index, label, pack_values(values), batch.shots, number)
        for index, (label, values) in enumerate(parameter_sets)
    ]
    _insert_circuits(connection, rows)
    if batch.finalized:
        finalize(connection, job.number)


def finalize(connection: sqlite3.Connection, number: int) -> None:
    """Put a job at the end of the queue. It accepts no more circuits."""
    connection.execute(
        "UPDATE jobs SET turn = 1 + (SELECT coalesce(max(turn), 0) FROM jobs),"
        " is_short = ifnull((SELECT max(position) + 1 FROM circuits WHERE job = number), 0) <= ?"
        " WHERE number = ?",
        (SHORT_JOB_CIRCUITS, number),
    )


def _num_circuits(connection: sqlite3.Connection, job: StoredJob) -> int:
    query = "SELECT count(*) FROM circuits WHERE job = ?"
    return int(connection.execute(query, (job.number,)).fetchone()[0])


def _template_number(connection: sqlite3.Connection, job: StoredJob, blob: str, names: str) -> int:
    """Store a template and return its number within the job.

    Clients repeat the template in every body that contains some of its rows. A template that equals the
    previous one is not stored again.
    """
    query = "SELECT number, blob, names FROM templates WHERE job = ? ORDER BY number DESC LIMIT 1"
    last = connection.execute(query, (job.number,)).fetchone()
    if last is not None and last[1:] == (blob, names):
        return int(last[0])
    number = 0 if last is None else int(last[0]) + 1
    connection.execute("INSERT INTO templates VALUES (?, ?, ?, ?)", (job.number, number, blob, names))
    return number


def _observables_to_json(
    observables: Sequence[Sequence[str]] | None,
    ham_map: Sequence[CircuitRange] | None,
    weights: Sequence[Sequence[float]] | None = None,
) -> str | None:
    return None if observables is None else json.dumps([observables, ham_map, weights])


def _set_contents(
    connection: sqlite3.Connection,
    job: StoredJob,
    observables: str | None,
    first_label: str | None,
    num_shots: int | None,
) -> None:
    """Store what the first body says about all circuits of a job that has none yet."""
    kind = find_kind(connection, job.number, job.job_type, first_label)
    connection.execute(
        "UPDATE jobs SET observables = ?, kind = ?, num_shots = ? WHERE number = ?",
        (observables, kind.value, num_shots, job.number),
    )


def _total(shots: Sequence[int | None]) -> int | None:
    """Add the shots of circuits; ``None`` if they take none."""
    if not shots or None in shots:
        return None
    return min(sum(filter(None, shots)), _MAX_SHOTS)


def _add_shots(connection: sqlite3.Connection, job: StoredJob, num_shots: int | None) -> None:
    """Add the shots of a later body to those of the job."""
    if num_shots is not None:
        # If a sum is too large for an integer, SQLite computes with floats and stores the largest integer.
        connection.execute(
            "UPDATE jobs SET num_shots = CAST(coalesce(num_shots, 0) + ? AS INTEGER) WHERE number = ?",
            (num_shots, job.number),
        )


def _check_observables(job: StoredJob, observables: str | None) -> None:
    """Check that a later body repeats the observables of the first one."""
    if observables != job.observables:
        raise WireError(
            "observables: expected the same observables, circuit_ham_map and weights in every body of a job, "
            "got others than in the first body"
        )


def _insert_circuits(connection: sqlite3.Connection, rows: Sequence[_CircuitRow]) -> None:
    try:
        connection.executemany("INSERT INTO circuits VALUES (?, ?, ?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError:
        # Labels are distinct within a body, so one of them must be that of an earlier circuit. Rows of this
        # body that are already inserted have higher positions, which the query leaves out.
        query = "SELECT 1 FROM circuits WHERE job = ? AND label = ? AND position < ?"
        for job, _, label, *_ in rows:
            if connection.execute(query, (job, label, rows[0][1])).fetchone():
                raise WireError(
                    f"circuits[{label!r}]: the job already has a circuit with this label"
                ) from None
        raise


def _shots_per_circuit(batch: CircuitBatch, num_circuits: int) -> list[int | None]:
    if batch.shot_groups is None:
        shots: list[int | None] = [batch.shots] * num_circuits
    else:
        shots = [group.shots for group in batch.shot_groups for _ in range(group.start, group.end)]
    _check_shots(shots)
    return shots


def _check_shots(shots: Sequence[int | None]) -> None:
    if any(count is not None and count > _MAX_SHOTS for count in shots):
        raise WireError(f"shots: expected at most {_MAX_SHOTS} for each circuit")


def _check_ranges(batch: CircuitBatch, num_circuits: int) -> None:
    for index, (start, end) in enumerate(batch.circuit_ham_map or ()):
        if end > num_circuits:
            raise WireError(
                f"circuit_ham_map[{index}]: expected a range within the job's {num_circuits} circuits, "
                f"got [{start}, {end})"
            )
