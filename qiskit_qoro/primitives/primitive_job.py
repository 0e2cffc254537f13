"""The job of a primitive: the service jobs that compute its values, and the postprocessor of their results.

The results of the service are counts and expectation values by label. The postprocessor turns them into the
result of the primitive. Another process reads the postprocessor from the labels of the circuits, from the
journal, or from a file that the user saved.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult, PubResult
from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro.errors import QoroError, QoroInputError, WireError
from qiskit_qoro.jobs.job import ResultReader
from qiskit_qoro.jobs.job_card import describe_job, job_card
from qiskit_qoro.jobs.job_file import read_document
from qiskit_qoro.jobs.resubmission import submit_jointly
from qiskit_qoro.jobs.sent_programs import checked_submissions
from qiskit_qoro.jobs.service_job import ReadSubmissions, ServiceJob
from qiskit_qoro.models.jobs import (
    ID_SEPARATOR,
    CircuitResult,
    ExecutionResult,
    JobOutcome,
    JobStatus,
    ResultDetails,
    summarize_failures,
)
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.saved_job import POSTPROCESSORS, PRIMITIVE_FORMAT, SavedJob
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import Deadline
from qiskit_qoro.wire.fields import shown
from qiskit_qoro.wire.labels import decode_labels, index_of_label
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX

__all__ = ["RESULT_READERS", "QoroPrimitiveJob"]

_T = TypeVar("_T")

_LOCAL_ID_PREFIX = "here-"  # begins the identifier of a job without service jobs
_QUOTED_LABEL = re.compile(r"\bcircuit '([^']*)'")


class QoroPrimitiveJob(
    ServiceJob[PrimitiveResult[PubResult]], BasePrimitiveJob[PrimitiveResult[PubResult], QiskitStatus]
):
    """A job of :class:`QoroEstimator` or :class:`QoroSampler`.

    Its identifier is the identifier of its service job, or the identifiers of several service jobs joined by
    ``+``.

    Args:
        service: The client that polls the service jobs and fetches their results.
        job_ids: The service jobs, in the order of submission. Empty if all values were computed locally.
        recipe: The postprocessor, which turns the results of the service jobs into those of the primitive.
            ``None`` to read it from their labels.
        show_progress: Whether to show a progress line during a long wait, on a terminal or in a notebook.
        submitted: When the job was submitted, or ``None`` if unknown.
        sent: Returns what was sent for each service job, or ``None`` if that is unknown.
    """

    def __init__(
        self,
        service: QoroService,
        job_ids: Sequence[str],
        *,
        recipe: Postprocessor | None = None,
        show_progress: bool = True,
        submitted: datetime | None = None,
        sent: ReadSubmissions | None = None,
    ) -> None:
        job_id = ID_SEPARATOR.join(job_ids) or f"{_LOCAL_ID_PREFIX}{uuid4()}"
        # Qiskit's base class calls no other constructor, so each one is called by name.
        BasePrimitiveJob.__init__(self, job_id)
        ServiceJob.__init__(
            self, job_id, service, job_ids, submitted=submitted, sent=sent, show_progress=show_progress
        )
        self._postprocessor = recipe
        self._result: PrimitiveResult[PubResult] | None = None
        # The results of service jobs that have been read, until those of all of them have been.
        self._outcomes: dict[str, JobOutcome] = {}

    def __repr__(self) -> str:
        return describe_job("QoroPrimitiveJob", self.job_id(), self._backend_name, self._last_state().status)

    def _repr_html_(self) -> str:
        num_pubs = len(self._postprocessor.pubs) if self._postprocessor else 0
        rows = [
            ("backend", self._backend_name),
            ("kind", JobKind.of_letter(self._postprocessor.kind).value if self._postprocessor else None),
            ("PUBs", f"{num_pubs:,}" if num_pubs else None),
            ("service jobs", f"{len(self._job_ids):,}" if len(self._job_ids) > 1 else None),
        ]
        return job_card(
            self.job_id(),
            self._last_state(),
            rows,
            submitted=self._submitted,
            origin=self._service.origin if self._job_ids else None,
        ).to_html()

    @property
    def _backend_name(self) -> str | None:
        return self._postprocessor.backend_name if self._postprocessor else None

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The identifiers of the service jobs, in the order of submission."""
        return self._job_ids

    def result(self, timeout: float | None = None) -> PrimitiveResult[PubResult]:
        """Wait for the job and return its results.

        Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, including the time to read the results; or ``None`` for no
                limit. A request that begins shortly before the end of this time may take one second.

        Returns:
            One result for each PUB, in order.

        Raises:
            JobTimeoutError: The job was not final in time, and continues; or its results could not be read in
                time.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls; it continues.
            JobFailedError: The job failed. The message names the PUBs, the service job and the reason.
            JobCancelledError: The job was cancelled.
            QoroInputError: The job was retrieved by its identifier, and its labels do not hold the
                postprocessor because it is too large.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results break the protocol.
        """
        if self._result is None:
            deadline = self._deadline(timeout)
            with self._note_on_interrupt(), self._prefix_errors():
                self._wait(deadline)
                self._raise_unless_completed(deadline)
                self._result = self._read_result(deadline)
                self._outcomes.clear()
        return self._result

    def resubmit(self, failed_only: bool = False) -> QoroPrimitiveJob:
        """Submit the same programs with the same options again, and return without waiting for them.

        The same requests are sent, so the results are computed in the same way, with the same seeds.

        Args:
            failed_only: Whether to submit only the service jobs that failed or were cancelled. The new job
                uses the results of the others, so its ``result()`` is complete.

        Returns:
            The new job.

        Raises:
            QoroInputError: The programs are not available, and the message says why; or, with
                ``failed_only``, no service job has failed or was cancelled. Nothing was sent.
            QoroAPIError: The service refused a job. The other new jobs have been cancelled as far as
                possible.
            QoroConnectionError: The service did not answer. The other new jobs have been cancelled as far as
                possible.
        """
        sent = tuple(self._submissions())
        again = self._failed_positions() if failed_only else range(len(sent))
        job_ids = list(self._job_ids)
        for position, job_id in zip(
            again, submit_jointly(self._service, [sent[position] for position in again]), strict=True
        ):
            job_ids[position] = job_id
        if failed_only and len(job_ids) > 1:
            self._service.record_joint_jobs(job_ids)
        return QoroPrimitiveJob(
            self._service,
            job_ids,
            recipe=self._postprocessor,
            show_progress=self._show_progress,
            submitted=datetime.now(UTC),
            sent=partial(tuple, sent),
        )

    def _failed_positions(self) -> list[int]:
        """Return the positions of the service jobs that ended without completing."""
        self._poll()
        statuses = [self._states[job_id].status for job_id in self._job_ids]
        failed = [
            position
            for position, status in enumerate(statuses)
            if status.is_final and status is not JobStatus.COMPLETED
        ]
        if not failed:
            found = ", ".join(f"{count} {status.value}" for status, count in Counter(statuses).items())
            raise QoroInputError(
                f"no service job of job {self.job_id()} has failed ({found or 'there are none'}), so "
                "there is nothing to resubmit: resubmit() submits all of them again",
                job_id=self.job_id(),
            )
        return failed

    # --- results --------------------------------------------------------------------------------------

    def _read_result(self, deadline: Deadline) -> PrimitiveResult[PubResult]:
        # No label occurs in two jobs of a submission, because the indices run on from job to job.
        results: dict[str, CircuitResult] = {}
        details: dict[str, ResultDetails] = {}
        for job_id in self._job_ids:
            if job_id not in self._outcomes:
                with self._unread_results_as_timeout(deadline):
                    self._outcomes[job_id] = self._fetch_results(job_id, deadline)
            results |= self._outcomes[job_id].results
            details |= self._outcomes[job_id].details
        outcome = JobOutcome(results, details=details)
        return _build_result(self._load_postprocessor(results), outcome)

    def _load_postprocessor(self, labels: Iterable[str]) -> Postprocessor:
        """Return the postprocessor; decode it from the labels of all circuits if it is not known yet."""
        if self._postprocessor is None:
            structure = decode_labels(labels)
            if structure is None or structure.kind not in POSTPROCESSORS or structure.document is None:
                raise QoroInputError(
                    f"the labels of job {self.job_id()} do not describe its PUBs: the description did not "
                    "fit, or no primitive of this package submitted the job. Retrieve it on the machine that "
                    "submitted it, whose journal may have the description; or load a file that "
                    "job.save(path) wrote, with provider.load_job(path); or read the raw results with "
                    "provider.service.get_job_results()",
                    job_id=self.job_id(),
                )
            self._postprocessor = POSTPROCESSORS[structure.kind].from_document(structure.document)
        return self._postprocessor

    def _describe_failure(self, job_id: str, deadline: Deadline) -> str:
        outcome = self._service.get_job_outcome(ExecutionResult(job_id=job_id), deadline=deadline)
        with suppress(QoroError):  # without the postprocessor the PUBs are not named
            self._load_postprocessor([*outcome.results, *outcome.failures])
        failures = outcome.failures
        if failures:
            # A generator, because finding the PUBs of a circuit is slow and only a few are shown.
            described = (f"{self._name_of(label)}: {reason}" for label, reason in failures.items())
            return summarize_failures(described, len(failures))
        reason = (outcome.reason or "the service gave no reason").removeprefix(FAILED_JOB_PREFIX)
        return _QUOTED_LABEL.sub(lambda match: self._name_of(match[1]), reason)

    def _name_of(self, label: str) -> str:
        """Describe the circuit with a label by its index and the PUBs that need it."""
        index = index_of_label(label)
        if index is None:
            return f"circuit {label!r}"
        pubs = self._postprocessor.pubs_of(index) if self._postprocessor else []
        of_pubs = f" of PUB {', '.join(map(str, pubs))}" if pubs else ""
        return f"circuit {index}{of_pubs}"

    # --- saving ---------------------------------------------------------------------------------------

    def _document(self) -> dict[str, Any]:
        submissions = self._known_submissions()
        saved = SavedJob(
            self._job_ids,
            self._postprocessor,
            self._states,
            self._result,
            self._submitted,
            None if submissions is None else tuple(submissions),
        )
        return saved.to_document()

    @classmethod
    def load(cls, path: str | Path, service: QoroService, *, show_progress: bool = True) -> QoroPrimitiveJob:
        """Load a job that :meth:`save` wrote to a file. ``provider.load_job(path)`` calls this.

        Args:
            path: The file.
            service: The client of the service that has the job.
            show_progress: Whether to show a progress line during a long wait, on a terminal or in a notebook.

        Raises:
            QoroInputError: The file does not hold a job of a primitive, or holds one of a newer version.
            OSError: The file cannot be read.
        """
        try:
            document = read_document(path)
            if document.get("format") != PRIMITIVE_FORMAT:
                raise WireError(
                    f"the format is {shown(document.get('format'))}, expected {PRIMITIVE_FORMAT!r}"
                )
            saved = SavedJob.from_document(document)
        except ValueError as error:
            raise QoroInputError(f"{path} contains no saved primitive job: {error}") from error
        return cls.from_saved(saved, service, show_progress=show_progress)

    @classmethod
    def from_saved(
        cls, saved: SavedJob, service: QoroService, *, show_progress: bool = True
    ) -> QoroPrimitiveJob:
        """Create the job that was saved.

        Args:
            saved: The content of the file.
            service: The client of the service that has the job.
            show_progress: Whether to show a progress line during a long wait, on a terminal or in a notebook.
        """
        job = cls(
            service,
            saved.job_ids,
            recipe=saved.postprocessor,
            show_progress=show_progress,
            submitted=saved.submitted,
            sent=None if saved.submissions is None else partial(checked_submissions, saved.submissions),
        )
        job._states.update(saved.states)
        job._result = saved.results
        return job


def _build_result(postprocessor: Postprocessor, outcome: JobOutcome) -> PrimitiveResult[PubResult]:
    return postprocessor.build(_by_index(outcome.results), _by_index(outcome.details))


def _by_index(by_label: Mapping[str, _T]) -> dict[int, _T]:
    found = {index_of_label(label): item for label, item in by_label.items()}
    return {index: item for index, item in found.items() if index is not None}


def _read_by_document(
    kind: type[Postprocessor], document: Any, outcome: JobOutcome
) -> PrimitiveResult[PubResult]:
    return _build_result(kind.from_document(document), outcome)


RESULT_READERS: Mapping[str, ResultReader] = {
    kind: partial(_read_by_document, postprocessor) for kind, postprocessor in POSTPROCESSORS.items()
}
"""For each kind of structure in labels, the function that builds the primitive's result."""
