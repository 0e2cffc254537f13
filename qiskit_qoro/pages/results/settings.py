"""The configuration of a job as a page shows it: what the user has set."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

from qiskit_qoro.display.reprs import counted, fields_set, short_code
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = ["MAX_CALLS", "settings_of"]

MAX_CALLS = 1000
"""A noise model of more calls is not read, because that would take longer than the rest of the page."""


def settings_of(config: AnyConfig | None) -> tuple[tuple[str, str], ...]:
    """Return name and value of each setting that differs from its default. A value may have several lines.

    Args:
        config: The configuration, or ``None`` if none is set.
    """
    if config is None:
        return ()
    values: Mapping[str, Any] = config.options if isinstance(config, DeviceConfig) else fields_set(config)
    text = _text_of_maestro if isinstance(config, MaestroConfig) else _text
    return tuple((name, text(name, value)) for name, value in values.items())


def _text(_name: str, value: object) -> str:
    return short_code(value)


def _text_of_maestro(name: str, value: Any) -> str:
    """Return a value as :class:`MaestroConfig` accepts it, and a noise model as a table of its calls."""
    if name == "noise_model":
        # A service may accept calls that this release does not know.
        with suppress(QoroInputError):
            if len(value) <= MAX_CALLS:
                return str(NoiseModel.from_calls(value))
        return counted(len(value), "call")
    is_known = isinstance(value, Enum) and value.name in type(value).__members__
    return repr(value.name) if is_known else short_code(value)
