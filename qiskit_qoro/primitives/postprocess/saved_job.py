"""Recipes outside of labels: in the file that a user saves, and in the journal of this machine.

Both hold the same JSON as the labels would, with the kind of the postprocessor beside it; the
journal compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPostprocessor
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor

__all__ = ["POSTPROCESSORS", "load_file", "pack_postprocessor", "save_file", "unpack_postprocessor"]

POSTPROCESSORS: Mapping[str, type[Postprocessor]] = {
    kind.kind: kind for kind in (EstimatorPostprocessor, SamplerPostprocessor)
}
"""The postprocessors, by the kind of structure in labels."""

_FORMAT = "qiskit-qoro primitive job"
_VERSION = 1


def pack_postprocessor(postprocessor: Postprocessor) -> bytes:
    """A postprocessor for the journal."""
    return zlib.compress(json.dumps(_body(postprocessor)).encode())


def unpack_postprocessor(data: bytes) -> Postprocessor:
    """The postprocessor that :func:`pack_postprocessor` packed.

    Raises:
        WireError: It is damaged, or of a newer version.
    """
    try:
        return _read_body(json.loads(zlib.decompress(data)))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise WireError(f"what the journal keeps of the PUBs is damaged: {error}") from error


def save_file(path: str | Path, job_ids: Sequence[str], postprocessor: Postprocessor) -> None:
    """Write a job to a file.

    Raises:
        OSError: The file cannot be written.
    """
    document = {"format": _FORMAT, "jobs": list(job_ids)} | _body(postprocessor)
    Path(path).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def load_file(path: str | Path) -> tuple[list[str], Postprocessor]:
    """The job that :func:`save_file` wrote.

    Raises:
        QoroInputError: The file holds no job, or one of a newer version.
        OSError: The file cannot be read.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise WireError(f"its format is {document['format']!r}, expected {_FORMAT!r}")
        return [str(job_id) for job_id in document["jobs"]], _read_body(document)
    except (ValueError, KeyError, TypeError) as error:
        raise QoroInputError(f"{path} holds no job of a primitive: {error}") from error


def _body(postprocessor: Postprocessor) -> dict[str, Any]:
    return {"version": _VERSION, "kind": postprocessor.kind, "postprocessor": postprocessor.to_document()}


def _read_body(document: Mapping[str, Any]) -> Postprocessor:
    if document["version"] != _VERSION:
        raise WireError(
            f"it is of version {document['version']!r}, this release reads {_VERSION}: update the package"
        )
    return POSTPROCESSORS[document["kind"]].from_document(document["postprocessor"])
