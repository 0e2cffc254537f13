"""Storage of postprocessors outside of labels: in a file that the user saves, and in the journal.

Both contain the same JSON document as the labels, together with the kind of the postprocessor. In the journal
it is compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPostprocessor
from qiskit_qoro.primitives.postprocess.gradients import GradientPostprocessor
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor
from qiskit_qoro.storage import write_private_file
from qiskit_qoro.wire.fields import as_list, as_object, parse_json, shown
from qiskit_qoro.wire.json_values import encode_json
from qiskit_qoro.wire.labels import MAX_BYTES
from qiskit_qoro.wire.text import inflate

__all__ = ["POSTPROCESSORS", "load_file", "pack_postprocessor", "save_file", "unpack_postprocessor"]

POSTPROCESSORS: Mapping[str, type[Postprocessor]] = {
    kind.kind: kind for kind in (EstimatorPostprocessor, SamplerPostprocessor, GradientPostprocessor)
}
"""The postprocessor classes by their letter in labels and files."""

# The first entry of a file, which distinguishes it from other JSON files.
_FORMAT = "qiskit-qoro primitive job"
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


def save_file(path: str | Path, job_ids: Sequence[str], postprocessor: Postprocessor) -> None:
    """Write a job to a file that only its owner may read.

    Raises:
        OSError: The file cannot be written.
    """
    document = {"format": _FORMAT, "jobs": list(job_ids)} | _body(postprocessor)
    write_private_file(Path(path), encode_json(document))


def load_file(path: str | Path) -> tuple[list[str], Postprocessor]:
    """Read a job that :func:`save_file` wrote.

    Returns:
        The identifiers of the service jobs in the order of submission, and the postprocessor.

    Raises:
        QoroInputError: The file contains no such job, or one of another version.
        OSError: The file cannot be read.
    """
    try:
        document = as_object(parse_json(Path(path).read_text(encoding="utf-8")), "the file")
        if document.get("format") != _FORMAT:
            raise WireError(f"the format is {shown(document.get('format'))}, expected {_FORMAT!r}")
        job_ids = as_list(document.get("jobs"), "jobs")
        if not all(isinstance(job_id, str) and job_id for job_id in job_ids):
            raise WireError(f"jobs: expected identifiers, got {shown(job_ids)}")
        return list(job_ids), _read_body(document)
    except ValueError as error:
        raise QoroInputError(f"{path} contains no saved primitive job: {error}") from error


def _body(postprocessor: Postprocessor) -> dict[str, Any]:
    # "recipe" is the name of the postprocessor's document in the file format.
    return {"version": _VERSION, "kind": postprocessor.kind, "recipe": postprocessor.to_document()}


def _read_body(document: Mapping[str, Any]) -> Postprocessor:
    version, kind = document.get("version"), document.get("kind")
    if version != _VERSION:
        raise WireError(
            f"the version is {shown(version)}, and this release reads {_VERSION}: update the package"
        )
    if not isinstance(kind, str) or kind not in POSTPROCESSORS:
        raise WireError(f"the kind is {shown(kind)}, expected one of {', '.join(POSTPROCESSORS)}")
    return POSTPROCESSORS[kind].from_document(document.get("recipe"))
