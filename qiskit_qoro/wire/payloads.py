"""The JSON bodies about a job. Each has an encoder ``…_to_json`` and a decoder ``…_from_json``.

:mod:`qiskit_qoro.wire.uploads` has the bodies that add circuits, and :mod:`qiskit_qoro.wire.results` those
with results.

The client encodes requests and decodes responses; the local service does the opposite. Decoders of requests
are strict: an unknown key is an error. Decoders of responses are tolerant, because the service may be newer
than the client: they ignore unknown keys, and check only what the client needs. Every :class:`WireError` of a
decoder names the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import (
    AnyConfig,
    JobRequest,
    JobState,
    JobStatus,
    JobType,
)
from qiskit_qoro.models.loose import read_integer, read_number, read_text
from qiskit_qoro.wire.configurations import (
    CONFIG_KEYS,
    config_from_json,
    config_to_json,
)
from qiskit_qoro.wire.fields import (
    as_object,
    as_wire_error,
    boolean_field,
    refuse_unknown_keys,
    shown,
    text_field,
)
from qiskit_qoro.wire.states.requests import state_request_from_json, state_request_to_json

__all__ = [
    "cancelled_to_json",
    "config_answer_to_json",
    "error_detail",
    "error_to_json",
    "job_id_from_json",
    "job_id_to_json",
    "job_request_from_json",
    "job_request_to_json",
    "job_state_from_json",
    "job_state_to_json",
    "names_qubit_limit",
    "qubit_limit_of",
]

_MAX_CIRCUITS = 10**15  # larger numbers are nonsense, and may be too large for a float

# --- opening a job ------------------------------------------------------------------------------------


def job_request_to_json(request: JobRequest) -> dict[str, Any]:
    """Encode the request that opens a job."""
    body: dict[str, Any] = {
        "tag": request.tag,
        "job_type": request.job_type.value,
        "use_packing": request.use_packing,
    }
    if request.simulator_cluster is not None:
        body["simulator_cluster"] = request.simulator_cluster
    if request.qpu_system is not None:
        body["qpu_system_name"] = request.qpu_system
    if request.execution_config is not None:
        body |= config_to_json(request.execution_config)
    if request.state is not None:
        body["state"] = state_request_to_json(request.state)
    return body


def job_request_from_json(body: object) -> JobRequest:
    """Decode the request that opens a job.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range.
    """
    fields = as_object(body, "body")
    refuse_unknown_keys(
        fields,
        {"tag", "job_type", "use_packing", "simulator_cluster", "qpu_system_name", "state", *CONFIG_KEYS},
    )
    job_type = text_field(fields, "job_type")
    # JobType is not extensible, unlike JobStatus: a service cannot run a job of an unknown type.
    if job_type not in set(JobType):
        raise WireError(f"job_type: expected one of {', '.join(JobType)}, got {job_type!r}")
    return as_wire_error(
        JobRequest,
        tag=text_field(fields, "tag", default="default"),
        job_type=JobType(job_type),
        simulator_cluster=text_field(fields, "simulator_cluster", default=None),
        qpu_system=text_field(fields, "qpu_system_name", default=None),
        use_packing=boolean_field(fields, "use_packing", default=False),
        execution_config=config_from_json(fields),
        state=None if fields.get("state") is None else state_request_from_json(fields["state"]),
    )


def job_id_to_json(job_id: str) -> dict[str, Any]:
    """Encode the response to opening a job."""
    return {"job_id": job_id}


def job_id_from_json(body: object) -> str:
    """Decode the identifier of a job that was opened. A number becomes text.

    Raises:
        WireError: There is no identifier, or it cannot be part of a path.
    """
    value = as_object(body, "body").get("job_id")
    number = read_integer(value) if isinstance(value, int | float) else None
    job_id = value if number is None else str(number)
    if not isinstance(job_id, str) or not job_id:
        raise WireError(f"job_id: expected text, got {shown(value)}")
    # HTTP libraries resolve dots, and UTF-8 cannot encode a lone surrogate.
    if job_id in {".", ".."} or read_text(job_id) != job_id:
        raise WireError(f"job_id: expected an identifier, got {shown(value)}")
    return job_id


# --- status -------------------------------------------------------------------------------------------


def job_state_to_json(state: JobState) -> dict[str, Any]:
    """Encode the state of a job."""
    body: dict[str, Any] = {"status": state.status.value}
    if state.run_time_s is not None:
        body["run_time"] = state.run_time_s
    if state.num_circuits is not None and state.num_finished is not None:
        body |= {"circuits_finished": state.num_finished, "circuits_total": state.num_circuits}
    return body


def job_state_from_json(body: object) -> JobState:
    """Decode the state of a job. A run time and numbers of circuits that cannot be read are unknown.

    Raises:
        WireError: There is no status.
    """
    fields = as_object(body, "body")
    status = text_field(fields, "status")
    run_time_s = read_number(fields.get("run_time"))
    num_finished, num_circuits = _read_progress(fields)
    return JobState(
        status=JobStatus(read_text(status) or status),
        run_time_s=run_time_s if run_time_s is not None and run_time_s >= 0 else None,
        num_finished=num_finished,
        num_circuits=num_circuits,
    )


def _read_progress(fields: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Read how many circuits of a job have finished, and how many it has. Both are known, or none is."""
    if "circuits_total" not in fields:
        return None, None
    finished, total = read_integer(fields.get("circuits_finished")), read_integer(fields["circuits_total"])
    if finished is None or total is None or not 0 <= finished <= total <= _MAX_CIRCUITS:
        return None, None
    return finished, total


