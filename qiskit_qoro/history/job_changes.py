"""Cancel, delete or wait for several jobs. Each of them is tried, whatever happens to the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qiskit_qoro.errors import ConflictError, NotFoundError, QoroError
from qiskit_qoro.models.jobs import ExecutionResult, JobState, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import Deadline

__all__ = ["Change", "Changes", "change_each", "wait_for_each"]

Change = Callable[[QoroService, ExecutionResult], object]
"""A call of the client that changes one job."""

_MAX_NAMED = 5


@dataclass(frozen=True)
class Changes:
    """The outcome of a change of several jobs.

    Attributes:
        done: The jobs that were changed, in order.
        unchanged: The error of each job that had ended (409) or does not exist any more (404).
        failed: The error of each job that could not be changed for another reason.
    """

    done: tuple[str, ...]
    unchanged: dict[str, QoroError]
    failed: dict[str, QoroError]

    def raise_failure(self, done: str) -> None:
        """Raise the first failure if there is any. If several jobs are concerned, it says which.

        Args:
            done: The past participle of the change.
        """
        if not self.failed:
            return
        job_id, error = next(iter(self.failed.items()))
        error.name_job(job_id)
        others = list(self.failed)[1:]
        if others:
            error.extend(f"These jobs have not been {done} either: {_listed(others)}")
        if self.done:
            error.extend(f"These have been {done}: {_listed(self.done)}")
        raise error


def change_each(change: Change, service: QoroService, job_ids: Sequence[str]) -> Changes:
    """Change several jobs, one after another.

    Args:
        change: The call that changes one job.
        service: The client.
        job_ids: The jobs.
    """
    done: list[str] = []
    unchanged: dict[str, QoroError] = {}
    failed: dict[str, QoroError] = {}
    for job_id in job_ids:
        try:
            change(service, ExecutionResult(job_id=job_id))
            done.append(job_id)
        except (ConflictError, NotFoundError) as error:
            unchanged[job_id] = error
        except QoroError as error:
            failed[job_id] = error
    return Changes(tuple(done), unchanged, failed)


def wait_for_each(
    service: QoroService, job_ids: Sequence[str], deadline: Deadline
) -> dict[str, JobStatus | None]:
    """Wait until each of several jobs has ended. They share one schedule of polls.

    Args:
        service: The client.
        job_ids: The jobs.
        deadline: When to give up.

    Returns:
        The final status of each job by identifier, or ``None`` for a job that does not exist any more.

    Raises:
        JobTimeoutError: A job had not ended in time. It continues.
        MaxRetriesReachedError: A job had not ended after ``max_retries`` polls. It continues.
        QoroAPIError: The service answered with another error.
        QoroConnectionError: There was no answer.
    """
    found: dict[str, JobStatus | None] = {}

    def record(_polls: int, states: Mapping[str, JobState]) -> None:
        found.update({job_id: state.status for job_id, state in states.items() if state.status.is_final})

    while pending := [job_id for job_id in dict.fromkeys(job_ids) if job_id not in found]:
        try:
            service.wait_for_jobs(
                [ExecutionResult(job_id=job_id) for job_id in pending], deadline=deadline, on_look=record
            )
        except NotFoundError as error:
            if error.job_id not in pending:
                raise
            found[error.job_id] = None  # the wait for the others continues
    return found


def _listed(job_ids: Sequence[str]) -> str:
    shown = ", ".join(job_ids[:_MAX_NAMED])
    more = len(job_ids) - _MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
