"""The content of a file with a job of ``backend.run()``, or of any other job that no primitive submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job_document import RunStructure, structure_from_json, structure_to_json
from qiskit_qoro.jobs.job_file import (
    states_from_json,
    states_to_json,
    submissions_from_json,
    submissions_to_json,
    time_from_json,
)
from qiskit_qoro.models.jobs import JobOutcome, JobState, ResultsPage
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.fields import as_list, as_object, shown, text_field
from qiskit_qoro.wire.json_values import encodable_text
from qiskit_qoro.wire.results import results_page_from_json, results_page_to_json

__all__ = ["RUN_FORMAT", "SavedRun"]

RUN_FORMAT = "qiskit-qoro run job"
"""The first entry of a file, which distinguishes it from other files."""

_VERSION = 1


@dataclass(frozen=True)
class SavedRun:
    """A job as a file has it.

    Attributes:
        job_id: The identifier.
        structure: The backend, the tag and ``memory``, as far as they are known.
        experiments: The circuits by label, or ``None`` if they are not known.
        state: The final state, or ``None`` if the job is not known to have ended.
        outcome: The results, or ``None`` if they have not been read.
        read_at: When the results were read.
        submitted: When the job was submitted, or ``None`` if that is unknown.
        submission: What was sent, or ``None`` if that is unknown.
    """

    job_id: str
    structure: RunStructure
    experiments: Mapping[str, Experiment] | None = None
    state: JobState | None = None
    outcome: JobOutcome | None = None
    read_at: datetime | None = None
    submitted: datetime | None = None
    submission: Submission | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the JSON document of the job. Metadata that JSON cannot represent are dropped."""
        structure = self.structure
        known: dict[str, Any] = {}
        if self.experiments is not None:
            structure = RunStructure(
                tuple(self.experiments.values()), structure.backend_name, structure.tag, structure.memory
            )
            known = {
                "labels": list(map(encodable_text, self.experiments)),
                "structure": structure_to_json(structure),
            }
        fields = {
            "format": RUN_FORMAT,
            "version": _VERSION,
            "jobs": [self.job_id],
            "backend": None if structure.backend_name is None else encodable_text(structure.backend_name),
            "tag": None if structure.tag is None else encodable_text(structure.tag),
            "memory": structure.memory,
            **known,
            "submitted": None if self.submitted is None else self.submitted.isoformat(),
            "states": states_to_json({} if self.state is None else {self.job_id: self.state}),
            "outcome": None if self.outcome is None else _outcome_to_json(self.outcome),
            "read_at": None if self.read_at is None else self.read_at.isoformat(),
            "sent": None if self.submission is None else submissions_to_json([self.submission]),
        }
        return {key: value for key, value in fields.items() if value is not None}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> SavedRun:
        """Read a document that :meth:`to_document` returned.

        Raises:
            WireError: A field is malformed, or the document has another version.
        """
        if document.get("version") != _VERSION:
            raise WireError(
                f"the version is {shown(document.get('version'))}, and this release reads {_VERSION}: update "
                "qiskit-qoro"
            )
        job_ids = as_list(document.get("jobs"), "jobs")
        if len(job_ids) != 1 or not isinstance(job_ids[0], str) or not job_ids[0]:
            raise WireError(f"jobs: expected one identifier, got {shown(document.get('jobs'))}")
        (job_id,) = job_ids
        experiments = _experiments_from_json(document)
        sent = document.get("sent")
        outcome = document.get("outcome")
        return cls(
            job_id=job_id,
            structure=RunStructure(
                tuple((experiments or {}).values()),
                text_field(document, "backend", default=None),
                text_field(document, "tag", default=None),
                document.get("memory") is True,
            ),
            experiments=experiments,
            state=states_from_json(document.get("states"), [job_id]).get(job_id),
            outcome=None if outcome is None else _outcome_from_json(as_object(outcome, "outcome")),
            read_at=time_from_json(document.get("read_at"), "read_at"),
            submitted=time_from_json(document.get("submitted"), "submitted"),
            submission=None if sent is None else submissions_from_json(sent, 1)[0],
        )


def _experiments_from_json(document: Mapping[str, Any]) -> dict[str, Experiment] | None:
    if document.get("structure") is None:
        return None
    labels = as_list(document.get("labels"), "labels")
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) != len(labels):
        raise WireError(f"labels: expected different texts, got {shown(labels)}")
    structure = structure_from_json(document["structure"], len(labels))
    return dict(zip(labels, structure.experiments, strict=True))


def _outcome_to_json(outcome: JobOutcome) -> dict[str, Any]:
    page = ResultsPage(len(outcome.results), outcome.results, details=outcome.details)
    return results_page_to_json(page) | {"failures": dict(outcome.failures), "reason": outcome.reason}


def _outcome_from_json(fields: dict[str, Any]) -> JobOutcome:
    page = results_page_from_json(fields)
    failures = as_object(fields.get("failures"), "failures")
    if not all(isinstance(reason, str) for reason in failures.values()):
        raise WireError(f"failures: expected texts, got {shown(failures)}")
    return JobOutcome(page.results, failures, text_field(fields, "reason", default=None), page.details)
