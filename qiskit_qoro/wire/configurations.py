"""How a job is to run, as JSON: one of two kinds of configuration, each under a key of its own.

``execution_configuration`` holds an :class:`ExecutionConfig`. Clients of release 0.15 and later send
``maestro_config``, a :class:`MaestroConfig`, in its place; the answer has the key that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.wire.fields import as_object, blame_sender, only, shown

__all__ = [
    "CONFIG_KEYS",
    "config_from_json",
    "config_to_json",
    "execution_config_from_json",
    "maestro_answer_from_json",
]

CONFIG_KEYS = ("execution_configuration", "maestro_config")
"""The keys that a configuration may be under."""


def config_to_json(config: ExecutionConfig | MaestroConfig) -> dict[str, Any]:
    """A configuration under the key of its kind."""
    key = "maestro_config" if isinstance(config, MaestroConfig) else "execution_configuration"
    return {key: config.to_payload()}


def config_from_json(fields: Mapping[str, Any]) -> ExecutionConfig | MaestroConfig | None:
    """The configuration among the fields of a body, ``None`` where there is none.

    Raises:
        WireError: There are both kinds, a key in it is unknown, or a value has the wrong type or is out of
            its range.
    """
    config, options = (fields.get(key) for key in CONFIG_KEYS)
    if options is None:
        return None if config is None else execution_config_from_json(config)
    if config is not None:
        raise WireError("maestro_config: expected at most one of maestro_config and execution_configuration")
    return _maestro_config_from_json(options)


def execution_config_from_json(body: object) -> ExecutionConfig:
    """The configuration that a request asks for.

    Raises:
        WireError: A key is unknown, or a value has the wrong type or is out of its range.
    """
    fields = as_object(body, "execution_configuration")
    only(fields, ExecutionConfig.wire_names())
    return blame_sender(ExecutionConfig.from_response, fields)


def maestro_answer_from_json(body: object) -> ExecutionConfig:
    """What the engine's options in an answer mean as a configuration; options that it lacks are left out.

    Raises:
        WireError: An option has the wrong type or is out of its range.
    """
    options = as_object(body, "maestro_config")
    known = {name: options.get(name) for name in MaestroConfig.option_names()}
    return blame_sender(MaestroConfig, **known).execution_config


def _maestro_config_from_json(body: object) -> MaestroConfig:
    options = as_object(body, "maestro_config")
    known = MaestroConfig.option_names()
    for option in options:
        if option not in known:
            raise WireError(
                f"maestro_config: the option {shown(option)} is not supported here, drop it; "
                f"possible are {', '.join(sorted(known))}"
            )
    try:
        return MaestroConfig(**options)
    except QoroInputError as error:
        raise WireError(f"maestro_config: {error}") from error
