"""The job of a primitive: its service jobs, and the postprocessor for their results.

It has no thread. What it needs to bring its result back, beyond the service's own results, is its
postprocessor,
which travels in the labels of the circuits, or in a file that the user saves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult, PubResult
from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.jobs.job import ResultReader
from qiskit_qoro.jobs.service_job import ServiceJob
from qiskit_qoro.models.jobs import CircuitResult, ExecutionResult, JobState, summarize_failures
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.saved_job import POSTPROCESSORS, load_file, save_file
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.service.progress import progress_line
from qiskit_qoro.wire.labels import decode_labels, index_of_label

__all__ = ["ID_SEPARATOR", "RESULT_READERS", "QoroPrimitiveJob"]

ID_SEPARATOR = "+"
"""What joins the identifiers of the service's jobs to that of a primitive's job."""

_NOWHERE = "here-"
_LABEL = re.compile(r"\bcircuit '([^']*)'")


class QoroPrimitiveJob(
    ServiceJob[PrimitiveResult[PubResult]], BasePrimitiveJob[PrimitiveResult[PubResult], QiskitStatus]
):
    """A job of :class:`QoroEstimator` or :class:`QoroSampler`.

    Its identifier is that of the service's job; of several jobs, their identifiers joined by ``+``.

    Args:
        service: The client to ask.
        job_ids: The service's jobs, in the order of submission; none where everything was answered at once.
        postprocessor: How their results become the primitive's, ``None`` to read it from the labels.
        show_progress: Whether a long wait is shown on a terminal or in a notebook.
    """

    def __init__(
        self,
        service: QoroService,
        job_ids: Sequence[str],
        *,
        postprocessor: Postprocessor | None = None,
        show_progress: bool = True,
    ) -> None:
        job_id = ID_SEPARATOR.join(job_ids) or f"{_NOWHERE}{uuid4()}"
        # Qiskit's base class calls no other constructor, so each one is called by name.
        BasePrimitiveJob.__init__(self, job_id)
        ServiceJob.__init__(self, job_id, service, job_ids)
        self._postprocessor = postprocessor
        self._show_progress = show_progress
        self._result: PrimitiveResult[PubResult] | None = None

    def __repr__(self) -> str:
        backend = f" on {self._postprocessor.backend_name!r}" if self._postprocessor else ""
        return f"<QoroPrimitiveJob {self.job_id()!r}{backend}>"

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The identifiers of the service's jobs, in the order of submission."""
        return self._job_ids

    # --- waiting --------------------------------------------------------------------------------------

    def result(self, timeout: float | None = None) -> PrimitiveResult[PubResult]:
        """Wait for the job, then read its results.

        Interrupting the wait leaves the job running.

        Args:
            timeout: Seconds to wait at most, ``None`` for as long as it takes.

        Returns:
            One result for each PUB, in order.

        Raises:
            JobTimeoutError: The job was not done in time; it goes on.
            MaxRetriesReachedError: It was not done after the client's ``max_retries`` looks; it goes on.
            JobFailedError: It failed; the message names the PUBs, the service's job and the reason.
            JobCancelledError: It was cancelled.
            QoroInputError: It was fetched by its identifier, and what its results mean did not fit into its
                labels.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The results make no sense.
        """
        if self._result is None:
            with note_on_interrupt([self.job_id()]), self._prefix_errors():
                self._wait(timeout)
                self._raise_unless_completed()
                self._result = self._read()
        return self._result

    def _wait(
        self,
        timeout_s: float | None,
        on_poll: Callable[[Mapping[str, JobState]], None] | None = None,
    ) -> None:
        num_pending = len(self._pending_ids())
        clock = self._service.poller.clock
        with progress_line(f"job {self.job_id()}", clock=clock, enabled=self._show_progress) as show:

            def show_states(states: Mapping[str, JobState]) -> None:
                show(_progress_text(states.values(), num_pending))
                if on_poll is not None:
                    on_poll(states)

            super()._wait(timeout_s, show_states)

    # --- results --------------------------------------------------------------------------------------

    def _read(self) -> PrimitiveResult[PubResult]:
        labelled: dict[str, CircuitResult] = {}
        for job_id in self._job_ids:
            reference = ExecutionResult(job_id=job_id)
            labelled |= self._service.get_job_results(reference).results or {}
        postprocessor = self._postprocessor_for(labelled)
        return _build(postprocessor, labelled)

    def _postprocessor_for(self, labels: Iterable[str]) -> Postprocessor:
        if self._postprocessor is None:
            structure = decode_labels(labels)
            if structure is None or structure.kind not in POSTPROCESSORS or structure.document is None:
                raise QoroInputError(
                    f"the labels of job {self.job_id()} do not tell what its results mean: that did not fit, "
                    "or no primitive of this package submitted it. The journal of the machine that submitted "
                    "it may know; else load the file that job.save(path) wrote with provider.load_job(path), "
                    "or read the raw results with provider.service.get_job_results()",
                    job_id=self.job_id(),
                )
            self._postprocessor = POSTPROCESSORS[structure.kind].from_document(structure.document)
        return self._postprocessor

    def _describe_failure(self, job_id: str) -> str:
        outcome = self._service.get_job_outcome(ExecutionResult(job_id=job_id))
        with suppress(QoroError):  # what the labels do not tell is left out
            self._postprocessor_for([*outcome.results, *outcome.failures])
        failures = outcome.failures
        if failures:
            # A generator: to name a circuit takes a search, and there may be very many of them.
            named = (f"{self._named(label)}: {reason}" for label, reason in failures.items())
            return summarize_failures(named, len(failures))
        reason = (outcome.reason or "the service gives no reason").removeprefix("job failed: ")
        return _LABEL.sub(lambda match: self._named(match[1]), reason)

    def _named(self, label: str) -> str:
        """The service knows a circuit by its label; its number and the PUBs that need it stand instead."""
        index = index_of_label(label)
        if index is None:
            return f"circuit {label!r}"
        pubs = self._postprocessor.pubs_of(index) if self._postprocessor else []
        whose = f" of PUB {', '.join(map(str, pubs))}" if pubs else ""
        return f"circuit {index}{whose}"

    # --- keeping --------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write to a file what another process needs to get the result with ``provider.load_job(path)``.

        The file holds identifiers, shapes, coefficients and names, never the token. Metadata of circuits
        that JSON does not know is left out.

        Args:
            path: The file; it is overwritten.

        Raises:
            QoroInputError: The job was itself fetched by its identifier, and its results have not been read.
            OSError: The file cannot be written.
        """
        if self._postprocessor is None:
            raise QoroInputError(
                f"job {self.job_id()} was fetched by its identifier: read its result() first, then save it",
                job_id=self.job_id(),
            )
        save_file(path, self._job_ids, self._postprocessor)

    @classmethod
    def load(cls, path: str | Path, service: QoroService, *, show_progress: bool = True) -> QoroPrimitiveJob:
        """The job that :meth:`save` wrote to a file; ``provider.load_job(path)`` calls this.

        Args:
            path: The file.
            service: The client of the service that has the job.
            show_progress: Whether a long wait is shown on a terminal or in a notebook.

        Raises:
            QoroInputError: The file holds no such job, or one of a newer version.
            OSError: The file cannot be read.
        """
        job_ids, postprocessor = load_file(path)
        return cls(service, job_ids, postprocessor=postprocessor, show_progress=show_progress)


def _progress_text(states: Iterable[JobState], total: int) -> str:
    """A line about several jobs: how many are in which status."""
    counts = Counter(state.status.value for state in states)
    if total == 1:
        return next(iter(counts), "")
    return ", ".join(f"{count} of {total} {status}" for status, count in counts.items())


def _build(postprocessor: Postprocessor, labelled: Mapping[str, CircuitResult]) -> PrimitiveResult[PubResult]:
    results = {index_of_label(label): result for label, result in labelled.items()}
    return postprocessor.build({index: item for index, item in results.items() if index is not None})


def _read_result(
    kind: type[Postprocessor], document: Any, results: Mapping[str, CircuitResult]
) -> PrimitiveResult[PubResult]:
    return _build(kind.from_document(document), results)


RESULT_READERS: Mapping[str, ResultReader] = {
    kind: partial(_read_result, postprocessor) for kind, postprocessor in POSTPROCESSORS.items()
}
"""How the results of a primitive's job become its result, by the kind of structure in its labels."""
