"""Requests about one job: read its status, cancel it, delete it, read and set its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig, ExecutionResult, JobState
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline
from qiskit_qoro.service.transport import Response, Transport, read_answer
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.configurations import config_answer_from_json
from qiskit_qoro.wire.endpoints import (
    CANCEL_JOB,
    DELETE_JOB,
    GET_EXECUTION_CONFIG,
    GET_STATUS,
    SET_EXECUTION_CONFIG,
)
from qiskit_qoro.wire.fields import as_object
from qiskit_qoro.wire.payloads import job_state_from_json

__all__ = [
    "StatusAnswer",
    "cancel_job",
    "delete_job",
    "fetch_config",
    "fetch_device_config",
    "fetch_execution_config",
    "fetch_maestro_config",
    "fetch_status",
    "job_id_of",
    "set_execution_config",
]


class StatusAnswer(NamedTuple):
    """The state of a job, and the response that it was read from."""

    state: JobState
    response: Response


def job_id_of(execution_result: ExecutionResult) -> str:
    """Return the identifier of a submitted job.

    Raises:
        QoroInputError: ``execution_result`` has none.
    """
    job_id = getattr(execution_result, "job_id", None)
    if not isinstance(job_id, str) or not job_id:
        raise QoroInputError(
            f"expected an ExecutionResult with a job_id, got {execution_result!r}: submit the circuits first"
        )
    return job_id


def fetch_status(
    transport: Transport,
    job_id: str,
    *,
    hold_s: int = 0,
    wait: Callable[[float], None] | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> StatusAnswer:
    """Fetch the state of a job.

    Args:
        transport: Sends the request.
        job_id: The job.
        hold_s: Whole seconds for which the service may wait for the end of the job.
        wait: Waits some seconds before the request is retried; by default the transport's clock does.
        deadline: When the answer must have arrived.
    """
    response = transport.send(GET_STATUS, job_id=job_id, hold_s=hold_s, wait=wait, deadline=deadline)
    return StatusAnswer(read_answer(response, job_state_from_json, job_id=job_id), response)


def cancel_job(transport: Transport, job_id: str) -> Response:
    """Cancel a job."""
    return transport.send(CANCEL_JOB, job_id=job_id)


def delete_job(transport: Transport, job_id: str) -> Response:
    """Delete a job and its results."""
    return transport.send(DELETE_JOB, job_id=job_id)


def set_execution_config(transport: Transport, job_id: str, config: ExecutionConfig) -> dict[str, Any]:
    """Set the execution configuration of a pending job, and return the answer of the service."""
    payload = config.to_payload()
    response = transport.send(SET_EXECUTION_CONFIG, job_id=job_id, body=render(payload))
    if not response.content:
        # The service has accepted the configuration, and does not repeat it.
        return {"status": "ok", "job_id": job_id, "execution_configuration": payload}
    return read_answer(response, lambda body: as_object(body, "body"), job_id=job_id)


def fetch_execution_config(transport: Transport, job_id: str) -> ExecutionConfig:
    """Fetch the execution configuration of a job, or what it has in common with the engine's options.

    Raises:
        WireError: The job has device options instead, or the answer breaks the protocol.
    """
    config = fetch_config(transport, job_id)
    # A job that was opened with a seed has engine options, even if its owner set an ExecutionConfig.
    if isinstance(config, MaestroConfig):
        return config.execution_config
    return _of_kind(ExecutionConfig, config, job_id)


def fetch_maestro_config(transport: Transport, job_id: str) -> MaestroConfig:
    """Fetch the options of the engine of a job.

    Raises:
        WireError: The job has a configuration of another kind, or the answer breaks the protocol.
    """
    return _of_kind(MaestroConfig, fetch_config(transport, job_id), job_id)


def fetch_device_config(transport: Transport, job_id: str) -> DeviceConfig:
    """Fetch the QPU options of a job.

    Raises:
        WireError: The job has a configuration of another kind, or the answer breaks the protocol.
    """
    return _of_kind(DeviceConfig, fetch_config(transport, job_id), job_id)


def fetch_config(transport: Transport, job_id: str) -> AnyConfig:
    """Fetch the configuration of a job, of any kind."""
    response = transport.send(GET_EXECUTION_CONFIG, job_id=job_id)
    return read_answer(response, config_answer_from_json, job_id=job_id)


_Config = TypeVar("_Config", ExecutionConfig, MaestroConfig, DeviceConfig)

# What messages call each kind of configuration, and the method of the client that fetches it.
_KINDS: Mapping[type[AnyConfig], tuple[str, str]] = {
    ExecutionConfig: ("an execution configuration", "get_execution_config"),
    MaestroConfig: ("a maestro_config", "get_maestro_config"),
    DeviceConfig: ("a device_config", "get_device_config"),
}


def _of_kind(kind: type[_Config], config: AnyConfig, job_id: str) -> _Config:
    """Return a configuration if it is of a kind.

    Raises:
        WireError: It is of another kind. The message says which method fetches it.
    """
    if not isinstance(config, kind):
        expected, _ = _KINDS[kind]
        found, method = _KINDS[type(config)]
        raise WireError(
            f"job {job_id} has {found} and no {expected.partition(' ')[2]}: use {method}", job_id=job_id
        )
    return config
