"""Start services in processes of their own, give them jobs, and measure their processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome
from qiskit_qoro.service import QoroService

__all__ = ["ServiceRun"]

_SCRIPT = Path(__file__).with_name("service_process.py")
_END_LIMIT_S = 30


class ServiceRun:
    """A service in a process of its own, and a client. Use it as a context manager.

    Args:
        options: The options of ``serve``.
        environment: The environment variables of the process, or ``None`` for those of this one.
    """

    def __init__(self, options: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> None:
        self._options = dict(options)
        self._environment = environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), json.dumps(self._options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=None if self._environment is None else dict(self._environment),
        )
        try:
            started = self._read()
        except BaseException:
            self._end()
            raise
        self.url, self.token = started["url"], started["token"]
        self.client = QoroService(self.token, base_url=self.url, polling_interval=1, progress=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the service has ended, see its messages above")
        read: dict[str, Any] = json.loads(line)
        return read

    @property
    def pid(self) -> int:
        """The process of the service."""
        return self._process.pid

    def cpu_s(self) -> dict[str, float]:
        """Return the processor time of the service so far, by parts and in total."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def children(self) -> list[psutil.Process]:
        """Return the processes that the service has started, and those that these have started."""
        return psutil.Process(self.pid).children(recursive=True)

    def submit(self, texts: Mapping[str, str], *, shots: int = 1024, **options: Any) -> ExecutionResult:
        """Submit texts as one job."""
        config = JobConfig(shots=shots, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
        return self.client.submit_circuits(dict(texts), override_job_config=config, **options)

    def outcome(self, job: ExecutionResult) -> JobOutcome:
        """Wait for a job, and return its outcome, which has no failures."""
        self.client.wait_for_job(job)
        outcome = self.client.get_job_outcome(job)
        if outcome.reason is not None:
            raise RuntimeError(outcome.reason)
        return outcome

    def run(self, texts: Mapping[str, str], *, shots: int = 1024) -> JobOutcome:
        """Run texts as one job."""
        return self.outcome(self.submit(texts, shots=shots))


def total_cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Return the processor time of processes. Those that have ended count as 0."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error, OSError):
            # The clock of the process, as clock_getcpuclockid returns it. psutil only counts ticks of 10 ms.
            total += time.clock_gettime((~process.pid << 3) | 2)
    return total
