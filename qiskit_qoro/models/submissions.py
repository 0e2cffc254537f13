"""What is remembered of a submission: which kind of job it opens, for what, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["JobKind", "SubmissionFacts"]


class JobKind(StrEnum):
    """What submitted a job, and so what reads its results."""

    RUN = "run"
    SAMPLER = "sampler"
    ESTIMATOR = "estimator"
    CHARACTERIZATION = "characterization"
    OTHER = "other"

    @classmethod
    def of_letter(cls, letter: str | None) -> JobKind:
        """The kind that a letter in the labels of a submission stands for."""
        return _LETTERS.get(letter or "", cls.OTHER)


_LETTERS = {kind.value[0]: kind for kind in (JobKind.RUN, JobKind.SAMPLER, JobKind.ESTIMATOR)}


@dataclass(frozen=True)
class SubmissionFacts:
    """What is known of a submission before it is sent.

    Attributes:
        kind: What submits it.
        target: The name of the simulator cluster or QPU system, ``None`` where it names none.
        tag: The job's tag.
        num_circuits: How many circuits it has; 0 for a characterization.
        structure: What its results mean to the sender, where that does not fit into the labels of the
            circuits; ``None`` where it does, or where there is nothing to say.
    """

    kind: JobKind
    target: str | None
    tag: str
    num_circuits: int
    structure: bytes | None = None
