"""A job of :meth:`QoroBackend.run`: its status in Qiskit's words, and its results as a Qiskit ``Result``."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1
from qiskit.result import Result

from qiskit_qoro.errors import (
    ConflictError,
    JobCancelledError,
    JobFailedError,
    QoroAPIError,
    QoroError,
    QoroInputError,
)
from qiskit_qoro.models.jobs import CircuitResult, ExecutionResult, JobState, JobStatus
from qiskit_qoro.results import Experiment, build_experiment_results, experiments_of
from qiskit_qoro.service import QoroService

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["QISKIT_STATUS", "QoroJob"]

_log = logging.getLogger(__name__)

_LABEL = re.compile(r"\bcircuit '([^']*)'")

QISKIT_STATUS = {
    JobStatus.PENDING: QiskitStatus.QUEUED,
    JobStatus.SCHEDULED: QiskitStatus.QUEUED,
    JobStatus.RUNNING: QiskitStatus.RUNNING,
    JobStatus.PAUSED: QiskitStatus.QUEUED,
    JobStatus.COMPLETED: QiskitStatus.DONE,
    JobStatus.FAILED: QiskitStatus.ERROR,
    JobStatus.CANCELLED: QiskitStatus.CANCELLED,
    JobStatus.INSUFFICIENT_CREDITS: QiskitStatus.ERROR,
    JobStatus.TIMED_OUT: QiskitStatus.ERROR,
}
"""The service's words in Qiskit's. A word that is not here counts as running."""


class QoroJob(JobV1):
    """A job on the Qoro service.

    Args:
        backend: The backend it runs on, ``None`` where that is not known.
        job_id: Its identifier on the service.
        service: The client to ask about it.
        experiments: What was submitted, by label; ``None`` for a job fetched by its identifier, which then
            shows each circuit's label as its name and its classical bits as one row.
        memory: Whether the results are to list every shot.
    """

    def __init__(
        self,
        backend: BackendV2 | None,
        job_id: str,
        service: QoroService,
        *,
        experiments: Mapping[str, Experiment] | None = None,
        memory: bool = False,
    ) -> None:
        super().__init__(backend, job_id)
        self._service = service
        self._experiments = experiments
        self._memory = memory
        self._last: JobState | None = None
        self._result: Result | None = None

    def __repr__(self) -> str:
        backend = self._backend.name if self._backend is not None else None
        return f"<QoroJob {self.job_id()!r} on {backend!r}>"

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
        state = self._final
        if state is None:
            with self._named():
                state = self._service.get_job_state(self._reference)
            self._note(state)
        return self._in_qiskit_words(state)

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callable[[str, QiskitStatus, QoroJob], None] | None = None,
    ) -> None:
        """Wait until the job is done, failed or cancelled.

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

        def on_look(_retry_count: int, state: JobState) -> None:
            self._note(state)
            if callback is not None:
                callback(self.job_id(), self._in_qiskit_words(state), self)

        state = self._final
        if state is None:
            with self._named():
                self._service.wait_for_job(self._reference, timeout_s=timeout, on_look=on_look)
        elif callback is not None:
            callback(self.job_id(), self._in_qiskit_words(state), self)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the job and return its results.

        Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, ``None`` for as long as it takes.

        Returns:
            One ``ExperimentResult`` for each circuit, in order, with counts, and with every shot where
            ``memory=True`` was asked for. The service counts outcomes and does not keep the order of the
            shots; ``memory`` lists them in a random order that is the same whenever the counts are.

        Raises:
            JobTimeoutError: The job was not done in time; it goes on.
            MaxRetriesReachedError: It was not done after the client's ``max_retries`` looks; it goes on.
            JobFailedError: The job failed; the message gives the service's reason. Or its results are
                incomplete, or do not add up to the shots.
            JobCancelledError: The job was cancelled.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results make no sense.
        """
        if self._result is None:
            self.wait_for_final_state(timeout)
            self._raise_unless_completed()
            with self._named():
                results = self._service.get_job_results(self._reference).results or {}
                self._result = self._build_result(results)
        return self._result

    def cancel(self) -> bool:
        """Cancel the job.

        Returns:
            Whether it was cancelled; ``False`` where it had come to an end before.

        Raises:
            QoroAPIError: The service answered with an error other than that.
            QoroConnectionError: There was no answer.
        """
        if self._final is not None:
            return False
        try:
            self._service.cancel_job(self._reference)
        except ConflictError:
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
    def _named(self) -> Iterator[None]:
        """Every error names the job."""
        try:
            yield
        except QoroError as error:
            error.name_job(self.job_id())
            raise

    def _raise_unless_completed(self) -> None:
        state = self._final
        if state is None or state.status is JobStatus.COMPLETED:
            return
        job_id, status = self.job_id(), state.status
        if status is JobStatus.CANCELLED:
            raise JobCancelledError(f"job {job_id} was cancelled", job_id=job_id, status=status)
        reason = self._reason() or "the service gives no reason"
        raise JobFailedError(f"job {job_id} is {status.value}: {reason}", job_id=job_id, status=status)

    def _reason(self) -> str:
        """Why the job failed: the service tells when it is asked for the results."""
        try:
            self._service.get_job_results(self._reference)
        except QoroAPIError as error:
            return _LABEL.sub(self._labelled, error.detail.removeprefix("job failed: "))
        except QoroError as error:
            return f"the reason could not be read ({error})"
        return ""

    def _labelled(self, label: re.Match[str]) -> str:
        """The service knows a circuit by its label; its name stands beside it."""
        experiment = (self._experiments or {}).get(label[1])
        if experiment is None or experiment.name == label[1]:
            return label[0]
        return f"{label[0]} ({experiment.name!r})"

    # --- results --------------------------------------------------------------------------------------

    def _build_result(self, results: Mapping[str, CircuitResult]) -> Result:
        experiments = self._experiments or experiments_of(results)
        return Result(
            backend_name=self._backend.name if self._backend is not None else None,
            backend_version=self._backend.backend_version if self._backend is not None else None,
            job_id=self.job_id(),
            success=True,
            results=build_experiment_results(experiments, results, memory=self._memory),
            date=datetime.now(UTC).isoformat(timespec="milliseconds"),
            status=JobStatus.COMPLETED.value,
            time_taken=self._final.run_time_s if self._final else None,
        )
