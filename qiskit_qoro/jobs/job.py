"""The job of :meth:`QoroBackend.run`, whose result is a Qiskit ``Result``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1
from qiskit.result import Result

from qiskit_qoro.errors import JobFailedError, QoroError, QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job_card import describe_job, job_card
from qiskit_qoro.jobs.job_document import RunStructure, name_circuits
from qiskit_qoro.jobs.outcome import describe_failure
from qiskit_qoro.jobs.resubmission import submission_of_programs
from qiskit_qoro.jobs.run_contents import RunContents
from qiskit_qoro.jobs.saved_run import SavedRun
from qiskit_qoro.jobs.sent_programs import SentProgram, checked_submissions
from qiskit_qoro.jobs.service_job import ReadSubmissions, ServiceJob
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.labels import LabelledStructure

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["PARTIAL_RESULT_HINT", "QoroJob", "ResultReader"]

PARTIAL_RESULT_HINT = "result(partial=True) returns"
"""How to read a part of the results in Python. The command line replaces it by its own option."""

_DEFAULT_TAG = "default"

ResultReader = Callable[[Any, JobOutcome], Any]
"""Builds a result from the structure in the labels and from the outcome of the job."""


class QoroJob(ServiceJob[Result], JobV1):
    """A job that :meth:`QoroBackend.run` submitted. It returns a Qiskit :class:`~qiskit.result.Result`.

    Another process retrieves it with :meth:`QoroProvider.retrieve_job`::

        >>> from qiskit import QuantumCircuit
        >>> from qiskit_qoro import QoroProvider
        >>> provider = QoroProvider.local()
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> job = provider.get_backend("qoro_maestro").run(circuit, shots=10)
        >>> job.result().get_counts()
        {'0': 10}
        >>> job.status().name
        'DONE'
        >>> provider.retrieve_job(job.job_id()).result().get_counts()
        {'0': 10}

    In a coroutine, ``await job`` waits for its result and does not block the event loop.

    Args:
        backend: The backend that runs the job, or ``None`` if unknown.
        job_id: The job's identifier on the service.
        service: The client that polls the job and fetches its results.
        experiments: The submitted circuits, by label. ``None`` for a job that is retrieved by its identifier:
            then the labels of its results describe the circuits. If they do not, because another client
            submitted the job, the label of a circuit becomes its name and its classical bits belong to no
            register.
        memory: Whether the results list every shot.
        tag: The job's tag, or ``None`` if unknown.
        backend_name: The name of the backend, if only that is known.
        readers: Read the results of jobs that ``backend.run()`` did not submit, by the kind of structure in
            their labels.
        find_backend: Returns the backend with a given name, for a job that is retrieved by its identifier.
        submitted: When the job was submitted, or ``None`` if unknown.
        sent: Returns what was sent for the job, or ``None`` if that is unknown.
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
        submitted: datetime | None = None,
        sent: ReadSubmissions | None = None,
    ) -> None:
        # Qiskit's base class calls no other constructor, so each one is called by name.
        JobV1.__init__(self, backend, job_id)
        ServiceJob.__init__(self, job_id, service, [job_id], submitted=submitted, sent=sent)
        structure = RunStructure(
            tuple((experiments or {}).values()),
            backend_name if backend is None else backend.name,
            tag,
            memory,
        )
        self._contents = RunContents(job_id, structure, experiments)
        self._readers = dict(readers or {})
        self._backend: BackendV2 | None = backend
        self._find_backend = find_backend
        # Results are cached, because a finished job never changes. `_result` is a complete result. `_partial`
        # is the result of a job with failed circuits, which `result()` returns only with `partial=True`.
        self._result: Result | None = None
        self._partial: Result | None = None

    @classmethod
    def from_submission(
        cls,
        backend: BackendV2,
        job_id: str,
        service: QoroService,
        structure: RunStructure,
        experiments: Mapping[str, Experiment],
        submission: Submission,
    ) -> QoroJob:
        """Create the job of a submission that this process has just made.

        Args:
            backend: The backend that runs the job.
            job_id: The identifier that the service returned for the job.
            service: The client that submitted it.
            structure: The names, registers, shots and metadata of the circuits.
            experiments: Label to experiment, in the order of ``structure.experiments``.
            submission: What was sent.
        """
        job = cls(backend, job_id, service, submitted=datetime.now(UTC), sent=partial(tuple, [submission]))
        job._contents = RunContents(job_id, structure, experiments)
        return job

    def __repr__(self) -> str:
        status = self._last_state().status
        return describe_job("QoroJob", self.job_id(), self._contents.structure.backend_name, status)

    def _repr_html_(self) -> str:
        structure, outcome = self._contents.structure, self._contents.outcome
        rows = [
            ("backend", structure.backend_name),
            ("tag", None if structure.tag == _DEFAULT_TAG else structure.tag),
            ("circuits", f"{len(structure.experiments):,}" if structure.experiments else None),
        ]
        return job_card(
            self.job_id(),
            self._last_state(),
            rows,
            submitted=self._submitted,
            origin=self._service.origin,
            reason=outcome.reason if outcome else None,
            reason_call="error_message()",
        ).to_html()

    def submit(self) -> None:
        """Refuse: ``backend.run()`` has already submitted the job.

        Raises:
            QoroInputError: Always.
        """
        raise QoroInputError(
            f"job {self.job_id()} has already been submitted: backend.run() submits a job and returns it",
            job_id=self.job_id(),
        )

    def backend(self) -> BackendV2:
        """Return the backend that runs the job.

        A retrieved job finds its backend by name. If the name is unknown, it is read from the results.

        Raises:
            QiskitError: The backend is unknown, at least until the job is done, or the service does not list
                it any more.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        if self._backend is None and self._find_backend is not None:
            if self._contents.structure.backend_name is None and self.status() is QiskitStatus.DONE:
                self._read_outcome()
            if self._contents.structure.backend_name is not None:
                self._backend = self._find_backend(self._contents.structure.backend_name)
        return super().backend()

    @property
    def tags(self) -> list[str]:
        """The tags that the job was submitted with.

        A retrieved job takes them from the journal, or else from its results once they have been read.
        """
        tag = self._contents.structure.tag
        return [] if tag in (None, _DEFAULT_TAG) else str(tag).split(",")

    def error_message(self) -> str | None:
        """Return why the job failed, or ``None`` if it has not failed.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        return self._failure_reason(self.job_id()) if self.status() is QiskitStatus.ERROR else None

    def usage(self) -> float | None:
        """Return the seconds that the service worked on the job, or ``None`` if it has not reported them.

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
            timeout: Seconds to wait at most, or ``None`` for no limit.
            wait: Accepted for Qiskit's interface and ignored. The client's ``polling_interval`` is the
                longest pause between two polls.
            callback: Called after each poll with the job's id, its status and the job.

        Raises:
            JobTimeoutError: The job was not final in time; it continues.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls; it continues.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        del wait

        def call_back() -> None:
            if callback is not None:
                callback(self.job_id(), self._known_status(), self)

        with self._note_on_interrupt():
            if self.is_known_final:
                call_back()
            else:
                self._wait(self._deadline(timeout), call_back)

    def result(self, timeout: float | None = None, partial: bool = False) -> Result:
        """Wait for the job and return its results.

        Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, including the time to read the results; or ``None`` for no
                limit. A request that begins shortly before the end of this time may take one second.
            partial: Whether to return the available results of a failed job. Each circuit without a result
                is then an ``ExperimentResult`` with ``success=False`` and the reason in ``status``, and the
                ``success`` of the whole is ``False``. Qiskit's ``get_counts(k)`` works for circuits that have
                a result and raises for the others; without an argument it raises.

        Returns:
            One ``ExperimentResult`` with counts for each circuit, in order. With ``memory=True`` it also
            lists every shot. The service counts outcomes and does not keep the order of the shots; ``memory``
            lists them in a random order that is always the same for the same counts.

        Raises:
            JobTimeoutError: The job was not final in time, and continues; or its results could not be read in
                time.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls; it continues.
            JobFailedError: The job failed, and the message names the failed circuits with the service's
                reasons. Or its results are incomplete, or counts do not add up to the shots.
            JobCancelledError: The job was cancelled.
            QoroInputError: A primitive submitted the job: open it with ``provider.retrieve_job()``.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results break the protocol.
        """
        cached = self._partial if partial and self._result is None else self._result
        if cached is not None:
            return cached
        deadline = self._deadline(timeout)
        with self._note_on_interrupt(), self._prefix_errors():
            self._wait(deadline)
            if not partial or self._known_status() is QiskitStatus.CANCELLED:
                self._raise_unless_completed(deadline)
            outcome = self._read_outcome(deadline)
            if self._contents.foreign is not None:
                self._raise_unless_completed(deadline)
                self._result = self._read_foreign(outcome, self._contents.foreign)
                return self._result
            result = self._contents.build_result(outcome, self._known_state(), partial=partial)
        if result.success:
            self._result = result
        else:
            self._partial = result
        return result

    def results(self, timeout: float | None = None, partial: bool = False) -> Result:
        """Another name of :meth:`result`."""
        return self.result(timeout, partial)

    def outcome(self, timeout: float | None = None) -> JobOutcome:
        """Wait for the job and return the service's results by label.

        This is for jobs of other clients that compute expectation values, which a Qiskit ``Result`` cannot
        hold.

        Args:
            timeout: Seconds to wait at most, including the time to read the results; or ``None`` for no
                limit. A request that begins shortly before the end of this time may take one second.

        Returns:
            The counts or expectation values, and the reason for each circuit that has none.

        Raises:
            JobTimeoutError: The job was not final in time, and continues; or its results could not be read in
                time.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls; it continues.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results break the protocol.
        """
        deadline = self._deadline(timeout)
        with self._note_on_interrupt(), self._prefix_errors():
            self._wait(deadline)
            return self._read_outcome(deadline)

    def _with_circuit_names(self, text: str) -> str:
        return name_circuits(text, self._contents.by_label)

    # --- what was sent --------------------------------------------------------------------------------

    def _name_programs(self, programs: list[SentProgram]) -> list[SentProgram]:
        self._contents.identify([program.label for program in programs])
        experiments = self._contents.by_label
        return [
            replace(program, name=experiments[program.label].name)
            if program.label in experiments
            else program
            for program in programs
        ]

    def resubmit(self, failed_only: bool = False) -> QoroJob:
        """Submit the same programs with the same options as a new job, and return without waiting for it.

        The shots, tag, backend, execution configuration, noise and seed are those of this job, because the
        same requests are sent. Each call submits one job.

        Args:
            failed_only: Whether to submit only the circuits without a result. They keep their names, shots
                and metadata, and have the same order. A seed continues after the circuits of this job, so
                that equal circuits of both jobs do not have equal counts.

        Returns:
            The new job.

        Raises:
            QoroInputError: The programs are not available, and the message says why; or, with
                ``failed_only``, the job has not ended, or all circuits have a result. Nothing was sent.
            QoroAPIError: The service refused the job.
            QoroConnectionError: The service did not answer.
        """
        (submission,) = self._submissions()
        if not failed_only:
            return self._submit_again(submission, self._contents.again())
        programs = self.programs()
        failed = self._without_result(programs)
        if len(failed) == len(programs):
            return self._submit_again(submission, self._contents.again())
        labels, contents = self._contents.part(failed)
        part = submission_of_programs(
            submission, dict(zip(labels, failed, strict=True)), num_earlier=len(programs)
        )
        return self._submit_again(part, contents)

    def _submit_again(self, submission: Submission, contents: RunContents) -> QoroJob:
        try:
            job_id = self._service.submit(submission).job_id
        except QoroError as error:
            error.reword(partial(name_circuits, experiments=contents.by_label))
            raise
        return QoroJob(
            self._backend,
            str(job_id),
            self._service,
            experiments=contents.experiments,
            memory=contents.structure.memory,
            tag=contents.structure.tag,
            backend_name=contents.structure.backend_name,
            readers=self._readers,
            find_backend=self._find_backend,
            submitted=datetime.now(UTC),
            sent=partial(tuple, [submission]),
        )

    def _without_result(self, programs: Sequence[SentProgram]) -> list[SentProgram]:
        """Return those of the programs that have no result; the job has to have ended."""
        if not self.in_final_state():
            raise QoroInputError(
                f"job {self.job_id()} is {self._known_state().status.value}: wait until it has ended to "
                "resubmit its failed circuits",
                job_id=self.job_id(),
            )
        results = self._read_outcome().results
        failed = [program for program in programs if program.label not in results]
        if not failed:
            raise QoroInputError(
                f"all {len(programs)} circuits of job {self.job_id()} have a result, so there is nothing to "
                "resubmit: resubmit() submits all of them again",
                job_id=self.job_id(),
            )
        return failed

    # --- saving ---------------------------------------------------------------------------------------

    def _document(self) -> dict[str, Any]:
        sent = self._known_submissions()
        saved = SavedRun(
            self.job_id(),
            self._contents.structure,
            self._contents.described,
            self._states.get(self.job_id()),
            self._contents.outcome,
            self._contents.read_at,
            self._submitted,
            sent[0] if sent else None,
        )
        return saved.to_document()

    @classmethod
    def from_saved(
        cls,
        saved: SavedRun,
        service: QoroService,
        *,
        readers: Mapping[str, ResultReader] | None = None,
        find_backend: Callable[[str], BackendV2] | None = None,
    ) -> QoroJob:
        """Create the job that was saved.

        Args:
            saved: The content of the file.
            service: The client of the service that has the job.
            readers: As for the constructor.
            find_backend: As for the constructor.
        """
        job = cls(
            None,
            saved.job_id,
            service,
            experiments=saved.experiments,
            memory=saved.structure.memory,
            tag=saved.structure.tag,
            backend_name=saved.structure.backend_name,
            readers=readers,
            find_backend=find_backend,
            submitted=saved.submitted,
            sent=None if saved.submission is None else partial(checked_submissions, [saved.submission]),
        )
        if saved.state is not None:
            job._states[saved.job_id] = saved.state
            if saved.outcome is not None:
                job._contents.remember(saved.outcome, saved.read_at)
        return job

    # --- results --------------------------------------------------------------------------------------

    def _read_outcome(self, deadline: Deadline = NO_DEADLINE) -> JobOutcome:
        """Fetch and cache the outcome of a finished job; decode its labels if needed."""
        if self._contents.outcome is not None:
            return self._contents.outcome
        with self._unread_results_as_timeout(deadline):
            outcome = self._fetch_outcome(deadline)
        return self._contents.remember(outcome, datetime.now(UTC))

    def _fetch_outcome(self, deadline: Deadline) -> JobOutcome:
        if self._known_state().status is JobStatus.COMPLETED:
            # Unlike get_job_outcome, this raises if the service refuses to return the results.
            return self._fetch_results(self.job_id(), deadline)
        outcome = self._service.get_job_outcome(ExecutionResult(job_id=self.job_id()), deadline=deadline)
        # A reason of `None` means that the job completed. A service may refuse the results without a reason.
        return replace(outcome, reason=outcome.reason or "")

    def _describe_failure(self, job_id: str, deadline: Deadline) -> str:
        del job_id  # there is only one
        return describe_failure(self._read_outcome(deadline), self._contents.by_label)

    def _raise_unless_completed(self, deadline: Deadline) -> None:
        try:
            super()._raise_unless_completed(deadline)
        except JobFailedError as error:
            # The outcome has been read to describe the failure.
            found = self._contents.outcome
            num_results = len(found.results) if found and not self._contents.foreign else 0
            if num_results:
                what = (
                    "result of the circuit"
                    if num_results == 1
                    else f"results of the {num_results:,} circuits"
                )
                error.extend(f"{PARTIAL_RESULT_HINT} the {what} that completed")
            raise

    def _read_foreign(self, outcome: JobOutcome, structure: LabelledStructure) -> Any:
        reader = self._readers.get(structure.kind)
        if reader is None:
            raise QoroInputError(
                f"job {self.job_id()} was submitted by a primitive, or by a newer release: open it with "
                "provider.retrieve_job()",
                job_id=self.job_id(),
            )
        return reader(structure.document, outcome)
