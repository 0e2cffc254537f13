"""What a client is set to: where its service is, how it waits, and what its jobs are configured with."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import (
    DEFAULT_SHOTS,
    DEFAULT_SIMULATOR_CLUSTER,
    ExecutionConfig,
    JobConfig,
)
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.service.clock import SYSTEM_CLOCK, Clock
from qiskit_qoro.service.credentials import find_base_url, find_token
from qiskit_qoro.service.interfaces import CircuitRunner
from qiskit_qoro.service.polling import LOCAL_FIRST_POLL_S, LOCAL_GROWTH, Poller
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder
from qiskit_qoro.service.transport import Transport

__all__ = ["ServiceSession", "check_type"]


class ServiceSession(CircuitRunner):
    """The settings of a client and its connections; :class:`QoroService` documents the arguments."""

    def __init__(
        self,
        auth_token: str | None = None,
        job_config: JobConfig | None = None,
        execution_config: AnyConfig | None = None,
        polling_interval: float = 3.0,
        max_retries: int = 5000,
        track_depth: bool = False,
        *,
        base_url: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        recorder: SubmissionRecorder = UNRECORDED,
    ) -> None:
        super().__init__(track_depth)
        if not _is_duration(polling_interval):
            raise QoroInputError(f"polling_interval is {polling_interval!r}, expected seconds above 0")
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 1:
            raise QoroInputError(f"max_retries is {max_retries!r}, expected an integer of 1 or more")
        self.polling_interval = float(polling_interval)
        self.max_retries = max_retries
        self._clock = clock
        self._recorder = recorder
        self._transport = Transport(
            find_base_url(base_url, token=auth_token), find_token(auth_token), clock=clock
        )
        self._takes_expectations: dict[str, bool] = {}  # QPU system -> whether, once it has been asked
        if job_config is None:
            job_config = JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
        self._job_config = _with_target(job_config)
        self.execution_config = execution_config

    def __repr__(self) -> str:
        target = self._job_config.target
        return f"<QoroService {self.base_url!r}, target {target.name if target else None!r}>"

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._transport.base_url

    @property
    def job_config(self) -> JobConfig:
        """The settings for jobs that bring none of their own."""
        return self._job_config

    @job_config.setter
    def job_config(self, config: JobConfig) -> None:
        self._job_config = _with_target(config)

    @property
    def execution_config(self) -> AnyConfig | None:
        """How jobs are to run that bring no configuration of their own."""
        return self._execution_config

    @execution_config.setter
    def execution_config(self, config: AnyConfig | None) -> None:
        if config is not None:
            check_type("execution_config", config, ExecutionConfig, MaestroConfig, DeviceConfig)
        self._execution_config = config

    @property
    def shots(self) -> int:
        """Shots for each circuit where a submission does not say otherwise."""
        return self._job_config.shots or DEFAULT_SHOTS

    @property
    def is_async(self) -> bool:
        """Always ``True``, since a submission returns before its circuits have run."""
        return True

    def close(self) -> None:
        """Close the pooled connections. The client can still be used; it opens new ones."""
        self._transport.close()

    @property
    def poller(self) -> Poller:
        """What waits for this client's jobs."""
        poller = Poller(self.polling_interval, self.max_retries, self._clock)
        if self._transport.is_local:
            return replace(poller, first_s=LOCAL_FIRST_POLL_S, growth=LOCAL_GROWTH)
        return poller


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def check_type(name: str, value: object, *expected: type) -> None:
    """Refuse an argument that is none of the ``expected`` types."""
    if not isinstance(value, expected):
        names = " or ".join(kind.__name__ for kind in expected)
        raise QoroInputError(f"{name} is {value!r}, expected a value of type {names}")


def _with_target(config: JobConfig) -> JobConfig:
    """The configuration, with the default target where it names none."""
    check_type("job_config", config, JobConfig)
    if config.target is not None:
        return config
    warnings.warn(
        f"job_config names neither simulator_cluster nor qpu_system: jobs go to the "
        f"{DEFAULT_SIMULATOR_CLUSTER!r} simulator cluster",
        stacklevel=3,  # the caller of the constructor or the setter that called this
    )
    return config.override(JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER))
