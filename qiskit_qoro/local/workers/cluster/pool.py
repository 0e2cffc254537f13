"""A pool whose workers are those of a cluster: :class:`DistributedPool`.

The link reports workers that come and go, the dispatcher grants places on them to runs, and each run sends
its batches through the link. The pool connects the three, and knows what the service wants to show.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from types import TracebackType
from typing import Any, Self

from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.service_events import EventKind, Report, ServiceEvent, ignore_event
from qiskit_qoro.local.workers.cluster.messages import BatchReply, WorkerDescription
from qiskit_qoro.local.workers.cluster.runs.cluster_run import ClusterRun
from qiskit_qoro.local.workers.cluster.runs.dispatcher import Dispatcher
from qiskit_qoro.local.workers.cluster.runs.fleet import ClusterWorker
from qiskit_qoro.local.workers.cluster.runs.loss_memory import LossMemory
from qiskit_qoro.local.workers.cluster.worker_link import WorkerLink
from qiskit_qoro.local.workers.pool_snapshot import Loss, MachineSnapshot, PoolSnapshot
from qiskit_qoro.local.workers.receiver import Receiver
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, StateTask, SweepResults
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["DistributedPool"]

# How long to wait for the first worker before the accelerators are asked for in vain.
_MAX_START_S = 30.0

_CLOSED = "the worker pool is closed"


class DistributedPool:
    """Runs tasks on the workers of a cluster, as :class:`~qiskit_qoro.local.workers.pool.WorkerPool` does.

    Args:
        link: The connection to the cluster. The pool starts and closes it.
        time_limit_s: The maximum time of one circuit, in seconds.
        parallel: How many jobs to run at once. More than the local pool runs, because no job may wait for a
            machine that others do not need.
        report: Takes events for the log of the service.
        clock: A monotonic clock, in seconds.
        now: Returns the time of day, for :meth:`snapshot`.
    """

    def __init__(
        self,
        link: WorkerLink,
        *,
        time_limit_s: float = 300.0,
        parallel: int = 32,
        report: Report = ignore_event,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._link = link
        self._time_limit_s = time_limit_s
        self._parallel = parallel
        self._report = report
        self._clock = clock
        self._now = now
        self._dispatcher = Dispatcher()
        self._memory = LossMemory()
        # A scheduler takes two batches with one key for the same one. Other services may use it too, and it
        # may know batches from before a restart of this one.
        self._key_prefix = f"qoro-{uuid.uuid4()}"
        self._numbers = count()
        self._has_workers = threading.Event()
        # Held while the link is started or closed, so that a link that is closed is not started afterwards.
        self._starting = threading.Lock()
        self._is_started = False
        self._start_failure: Exception | None = None
        # Guards everything below.
        self._lock = threading.Lock()
        self._is_closed = False
        self._listeners: list[Callable[[], None]] = []
        self._refused: dict[str, MachineSnapshot] = {}
        # How many processes were lost on workers that have left, and the last loss of all.
        self._num_lost = 0
        self._last_loss: Loss | None = None

    @property
    def parallel(self) -> int:
        """How many jobs to run at once."""
        return self._parallel

    @property
    def pids(self) -> tuple[int, ...]:
        """Empty: the workers are no processes of this service."""
        return ()

    def start(self) -> None:
        """Connect to the cluster in the background.

        Raises:
            QoroError: The pool is closed, or the cluster cannot be used at all. A pool that has failed to
                start fails in the same way again.
        """
        with self._starting:
            with self._lock:
                if self._is_closed:
                    raise QoroError(_CLOSED)
            if self._start_failure is not None:
                raise self._start_failure
            if self._is_started:
                return
            try:
                self._link.start(self)
            except Exception as failure:
                self._start_failure = failure
                raise
            self._is_started = True

    def close(self) -> None:
        """Disconnect. Current runs end with an error. May be called again."""
        with self._lock:
            self._is_closed = True
        self._dispatcher.disconnect(_CLOSED, is_final=True)
        self._has_workers.set()  # nobody has to wait any more
        with self._starting:
            self._link.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def is_usable(self) -> bool:
        """Whether a worker can run circuits now. Otherwise jobs stay in the queue."""
        return self._dispatcher.problem is None

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a function, in any thread, each time when :meth:`is_usable` may have changed."""
        with self._lock:
            self._listeners.append(listener)

    def accelerators(self) -> frozenset[Simulator]:
        """Return the simulators that at least one worker has beside those on the CPU.

        This waits until a worker has joined, but not longer than half a minute. Workers count that have just
        left, because they may return.
        """
        self._has_workers.wait(_MAX_START_S)
        return self._dispatcher.capabilities.accelerators

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
        """Run tasks on the workers, as :meth:`~qiskit_qoro.local.workers.pool.WorkerPool.run` does.

        Raises:
            TaskFailure: A task failed and there is no ``on_failure``, or tasks have cost so many processes
                that the run gave up.
            PoolUnavailableError: The scheduler or all workers cannot be reached. What was passed on is final.
            QoroError: The pool is closed.
        """
        self.start()
        run = ClusterRun(
            self._dispatcher,
            self._link,
            Receiver(tasks, on_result, on_failure, on_sweep=on_sweep, on_details=on_details, on_tick=on_tick),
            stop,
            job_id=job_id,
            new_key=lambda: f"{self._key_prefix}-{next(self._numbers)}",
            report_reply=self._record_reply,
            memory=self._memory,
            time_limit_s=self._time_limit_s,
            clock=self._clock,
        )
        return run.execute()

    def snapshot(self) -> PoolSnapshot:
        """Return what is known of the workers now."""
        workers, problem = self._dispatcher.workers, self._dispatcher.problem
        with self._lock:
            machines = [*self._dispatcher.machines, *self._refused.values()]
            return PoolSnapshot(
                workers=(),
                size=sum(worker.description.processes for worker in workers),
                num_lost=self._num_lost + sum(worker.num_lost for worker in workers),
                last_loss=self._last_loss,
                num_waiting=self._dispatcher.num_waiting,
                time_limit_s=self._time_limit_s,
                memory_limit_bytes=max(
                    (worker.description.memory_limit_bytes for worker in workers), default=None
                ),
                accelerators=self._dispatcher.capabilities.accelerators,
                cluster=self._link.address,
                machines=tuple(sorted(machines, key=lambda machine: machine.name)),
                problem=problem and f"the cluster at {self._link.address} cannot be used: {problem}",
            )

    # The link calls the methods below.

    def scheduler_connected(self) -> None:
        """The scheduler has answered."""
        self._dispatcher.connect(self._clock())
        self._tell_listeners()

    def scheduler_lost(self, reason: str) -> None:
        """The scheduler does not answer. All workers are gone."""
        workers = self._dispatcher.workers
        self._dispatcher.disconnect(f"the scheduler cannot be reached: {reason}")
        with self._lock:
            self._num_lost += sum(worker.num_lost for worker in workers)
            self._refused.clear()
        self._tell_listeners()

    def worker_joined(self, address: str, description: WorkerDescription, since: datetime) -> None:
        """A worker can be used."""
        self.worker_left(address)
        self._dispatcher.join(ClusterWorker(address, description, since))
        self._has_workers.set()
        self._tell_listeners()

    def worker_refused(
        self, address: str, description: WorkerDescription, since: datetime, refusal: str
    ) -> None:
        """A worker is connected, but must not be used."""
        self.worker_left(address)
        with self._lock:
            self._refused[address] = ClusterWorker(address, description, since).snapshot(refusal)

    def worker_left(self, address: str, *, is_stopped: bool = False) -> None:
        """A worker is gone."""
        with self._lock:
            self._refused.pop(address, None)
        worker = self._dispatcher.leave(address, "it left the cluster", self._clock(), is_stopped=is_stopped)
        if worker is None:
            return
        with self._lock:
            self._num_lost += worker.num_lost
        self._tell_listeners()
        problem = self._dispatcher.problem
        if problem is not None:
            self._report(
                ServiceEvent(kind=EventKind.CLUSTER_LOST, cluster=self._link.address, reason=problem)
            )

    def _tell_listeners(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def _record_reply(self, worker: ClusterWorker, reply: BatchReply) -> None:
        """Note which processes a worker has lost. Replies may arrive in any order."""
        with self._lock:
            if reply.num_lost <= worker.num_lost:
                return
            worker.num_lost = reply.num_lost
            if reply.last_loss is not None:
                self._last_loss = reply.last_loss
        reason = "unknown" if reply.last_loss is None else reply.last_loss.reason
        self._report(
            ServiceEvent(
                kind=EventKind.PROCESS_LOST,
                worker=worker.name,
                host=worker.description.host,
                reason=reason,
            )
        )
