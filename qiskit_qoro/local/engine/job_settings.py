"""Check a job's configuration, which is one of three kinds, and translate it for the engine.

A job on a QPU takes the options of :data:`DEVICE_OPTIONS`. The QPU has error rates of its own, so an
execution configuration for it may not name another noisy device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.noise import choose_noise, noise_of_model
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.supported import Accelerators, check_config, check_options
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig, engine_options_of
from qiskit_qoro.models.vendors import DeviceConfig, VendorBlueprint, VendorField

__all__ = ["DEVICE_OPTIONS", "VENDORS", "check_job_config", "engine_settings"]

_FACTOR, _SEED = "NOISE_SCALING_FACTOR", "SEED"

DEVICE_OPTIONS = (VendorField(_FACTOR, "number", default=1.0), VendorField(_SEED, "integer"))
"""The options in ``device_config`` for the local QPU: a factor from 0 to 1 for all error probabilities, and a
seed, 0 to 2^64 - 1, that makes counts repeatable."""

VENDORS: Mapping[str, VendorBlueprint] = {
    "local": VendorBlueprint("QPUs simulated on this machine", device=DEVICE_OPTIONS)
}
"""The options of each vendor."""

_NOISE_FIELDS = ("noisy_device", "noise_realizations", "noise_scaling_factor")


def check_job_config(
    config: AnyConfig | None, system: str | None, accelerators: Accelerators = tuple
) -> None:
    """Check that the local engine can run jobs with a configuration.

    Args:
        config: The configuration of a job.
        system: The QPU system that the job runs on, or ``None`` for a simulator cluster.
        accelerators: Called if the configuration needs more than a CPU. It returns the simulators that the
            engine in the workers reports beside those on the CPU.

    Raises:
        QoroInputError: The configuration is for another kind of target, or the engine does not support it.
            The message names the field.
    """
    if isinstance(config, DeviceConfig):
        if system is None:
            raise QoroInputError(
                "device_config: expected a job with a qpu_system_name, this job runs on a simulator cluster"
            )
        _check_options(config)
    elif isinstance(config, MaestroConfig):
        if system is not None:
            raise QoroInputError(
                f"maestro_config: expected a job on a simulator_cluster, this job runs on {system!r}"
            )
        check_options(config, accelerators)
        noise_of_model(config)
    elif config is not None:
        for name in _NOISE_FIELDS:
            if system is not None and getattr(config, name) is not None:
                raise QoroInputError(
                    f"{name}: expected a job on a simulator cluster, {system!r} has error rates of its own"
                )
        check_config(config, accelerators)


def engine_settings(config: AnyConfig | None, system: str | None) -> EngineSettings:
    """Translate a job's configuration for the engine.

    Args:
        config: The configuration of a job. :func:`check_job_config` has accepted it.
        system: The QPU system that the job runs on, or ``None`` for a simulator cluster.

    Raises:
        QoroInputError: There is no such system or noisy device, or the noise model is invalid.
    """
    if isinstance(config, MaestroConfig):
        # The options of a circuit do not need the calls of the noise model as well.
        return EngineSettings(replace(config, noise_model=None), noise_of_model(config))
    if isinstance(config, DeviceConfig):
        options: Mapping[str, Any] = config.options
        scaled = ExecutionConfig(noisy_device=system, noise_scaling_factor=options.get(_FACTOR))
        return EngineSettings(MaestroConfig(seed=options.get(_SEED)), choose_noise(system, scaled))
    config = config or ExecutionConfig()
    return EngineSettings(engine_options_of(config), choose_noise(system, config))


def _check_options(config: DeviceConfig) -> None:
    for key, value in config.options.items():
        if key not in _OPTION_CHECKS:
            raise QoroInputError(
                f"device_config: unknown option {key[:80]!r}, expected {' or '.join(sorted(_OPTION_CHECKS))}"
            )
        is_valid, expected = _OPTION_CHECKS[key]
        if not is_valid(value):
            raise QoroInputError(f"device_config: {key} is {str(value)[:80]!r}, expected {expected}")


def _is_factor(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= 1  # type: ignore[arg-type, operator]


_OPTION_CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    _FACTOR: (_is_factor, "a number from 0 to 1"),
    _SEED: (lambda value: type(value) is int and 0 <= value < 2**64, "an integer from 0 to 2^64 - 1"),
}
