"""Storage of postprocessors outside of labels: in a file that the user saves, and in the journal.

Both contain the same JSON document as the labels, together with the kind of the postprocessor. In the journal
it is compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qiskit.primitives import PrimitiveResult, PubResult

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.job_file import (
    states_from_json,
    states_to_json,
    submissions_from_json,
    submissions_to_json,
    time_from_json,
)
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPostprocessor
from qiskit_qoro.primitives.postprocess.gradients import GradientPostprocessor
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor
from qiskit_qoro.primitives.postprocess.saved_results import results_from_json, results_to_json
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.fields import as_list, as_object, parse_json, shown
from qiskit_qoro.wire.labels import MAX_BYTES
from qiskit_qoro.wire.text import inflate

__all__ = ["POSTPROCESSORS", "PRIMITIVE_FORMAT", "SavedJob", "pack_postprocessor", "unpack_postprocessor"]

POSTPROCESSORS: Mapping[str, type[Postprocessor]] = {
    kind.kind: kind for kind in (EstimatorPostprocessor, SamplerPostprocessor, GradientPostprocessor)
}
"""The postprocessor classes by their letter in labels and files."""

PRIMITIVE_FORMAT = "qiskit-qoro primitive job"
"""The first entry of a file, which distinguishes it from other files."""

# Increase it if older releases cannot read the documents any more.
_VERSION = 1


def pack_postprocessor(postprocessor: Postprocessor) -> bytes | None:
    """Encode a postprocessor for the journal; return ``None`` if it is too large."""
    data = json.dumps(_body(postprocessor)).encode()
    # A larger one could not be read again. Only job.save() stores it.
    return zlib.compress(data) if len(data) <= MAX_BYTES else None


def unpack_postprocessor(data: bytes) -> Postprocessor:
    """Decode a postprocessor that :func:`pack_postprocessor` encoded.

    Raises:
        WireError: The data are damaged, or of another version.
    """
    try:
        text = inflate(data, "the text", limit_bytes=MAX_BYTES)
        return _read_body(as_object(parse_json(text), "the entry"))
    except ValueError as error:
        raise WireError(f"the structure of the PUBs in the journal is damaged: {error}") from error


@dataclass(frozen=True)
class SavedJob:
    """A primitive's job as a file has it.

    Attributes:
        job_ids: The identifiers of the service jobs, in the order of submission.
        postprocessor: Turns the results of the service jobs into those of the primitive. ``None`` if it is
            only in the labels of the results.
        states: The final states of the service jobs that are known to have ended.
        results: The results, or ``None`` if they have not been read.
        submitted: When the job was submitted, or ``None`` if that is unknown.
        submissions: What was sent for each service job, or ``None`` if that is unknown.
    """

    job_ids: tuple[str, ...]
    postprocessor: Postprocessor | None
    states: Mapping[str, JobState] = field(default_factory=dict)
    results: PrimitiveResult[PubResult] | None = None
    submitted: datetime | None = None
    submissions: tuple[Submission, ...] | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the JSON document of the job. Older releases read the first five keys."""
        body = {"version": _VERSION} if self.postprocessor is None else _body(self.postprocessor)
        fields = {
            "format": PRIMITIVE_FORMAT,
            "jobs": list(self.job_ids),
            **body,
            "submitted": None if self.submitted is None else self.submitted.isoformat(),
            "states": states_to_json(self.states),
            "results": None if self.results is None else results_to_json(self.results),
            "sent": None if self.submissions is None else submissions_to_json(self.submissions),
        }
        return {key: value for key, value in fields.items() if value is not None}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SavedJob:
        """Read a document that :meth:`to_document` returned.

        Raises:
            WireError: A field is malformed, or the document has another version.
        """
        _check_version(document)
        job_ids = as_list(document.get("jobs"), "jobs")
        if not all(isinstance(job_id, str) and job_id for job_id in job_ids):
            raise WireError(f"jobs: expected identifiers, got {shown(job_ids)}")
        results, sent = document.get("results"), document.get("sent")
        return cls(
            job_ids=tuple(job_ids),
            postprocessor=_read_body(document) if "kind" in document or "recipe" in document else None,
            states=states_from_json(document.get("states"), job_ids),
            results=None if results is None else results_from_json(results),
            submitted=time_from_json(document.get("submitted"), "submitted"),
            submissions=None if sent is None else submissions_from_json(sent, len(job_ids)),
        )


def _body(postprocessor: Postprocessor) -> dict[str, Any]:
    # "recipe" is the name of the postprocessor's document in the file format.
    return {"version": _VERSION, "kind": postprocessor.kind, "recipe": postprocessor.to_document()}


def _check_version(document: Mapping[str, Any]) -> None:
    version = document.get("version")
    if version != _VERSION:
        raise WireError(
            f"the version is {shown(version)}, and this release reads {_VERSION}: update the package"
        )


def _read_body(document: Mapping[str, Any]) -> Postprocessor:
    _check_version(document)
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in POSTPROCESSORS:
        raise WireError(f"the kind is {shown(kind)}, expected one of {', '.join(POSTPROCESSORS)}")
    return POSTPROCESSORS[kind].from_document(document.get("recipe"))
