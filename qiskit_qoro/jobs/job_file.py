"""Files of saved jobs: JSON, compressed if the name ends in ``.gz``.

``docs/reference/job-files.md`` lists the keys. A file has no token. It may come from a stranger: it is read
as JSON of limited size, and every value is checked. What the service has sent, such as the state of a job and
its results, is stored in wire format and read by the same decoders.
"""

from __future__ import annotations

import base64
import binascii
import gzip
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.jobs import JobState
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.storage import link_target, replace_private_file, write_private_file
from qiskit_qoro.wire.fields import as_count, as_list, as_object, parse_json, shown, text_field
from qiskit_qoro.wire.json_values import encodable_text, encode_json
from qiskit_qoro.wire.payloads import job_state_from_json, job_state_to_json
from qiskit_qoro.wire.text import inflate

__all__ = [
    "MAX_FILE_BYTES",
    "bytes_from_json",
    "bytes_to_json",
    "read_document",
    "states_from_json",
    "states_to_json",
    "submissions_from_json",
    "submissions_to_json",
    "time_from_json",
    "write_document",
]

MAX_FILE_BYTES = 2**29
"""The largest file, in bytes of JSON. A small compressed file could otherwise fill the memory."""

_GZIP_MAGIC = b"\x1f\x8b"
_LEVEL = 6


def write_document(path: str | Path, document: Mapping[str, Any]) -> None:
    """Write a document to a file that only its owner may read. An existing file is replaced as a whole.

    Raises:
        QoroInputError: The document is larger than :data:`MAX_FILE_BYTES`.
        OSError: The file cannot be written. An existing file is unchanged.
    """
    data = encode_json(document)
    if len(data) > MAX_FILE_BYTES:
        raise QoroInputError(
            f"the job has {len(data)} bytes as JSON, expected at most {MAX_FILE_BYTES}: save it before its "
            "results are read, or save the arrays of its results"
        )
    file = Path(path)
    if file.suffix == ".gz":
        data = gzip.compress(data, _LEVEL, mtime=0)
    if file.exists() and not file.is_file():
        write_private_file(file, data)  # a device, such as standard output
    else:
        # The target of a link is replaced, and the link stays.
        replace_private_file(link_target(file), lambda stream: stream.write(data))


def read_document(path: str | Path, *, limit_bytes: int = MAX_FILE_BYTES) -> dict[str, Any]:
    """Read the document in a file, compressed or not.

    Args:
        path: The file.
        limit_bytes: The largest size of the JSON.

    Raises:
        WireError: The file is too large, or contains something else than a JSON object.
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as stream:
        data = stream.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise WireError(f"it has more than {limit_bytes} bytes")
    if data.startswith(_GZIP_MAGIC):
        data = inflate(data, "it", limit_bytes=limit_bytes, container="gzip")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"it is not text in UTF-8: {error.reason} at byte {error.start}") from error
    return as_object(parse_json(text), "the file")


# --- values -------------------------------------------------------------------------------------------


def states_to_json(states: Mapping[str, JobState]) -> dict[str, Any]:
    """Encode the final states of service jobs. Others may change, so they are left out."""
    return {job_id: job_state_to_json(state) for job_id, state in states.items() if state.status.is_final}


def states_from_json(value: object, job_ids: Sequence[str]) -> dict[str, JobState]:
    """Decode the final states of service jobs.

    Raises:
        WireError: A state is malformed.
    """
    fields = as_object({} if value is None else value, "states")
    states = {job_id: job_state_from_json(fields[job_id]) for job_id in job_ids if job_id in fields}
    return {job_id: state for job_id, state in states.items() if state.status.is_final}


def submissions_to_json(submissions: Sequence[Submission]) -> list[dict[str, Any]]:
    """Encode what was sent for each service job. A body is stored as a text, so that its bytes are kept."""
    return [_submission_to_json(submission) for submission in submissions]


def _submission_to_json(submission: Submission) -> dict[str, Any]:
    facts = submission.facts
    fields = {
        "kind": facts.kind.value,
        "target": facts.target,
        "tag": encodable_text(facts.tag),
        "circuits": facts.num_circuits,
        "names": list(map(encodable_text, facts.names)),
        "structure": None if facts.structure is None else bytes_to_json(facts.structure),
        "bodies": [body.decode("ascii") for body in (submission.request, *submission.uploads)],
    }
    return {key: value for key, value in fields.items() if value is not None}


def submissions_from_json(value: object, num_jobs: int) -> tuple[Submission, ...]:
    """Decode what was sent for each service job.

    Raises:
        WireError: A field is malformed, or the number of jobs is another one.
    """
    listed = as_list(value, "sent")
    if len(listed) != num_jobs:
        raise WireError(f"sent: expected {num_jobs} entries, got {len(listed)}")
    return tuple(_submission_from_json(as_object(item, "sent")) for item in listed)


def _submission_from_json(fields: dict[str, Any]) -> Submission:
    bodies = [_text(body, "bodies").encode() for body in as_list(fields.get("bodies"), "bodies")]
    if len(bodies) < 2:
        raise WireError(f"bodies: expected a request and at least one upload, got {len(bodies)} bodies")
    kind = text_field(fields, "kind")
    structure = fields.get("structure")
    facts = SubmissionFacts(
        kind=JobKind(kind) if kind in tuple(JobKind) else JobKind.OTHER,
        target=text_field(fields, "target", default=None),
        tag=text_field(fields, "tag"),
        num_circuits=as_count(fields.get("circuits"), "circuits", least=0),
        names=tuple(_text(name, "names") for name in as_list(fields.get("names", []), "names")),
        structure=None if structure is None else bytes_from_json(structure, "structure"),
    )
    return Submission(bodies[0], tuple(bodies[1:]), facts)


def time_from_json(value: object, where: str) -> datetime | None:
    """Decode a time with a time zone, which may be missing.

    Raises:
        WireError: It is malformed.
    """
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(_text(value, where))
    except ValueError as error:
        raise WireError(f"{where}: expected a time, got {shown(value)}") from error
    if moment.tzinfo is None:
        raise WireError(f"{where}: expected a time with a time zone, got {shown(value)}")
    return moment


def bytes_to_json(data: bytes) -> str:
    """Encode bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def bytes_from_json(value: object, where: str) -> bytes:
    """Decode base64.

    Raises:
        WireError: It is malformed.
    """
    try:
        return base64.b64decode(_text(value, where), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"{where}: expected base64, got {shown(value)}") from error


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise WireError(f"{where}: expected text, got {shown(value)}")
    return value
