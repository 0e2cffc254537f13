"""A job of :meth:`QoroBackend.run`: what came of it, as a Qiskit ``Result`` or as the reason why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.result import Result

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import (
    JobCancelledError,
    JobFailedError,
    QoroAPIError,
    QoroError,
    QoroInputError,
)
from qiskit_qoro.jobs.as_completed import until_final
from qiskit_qoro.jobs.experiment_results import Experiment, build_experiment_results
from qiskit_qoro.jobs.job_document import RunStructure, name_circuits
from qiskit_qoro.jobs.outcome import describe_failure, identify, in_known_terms
from qiskit_qoro.jobs.service_job import ServiceJob
from qiskit_qoro.models.jobs import CircuitResult, JobOutcome, JobState, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.wire.labels import LabelledStructure

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["QoroJob", "ResultReader"]

_DEFAULT_TAG = "default"

ResultReader = Callable[[Any, Mapping[str, CircuitResult], str], Any]
"""Turns a structure that labels carried, the results by label, and the job's identifier, into a result."""


class QoroJob(ServiceJob):
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
        backend_name: The name of the backend, where only that is known.
        readers: What reads the results of jobs of other kinds than those of ``backend.run()``, by the letter
            of the kind in their labels.
        find_backend: What finds a backend by its name, for a job fetched by its identifier.
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
        backend_name: str | None = None,
        readers: Mapping[str, ResultReader] | None = None,
        find_backend: Callable[[str], BackendV2] | None = None,
    ) -> None:
        super().__init__(backend, job_id, service)
        self._experiments = experiments
        self._structure = RunStructure(
            tuple((experiments or {}).values()),
            backend_name if backend is None else backend.name,
            tag,
            memory,
        )
        self._readers = dict(readers or {})
        self._backend: BackendV2 | None = backend
        self._find_backend = find_backend
        self._result: Result | None = None
        self._partial: Result | None = None
        self._outcome: JobOutcome | None = None
        self._foreign: LabelledStructure | None = None

    def __repr__(self) -> str:
        return f"<QoroJob {self.job_id()!r} on {self._structure.backend_name!r}>"

    def __await__(self) -> Generator[Any, None, Result]:
        """Wait for the job as :meth:`result` does, without blocking the event loop."""
        return self._awaited().__await__()

    def backend(self) -> BackendV2:
        """The backend it runs on; of a job fetched by its identifier, the one of the name that is known.

        Raises:
            QiskitError: It is not known, or not yet, or the service has it no more.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        if self._backend is None and self._find_backend is not None:
            if self._structure.backend_name is None and self.status() is QiskitStatus.DONE:
                self._read()
            if self._structure.backend_name is not None:
                self._backend = self._find_backend(self._structure.backend_name)
        return super().backend()

    @property
    def tags(self) -> list[str]:
        """The tags that it was submitted with.

        Of a job fetched by its identifier they come from the journal, or else from its results, once read.
        """
        tag = self._structure.tag
        return [] if tag in (None, _DEFAULT_TAG) else str(tag).split(",")

    def error_message(self) -> str | None:
        """Why the job failed, ``None`` where it did not, or not yet.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        return self._reason() if self.status() is QiskitStatus.ERROR else None

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
        with note_on_interrupt([self.job_id()]), self._prefix_errors():
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

    def outcome(self, timeout: float | None = None) -> JobOutcome:
        """Wait for the job and return what the service says of each circuit, by label.

        For jobs whose results Qiskit has no form for: those of other clients that ask for expectation values.

        Args:
            timeout: Seconds to wait at most, ``None`` for as long as it takes.

        Returns:
            The counts or expectation values, and the reasons of circuits that have none.

        Raises:
            JobTimeoutError: The job was not done in time; it goes on.
            MaxRetriesReachedError: It was not done after the client's ``max_retries`` looks; it goes on.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results make no sense.
        """
        with note_on_interrupt([self.job_id()]), self._prefix_errors():
            self._wait(timeout)
            return self._read()

    async def _awaited(self) -> Result:
        if not self.is_known_final:
            await until_final(self)
        return await asyncio.to_thread(self.result)

    def _in_names(self, text: str) -> str:
        return name_circuits(text, self._experiments or {})

    # --- results --------------------------------------------------------------------------------------

    def _read(self) -> JobOutcome:
        """What came of the job, which is in a final state; what it was is learnt on the way."""
        if self._outcome is None:
            outcome = self._fetch_outcome()
            if self._experiments is None:
                found = identify(outcome, job_id=self.job_id())
                if isinstance(found, LabelledStructure):
                    self._foreign = found
                else:
                    self._experiments, told = found
                    self._structure = told.completed_by(self._structure)
            self._outcome = in_known_terms(outcome, self._experiments or {})
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
        rest = len(self._outcome.results) if self._outcome and not self._foreign else 0
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
