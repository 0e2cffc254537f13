"""The settings of a client: validation of the constructor's arguments, and the defaults of its jobs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, checked, integer_of, number_of
from qiskit_qoro.models.config import (
    DEFAULT_SHOTS,
    DEFAULT_SIMULATOR_CLUSTER,
    ExecutionConfig,
    JobConfig,
)
from qiskit_qoro.models.jobs import AnyConfig, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = [
    "JobSettings",
    "ServiceOrigin",
    "SubmissionOptions",
    "check_execution_config",
    "check_max_retries",
    "check_max_retry_after",
    "check_polling_interval",
    "check_progress",
    "check_type",
    "merge_configs",
    "with_default_target",
]


@dataclass(frozen=True)
class ServiceOrigin:
    """How a user gets a provider of a service, for displays.

    Attributes:
        code: Python code of a provider.
        note: The limit of this code, or empty if it works in every process.
    """

    code: str
    note: str = ""


@dataclass(frozen=True)
class JobSettings:
    """The settings of a job.

    They are frozen, so that threads that share a client never see a half-changed value.

    Attributes:
        job_config: The target, the shots and other settings of the service. It always names a target.
        execution_config: How the job is executed, or ``None`` to leave that to the service.
    """

    job_config: JobConfig
    execution_config: AnyConfig | None

    @property
    def shots(self) -> int:
        """The shots of every circuit."""
        return self.job_config.shots or DEFAULT_SHOTS

    def override(self, job_config: JobConfig | None, execution_config: AnyConfig | None) -> JobSettings:
        """Return these settings with the overrides of one submission applied.

        Args:
            job_config: Its fields take precedence field by field.
            execution_config: Its fields take precedence field by field if both configurations are
                :class:`ExecutionConfig`; otherwise it replaces the default.

        Raises:
            QoroInputError: An override has the wrong type.
        """
        if execution_config is not None:
            check_execution_config("override_execution_config", execution_config)
        if job_config is not None:
            check_type("override_job_config", job_config, JobConfig)
        return JobSettings(
            self.job_config if job_config is None else self.job_config.override(job_config),
            merge_configs(self.execution_config, execution_config),
        )


@dataclass(frozen=True)
class SubmissionOptions:
    """The options of a submission as the caller passed them, not checked yet.

    :meth:`QoroService.submit_circuits` documents them.
    """

    ham_ops: str | None = None
    circuit_ham_map: Sequence[Sequence[int]] | None = None
    shot_groups: Sequence[Sequence[int]] | None = None
    job_type: JobType | None = None
    override_execution_config: AnyConfig | None = None
    override_job_config: JobConfig | None = None


def merge_configs(default: AnyConfig | None, override: AnyConfig | None) -> AnyConfig | None:
    """Return a configuration with the fields of an override. An override of another kind replaces it."""
    if isinstance(default, ExecutionConfig) and isinstance(override, ExecutionConfig):
        return default.override(override)
    return default if override is None else override


def check_type(name: str, value: object, *expected: type) -> None:
    """Check the type of an argument.

    Raises:
        QoroInputError: ``value`` is not an instance of any of the ``expected`` types.
    """
    if not isinstance(value, expected):
        names = " or ".join(kind.__name__ for kind in expected)
        raise QoroInputError(f"{name} is {value!r}, expected a value of type {names}")


def check_execution_config(name: str, value: object) -> None:
    """Check that an argument is an execution configuration of any kind.

    Raises:
        QoroInputError: It is not.
    """
    check_type(name, value, ExecutionConfig, MaestroConfig, DeviceConfig)


def check_polling_interval(value: Any) -> float:
    """Return the polling interval in seconds.

    Raises:
        QoroInputError: ``value`` is not a positive, finite number.
    """
    seconds = number_of(value)
    if seconds is None or seconds <= 0:
        raise QoroInputError(f"polling_interval is {value!r}, expected seconds above 0")
    return seconds


def check_max_retries(value: Any) -> int:
    """Return the largest number of polls.

    Raises:
        QoroInputError: ``value`` is not an integer of 1 or more.
    """
    return checked("max_retries", value, integer_of(value, least=1), "an integer of 1 or more")


def check_progress(value: Any) -> ProgressOptions:
    """Return whether and where to show progress lines.

    Raises:
        QoroInputError: ``value`` is neither a boolean nor :class:`ProgressOptions`.
    """
    if isinstance(value, ProgressOptions):
        return value
    return ProgressOptions(enabled=checked("progress", value, boolean_of(value), "True or False"))


def check_max_retry_after(value: Any) -> float:
    """Return the longest time that the service may ask to wait before a retry, in seconds.

    Raises:
        QoroInputError: ``value`` is not a number of 0 or more. It may be infinite.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not value >= 0:
        raise QoroInputError(f"max_retry_after_s is {value!r}, expected 0 seconds or more")
    return float(value)


def with_default_target(config: JobConfig) -> JobConfig:
    """Return the configuration with a target: its own, or else the default one with a warning.

    Raises:
        QoroInputError: ``config`` is not a :class:`JobConfig`.
    """
    check_type("job_config", config, JobConfig)
    if config.target is not None:
        return config
    warnings.warn(
        f"job_config names neither simulator_cluster nor qpu_system: jobs go to the "
        f"{DEFAULT_SIMULATOR_CLUSTER!r} simulator cluster",
        # Level 2 is the constructor or the setter of the client. Level 3 is the user's line that called it.
        stacklevel=3,
    )
    return config.override(JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER))
