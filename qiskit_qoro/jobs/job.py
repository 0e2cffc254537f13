"""A job of :meth:`QoroBackend.run`: what came of it, as a Qiskit ``Result`` or as the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1
from qiskit.result import Result

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import JobFailedError, QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment, build_experiment_results
from qiskit_qoro.jobs.job_document import RunStructure, name_circuits
from qiskit_qoro.jobs.outcome import describe_failure, identify, in_known_terms
from qiskit_qoro.jobs.service_job import ServiceJob
from qiskit_qoro.models.jobs import CircuitResult, ExecutionResult, JobOutcome, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.wire.labels import LabelledStructure

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["QoroJob", "ResultReader"]

_DEFAULT_TAG = "default"

ResultReader = Callable[[Any, Mapping[str, CircuitResult]], Any]
"""Turns a structure that labels carried, and the results by label, into a result."""


class QoroJob(ServiceJob[Result], JobV1):
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
        # Qiskit's base class calls no other constructor, so each one is called by name.
        JobV1.__init__(self, backend, job_id)
        ServiceJob.__init__(self, job_id, service, [job_id])
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

    @classmethod
    def from_submission(
        cls,
        backend: BackendV2,
        job_id: str,
        service: QoroService,
        structure: RunStructure,
        experiments: Mapping[str, Experiment],
    ) -> QoroJob:
        """Create the job of a submission that this process has just made.

        Args:
            backend: The backend that runs the job.
            job_id: The identifier that the service gave to the job.
            service: The client that submitted it.
            structure: The meaning of the submission.
            experiments: Label to experiment, in the order of ``structure.experiments``.
        """
        job = cls(backend, job_id, service)
        job._structure = structure
        job._experiments = experiments
        return job

    def __repr__(self) -> str:
        return f"<QoroJob {self.job_id()!r} on {self._structure.backend_name!r}>"

    def submit(self) -> None:
        """Refuse: a job is submitted by ``backend.run()``, once.

        Raises:
            QoroInputError: Always.
        """
        raise QoroInputError(
            f"job {self.job_id()} has been submitted already: backend.run() submits, and returns the job",
            job_id=self.job_id(),
        )

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
        return self._failure_reason(self.job_id()) if self.status() is QiskitStatus.ERROR else None

    def usage(self) -> float | None:
        """Seconds that the service worked on the job, ``None`` where it does not say, or not yet.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        self._poll()
        return self._known_state().run_time_s

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callable[[str, QiskitStatus, Self], None] | None = None,
    ) -> None:
        """Wait until the job is done, failed or cancelled. Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, ``None`` for no limit.
            wait: Accepted for Qiskit's interface and ignored. The client's ``polling_interval`` is the
                longest pause between two polls.
            callback: Called after each poll with the job's id, its status and the job.

        Raises:
            JobTimeoutError: The job was not final in time; it continues.
            MaxRetriesReachedError: It was not final after the client's ``max_retries`` polls; it continues.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        del wait

        def call_back() -> None:
            if callback is not None:
                callback(self.job_id(), self._known_status(), self)

        with note_on_interrupt([self.job_id()]):
            if self.is_known_final:
                call_back()
            else:
                self._wait(timeout, lambda _states: call_back())

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

    def _with_circuit_names(self, text: str) -> str:
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
        reference = ExecutionResult(job_id=self.job_id())
        if self._known_state().status is JobStatus.COMPLETED:
            return JobOutcome(self._service.get_job_results(reference).results or {})
        outcome = self._service.get_job_outcome(reference)
        return replace(outcome, reason=outcome.reason or "")

    def _describe_failure(self, job_id: str) -> str:
        del job_id  # there is only one
        return describe_failure(self._read(), self._experiments or {})

    def _raise_unless_completed(self) -> None:
        try:
            super()._raise_unless_completed()
        except JobFailedError as error:
            rest = len(self._outcome.results) if self._outcome and not self._foreign else 0
            if rest:
                error.extend(f"result(partial=True) gives the results of the {rest} that completed")
            raise

    def _read_foreign(self, results: Mapping[str, CircuitResult], found: LabelledStructure) -> Any:
        reader = self._readers.get(found.kind)
        if reader is None:
            raise QoroInputError(
                f"job {self.job_id()} was submitted by a primitive, or by a newer release: "
                "provider.retrieve_job() opens it",
                job_id=self.job_id(),
            )
        return reader(found.document, results)

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
        state = self._known_state()
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
