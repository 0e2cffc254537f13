"""The configuration of a job as a page shows it: what the user has set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.display.reprs import fields_set, short_code
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = ["settings_of"]


def settings_of(config: AnyConfig | None) -> tuple[tuple[str, str], ...]:
    """Return name and value of each setting that differs from its default.

    Args:
        config: The configuration, or ``None`` if none is set.
    """
    if config is None:
        return ()
    values: Mapping[str, Any] = config.options if isinstance(config, DeviceConfig) else fields_set(config)
    return tuple((name, short_code(value)) for name, value in values.items())
