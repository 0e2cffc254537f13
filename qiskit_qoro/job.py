"""A job of :meth:`QoroBackend.run`: its status in Qiskit's words, and its results as a Qiskit ``Result``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1
from qiskit.result import Result

from qiskit_qoro._version import __version__
from qiskit_qoro.completion import until_final
from qiskit_qoro.errors import (
    ConflictError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    QoroAPIError,
    QoroError,
    QoroInputError,
)
from qiskit_qoro.models.jobs import CircuitResult, ExecutionResult, JobOutcome, JobState, JobStatus
from qiskit_qoro.outcome import describe_failure, identify, in_known_terms
from qiskit_qoro.results import Experiment, build_experiment_results
from qiskit_qoro.service import QoroService
from qiskit_qoro.structure import RunStructure, name_circuits
from qiskit_qoro.wire.labels import LabelledStructure

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["QISKIT_STATUS", "QoroJob", "ResultReader"]

_log = logging.getLogger(__name__)

_DEFAULT_TAG = "default"

ResultReader = Callable[[Any, Mapping[str, CircuitResult], str], Any]
"""Turns a structure that labels carried, the results by label, and the job's identifier, into a result."""

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
    """A job on the Qoro service. ``await job`` waits for its result and lets other coroutines run meanwhile.

    Args:
        backend: The backend it runs on, ``None`` where that is not known.
        job_id: Its identifier on the service.
        service: The client to ask about it.
        experiments: What was submitted, by label; ``None`` for a job fetched by its identifier, for which the
            labels of its results tell. Where they do not, since another client submitted it, each circuit's
            label is its name and its classical bits are one row.
        memory: Whether the results are to list every shot.
        tag: The job's tag, ``None`` where that is not known.
        readers: What reads the results of jobs of other kinds than those of ``backend.run()``, by the letter
            of the kind in their labels.
    """

    def __init__(
        self,
        backend: BackendV2 | None,
        job_id: str,
        service: QoroService,
        *,
        experiments: Mapping[str, Experiment] | None = None,
        memory: bool = False,
        tag: str | None = None,
        readers: Mapping[str, ResultReader] | None = None,
    ) -> None:
        super().__init__(backend, job_id)
        self._service = service
        self._experiments = experiments
        self._structure = RunStructure(
            tuple((experiments or {}).values()), backend.name if backend is not None else None, tag, memory
        )
        self._readers = dict(readers or {})
        self._last: JobState | None = None
        self._result: Result | None = None
        self._partial: Result | None = None
        self._outcome: JobOutcome | None = None
        self._foreign: LabelledStructure | None = None

    def __repr__(self) -> str:
        return f"<QoroJob {self.job_id()!r} on {self._structure.backend_name!r}>"

    def __await__(self) -> Generator[Any, None, Result]:
        """Wait for the job as :meth:`result` does, without blocking the event loop."""
        return self._awaited().__await__()

    @property
    def service(self) -> QoroService:
        """The client that is asked about this job."""
        return self._service

    @property
    def tags(self) -> list[str]:
        """The tags that it was submitted with; of a job fetched by its identifier once its result is read."""
        tag = self._structure.tag
        return [] if tag in (None, _DEFAULT_TAG) else str(tag).split(",")

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
        return self._in_qiskit_words(self._look())

    def usage(self) -> float | None:
        """Seconds that the service worked on the job, ``None`` where it does not say, or not yet.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        return self._look().run_time_s

    def error_message(self) -> str | None:
        """Why the job failed, ``None`` where it did not, or not yet.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        return self._reason() if self.status() is QiskitStatus.ERROR else None

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callable[[str, QiskitStatus, QoroJob], None] | None = None,
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
        with self._kept_by_ctrl_c():
            self._wait(timeout, callback)

    def result(self, timeout: float | None = None, partial: bool = False) -> Result:
        """Wait for the job and return its results.

        Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, ``None`` for as long as it takes.
            partial: Whether to return what there is of a failed job. Each circuit without a result is then an
                ``ExperimentResult`` whose ``success`` is false and whose ``status`` is the reason, and so is
                the ``success`` of the whole. Qiskit's ``get_counts(k)`` works for the others and raises for
                those; without an argument it raises.

        Returns:
            One ``ExperimentResult`` for each circuit, in order, with counts, and with every shot where
            ``memory=True`` was asked for. The service counts outcomes and does not keep the order of the
            shots; ``memory`` lists them in a random order that is the same whenever the counts are.

        Raises:
            JobTimeoutError: The job was not done in time; it goes on.
            MaxRetriesReachedError: It was not done after the client's ``max_retries`` looks; it goes on.
            JobFailedError: The job failed; the message names the circuits that did, and gives the service's
                reasons. Or its results are incomplete, or do not add up to the shots.
            JobCancelledError: The job was cancelled.
            QoroInputError: It is the job of a primitive: ``provider.retrieve_job()`` opens it.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results make no sense.
        """
        kept = self._partial if partial and self._result is None else self._result
        if kept is not None:
            return kept
        with self._kept_by_ctrl_c(), self._named():
            self._wait(timeout)
            if not partial or self.status() is QiskitStatus.CANCELLED:
                self._raise_unless_completed()
            outcome = self._read()
            if self._foreign is not None:
                self._raise_unless_completed()
                self._result = self._read_foreign(outcome.results, self._foreign)
                return self._result
            result = self._build_result(outcome, partial=partial)
        if result.success:
            self._result = result
        else:
            self._partial = result
        return result

    def results(self, timeout: float | None = None, partial: bool = False) -> Result:
        """Another name of :meth:`result`."""
        return self.result(timeout, partial)

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

    def _look(self) -> JobState:
        state = self._final
        if state is None:
            with self._named():
                state = self._service.get_job_state(self._reference)
            self._note(state)
        return state

    def _wait(
        self,
        timeout: float | None,
        callback: Callable[[str, QiskitStatus, QoroJob], None] | None = None,
    ) -> None:
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

    async def _awaited(self) -> Result:
        if self._final is None:
            await until_final(self)
        return await asyncio.to_thread(self.result)

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
        """Every error names the job, and its circuits by index and name."""
        try:
            yield
        except QoroError as error:
            error.name_job(self.job_id())
            error.reword(self._in_names)
            raise

    @contextmanager
    def _kept_by_ctrl_c(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"Job {self.job_id()} goes on. Get it back with provider.retrieve_job({self.job_id()!r})"
            )
            raise

    def _in_names(self, text: str) -> str:
        return name_circuits(text, self._experiments or {})

    # --- results --------------------------------------------------------------------------------------

    def _read(self) -> JobOutcome:
        """What came of the job, which is in a final state; what it was is learnt on the way."""
        if self._outcome is not None:
            return self._outcome
        outcome = self._fetch_outcome()
        if self._experiments is None:
            found = identify(outcome, job_id=self.job_id())
            if isinstance(found, LabelledStructure):
                self._foreign = found
                return outcome
            self._experiments, self._structure = found
        self._outcome = in_known_terms(outcome, self._experiments)
        return self._outcome

    def _fetch_outcome(self) -> JobOutcome:
        if self._final is not None and self._final.status is JobStatus.COMPLETED:
            return JobOutcome(self._service.get_job_results(self._reference).results or {})
        outcome = self._service.get_job_outcome(self._reference)
        return replace(outcome, reason=outcome.reason or "")

    def _reason(self) -> str:
        try:
            outcome = self._read()
        except QoroAPIError as error:
            return error.detail or "the service gives no reason"
        except QoroError as error:
            return f"the reason could not be read ({error})"
        return describe_failure(outcome, self._experiments or {})

    def _raise_unless_completed(self) -> None:
        state = self._final
        if state is None or state.status is JobStatus.COMPLETED:
            return
        job_id, status = self.job_id(), state.status
        if status is JobStatus.CANCELLED:
            raise JobCancelledError(f"job {job_id} was cancelled", job_id=job_id, status=status)
        reason = self._reason()
        rest = len(self._outcome.results) if self._outcome is not None else 0
        hint = f". result(partial=True) gives the results of the {rest} that completed" if rest else ""
        raise JobFailedError(f"job {job_id} is {status.value}: {reason}{hint}", job_id=job_id, status=status)

    def _read_foreign(self, results: Mapping[str, CircuitResult], found: LabelledStructure) -> Any:
        reader = self._readers.get(found.kind)
        if reader is None:
            raise QoroInputError(
                f"job {self.job_id()} was submitted by a primitive, or by a newer release: "
                "provider.retrieve_job() opens it",
                job_id=self.job_id(),
            )
        return reader(found.document, results, self.job_id())

    def _build_result(self, outcome: JobOutcome, *, partial: bool) -> Result:
        structure = self._structure
        items = build_experiment_results(
            self._experiments or {},
            outcome.results,
            memory=structure.memory,
            reasons=outcome.failures if partial else None,
            reason=outcome.reason or "",
        )
        failed = sum(not item.success for item in items)
        state = self._final or JobState(JobStatus.COMPLETED)
        success = state.status is JobStatus.COMPLETED and not failed
        told = "" if success else f": {failed} of {len(items)} circuits have no result"
        return Result(
            backend_name=structure.backend_name,
            backend_version=None if structure.backend_name is None else __version__,
            job_id=self.job_id(),
            success=success,
            results=items,
            date=datetime.now(UTC).isoformat(timespec="milliseconds"),
            status=f"{state.status.value}{told}",
            time_taken=state.run_time_s,
        )
