"""Cancel, delete and resubmit jobs. The journal records what happened."""

from __future__ import annotations

from contextlib import suppress

from qiskit_qoro.errors import NotFoundError, QoroError, QoroInputError
from qiskit_qoro.history import Journal, RecordedJob
from qiskit_qoro.history.job_changes import Change, Changes, change_each
from qiskit_qoro.history.job_entry import may_run
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.source import RefusedError
from qiskit_qoro.service import QoroService

__all__ = ["cancel_job", "delete_job", "resubmit_job"]


def cancel_job(client: JournalClient, journal: Journal, job: RecordedJob) -> str:
    """Cancel a job; return a sentence that says what happened.

    Raises:
        RefusedError: The job has ended, or does not exist any more.
        QoroError: A service job could not be cancelled. The others have been.
    """
    unfinished = [
        entry.job_id for entry in job.entries if entry.job_id is not None and may_run(entry.listed_status)
    ]
    changes = _change(client, journal, job, QoroService.cancel_job, unfinished, "cancelled")
    service = client.service()
    for job_id in changes.done:
        # The service may cancel the job a little later. Then the next poll records it.
        with suppress(QoroError):
            state = service.get_job_state(ExecutionResult(job_id=job_id))
            journal.set_status_of(job.entries[0].service, job_id, state.status.value)
    if not changes.done:
        raise RefusedError("The job has ended, so it was not cancelled.")
    return "The job is cancelled."


def delete_job(client: JournalClient, journal: Journal, job: RecordedJob) -> str:
    """Delete a job and its results from the service; return a sentence that says what happened.

    The journal keeps its entry, without the programs.

    Raises:
        RefusedError: The job does not exist any more.
        QoroError: A service job could not be deleted. The others have been.
    """
    present = [
        entry.job_id
        for entry in job.entries
        if entry.job_id is not None and entry.listed_status != ListedStatus.DELETED
    ]
    # The client records each deletion.
    changes = _change(client, journal, job, QoroService.delete_job, present, "deleted")
    if not changes.done:
        raise RefusedError("The service does not have the job any more, so it was not deleted.")
    return "The job and its results are deleted."


def resubmit_job(client: JournalClient, job: RecordedJob) -> str:
    """Submit a job again, once; return the identifier of the new job.

    Raises:
        RefusedError: Its programs are not available, or a budget has no room. Nothing was sent.
        QoroError: The service refused the job, or did not answer.
    """
    if job.job_id is None:
        raise RefusedError("The submission ended before the job had an identifier.")
    try:
        return client.retrieve(job.job_id).resubmit().job_id()
    except QoroInputError as error:
        raise RefusedError(f"The job was not submitted again: {error}") from error


def _change(
    client: JournalClient,
    journal: Journal,
    job: RecordedJob,
    change: Change,
    job_ids: list[str],
    done: str,
) -> Changes:
    changes = change_each(change, client.service(), job_ids)
    for job_id, error in changes.unchanged.items():
        if isinstance(error, NotFoundError):
            journal.set_status_of(job.entries[0].service, job_id, ListedStatus.GONE.value)
    changes.raise_failure(done)
    return changes