# --- cancelling ---------------------------------------------------------------------------------------


def cancelled_to_json(job_id: str, circuits_cancelled: int) -> dict[str, Any]:
    """Encode the response to cancelling a job."""
    return {"status": "cancelled", "job_id": job_id, "circuits_cancelled": circuits_cancelled}


# --- execution configuration --------------------------------------------------------------------------


def config_answer_to_json(job_id: str, config: AnyConfig, *, status: str | None = None) -> dict[str, Any]:
    """Encode the response that contains a job's configuration.

    Args:
        job_id: The job.
        config: The configuration.
        status: ``"ok"`` in the response to setting the configuration; ``None`` in the response to reading it.
    """
    body = {"job_id": job_id} | config_to_json(config)
    return body if status is None else {"status": status} | body


# --- errors -------------------------------------------------------------------------------------------

_MESSAGE_KEYS = ("error", "detail", "message")


def error_to_json(message: str) -> dict[str, Any]:
    """Encode the body of an error response."""
    return {"error": message}


def error_detail(body: object) -> str:
    """Extract the message from the body of an error response; return an empty text if there is none.

    The message may be under one of :data:`_MESSAGE_KEYS`, at any depth. If there is none of these keys, the
    body lists messages by field, as form validators do.
    """
    if isinstance(body, str):
        return body.strip()
    if isinstance(body, list):
        return "; ".join(filter(None, map(error_detail, body)))
    if not isinstance(body, dict):
        return "" if not body or isinstance(body, bool) else str(body)
    for key in _MESSAGE_KEYS:
        value = body.get(key)
        # A flag or a code under one key accompanies a message under another.
        if isinstance(value, str | list | dict) and (detail := error_detail(value)):
            return detail
    details = ((key, error_detail(value)) for key, value in body.items())
    return "; ".join(f"{key}: {detail}" for key, detail in details if detail)


# The limit follows one of these words, with nothing but the words of _BETWEEN and punctuation in between.
_LIMIT_WORDS = r"limit(?:ed)?|maximum|max\.?|at most|up to|no more than"
_BETWEEN = r"number|of|is|to|for|the|your|this|current|account|plan|tier|allowed|qubits?"
_LIMIT_BEFORE = re.compile(
    rf"\b(?:{_LIMIT_WORDS})(?:[\s:=('\"]+(?:{_BETWEEN})\b)*[\s:=('\"]+(\d+)\b"
    r"(?!\s*(?:[><]|qubits? (?:requested|required|needed|used|given)))"
)
_LIMIT_AFTER = re.compile(r"\b(\d+)[\s-]*qubits?\s+(?:limit|maximum|max)\b")
_ACCOUNT = re.compile(r"\b(?:your|account|plan|tier|subscription)\b")
_BOUND = re.compile(r"\b(?:at most|up to|more than|allow\w*|exceed\w*)\b")


def names_qubit_limit(detail: str) -> bool:
    """Whether the message of an error response means that the account may not use so many qubits.

    The wording is not specified, so a message counts if it mentions qubits and a limit.
    """
    text = detail.casefold()
    if not re.search(r"qubit", text):
        return False
    is_limit = re.search(r"\b(?:limit\w*|maximum|max)\b", text)
    return bool(is_limit or (_ACCOUNT.search(text) and _BOUND.search(text)))


def qubit_limit_of(detail: str) -> int | None:
    """Extract the largest number of qubits from such a message; return ``None`` if it is not clear."""
    text = detail.casefold()
    found = {int(number) for number in (*_LIMIT_BEFORE.findall(text), *_LIMIT_AFTER.findall(text))}
    return found.pop() if len(found) == 1 else None
