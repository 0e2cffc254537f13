"""What the runner and the service need of whatever runs circuits: processes of this machine, or a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.pool_snapshot import PoolSnapshot
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, StateTask, SweepResults
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["Pool", "PoolUnavailableError"]


class PoolUnavailableError(QoroError):
    """No worker can be reached now. The job has not failed: it can run when the pool is usable again."""


class Pool(Protocol):
    """Runs circuits, as :class:`~qiskit_qoro.local.workers.pool.WorkerPool` does."""

    @property
    def parallel(self) -> int:
        """How many jobs to run at once."""

    def start(self) -> None:
        """Start what runs circuits. It becomes ready in the background.

        Raises:
            QoroError: Nothing can be started.
        """

    def close(self) -> None:
        """Release everything. Current runs end with an error. May be called again."""

    def run(
        self,
        tasks: Sequence[CircuitTask] | Sequence[StateTask] | Sequence[QuboTask],
        *,
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        job_id: str = "",
        on_failure: Callable[[int, str], None] | None = None,
        on_sweep: Callable[[int, SweepResults], None] | None = None,
        on_details: Callable[[int, ResultDetails], None] | None = None,
        on_tick: Callable[[], None] | None = None,
    ) -> bool:
        """Run ``tasks`` and pass each result or failure on with its index. Returns ``False`` if stopped.

        Raises:
            PoolUnavailableError: The workers cannot be reached any more. What was passed on is final.
        """

    def is_usable(self) -> bool:
        """Whether jobs can run now. While they cannot, they stay in the queue. This returns at once."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a function, in any thread, each time when :meth:`is_usable` may have changed.

        The function takes the lock of the database, and a thread that holds that lock may call
        :meth:`is_usable`. So the pool must not call the function while it holds a lock that :meth:`is_usable`
        needs.
        """

    def accelerators(self) -> frozenset[Simulator]:
        """Return the simulators that the workers have beside those on the CPU. This may wait for a worker."""

    def snapshot(self) -> PoolSnapshot:
        """Return what is known of the workers now."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The process identifiers of the workers on this machine, in ascending order."""
