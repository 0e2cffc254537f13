"""The configuration of a job as a page shows it: what the user has set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.display.reprs import counted, fields_set, short_text
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = ["settings_of"]

_LONGEST = 200


def settings_of(config: AnyConfig | None) -> list[tuple[str, str]]:
    """Return name and value of each setting that differs from its default.

    Args:
        config: The configuration, or ``None`` if none is set.
    """
    if config is None:
        return []
    values: Mapping[str, Any] = config.options if isinstance(config, DeviceConfig) else fields_set(config)
    return [(name, _text(name, value)) for name, value in values.items()]


def _text(name: str, value: Any) -> str:
    if name == "noise_model" and not isinstance(value, str):
        return counted(len(value), "call")
    return short_text(str(value), _LONGEST)
