"""Each JSON body about a job, both ways: ``…_to_json`` beside ``…_from_json``.

Those that add circuits are in :mod:`qiskit_qoro.wire.uploads`, those that hold what came of them in
:mod:`qiskit_qoro.wire.results`.

The client writes requests and reads answers, the local service the reverse. Readers of requests are
strict: an unknown key is an error. Readers of answers let unknown keys pass, since the service may be newer
than this client. Every reader names the field in its :class:`WireError`.
"""

from __future__ import annotations

from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import (
    AnyConfig,
    JobRequest,
    JobState,
    JobStatus,
    JobType,
)
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.configurations import (
    CONFIG_KEYS,
    config_from_json,
    config_to_json,
    device_config_from_json,
    maestro_answer_from_json,
)
from qiskit_qoro.wire.fields import (
    as_count,
    as_number,
    as_object,
    as_wire_error,
    boolean_field,
    only,
    shown,
    text_field,
)

__all__ = [
    "cancelled_from_json",
    "cancelled_to_json",
    "config_answer_from_json",
    "config_answer_to_json",
    "error_detail",
    "error_to_json",
    "job_id_from_json",
    "job_id_to_json",
    "job_request_from_json",
    "job_request_to_json",
    "job_state_from_json",
    "job_state_to_json",
]

# --- opening a job ------------------------------------------------------------------------------------


def job_request_to_json(request: JobRequest) -> dict[str, Any]:
    """The body that opens a job."""
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
    return body


def job_request_from_json(body: object) -> JobRequest:
    """What a body asks to open.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of its range.
    """
    fields = as_object(body, "body")
    only(
        fields,
        {"tag", "job_type", "use_packing", "simulator_cluster", "qpu_system_name", *CONFIG_KEYS},
    )
    job_type = text_field(fields, "job_type")
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
    )


def job_id_to_json(job_id: str) -> dict[str, Any]:
    """The answer to opening a job."""
    return {"job_id": job_id}


def job_id_from_json(body: object) -> str:
    """The identifier of the job that was opened.

    Raises:
        WireError: There is none.
    """
    job_id = as_object(body, "body").get("job_id")
    if isinstance(job_id, int) and not isinstance(job_id, bool):
        return str(job_id)
    if not isinstance(job_id, str) or not job_id:
        raise WireError(f"job_id: expected text, got {shown(job_id)}")
    return job_id


# --- status -------------------------------------------------------------------------------------------


def job_state_to_json(state: JobState) -> dict[str, Any]:
    """The answer that tells a job's status."""
    body: dict[str, Any] = {"status": state.status.value}
    if state.run_time_s is not None:
        body["run_time"] = state.run_time_s
    return body


def job_state_from_json(body: object) -> JobState:
    """Where a job stands.

    Raises:
        WireError: There is no status, or the run time is not a number.
    """
    fields = as_object(body, "body")
    run_time = fields.get("run_time")
    return JobState(
        status=JobStatus(text_field(fields, "status")),
        run_time_s=None if run_time is None else as_number(run_time, "run_time"),
    )


# --- cancelling ---------------------------------------------------------------------------------------


def cancelled_to_json(job_id: str, circuits_cancelled: int) -> dict[str, Any]:
    """The answer to cancelling a job."""
    return {"status": "cancelled", "job_id": job_id, "circuits_cancelled": circuits_cancelled}


def cancelled_from_json(body: object) -> int:
    """How many circuits were cancelled.

    Raises:
        WireError: The number is missing or not a number.
    """
    return as_count(as_object(body, "body").get("circuits_cancelled"), "circuits_cancelled", least=0)


# --- execution configuration --------------------------------------------------------------------------


def config_answer_to_json(job_id: str, config: AnyConfig, *, status: str | None = None) -> dict[str, Any]:
    """The answer that holds a job's execution configuration.

    Args:
        job_id: The job.
        config: Its configuration.
        status: ``"ok"`` in the answer to setting it, ``None`` in the answer to reading it.
    """
    body = {"job_id": job_id} | config_to_json(config)
    return body if status is None else {"status": status} | body


def config_answer_from_json(body: object) -> ExecutionConfig | DeviceConfig:
    """The configuration that an answer holds, translated where it is in the engine's words.

    Raises:
        WireError: It is missing or malformed.
    """
    fields = as_object(body, "body")
    if fields.get("execution_configuration") is None:
        if fields.get("maestro_config") is not None:
            return maestro_answer_from_json(fields["maestro_config"])
        if fields.get("device_config") is not None:
            return device_config_from_json(fields["device_config"])
    return as_wire_error(
        ExecutionConfig.from_response,
        as_object(fields.get("execution_configuration"), "execution_configuration"),
    )


# --- errors -------------------------------------------------------------------------------------------


def error_to_json(message: str) -> dict[str, Any]:
    """The body of an answer of 400 and above."""
    return {"error": message}


def error_detail(body: object) -> str:
    """What the body of an error says, empty where it says nothing.

    Besides ``error`` and ``detail`` it understands messages listed by field, as form validators answer.
    """
    if not isinstance(body, dict):
        return ""
    for key in ("error", "detail"):
        if body.get(key):
            return _joined(body[key])
    return "; ".join(f"{key}: {_joined(value)}" for key, value in body.items() if value)


def _joined(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
