"""What submitted a job, which its type or its labels tell."""

from __future__ import annotations

import sqlite3

from qiskit_qoro.models.jobs import JobType
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.wire.labels import index_of_label, kind_of_label

__all__ = ["find_kind", "kind_of_type"]

_KIND_OF_TYPE = {JobType.STATE: JobKind.STATE, JobType.VALIDATE: JobKind.CHARACTERIZATION}
# A submission of these may consist of several jobs.
_PRIMITIVES = (JobKind.SAMPLER, JobKind.ESTIMATOR, JobKind.GRADIENT)


def kind_of_type(job_type: JobType) -> JobKind:
    """Return what submitted a job, as far as its type tells: the kind of a job without circuits."""
    return _KIND_OF_TYPE.get(job_type, JobKind.OTHER)


def find_kind(
    connection: sqlite3.Connection, number: int, job_type: JobType, first_label: str | None
) -> JobKind:
    """Find out what submitted a job. The function works within the caller's transaction.

    If a primitive submits several jobs, only the first label of the first job has the kind. The indices in
    the labels continue from one job to the next.

    Args:
        connection: The database.
        number: The job.
        job_type: Its type.
        first_label: The label of its first circuit, or ``None`` if it has no circuits.
    """
    kind = kind_of_type(job_type)
    if kind is not JobKind.OTHER or first_label is None:
        return kind
    kind = JobKind.of_letter(kind_of_label(first_label))
    index = index_of_label(first_label)
    if kind is not JobKind.OTHER or not index:
        return kind
    row = connection.execute(
        "SELECT earlier.kind, circuits.label FROM jobs"
        " JOIN jobs AS earlier ON earlier.owner = jobs.owner AND earlier.number < jobs.number"
        " AND earlier.tag = jobs.tag JOIN circuits ON circuits.job = earlier.number"
        " WHERE jobs.number = ? ORDER BY earlier.number DESC, circuits.position DESC LIMIT 1",
        (number,),
    ).fetchone()
    if row is None or row[0] not in _PRIMITIVES or index_of_label(row[1]) != index - 1:
        return kind
    return JobKind(row[0])
