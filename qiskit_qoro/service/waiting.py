"""Wait for jobs: poll their status until it is final, time runs out, or the caller stops the wait.

There are two ways to wait. :func:`wait_for_jobs` has a time limit and leaves the jobs running, even if it is
interrupted. :func:`poll_until_final` can be stopped by an event; :func:`poll_until_interrupted` sets that
event on Ctrl-C and then cancels the job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from qiskit_qoro.display.progress import ProgressOptions, progress
from qiskit_qoro.errors import ConflictError, ExecutionCancelledError, JobTimeoutError, QoroError
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.service.cancellation import interrupt_sets
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline
from qiskit_qoro.service.job_requests import StatusAnswer
from qiskit_qoro.service.polling import Poller
from qiskit_qoro.service.progress import log_changes, show_states
from qiskit_qoro.service.transport import DeadlineError

__all__ = [
    "FetchStatus",
    "poll_until_final",
    "poll_until_interrupted",
    "unanswered_poll_as_timeout",
    "wait_for_jobs",
]


class FetchStatus(Protocol):
    """Fetches the status of a job."""

    def __call__(
        self,
        job_id: str,
        *,
        hold_s: int = 0,
        wait: Callable[[float], None] | None = None,
        deadline: Deadline = NO_DEADLINE,
    ) -> StatusAnswer:
        """Fetch the status; see :func:`~qiskit_qoro.service.job_requests.fetch_status`."""


def wait_for_jobs(
    poller: Poller,
    fetch_status: FetchStatus,
    job_ids: Sequence[str],
    *,
    holds: Callable[[], bool | None],
    deadline: Deadline,
    on_poll: Callable[[int, Mapping[str, JobState]], None] | None,
    options: ProgressOptions,
) -> dict[str, JobState]:
    """Wait until the status of each job is final.

    Args:
        poller: Decides when each job is polled.
        fetch_status: Polls a job.
        job_ids: The jobs.
        holds: Whether the service holds polls; ``None`` if that is unknown.
        deadline: When to give up. It limits the requests too.
        on_poll: Called after each poll with the number of polls so far and the known states by identifier.
        options: Whether and where to show the progress.

    Returns:
        The final state of each job by identifier, in the order of ``job_ids``.

    Raises:
        JobTimeoutError: A job was not final in time.
        MaxRetriesReachedError: A job was not final after the poller's ``max_retries`` polls.
    """

    def poll(job_id: str, hold_s: int) -> JobState:
        with unanswered_poll_as_timeout(job_id, deadline):
            return fetch_status(job_id, hold_s=hold_s, deadline=deadline).state

    polls = {job_id: partial(poll, job_id) for job_id in job_ids}
    with progress(options, now=poller.clock.now) as line:

        def report(num_polls: int, states: Mapping[str, JobState]) -> None:
            show_states(line, list(states.values()), len(polls))
            if on_poll is not None:
                on_poll(num_polls, states)

        if line.is_visible:
            poller = poller.with_short_holds()
        return poller.wait_for_states(polls, holds=holds, deadline=deadline, on_poll=report)


@contextmanager
def unanswered_poll_as_timeout(job_id: str, deadline: Deadline) -> Iterator[None]:
    """Turn the error of a poll that was not answered before the deadline into that of the wait.

    Args:
        job_id: The job that is polled.
        deadline: When the wait ends.

    Raises:
        JobTimeoutError: The poll was not answered in time.
    """
    try:
        yield
    except DeadlineError as error:
        raise JobTimeoutError(
            f"the service did not report the status of job {job_id} within {deadline.timeout_s:g} s. The job "
            "keeps running: wait again, or retrieve it later by its id",
            job_id=job_id,
        ) from error


def poll_until_final(
    poller: Poller,
    fetch_status: FetchStatus,
    job_id: str,
    *,
    event: threading.Event,
    verbose: bool,
    progress_callback: Callable[[int, str], None] | None,
    options: ProgressOptions,
) -> StatusAnswer:
    """Poll a job until its status is final or ``event`` is set.

    Args:
        poller: Decides when the job is polled.
        fetch_status: Polls a job.
        job_id: The job.
        event: Ends the wait when it is set. A request in flight is completed first.
        verbose: Whether to log each change of the status.
        progress_callback: Called after each poll with the number of polls so far and the status.
        options: Whether and where to show the progress.

    Returns:
        The last answer.

    Raises:
        ExecutionCancelledError: ``event`` was set.
        MaxRetriesReachedError: The job was not final after the poller's ``max_retries`` polls.
    """
    last: list[StatusAnswer] = []

    # The same function waits between polls and before the retry of a poll, so the event ends both.
    def wait(seconds: float) -> None:
        if not event.is_set():
            poller.clock.wait(seconds, event)
        if event.is_set():
            raise _cancelled(job_id)

    def poll(_hold_s: int) -> JobState:
        last[:] = [fetch_status(job_id, wait=wait)]
        return last[0].state

    log = log_changes(job_id)
    with progress(options, now=poller.clock.now) as line:

        def on_poll(retry_count: int, states: Mapping[str, JobState]) -> None:
            status = states[job_id].status
            if verbose:
                log(status)
            show_states(line, [states[job_id]], 1)
            if progress_callback is not None:
                progress_callback(retry_count, status.value)

        # The service holds no poll, because the event could not end it.
        poller.wait_for_states({job_id: poll}, holds=lambda: False, wait=wait, on_poll=on_poll)
    return last[0]


def poll_until_interrupted(
    poller: Poller,
    fetch_status: FetchStatus,
    job_id: str,
    *,
    cancel: Callable[[], object],
    verbose: bool,
    progress_callback: Callable[[int, str], None] | None,
    options: ProgressOptions,
) -> StatusAnswer:
    """Poll a job until its status is final; on Ctrl-C, cancel the job and raise.

    Args:
        poller: As for :func:`poll_until_final`.
        fetch_status: As for :func:`poll_until_final`.
        job_id: The job.
        cancel: Cancels the job.
        verbose: As for :func:`poll_until_final`.
        progress_callback: As for :func:`poll_until_final`.
        options: As for :func:`poll_until_final`.

    Returns:
        The last answer.

    Raises:
        ExecutionCancelledError: Ctrl-C was pressed. The message says whether the job could be cancelled.
        KeyboardInterrupt: Ctrl-C was pressed a second time.
        MaxRetriesReachedError: The job was not final after the poller's ``max_retries`` polls.
    """
    event = threading.Event()
    try:
        with interrupt_sets(event):
            answer = poll_until_final(
                poller,
                fetch_status,
                job_id,
                event=event,
                verbose=verbose,
                progress_callback=progress_callback,
                options=options,
            )
        # The loop does not check the event after its last poll, so Ctrl-C at that moment is handled here.
        if event.is_set():
            raise _cancelled(job_id)
    except ExecutionCancelledError as error:
        error.extend(_cancel_after_interrupt(cancel))
        raise
    return answer


def _cancel_after_interrupt(cancel: Callable[[], object]) -> str:
    """Cancel a job after Ctrl-C, and describe the outcome."""
    try:
        cancel()
    except ConflictError:
        return "The job had already ended"
    except QoroError as error:
        return f"The job could not be cancelled and may still run ({error})"
    return "The job has been cancelled"


def _cancelled(job_id: str) -> ExecutionCancelledError:
    return ExecutionCancelledError(f"the wait for job {job_id} was cancelled", job_id=job_id)
