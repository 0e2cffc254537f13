"""The facts of a submission that a recorder keeps: the kind of job, its target and its size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["JobKind", "SubmissionFacts"]


class JobKind(StrEnum):
    """What submitted a job. This decides how its results are read."""

    RUN = "run"
    SAMPLER = "sampler"
    ESTIMATOR = "estimator"
    GRADIENT = "gradient"
    CHARACTERIZATION = "characterization"
    STATE = "state"
    OTHER = "other"

    @classmethod
    def of_letter(cls, letter: str | None) -> JobKind:
        """Return the kind for the letter in the labels of a submission."""
        return _LETTERS.get(letter or "", cls.OTHER)


# Labels contain the first letter of a kind. Only the jobs of these kinds have such labels.
_LETTERS = {
    kind.value[0]: kind for kind in (JobKind.RUN, JobKind.SAMPLER, JobKind.ESTIMATOR, JobKind.GRADIENT)
}


@dataclass(frozen=True)
class SubmissionFacts:
    """What is known about a submission before it is sent.

    Attributes:
        kind: What submits the job.
        target: The name of the simulator cluster or QPU system, or ``None`` if the job has no target.
        tag: The tag of the job.
        num_circuits: The number of circuits, 0 for a characterization.
        structure: The encoded structure of the submission, which is needed to read the results, if it did not
            fit into the labels of the circuits; ``None`` otherwise.
        names: The names of the circuits, if they are known.
        bodies: The bodies of the requests that submit the job, in order, for a recorder that keeps them.
        num_shots: The shots of all circuits together, 0 if none are taken, ``None`` if that is unknown.
    """

    kind: JobKind
    target: str | None
    tag: str
    num_circuits: int
    structure: bytes | None = None
    names: tuple[str, ...] = ()
    bodies: tuple[bytes, ...] = ()
    num_shots: int | None = None
