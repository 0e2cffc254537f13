"""Submit a job of the database again: as a new job with the same circuits and settings, or not at all."""

from __future__ import annotations

import uuid

from qiskit_qoro.local.store import ledger, quotas
from qiskit_qoro.local.store.analyses import copy_problem
from qiskit_qoro.local.store.append_circuits import finalize
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_listing import find_listed_job
from qiskit_qoro.local.store.records import time_to_text
from qiskit_qoro.local.store.store_errors import JobConflictError
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["resubmit_job"]

_COPIED = (
    "owner, tag, job_type, simulator_cluster, qpu_system, use_packing, observables, state, kind, num_shots"
)
_COPIED_CONTENTS = {
    "circuits": "position, label, content, shots, template",
    "templates": "number, blob, names",
    "configurations": "configuration",
}


def resubmit_job(database: Database, owner: str, job_id: str, quota: quotas.Quota = quotas.NO_QUOTA) -> str:
    """Submit a job that has ended again.

    Args:
        database: The database.
        owner: The owner of the job, who pays for the new job too.
        job_id: The job.
        quota: The quota of the owner.

    Returns:
        The identifier of the new job, which is at the end of the queue.

    Raises:
        JobNotFoundError: The owner has no such job.
        JobConflictError: The job has not ended, or its submission was never complete.
        BalanceTooLowError: The owner cannot pay for a single circuit.
        QuotaExceededError: The owner has too many unfinished jobs, or has sent too many circuits today.
    """
    new_id = str(uuid.uuid4())
    now = database.now()
    with database.transaction() as connection:
        job = find_listed_job(database, owner, job_id)
        if not job.status.is_final:
            raise JobConflictError(
                f"job {job_id} is {job.status}: only a job that has ended can be submitted again"
            )
        if not job.is_finalized:
            raise JobConflictError(
                f"job {job_id} ended before its last circuits were sent: it cannot be submitted again"
            )
        ledger.check_balance(connection, owner)
        quotas.check_unfinished_jobs(connection, owner, quota)
        quotas.check_circuits(connection, owner, quota, job.number, now)
        cursor = connection.execute(
            f"INSERT INTO jobs (job_id, status, created_at, {_COPIED})"  # noqa: S608
            f" SELECT ?, ?, ?, {_COPIED} FROM jobs WHERE number = ?",
            (new_id, JobStatus.PENDING.value, time_to_text(now), job.number),
        )
        new_number = cursor.lastrowid
        assert new_number is not None  # noqa: S101 - the job exists, so a row was inserted
        for table, columns in _COPIED_CONTENTS.items():
            connection.execute(
                f"INSERT INTO {table} (job, {columns}) SELECT ?, {columns} FROM {table} WHERE job = ?",  # noqa: S608
                (new_number, job.number),
            )
        copy_problem(connection, job.number, new_number, now)
        finalize(connection, new_number)
        quotas.count_circuits(connection, owner, new_number, now)
        database.delay_start(new_number)
        database.notify()
    return new_id
