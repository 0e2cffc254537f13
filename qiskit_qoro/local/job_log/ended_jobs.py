"""Jobs that have ended, read from the database as the log shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["EndedJob", "read_ended_jobs"]


@dataclass(frozen=True)
class EndedJob:
    """A job that has ended.

    Attributes:
        job_id: Its public identifier.
        owner: The name of its account.
        kind: What submitted it, such as ``run``.
        tag: Its tag.
        status: Its final status.
        num_circuits: The number of its circuits; 0 if it has none.
        num_shots: The shots of all circuits together, or ``None`` if they take none.
        run_time_s: How long it ran, in seconds, or ``None`` if it has not run.
        reason: Why it failed or was not run, or ``None``.
        waited_s: How long it waited before it ran, in seconds, or ``None`` if it has not run.
    """

    job_id: str
    owner: str
    kind: str
    tag: str
    status: JobStatus
    num_circuits: int
    num_shots: int | None
    run_time_s: float | None
    reason: str | None
    waited_s: float | None = None


def read_ended_jobs(database: Database, ended: Sequence[tuple[int, JobStatus]]) -> list[EndedJob]:
    """Read jobs that have ended, in the given order. Those that have been deleted since are left out.

    Args:
        database: The database.
        ended: The numbers of the jobs, and their final statuses. They should be few.
    """
    marks = ", ".join("?" * len(ended))
    with database.read() as connection:
        rows = connection.execute(
            "SELECT number, job_id, owner, kind, tag, num_shots, run_time_s, reason, created_at, started_at,"  # noqa: S608 - marks
            " (SELECT max(position) + 1 FROM circuits WHERE job = number)"
            f" FROM jobs WHERE number IN ({marks})",
            [number for number, _ in ended],
        ).fetchall()
    by_number = {row[0]: row[1:] for row in rows}
    jobs = []
    for number, status in ended:
        if number not in by_number:
            continue
        job_id, owner, kind, tag, num_shots, run_time_s, reason, *times, num_circuits = by_number[number]
        failure = database.unstored_failure(number)
        if failure is not None:
            run_time_s, reason = failure.run_time_s, failure.reason
        jobs.append(
            EndedJob(
                job_id,
                owner,
                kind,
                tag,
                status,
                num_circuits or 0,
                num_shots,
                run_time_s,
                reason,
                _seconds_between(*times),
            )
        )
    return jobs


def _seconds_between(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    return max(0.0, seconds)
