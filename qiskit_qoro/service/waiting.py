"""What a client does with a job until it is over: look at it, wait for it, cancel it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial

from qiskit_qoro.errors import (
    ConflictError,
    ExecutionCancelledError,
    JobTimeoutError,
    QoroError,
    QoroInputError,
)
from qiskit_qoro.models.jobs import ExecutionResult, JobState, JobStatus
from qiskit_qoro.service.cancellation import interrupt_sets
from qiskit_qoro.service.progress import status_line
from qiskit_qoro.service.session import ServiceSession
from qiskit_qoro.service.transport import Response, read_answer
from qiskit_qoro.wire.endpoints import CANCEL_JOB, GET_STATUS
from qiskit_qoro.wire.payloads import job_state_from_json

__all__ = ["WaitingCalls", "job_id_of"]


class WaitingCalls(ServiceSession):
    """The calls about a job that may still run."""

    def get_job_state(self, execution_result: ExecutionResult) -> JobState:
        """Look at a job once.

        Returns:
            Its status, and the seconds it ran where the service says so.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        job_id = job_id_of(execution_result)
        return self._read_state(job_id, self._fetch_status(job_id))

    def wait_for_job(
        self,
        execution_result: ExecutionResult,
        *,
        timeout_s: float | None = None,
        on_poll: Callable[[int, JobState], None] | None = None,
    ) -> JobState:
        """Wait until a job is in a final state, and leave it running whatever interrupts the wait.

        Args:
            execution_result: The job.
            timeout_s: Seconds to wait at most, ``None`` for as long as it takes.
            on_poll: Called after each look with the number of looks so far and the state.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            JobTimeoutError: The job was not final in time; it goes on.
            MaxRetriesReachedError: It was not final after ``max_retries`` looks; it goes on.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        job_id = job_id_of(execution_result)

        def looked(count: int, states: Mapping[str, JobState]) -> None:
            if on_poll is not None:
                on_poll(count, states[job_id])

        return self.wait_for_jobs([execution_result], timeout_s=timeout_s, on_poll=looked)[job_id]

    def wait_for_jobs(
        self,
        jobs: Sequence[ExecutionResult],
        *,
        timeout_s: float | None = None,
        on_poll: Callable[[int, Mapping[str, JobState]], None] | None = None,
    ) -> dict[str, JobState]:
        """Wait until all of several jobs are in a final state, and leave them running whatever interrupts.

        The jobs are looked at one at a time. The waits between two looks at one job grow as for a single
        job; looks at different jobs keep apart as the first look at a job is from its submission.

        Args:
            jobs: The jobs.
            timeout_s: Seconds to wait at most for all of them, ``None`` for as long as it takes.
            on_poll: Called after each look with the number of looks so far, at any job, and the last known
                state of each job that has been looked at, by its identifier.

        Returns:
            The final state of each job, by its identifier, in the order of ``jobs``.

        Raises:
            QoroInputError: One of ``jobs`` has no job id.
            JobTimeoutError: A job was not final in time; it goes on, as others may.
            MaxRetriesReachedError: A job was not final after ``max_retries`` looks at it; it goes on.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        job_ids = [job_id_of(job) for job in jobs]
        deadline = math.inf if timeout_s is None else self._clock.now() + timeout_s

        def read(job_id: str) -> JobState:
            def wait_to_retry(seconds: float) -> None:
                if self._clock.now() + seconds > deadline:
                    raise JobTimeoutError(
                        f"the service did not tell the status of job {job_id} within {timeout_s:g} s. The "
                        "job goes on: wait again, or get it back later by its id",
                        job_id=job_id,
                    )
                self._clock.wait(seconds)

            return self._read_state(job_id, self._fetch_status(job_id, wait_to_retry))

        reads = {job_id: partial(read, job_id) for job_id in job_ids}
        return self.poller.until_all_final(reads, timeout_s=timeout_s, on_poll=on_poll)

    def poll_job_status(
        self,
        execution_result: ExecutionResult,
        loop_until_complete: bool = False,
        on_complete: Callable[[Response], None] | None = None,
        verbose: bool = True,
        progress_callback: Callable[[int, str], None] | None = None,
        cancellation_event: threading.Event | None = None,
    ) -> JobStatus:
        """Look at a job, once or until it is done.

        A loop looks after 50 ms first (2 ms where the service is on this machine), and then ever more rarely,
        up to ``polling_interval``. During a loop without ``cancellation_event``, the first Ctrl-C cancels the
        job and raises :class:`ExecutionCancelledError`, the second raises :class:`KeyboardInterrupt`.

        Args:
            execution_result: The job.
            loop_until_complete: Whether to go on until the job's status is final.
            on_complete: Called with the last answer when the job is final.
            verbose: Whether to log the status, and show it on a terminal, while looping.
            progress_callback: Called after each look of a loop with ``(retry_count, status)``.
            cancellation_event: Ends the loop when it is set; the job is left to whoever set it. A
                request under way is not interrupted.

        Returns:
            The job's status.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            ExecutionCancelledError: The loop was ended by Ctrl-C or by the event.
            MaxRetriesReachedError: The job was not final after ``max_retries`` looks.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        job_id = job_id_of(execution_result)
        last: list[Response] = []

        def read(wait: Callable[[float], None] | None = None) -> JobState:
            last[:] = [self._fetch_status(job_id, wait)]
            return self._read_state(job_id, last[0])

        if loop_until_complete:
            event = cancellation_event or threading.Event()
            try:
                with (
                    nullcontext() if cancellation_event else interrupt_sets(event),
                    status_line(job_id, verbose) as show,
                ):
                    state = self._poll(job_id, read, event, show, progress_callback)
                if cancellation_event is None and event.is_set():
                    raise _cancelled(job_id)  # Ctrl-C during the last look: it must not get lost
            except ExecutionCancelledError as error:
                if cancellation_event is None:
                    error.extend(self._cancel_after_interrupt(execution_result))
                raise
        else:
            state = read()
        if state.status.is_final and on_complete is not None:
            on_complete(last[0])
        return state.status

    def _poll(
        self,
        job_id: str,
        read: Callable[[Callable[[float], None]], JobState],
        event: threading.Event,
        show: Callable[[JobStatus], None],
        progress_callback: Callable[[int, str], None] | None,
    ) -> JobState:
        def wait(seconds: float) -> None:
            if not event.is_set():
                self._clock.wait(seconds, event)
            if event.is_set():
                raise _cancelled(job_id)

        def on_poll(retry_count: int, state: JobState) -> None:
            show(state.status)
            if progress_callback is not None:
                progress_callback(retry_count, state.status.value)

        return self.poller.until_final(lambda: read(wait), job_id=job_id, wait=wait, on_poll=on_poll)

    def _cancel_after_interrupt(self, execution_result: ExecutionResult) -> str:
        try:
            self.cancel_job(execution_result)
        except ConflictError:
            return "The job had come to an end before"
        except QoroError as error:
            return f"The job could not be cancelled and may still run ({error})"
        return "The job has been cancelled"

    def _fetch_status(self, job_id: str, wait: Callable[[float], None] | None = None) -> Response:
        return self._transport.send(GET_STATUS, job_id=job_id, wait=wait)

    def _read_state(self, job_id: str, answer: Response) -> JobState:
        state = read_answer(answer, job_state_from_json)
        if state.status.is_final:
            self._recorder.ended(job_id, state.status)
        return state

    def cancel_job(self, execution_result: ExecutionResult) -> Response:
        """Cancel a job.

        Returns:
            The service's answer; its JSON holds ``status``, ``job_id`` and ``circuits_cancelled``.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            AuthenticationError: The job belongs to somebody else.
            NotFoundError: The service knows no such job.
            ConflictError: The job is neither pending nor running.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(CANCEL_JOB, job_id=job_id_of(execution_result))


def _cancelled(job_id: str) -> ExecutionCancelledError:
    return ExecutionCancelledError(f"the wait for job {job_id} was cancelled", job_id=job_id)


def job_id_of(execution_result: ExecutionResult) -> str:
    """The identifier of a job, which somebody may have forgotten."""
    job_id = getattr(execution_result, "job_id", None)
    if not isinstance(job_id, str) or not job_id:
        raise QoroInputError(
            f"expected an ExecutionResult with a job_id, got {execution_result!r}: submit the circuits first"
        )
    return job_id
