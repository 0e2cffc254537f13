"""The interface through which a client reports its submissions, for example to a journal.

A recorder is called before anything is sent, when the job has an identifier, and when the submission is
complete or has failed. If the process is killed in between, the record shows how far the submission got.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from qiskit_qoro.models.jobs import JobRequest, JobStatus, JobType
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.wire.labels import kind_of_label

__all__ = ["MAX_NAMES", "UNRECORDED", "SubmissionRecorder", "facts_of", "recorded"]


class SubmissionRecorder(Protocol):
    """Is notified of submissions.

    Its methods must not raise, because recording must not make a submission fail.
    """

    def begin(self, facts: SubmissionFacts) -> int | None:
        """Record that a job is about to be opened.

        Returns:
            A number that identifies the submission in the other calls, or ``None``.
        """

    def opened(self, entry: int | None, job_id: str) -> None:
        """Record that the service has opened the job."""

    def done(self, entry: int | None) -> None:
        """Record that the service has confirmed all uploads."""

    def failed(self, entry: int | None, reason: str) -> None:
        """Record that the submission failed or was interrupted."""

    def joined(self, job_ids: Sequence[str]) -> None:
        """Record that several submitted jobs belong together, in this order."""

    def ended(self, job_id: str, status: JobStatus) -> None:
        """Record the final status of a job. This may be called more than once for a job."""

    def deleted(self, job_id: str) -> None:
        """Record that a job has been deleted."""


class _Unrecorded:
    """Records nothing."""

    def begin(self, facts: SubmissionFacts) -> int | None:
        del facts
        return None

    def opened(self, entry: int | None, job_id: str) -> None:
        pass

    def done(self, entry: int | None) -> None:
        pass

    def failed(self, entry: int | None, reason: str) -> None:
        pass

    def joined(self, job_ids: Sequence[str]) -> None:
        pass

    def ended(self, job_id: str, status: JobStatus) -> None:
        pass

    def deleted(self, job_id: str) -> None:
        pass


UNRECORDED: SubmissionRecorder = _Unrecorded()
"""A recorder that records nothing, for clients without a journal."""


# The kinds that the type of a job shows. Other jobs have labels that show what submitted them.
_KINDS = {JobType.VALIDATE: JobKind.CHARACTERIZATION, JobType.STATE: JobKind.STATE}

MAX_NAMES = 100
"""The largest number of names of circuits that a recorder is told."""


def facts_of(request: JobRequest, labels: Sequence[str], *, num_shots: int | None = None) -> SubmissionFacts:
    """Collect the facts of a submission that a recorder keeps.

    Args:
        request: Opens the job.
        labels: The labels of its circuits, in order. The first one shows whether a run, a sampler or an
            estimator submits the job.
        num_shots: The shots of all circuits together.
    """
    letter = kind_of_label(labels[0]) if labels else None
    kind = _KINDS.get(request.job_type) or JobKind.of_letter(letter)
    return SubmissionFacts(
        kind=kind,
        target=request.simulator_cluster or request.qpu_system,
        tag=request.tag,
        num_circuits=len(labels),
        # The labels of other jobs contain their structure instead.
        names=tuple(labels[:MAX_NAMES]) if kind is JobKind.OTHER else (),
        num_shots=num_shots,
    )


@contextmanager
def recorded(recorder: SubmissionRecorder, facts: SubmissionFacts) -> Iterator[Callable[[str], None]]:
    """Report the beginning and the end of a submission that happens inside this context.

    Yields:
        A function to call with the job's identifier as soon as it is known.
    """
    entry = recorder.begin(facts)
    try:
        yield partial(recorder.opened, entry)
    except BaseException as error:  # Ctrl-C too
        recorder.failed(entry, f"{type(error).__name__}: {error}")
        raise
    recorder.done(entry)
