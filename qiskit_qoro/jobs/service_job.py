"""Where a job stands, in Qiskit's words: looking, waiting, cancelling. What came of it is not known here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1

from qiskit_qoro.errors import ConflictError, NotFoundError, QoroError, QoroInputError
from qiskit_qoro.jobs.status import QISKIT_STATUS
from qiskit_qoro.models.jobs import ExecutionResult, JobState
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["ServiceJob"]

_log = logging.getLogger(__name__)


class ServiceJob(JobV1):
    """A job on the service, whatever it is.

    Args:
        backend: The backend it runs on, ``None`` where that is not known.
        job_id: Its identifier on the service.
        service: The client to ask about it.
    """

    def __init__(self, backend: BackendV2 | None, job_id: str, service: QoroService) -> None:
        super().__init__(backend, job_id)
        self._service = service
        self._last: JobState | None = None

    @property
    def service(self) -> QoroService:
        """The client that is asked about this job."""
        return self._service

    @property
    def is_known_final(self) -> bool:
        """Whether it is known, without asking the service, that the job has come to an end."""
        return self._final is not None

    def submit(self) -> None:
        """Refuse: a job is submitted by ``backend.run()``, once.

        Raises:
            QoroInputError: Always.
        """
        raise QoroInputError(
            f"job {self.job_id()} has been submitted already: backend.run() submits, and returns the job",
            job_id=self.job_id(),
        )

    def status(self) -> QiskitStatus:
        """The job's status. A failed job is a status here, not an error.

        Raises:
            QoroAPIError: The service answered with an error, for example that it knows no such job.
            QoroConnectionError: There was no answer.
        """
        return self._in_qiskit_words(self._poll())

    def usage(self) -> float | None:
        """Seconds that the service worked on the job, ``None`` where it does not say, or not yet.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        return self._poll().run_time_s

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callable[[str, QiskitStatus, Self], None] | None = None,
    ) -> None:
        """Wait until the job is done, failed or cancelled. Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, ``None`` for as long as it takes.
            wait: Accepted for Qiskit's interface. How often the job is looked at is the client's
                ``polling_interval``, reached gradually.
            callback: Called after each look with the job's id, its status and the job.

        Raises:
            JobTimeoutError: The job was not done in time; it goes on.
            MaxRetriesReachedError: It was not done after the client's ``max_retries`` looks; it goes on.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        del wait
        with note_on_interrupt([self.job_id()]):
            self._wait(timeout, callback)

    def cancel(self) -> bool:
        """Cancel the job.

        Returns:
            Whether it was cancelled; ``False`` where it had come to an end before, or is gone.

        Raises:
            QoroAPIError: The service answered with an error other than that.
            QoroConnectionError: There was no answer.
        """
        if self._final is not None:
            return False
        try:
            self._service.cancel_job(self._reference)
        except (ConflictError, NotFoundError):
            return False
        return True

    # --- state ----------------------------------------------------------------------------------------

    @property
    def _reference(self) -> ExecutionResult:
        return ExecutionResult(job_id=self.job_id())

    @property
    def _final(self) -> JobState | None:
        """The state that will not change any more, once it has been seen."""
        return self._last if self._last is not None and self._last.status.is_final else None

    def _poll(self) -> JobState:
        state = self._final
        if state is None:
            with self._prefix_errors():
                state = self._service.get_job_state(self._reference)
            self._note(state)
        return state

    def _wait(
        self,
        timeout: float | None,
        callback: Callable[[str, QiskitStatus, Self], None] | None = None,
    ) -> None:
        def on_poll(_retry_count: int, state: JobState) -> None:
            self._note(state)
            if callback is not None:
                callback(self.job_id(), self._in_qiskit_words(state), self)

        state = self._final
        if state is None:
            with self._prefix_errors():
                self._service.wait_for_job(self._reference, timeout_s=timeout, on_poll=on_poll)
        elif callback is not None:
            callback(self.job_id(), self._in_qiskit_words(state), self)

    def _note(self, state: JobState) -> None:
        if state.status not in QISKIT_STATUS and state != self._last:
            _log.warning(
                "job %s has the unknown status %r; it counts as running", self.job_id(), state.status.value
            )
        self._last = state

    @staticmethod
    def _in_qiskit_words(state: JobState) -> QiskitStatus:
        return QISKIT_STATUS.get(state.status, QiskitStatus.RUNNING)

    @contextmanager
    def _prefix_errors(self) -> Iterator[None]:
        """Every error names the job, and its circuits as :meth:`_in_names` does."""
        try:
            yield
        except QoroError as error:
            error.name_job(self.job_id())
            error.reword(self._in_names)
            raise

    def _in_names(self, text: str) -> str:
        """What the service says, in the user's words."""
        return text
