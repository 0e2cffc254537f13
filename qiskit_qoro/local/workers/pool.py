"""A pool of worker processes that run circuits.

The processes start once and stay ready. Several threads may call :meth:`WorkerPool.run` at the same time,
each with its own list of tasks. A run queues for a worker, gets it for one batch of about a tenth of a
second, gives it back and queues again. So concurrent jobs take turns, and a single job uses all workers. A
process that dies is replaced. A process that has to stop is killed.

No thread of a run waits for a pipe. Each worker has a thread that reads its replies, and the pool passes
replies, deaths and idle workers on as events to the run that they concern
(:mod:`qiskit_qoro.local.workers.pool_run`).

A worker goes through these states. ``_lock`` protects them, together with the queue of runs:

========  =====================================================================
starting  in ``_handles`` only
idle      also in ``_ready`` and ``_idle``
granted   also in ``_ready``, and in ``_owners`` with its run
doomed    in ``_doomed``, and in neither ``_idle`` nor ``_owners``: killed, but its end is not reported yet
gone      in no collection; the pool has started another one instead
========  =====================================================================

Either ``_idle`` or ``_waiting`` is empty: an idle worker is granted to the first waiting run at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.methods import default_memory_limit
from qiskit_qoro.local.workers.pool_run import (
    Ended,
    Granted,
    PoolRun,
    Replied,
    Requester,
    Unavailable,
)
from qiskit_qoro.local.workers.pool_snapshot import Loss, PoolSnapshot, WorkerSnapshot
from qiskit_qoro.local.workers.receiver import Receiver, TaskFailure
from qiskit_qoro.local.workers.tasks import CircuitTask, Progress, QuboTask, Reply, StateTask, SweepResults
from qiskit_qoro.local.workers.worker_handle import WorkerHandle
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["CircuitTask", "TaskFailure", "WorkerPool", "default_workers"]

# The default maximum. Each process uses about 100 MB before it runs anything.
_MAX_WORKERS = 4

# The number of processes in a row that may end before they are ready.
_MAX_FAILED_STARTS = 3

# A worker on a busy machine is ready in a few seconds.
_MAX_START_S = 30.0

_CLOSED = "the worker pool is closed"
_NOT_STARTED = "worker processes cannot be started: {}"


def default_workers() -> int:
    """Return the default number of worker processes: one for each processor, at most four."""
    return max(1, min(_MAX_WORKERS, os.cpu_count() or 1))


class WorkerPool:
    """Worker processes that run tasks.

    Args:
        workers: The number of processes, by default :func:`default_workers`.
        time_limit_s: The maximum time of one circuit, in seconds.
        memory_limit_bytes: The maximum memory of one circuit. By default an equal share of the memory that is
            free when the pool starts.
        clock: A monotonic clock, in seconds.
        now: Returns the time of day, for :meth:`snapshot`.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        time_limit_s: float = 300.0,
        memory_limit_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._size = default_workers() if workers is None else workers
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._handles: set[WorkerHandle] = set()
        self._ready: set[WorkerHandle] = set()
        self._idle: deque[WorkerHandle] = deque()
        self._owners: dict[WorkerHandle, Requester] = {}
        self._waiting: deque[Requester] = deque()
        self._doomed: dict[WorkerHandle, str] = {}  # why a worker was killed; empty if that is no loss
        # The last job of each worker that had one, and when the worker got it.
        self._jobs: dict[WorkerHandle, tuple[str, datetime]] = {}
        self._num_lost = 0
        self._last_loss: Loss | None = None
        # Processes in a row that ended before they were ready.
        self._failed_starts = 0
        self._closed = False
        self._accelerators: frozenset[Simulator] = frozenset()
        self._has_reported = threading.Event()

    @property
    def size(self) -> int:
        """The number of processes that the pool keeps."""
        return self._size

    @property
    def parallel(self) -> int:
        """How many jobs to run at once: one for each process."""
        return self._size

    def is_usable(self) -> bool:
        """Whether jobs can run now. They always can: a run starts missing processes."""
        return True

    def on_change(self, listener: Callable[[], None]) -> None:
        """Do nothing, because :meth:`is_usable` never changes."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the current workers, in ascending order."""
        with self._lock:
            return tuple(sorted(handle.pid for handle in self._handles))

    def snapshot(self) -> PoolSnapshot:
        """Return what is known of the workers now."""
        with self._lock:
            workers = [
                WorkerSnapshot(handle.pid, handle.started, handle in self._ready, *self._work_of(handle))
                for handle in self._handles
            ]
            return PoolSnapshot(
                workers=tuple(sorted(workers, key=lambda worker: worker.pid)),
                size=self._size,
                num_lost=self._num_lost,
                last_loss=self._last_loss,
                num_waiting=len(self._waiting),
                time_limit_s=self._time_limit_s,
                memory_limit_bytes=self._memory_limit_bytes,
                accelerators=self._accelerators,
            )

    def accelerators(self) -> frozenset[Simulator]:
        """Return the simulators that the engine in the workers reports beside those on the CPU.

        This waits until a worker is ready, but not longer than half a minute.
        """
        self._has_reported.wait(_MAX_START_S)
        with self._lock:
            return self._accelerators

    def start(self) -> None:
        """Start the missing processes. They become ready in the background.

        Raises:
            QoroError: The pool is closed, or no process can be started.
        """
        with self._lock:
            if self._closed:
                raise QoroError(_CLOSED)
            self._failed_starts = 0
            if self._memory_limit_bytes is None:
                self._memory_limit_bytes = default_memory_limit(engines=self._size)
            while len(self._handles) < self._size:
                try:
                    self._spawn()
                except OSError as error:
                    if not self._handles:
                        raise QoroError(_NOT_STARTED.format(error)) from error
                    break  # the next run tries again

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
        """Run tasks on the workers, and return when all are done.

        Args:
            tasks: The tasks.
            stop: Setting this event ends the run within half a second, even in the middle of a task.
            on_result: Called in this thread with the index of a task and its result. Results arrive in any
                order.
            job_id: The job that the tasks belong to, for :meth:`snapshot`.
            on_failure: Called in this thread with the index of a task that failed and the reason: the task
                cannot run, took too long, needed too much memory, or crashed its process. The other tasks go
                on. With ``None``, the first failure ends the run.
            on_sweep: Called in this thread with the index of a task, and the results of this task and the
                ones after it, if they ran together. By default their results are passed to ``on_result`` one
                by one.
            on_details: Called in this thread with the index of a task and details of its result, directly
                before ``on_result``. Tasks without details are left out.
            on_tick: Called in this thread about ten times a second.

        Returns:
            Whether all tasks ran; ``False`` if ``stop`` ended the run.

        Raises:
            TaskFailure: A task failed and there is no ``on_failure``, or so many tasks crashed or took too
                long that the run gave up. Running tasks have been stopped.
            QoroError: No worker process can start, or the pool is closed.
        """
        receiver = Receiver(
            tasks, on_result, on_failure, on_sweep=on_sweep, on_details=on_details, on_tick=on_tick
        )
        return self.run_for(receiver, stop=stop, job_id=job_id)

    def run_for(
        self,
        receiver: Receiver,
        *,
        stop: threading.Event,
        job_id: str = "",
        time_limit_s: float | None = None,
    ) -> bool:
        """Run the tasks of a receiver, as :meth:`run` does.

        Args:
            receiver: Gets the replies.
            stop: As for :meth:`run`.
            job_id: As for :meth:`run`.
            time_limit_s: The maximum time of one circuit, in seconds. By default that of the pool.

        Returns:
            Whether all tasks ran.

        Raises:
            TaskFailure: As for :meth:`run`.
            QoroError: As for :meth:`run`.
        """
        self.start()
        limit_s = self._time_limit_s if time_limit_s is None else time_limit_s
        run = PoolRun(self, receiver, stop, job_id=job_id, time_limit_s=limit_s, clock=self._clock)
        return run.execute()

    def close(self) -> None:
        """End all processes and wait for them. Current runs end with an error. May be called again."""
        with self._lock:
            self._closed = True
            handles = tuple(self._handles)
            self._idle.clear()
            self._give_up(_CLOSED)
        # Without the lock, because the threads of the handles need it to report the end of their processes.
        for handle in handles:
            handle.kill()
        for handle in handles:
            handle.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(self, run: Requester) -> None:
        """Queue for a worker. It arrives as a :class:`Granted` event. Only for runs."""
        with self._lock:
            if self._closed:
                run.events.put(Unavailable(_CLOSED))
                return
            if self._idle:
                # The worker that was busy last is likely to have the templates of the next job in its cache.
                self._grant(self._idle.pop(), run)
                return
            self._waiting.append(run)
            # The last process may have ended without a replacement, before this run waited for one.
            if not self._handles:
                self._replace("they end at once")

    def withdraw(self, run: Requester) -> None:
        """Leave the queue for a worker. A worker that was granted must still be released. Only for runs."""
        with self._lock:
            if run in self._waiting:
                self._waiting.remove(run)

    def release(self, handle: WorkerHandle) -> None:
        """Give back a worker that has nothing to do. Only for runs."""
        with self._lock:
            # If the worker has died in the meantime, it has no owner any more.
            if self._owners.pop(handle, None) is not None:
                self._offer(handle)

    def discard(self, handle: WorkerHandle, reason: str = "") -> None:
        """Give back a worker that is busy. It is killed and replaced. Only for runs.

        Args:
            handle: The worker.
            reason: Why it counts as lost; empty if it does not, because its run was stopped.
        """
        with self._lock:
            # If the worker has died in the meantime, it has no owner any more, and has been counted.
            if self._owners.pop(handle, None) is not None:
                self._doomed[handle] = reason
        handle.kill()

    # The methods below need the lock, except _on_reply and _on_end, which take it: threads of the handles
    # call them.

    def _spawn(self) -> None:
        # The handle's thread may report at once. It waits for the lock, so that the handle is in _handles by
        # then.
        handle = WorkerHandle(
            memory_limit_bytes=self._memory_limit_bytes,
            threads=max(1, (os.cpu_count() or 1) // self._size),
            now=self._now,
            on_reply=self._on_reply,
            on_end=self._on_end,
        )
        self._handles.add(handle)

    def _offer(self, handle: WorkerHandle) -> None:
        if self._waiting:
            self._grant(handle, self._waiting.popleft())
        else:
            self._idle.append(handle)

    def _grant(self, handle: WorkerHandle, run: Requester) -> None:
        self._owners[handle] = run
        # A worker is granted for one batch, and often to the same job again.
        if handle not in self._jobs or self._jobs[handle][0] != run.job_id:
            self._jobs[handle] = (run.job_id, self._now())
        run.events.put(Granted(handle))

    def _work_of(self, handle: WorkerHandle) -> tuple[str, datetime] | tuple[None, None]:
        return self._jobs[handle] if handle in self._owners else (None, None)

    def _on_reply(self, handle: WorkerHandle, reply: Reply | Progress) -> None:
        with self._lock:
            if handle not in self._ready:
                # The first reply means that the process is ready.
                self._ready.add(handle)
                self._failed_starts = 0
                self._accelerators = reply.accelerators if isinstance(reply, Reply) else frozenset()
                self._has_reported.set()
                self._offer(handle)
            elif handle in self._owners:
                self._owners[handle].events.put(Replied(handle, reply))

    def _on_end(self, handle: WorkerHandle) -> None:
        with self._lock:
            self._handles.discard(handle)
            if not self._closed:
                self._count_loss(handle)
            if handle in self._idle:
                self._idle.remove(handle)
            self._doomed.pop(handle, None)
            self._jobs.pop(handle, None)
            if handle in self._owners:
                event = Unavailable(_CLOSED) if self._closed else Ended(handle)
                self._owners.pop(handle).events.put(event)
            if handle not in self._ready:
                self._failed_starts += 1  # reset as soon as any process becomes ready
            self._ready.discard(handle)
            if self._closed:
                return
            reason = (
                f"they end at once ({handle.describe_end()}). To see the error, run python -c 'import "
                "qiskit_qoro.local.workers.worker_process'"
            )
            self._replace(reason)

    def _count_loss(self, handle: WorkerHandle) -> None:
        """Count a worker that has ended, unless it was killed because its run was stopped."""
        if handle in self._owners:
            doing = "it worked on a job"
        else:
            doing = "it was idle" if handle in self._ready else "it was starting"
        reason = self._doomed.get(handle, f"{handle.describe_end()} while {doing}")
        if reason:
            self._num_lost += 1
            self._last_loss = Loss(reason, self._now())

    def _replace(self, reason: str) -> None:
        """Start a process in place of one that has ended. If no process is left, end the waiting runs."""
        if self._failed_starts < _MAX_FAILED_STARTS:
            try:
                self._spawn()
            except OSError as error:  # no file descriptors or no memory, for example
                reason = str(error)
        if not self._handles:
            # Stop replacing processes, until the next run tries again.
            self._give_up(_NOT_STARTED.format(reason))

    def _give_up(self, reason: str) -> None:
        for run in self._waiting:
            run.events.put(Unavailable(reason))
        self._waiting.clear()
