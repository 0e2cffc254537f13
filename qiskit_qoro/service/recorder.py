"""What a client tells of its submissions, to whoever wants to remember them.

A recorder hears of a submission before anything is sent, as soon as the job has an identifier, and when the
submission is complete or has failed. A process that is killed in between has told how far it had come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from qiskit_qoro.models.jobs import JobRequest, JobStatus, JobType
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.wire.labels import kind_of_label

__all__ = ["UNRECORDED", "SubmissionRecorder", "facts_of", "recorded"]


class SubmissionRecorder(Protocol):
    """What hears of submissions. None of its methods may raise: no submission fails for want of a record."""

    def begin(self, facts: SubmissionFacts) -> int | None:
        """A job is about to be opened.

        Returns:
            What stands for the submission in the other calls.
        """

    def opened(self, entry: int | None, job_id: str) -> None:
        """The service has opened the job."""

    def done(self, entry: int | None) -> None:
        """The service has confirmed all uploads."""

    def failed(self, entry: int | None, reason: str) -> None:
        """The submission came to an end before that."""

    def ended(self, job_id: str, status: JobStatus) -> None:
        """The service said that a job has come to an end."""

    def deleted(self, job_id: str) -> None:
        """A job has been deleted."""


class _Unrecorded:
    """Hears and forgets."""

    def begin(self, facts: SubmissionFacts) -> int | None:
        del facts
        return None

    def opened(self, entry: int | None, job_id: str) -> None:
        pass

    def done(self, entry: int | None) -> None:
        pass

    def failed(self, entry: int | None, reason: str) -> None:
        pass

    def ended(self, job_id: str, status: JobStatus) -> None:
        pass

    def deleted(self, job_id: str) -> None:
        pass


UNRECORDED: SubmissionRecorder = _Unrecorded()
"""The recorder of clients that have none."""


def facts_of(request: JobRequest, labels: Sequence[str]) -> SubmissionFacts:
    """What is to be remembered of a submission.

    Args:
        request: What opens the job.
        labels: Those of its circuits, in order; the first one tells what submits it.
    """
    letter = kind_of_label(labels[0]) if labels else None
    validates = request.job_type is JobType.VALIDATE
    return SubmissionFacts(
        kind=JobKind.CHARACTERIZATION if validates else JobKind.of_letter(letter),
        target=request.simulator_cluster or request.qpu_system,
        tag=request.tag,
        num_circuits=len(labels),
    )


@contextmanager
def recorded(recorder: SubmissionRecorder, facts: SubmissionFacts) -> Iterator[Callable[[str], None]]:
    """Tell of a submission from its beginning to its end.

    Yields:
        What has to be told the job's identifier.
    """
    entry = recorder.begin(facts)
    try:
        yield partial(recorder.opened, entry)
    except BaseException as error:
        recorder.failed(entry, f"{type(error).__name__}: {error}")
        raise
    recorder.done(entry)
