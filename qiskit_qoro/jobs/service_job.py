"""The base of both kinds of job: status, waiting, awaiting, cancelling and errors.

A Qiskit job consists of one or several jobs of the service: a :class:`~qiskit_qoro.jobs.job.QoroJob` for one,
a :class:`~qiskit_qoro.primitives.primitive_job.QoroPrimitiveJob` for as many as its PUBs need. The subclasses
build the results.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro.errors import (
    ConflictError,
    JobCancelledError,
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    QoroError,
    QoroInputError,
)
from qiskit_qoro.jobs.as_completed import until_final
from qiskit_qoro.jobs.job_cost import cost_of_jobs
from qiskit_qoro.jobs.job_file import write_document
from qiskit_qoro.jobs.sent_programs import SentProgram, decode_programs
from qiskit_qoro.jobs.status import QISKIT_STATUS
from qiskit_qoro.models.arguments import timeout_of
from qiskit_qoro.models.costs import Cost
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, JobState, JobStatus, joint_state
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline
from qiskit_qoro.service.job_results import FetchedPages
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.service.transport import DeadlineError
from qiskit_qoro.service.waiting import unanswered_poll_as_timeout

__all__ = ["ReadSubmissions", "ServiceJob"]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

# The state of a job about which the service has not been asked.
_NOT_ASKED = JobState(JobStatus("SUBMITTED"))
ReadSubmissions = Callable[[], Sequence[Submission]]
"""Returns what was sent for each service job of a job, in order. It may read the journal."""


class ServiceJob(ABC, Generic[_Result]):
    """One or several jobs of the service, seen as one Qiskit job.

    A subclass names this class before Qiskit's base class, so that these methods override Qiskit's.

    Args:
        job_id: The identifier of the Qiskit job.
        service: The client that polls the service jobs and fetches their results.
        job_ids: The identifiers of the service jobs, in the order of submission. Without any, the job is done
            from the start.
        submitted: When the job was submitted, or ``None`` if unknown.
        sent: Returns what was sent for each service job, or ``None`` if that is unknown.
        show_progress: Whether long waits show a progress line, unless the client's ``progress`` is off.
    """

    def __init__(
        self,
        job_id: str,
        service: QoroService,
        job_ids: Sequence[str],
        submitted: datetime | None = None,
        sent: ReadSubmissions | None = None,
        *,
        show_progress: bool = True,
    ) -> None:
        self._job_id = job_id
        self._service = service
        self._job_ids = tuple(job_ids)
        self._submitted = submitted
        # A job that this process has submitted keeps what it sent. A retrieved one reads it from the journal
        # when it is needed.
        self._sent = sent
        self._show_progress = show_progress
        # The last state that the service reported for each service job. A final state never changes: once it
        # is recorded, the job is not polled again, and no later report replaces the state.
        self._states: dict[str, JobState] = {}
        # The service jobs that this job has cancelled. Displays show this until a poll reads their last
        # state, which also has the run time.
        self._cancelled: set[str] = set()
        # The pages of results that a call fetched before its time was over, by service job. Without them,
        # calls with a short time limit would never get to the last page.
        self._fetched: dict[str, FetchedPages] = {}
        # What the job cost, once the service has charged all of it.
        self._cost: Cost | None = None

    def job_id(self) -> str:
        """The job's identifier."""
        return self._job_id

    @property
    def service(self) -> QoroService:
        """The client that polls this job and fetches its results."""
        return self._service

    @abstractmethod
    def result(self, timeout: float | None = None) -> _Result:
        """Wait for the job and return its results."""

    def __await__(self) -> Generator[Any, None, _Result]:
        """Wait for the job as :meth:`result` does, without blocking the event loop."""
        return self._await_result().__await__()

    async def _await_result(self) -> _Result:
        if not self.is_known_final:
            await until_final(self)
        # The client is synchronous, so the results are read in a thread.
        return await asyncio.to_thread(self.result)

    @property
    def cost(self) -> Cost | None:
        """What the job costs, or ``None`` if that is not known.

        Reading it asks the service for the status and for the transactions of the account. The credits are
        those that the service has charged. If it has not charged the job yet, or does not name jobs in its
        transactions, they are an estimate, and ``is_estimate`` is true: the prices times what was submitted.

        Raises:
            QoroAPIError: The service answered with an error, for example that the job does not exist.
            QoroConnectionError: There was no answer.
        """
        if self._cost is not None:
            return self._cost
        self._poll()
        sent = self._known_submissions()
        expected = None if sent is None else [submission.cost for submission in sent]
        statuses = {job_id: self._states[job_id].status for job_id in self._job_ids}
        cost = cost_of_jobs(self._service, statuses, expected)
        if cost is not None and not cost.is_estimate:
            self._cost = cost
        return cost

    # --- what was sent --------------------------------------------------------------------------------

    def programs(self) -> list[SentProgram]:
        """Return the circuits that were sent, with their shots or Pauli strings. This sends no request.

        The service does not return programs. A job that this process has submitted has them in memory. The
        journal keeps them for later, on the machine that submitted the job.

        Returns:
            One program for each circuit, in the order of submission.

        Raises:
            QoroInputError: The programs are not available. The message says why.
            QoroError: The journal cannot be read.
        """
        programs = [program for sent in self._submissions() for program in decode_programs(sent)]
        return self._name_programs(programs)

    def _name_programs(self, programs: list[SentProgram]) -> list[SentProgram]:
        """Give programs the names of their circuits. By default the name is the index in the label."""
        return programs

    def _submissions(self) -> Sequence[Submission]:
        """Return what was sent for each service job.

        Raises:
            QoroInputError: It is not available.
        """
        if self._sent is None:
            raise QoroInputError(
                f"the programs of job {self.job_id()} are not available: retrieve the job with "
                "provider.retrieve_job(), which reads them from the journal of this machine",
                job_id=self.job_id(),
            )
        return self._sent()

    def _known_submissions(self) -> Sequence[Submission] | None:
        """Return what was sent for each service job, or ``None`` if it is not available."""
        try:
            return self._submissions()
        except QoroError:
            return None

    # --- status ---------------------------------------------------------------------------------------

    @property
    def is_known_final(self) -> bool:
        """Whether the job is known to be in a final state. This sends no request."""
        return not self._pending_ids()

    @property
    def shows_progress(self) -> bool:
        """Whether long waits for this job show a progress line, unless the client's ``progress`` is off."""
        return self._show_progress

    @property
    def known_states(self) -> list[JobState]:
        """The last known state of each service job that has been polled. This sends no request."""
        return list(self._states.values())

    def status(self) -> QiskitStatus:
        """Read the job's status. A failed job is a status here, not an error.

        The status of several service jobs is ``ERROR`` or ``CANCELLED`` as soon as one of them failed or was
        cancelled, even while others still run.

        Raises:
            QoroAPIError: The service answered with an error, for example that the job does not exist.
            QoroConnectionError: There was no answer.
        """
        self._poll()
        return self._known_status()

    def done(self) -> bool:
        """Whether the job completed successfully."""
        return self.status() is QiskitStatus.DONE

    def running(self) -> bool:
        """Whether the job is running."""
        return self.status() is QiskitStatus.RUNNING

    def cancelled(self) -> bool:
        """Whether the job was cancelled."""
        return self.status() is QiskitStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Poll the job, and return whether all service jobs are in a final state."""
        return self.in_final_state_before(NO_DEADLINE)

    def in_final_state_before(self, deadline: Deadline, *, hold_s: int = 0) -> bool:
        """Poll the job as :meth:`in_final_state` does, but not longer than until a deadline.

        Args:
            deadline: When the wait that needs this poll ends.
            hold_s: Whole seconds for which the service may wait for the end of the job before it answers.

        Raises:
            JobTimeoutError: The service did not answer in time.
        """
        self._poll(deadline, hold_s)
        return self.is_known_final

    def wait_for_final_state(self, timeout: float | None = None) -> None:
        """Wait until the job is done, failed or cancelled. Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, or ``None`` for no limit. This limits the requests too: one that
                begins shortly before the end of this time may take one second.

        Raises:
            JobTimeoutError: The job was not final in time; it continues.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls; it continues.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        with self._note_on_interrupt():
            self._wait(self._deadline(timeout))

    def cancel(self) -> bool:
        """Cancel the job.

        Returns:
            Whether at least one service job was cancelled; ``False`` if all of them had ended before or do
            not exist any more.

        Raises:
            QoroAPIError: The service answered with another error. The other service jobs have been cancelled
                as far as possible.
            QoroConnectionError: There was no answer. The other service jobs have been cancelled as far as
                possible.
        """
        cancelled = False
        errors: list[QoroError] = []
        for job_id in self._pending_ids():
            try:
                self._service.cancel_job(ExecutionResult(job_id=job_id))
                self._cancelled.add(job_id)
                cancelled = True
            except (ConflictError, NotFoundError):
                continue  # it has ended or was deleted: nothing is left to cancel
            except QoroError as error:
                error.name_job(job_id)
                errors.append(error)
        # One failure must not keep the other jobs running, so it is raised at the end.
        if errors:
            raise errors[0]
        return cancelled

    # --- saving ---------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Save the job to a file, from which ``provider.load_job(path)`` loads it in any process.

        The file is JSON, compressed if its name ends in ``.gz``. Only its owner can read it. It holds the
        identifiers, names, shapes and metadata, what was sent if that is known, and the results if they
        have been read. It holds no token. Metadata of circuits that JSON cannot represent are dropped.

        Args:
            path: The file. It is replaced as a whole.

        Raises:
            QoroInputError: The job is too large for a file.
            OSError: The file cannot be written.
        """
        write_document(path, self._document())

    # --- for subclasses -------------------------------------------------------------------------------

    def _note_on_interrupt(self) -> AbstractContextManager[None]:
        """Add a note to a :class:`KeyboardInterrupt` that explains how to retrieve the job."""
        return note_on_interrupt([self.job_id()], lambda: self._service.origin.note)

    @abstractmethod
    def _document(self) -> dict[str, Any]:
        """Return the content of a file that the job can be loaded from."""

    @abstractmethod
    def _describe_failure(self, job_id: str, deadline: Deadline) -> str:
        """Describe why a service job failed. It may raise a ``QoroError`` if it cannot read the reason."""

    def _with_circuit_names(self, text: str) -> str:
        """Replace labels in a message by the names of circuits. By default nothing is replaced."""
        return text

    def _pending_ids(self) -> list[str]:
        """The service jobs that are not known to be in a final state."""
        return [
            job_id
            for job_id in self._job_ids
            if job_id not in self._states or not self._states[job_id].status.is_final
        ]

    def _poll(self, deadline: Deadline = NO_DEADLINE, hold_s: int = 0) -> None:
        """Ask for the state of each pending service job. The service may hold the poll of a single one."""
        pending = self._pending_ids()
        for job_id in pending:
            with self._prefix_errors(), unanswered_poll_as_timeout(job_id, deadline):
                state = self._service.get_job_state(
                    ExecutionResult(job_id=job_id),
                    deadline=deadline,
                    hold_s=hold_s if len(pending) == 1 else 0,
                )
            self._record({job_id: state})

    def _last_state(self) -> JobState:
        """The joint state of all service jobs, as far as it is known."""
        if not self._job_ids:
            return JobState(JobStatus.COMPLETED)
        return joint_state([self._last_state_of(job_id) for job_id in self._job_ids])

    def _last_state_of(self, job_id: str) -> JobState:
        state = self._states.get(job_id, _NOT_ASKED)
        if job_id in self._cancelled and not state.status.is_final:
            return replace(state, status=JobStatus.CANCELLED)
        return state

    def _known_state(self) -> JobState:
        """The joint state of all service jobs, as recorded. Each of them must have been polled."""
        if not self._job_ids:
            return JobState(JobStatus.COMPLETED)
        return joint_state([self._states[job_id] for job_id in self._job_ids])

    def _known_status(self) -> QiskitStatus:
        """The status that belongs to :meth:`_known_state`."""
        return QISKIT_STATUS.get(self._known_state().status, QiskitStatus.RUNNING)

    def _deadline(self, timeout: float | None) -> Deadline:
        """Return the deadline of a call with the argument ``timeout``."""
        return self._service.deadline(timeout_of("timeout", timeout))

    def _wait(self, deadline: Deadline, on_poll: Callable[[], None] | None = None) -> None:
        """Wait until every service job is in a final state.

        Args:
            deadline: When to give up.
            on_poll: Called after each poll.
        """
        pending = [ExecutionResult(job_id=job_id) for job_id in self._pending_ids()]
        if not pending:
            return

        def record(_polls: int, states: Mapping[str, JobState]) -> None:
            self._record(states)
            if on_poll is not None:
                on_poll()

        with self._prefix_errors():
            self._service.wait_for_jobs(
                pending, deadline=deadline, on_look=record, show_progress=self._show_progress
            )

    def _record(self, states: Mapping[str, JobState]) -> None:
        for job_id, state in states.items():
            known = self._states.get(job_id)
            # Several threads may poll a job, and a slow answer may arrive after a final one.
            if known is not None and known.status.is_final:
                continue
            if state.status not in QISKIT_STATUS and state != known:
                _log.warning(
                    "job %s has the unknown status %r; it counts as running", job_id, state.status.value
                )
            self._states[job_id] = state

    def _fetch_results(self, job_id: str, deadline: Deadline) -> JobOutcome:
        """Fetch the results of a completed service job, except for pages that have been fetched before."""
        fetched = self._fetched.pop(job_id, {})
        try:
            return self._service.fetch_results(job_id, deadline=deadline, fetched=fetched)
        except DeadlineError:
            self._fetched[job_id] = fetched
            raise

    @contextmanager
    def _unread_results_as_timeout(self, deadline: Deadline) -> Iterator[None]:
        """Turn the error of results that could not be read before the deadline into that of the wait."""
        try:
            yield
        except DeadlineError as error:
            job_id = error.job_id or self.job_id()
            status = self._states[job_id].status if job_id in self._states else None
            raise JobTimeoutError(
                f"job {job_id} has ended, but its results could not be read within {deadline.timeout_s:g} s: "
                "read them again, with more time",
                job_id=job_id,
                status=status,
            ) from error

    def _raise_unless_completed(self, deadline: Deadline) -> None:
        """Raise the error of the first service job that did not complete. All have to be final."""
        for job_id in self._job_ids:
            status = self._states[job_id].status
            if status is JobStatus.CANCELLED:
                raise JobCancelledError(f"job {job_id} was cancelled", job_id=job_id, status=status)
            if status is not JobStatus.COMPLETED:
                reason = self._failure_reason(job_id, deadline)
                raise JobFailedError(
                    f"job {job_id} is {status.value}: {reason}", job_id=job_id, status=status
                )

    def _failure_reason(self, job_id: str, deadline: Deadline = NO_DEADLINE) -> str:
        try:
            return self._describe_failure(job_id, deadline)
        except QoroError as error:
            return f"the reason could not be read ({error})"

    @contextmanager
    def _prefix_errors(self) -> Iterator[None]:
        """Add the job to every error, and replace labels in its message by the names of circuits."""
        try:
            yield
        except QoroError as error:
            error.name_job(self.job_id())
            error.reword(self._with_circuit_names)
            raise
