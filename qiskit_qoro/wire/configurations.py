"""Execution configurations as JSON: one of three kinds, each under its own key.

``execution_configuration`` contains an :class:`ExecutionConfig`. Clients of release 0.15 and later send
``maestro_config``, a :class:`MaestroConfig`, or ``device_config``, a :class:`DeviceConfig`, instead. The
response uses the key of the request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.fields import as_object, as_wire_error, refuse_unknown_keys

__all__ = [
    "CONFIG_KEYS",
    "config_answer_from_json",
    "config_from_json",
    "config_to_json",
    "execution_config_from_json",
]

_log = logging.getLogger(__name__)


def config_to_json(config: AnyConfig) -> dict[str, Any]:
    """Encode a configuration under the key of its kind."""
    # The kinds are unrelated classes, so exactly one of them matches.
    (key,) = (key for kind, key in _KEY_OF.items() if isinstance(config, kind))
    return {key: config.to_payload()}


def config_from_json(fields: Mapping[str, Any]) -> AnyConfig | None:
    """Decode the configuration among the fields of a request; return ``None`` if there is none.

    Raises:
        WireError: There are several configurations, a key is unknown, or a value has the wrong type or is out
            of range.
    """
    given = [key for key in CONFIG_KEYS if fields.get(key) is not None]
    if not given:
        return None
    if len(given) > 1:
        raise WireError(
            f"{given[1]}: expected at most one of {', '.join(CONFIG_KEYS)}, got {' and '.join(given)}"
        )
    return _READERS[given[0]](fields[given[0]])


def execution_config_from_json(body: object) -> ExecutionConfig:
    """Decode the execution configuration in a request.

    Raises:
        WireError: A key is unknown, or a value has the wrong type or is out of range.
    """
    fields = as_object(body, "execution_configuration")
    refuse_unknown_keys(fields, ExecutionConfig.wire_names())
    return as_wire_error(ExecutionConfig.from_payload, fields)


def config_answer_from_json(body: object) -> AnyConfig:
    """Decode the configuration in a response.

    A value that cannot be read is left out with a warning in the log.

    Raises:
        WireError: There is no configuration.
    """
    fields = as_object(body, "body")
    # The key in the response shows with which kind of configuration the job was submitted.
    if fields.get("execution_configuration") is None:
        if fields.get("maestro_config") is not None:
            return MaestroConfig.from_response(as_object(fields["maestro_config"], "maestro_config"))
        if fields.get("device_config") is not None:
            return _device_answer_from_json(fields["device_config"])
    return ExecutionConfig.from_response(
        as_object(fields.get("execution_configuration"), "execution_configuration")
    )


def _device_config_from_json(body: object) -> DeviceConfig:
    try:
        return DeviceConfig(as_object(body, "device_config"))
    except QoroInputError as error:
        raise WireError(f"device_config: {error}") from error


def _device_answer_from_json(body: object) -> DeviceConfig:
    kept: dict[str, Any] = {}
    for key, value in as_object(body, "device_config").items():
        try:
            kept |= DeviceConfig({key: value}).options
        except QoroInputError as error:
            _log.warning("configuration of a job: %s; it is left out", error)
    return DeviceConfig(kept)


def _maestro_config_from_json(body: object) -> MaestroConfig:
    options = as_object(body, "maestro_config")
    try:
        return MaestroConfig.from_payload(options)
    except QoroInputError as error:
        raise WireError(f"maestro_config: {error}") from error


_KEY_OF: Mapping[type[AnyConfig], str] = {
    ExecutionConfig: "execution_configuration",
    MaestroConfig: "maestro_config",
    DeviceConfig: "device_config",
}

_READERS: Mapping[str, Callable[[object], AnyConfig]] = {
    "execution_configuration": execution_config_from_json,
    "maestro_config": _maestro_config_from_json,
    "device_config": _device_config_from_json,
}

CONFIG_KEYS = tuple(_READERS)
"""The keys under which a body can contain a configuration."""
