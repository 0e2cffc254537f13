"""A job of :meth:`QoroBackend.run`: its status in Qiskit's words, and its results as a Qiskit ``Result``."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.providers import JobV1
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qiskit_qoro.errors import (
    ConflictError,
    JobCancelledError,
    JobFailedError,
    QoroAPIError,
    QoroError,
    QoroInputError,
    WireError,
)
from qiskit_qoro.models.jobs import CircuitResult, ExecutionResult, JobState, JobStatus
from qiskit_qoro.registers import RegisterLayout, layout_of_width
from qiskit_qoro.service import QoroService

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

__all__ = ["QISKIT_STATUS", "Experiment", "QoroJob"]

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


@dataclass(frozen=True)
class Experiment:
    """What the service does not keep about one circuit of a job.

    Attributes:
        name: The circuit's name.
        layout: Its classical registers.
        shots: How often it was to be run.
        metadata: The circuit's metadata.
    """

    name: str
    layout: RegisterLayout
    shots: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


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
            if error.job_id is None:
                error.job_id = self.job_id()
                error.message = f"job {self.job_id()}: {error.message}"
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
            return _LABEL.sub(self._labelled, error.detail)
        except QoroError as error:
            return f"the reason could not be read ({error})"
        return ""

    def _labelled(self, label: re.Match[str]) -> str:
        """The service knows a circuit by its label; its name stands beside it."""
        experiment = (self._experiments or {}).get(label[1])
        return f"{label[0]} ({experiment.name!r})" if experiment is not None else label[0]

    # --- results --------------------------------------------------------------------------------------

    def _build_result(self, results: Mapping[str, CircuitResult]) -> Result:
        if self._experiments is not None and results.keys() != self._experiments.keys():
            missing = [
                f"{label} ({e.name!r})" for label, e in self._experiments.items() if label not in results
            ]
            raise JobFailedError(
                f"job {self.job_id()} has {len(results)} results for {len(self._experiments)} circuits; "
                f"no result for circuit {', '.join(missing[:5]) or 'none'}",
                job_id=self.job_id(),
                status=JobStatus.COMPLETED,
            )
        experiments = self._experiments or {
            label: _foreign_experiment(label, counts) for label, counts in results.items()
        }
        return Result(
            backend_name=self._backend.name if self._backend is not None else None,
            backend_version=self._backend.backend_version if self._backend is not None else None,
            job_id=self.job_id(),
            success=True,
            results=[
                self._experiment_result(label, experiment, results[label])
                for label, experiment in experiments.items()
            ],
            date=datetime.now(UTC).isoformat(timespec="milliseconds"),
            status=JobStatus.COMPLETED.value,
            time_taken=self._final.run_time_s if self._final else None,
        )

    def _experiment_result(
        self, label: str, experiment: Experiment, counts: CircuitResult
    ) -> ExperimentResult:
        layout = experiment.layout
        self._check_counts(experiment, counts)
        placed = layout.place(counts)  # type: ignore[arg-type]
        data: dict[str, Any] = {"counts": {hex(outcome): count for outcome, count in placed.items()}}
        if self._memory:
            data["memory"] = _memory(placed, seed=label)
        return ExperimentResult(
            shots=experiment.shots,
            success=True,
            data=ExperimentResultData(**data),
            status="DONE",
            header={
                "name": experiment.name,
                "memory_slots": layout.memory_slots,
                "creg_sizes": [list(piece) for piece in layout.creg_sizes],
                "metadata": dict(experiment.metadata),
            },
        )

    def _check_counts(self, experiment: Experiment, counts: CircuitResult) -> None:
        where = f"job {self.job_id()}, circuit {experiment.name!r}"
        if any(isinstance(count, float) for count in counts.values()):
            raise WireError(f"{where}: expected counts, got expectation values", job_id=self.job_id())
        width = experiment.layout.num_clbits
        if any(len(bits) != width for bits in counts):
            raise WireError(f"{where}: expected {width} bits in each outcome", job_id=self.job_id())
        total = sum(counts.values())
        if width and total != experiment.shots:
            raise JobFailedError(
                f"{where}: the counts add up to {total}, expected {experiment.shots} shots",
                job_id=self.job_id(),
                status=JobStatus.COMPLETED,
            )


def _foreign_experiment(label: str, counts: CircuitResult) -> Experiment:
    """What can be said of a circuit that this process did not submit."""
    width = len(next(iter(counts), ""))
    return Experiment(name=label, layout=layout_of_width(width), shots=int(sum(counts.values())))


def _memory(counts: Mapping[int, int], *, seed: str) -> list[str]:
    """Every shot in hexadecimal, in a random order that ``seed`` decides."""
    outcomes = np.array([hex(outcome) for outcome in counts], dtype=object)
    shots = np.repeat(outcomes, list(counts.values()))
    digest = hashlib.sha256(seed.encode()).digest()
    np.random.default_rng(list(digest)).shuffle(shots)
    return list(shots)
