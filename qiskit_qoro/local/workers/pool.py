"""A pool of worker processes that run circuits, because the engine can crash, hang, or eat memory.

The processes are started once and kept warm. Any number of threads may call :meth:`WorkerPool.run` at
once, each with its own list of tasks. Whoever wants a worker queues for one, gets it for one batch of
about a tenth of a second, gives it back and queues again, so that jobs share the workers in turn and a
lone job gets them all. A process that dies is replaced; one that has to be stopped is killed.

Nothing here waits for a pipe: threads of the handles turn replies, deaths and free workers into events,
and each run waits for its own events only.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.methods import default_memory_limit
from qiskit_qoro.local.workers.pool_run import Ended, Event, Granted, Replied, Run, TaskFailure, Unavailable
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, Reply, SweepValues
from qiskit_qoro.local.workers.worker_handle import WorkerHandle

__all__ = ["CircuitTask", "TaskFailure", "WorkerPool", "default_workers"]

_MOST_WORKERS = 4  # by default; each takes about 100 MB before it does anything
_MOST_FAILED_STARTS = 3
_CLOSED = "the worker pool has been closed"


def default_workers() -> int:
    """How many worker processes suit this machine: one for each processor, at most four."""
    return max(1, min(_MOST_WORKERS, os.cpu_count() or 1))


class WorkerPool:
    """Worker processes that run tasks.

    Args:
        workers: How many processes, by default :func:`default_workers`.
        time_limit_s: Seconds that one circuit may take.
        memory_limit_bytes: The most memory that one circuit may take, by default an equal share of
            what is free when the pool starts, at most 4 GiB.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        time_limit_s: float = 300.0,
        memory_limit_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = default_workers() if workers is None else workers
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._handles: set[WorkerHandle] = set()
        self._fit: set[WorkerHandle] = set()  # those that said that they are ready
        self._free: deque[WorkerHandle] = deque()
        self._owners: dict[WorkerHandle, queue.SimpleQueue[Event]] = {}
        self._waiting: deque[queue.SimpleQueue[Event]] = deque()
        self._failed_starts = 0
        self._closed = False

    @property
    def size(self) -> int:
        """How many processes the pool keeps."""
        return self._size

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that live now, in ascending order."""
        with self._lock:
            return tuple(sorted(handle.pid for handle in self._handles))

    def start(self) -> None:
        """Start the processes that are missing; they get ready in the background.

        Raises:
            QoroError: The pool has been closed.
        """
        with self._lock:
            if self._closed:
                raise QoroError(_CLOSED)
            self._failed_starts = 0
            if self._memory_limit_bytes is None:
                self._memory_limit_bytes = default_memory_limit(engines=self._size)
            while len(self._handles) < self._size:
                self._spawn()

    def run(
        self,
        tasks: Sequence[CircuitTask] | Sequence[QuboTask],
        *,
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None = None,
        on_values: Callable[[int, SweepValues], None] | None = None,
    ) -> bool:
        """Run tasks on all workers that are free, and return when that is over.

        Args:
            tasks: What to run.
            stop: Setting it ends the run, within half a second, even from the middle of a task.
            on_result: Called from this thread with the index of a task and its result, as results
                come, in no particular order.
            on_failure: Called in the same way with the index of a task that could not be run, took too
                long, needed too much memory, or brought its process down, and with the reason; the others
                go on. ``None`` ends the run there.
            on_values: Called in the same way with the expectation values of several tasks in a row, and the
                index of the first of them. Without it they are handed to ``on_result`` one by one.

        Returns:
            Whether all tasks were run; ``False`` when ``stop`` ended it.

        Raises:
            TaskFailure: A task failed, and there is no ``on_failure``; or so many crashed or took too long
                that the rest was given up. What was running has been stopped.
            QoroError: No worker process can be started, or the pool has been closed.
        """
        self.start()
        run = Run(
            self,
            tasks,
            stop,
            on_result,
            on_failure,
            on_values=on_values,
            time_limit_s=self._time_limit_s,
            clock=self._clock,
        )
        return run.execute()

    def close(self) -> None:
        """End all processes and wait for them; runs that go on end with an error. May be repeated."""
        with self._lock:
            self._closed = True
            handles = tuple(self._handles)
            self._free.clear()
            for events in self._waiting:
                events.put(Unavailable(_CLOSED))
            self._waiting.clear()
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

    def request(self, events: queue.SimpleQueue[Event]) -> None:
        """Queue for a worker, which comes as a :class:`Granted` event. For runs only."""
        with self._lock:
            if self._closed:
                events.put(Unavailable(_CLOSED))
                return
            if self._free:
                self._grant(self._free.popleft(), events)
            else:
                self._waiting.append(events)

    def withdraw(self, events: queue.SimpleQueue[Event]) -> None:
        """Leave the queue for a worker; one that was granted before is still to be released."""
        with self._lock:
            if events in self._waiting:
                self._waiting.remove(events)

    def release(self, handle: WorkerHandle) -> None:
        """Give a worker back that has nothing to do."""
        with self._lock:
            # A worker that has died since has no owner any more.
            if self._owners.pop(handle, None) is not None:
                self._offer(handle)

    def discard(self, handle: WorkerHandle) -> None:
        """Give a worker back that is in the middle of something: it is killed and replaced."""
        with self._lock:
            self._owners.pop(handle, None)
        handle.kill()

    def _spawn(self) -> None:
        handle = WorkerHandle(
            memory_limit_bytes=self._memory_limit_bytes,
            threads=max(1, (os.cpu_count() or 1) // self._size),
            on_reply=self._replied,
            on_end=self._ended,
        )
        self._handles.add(handle)

    def _offer(self, handle: WorkerHandle) -> None:
        if self._waiting:
            self._grant(handle, self._waiting.popleft())
        else:
            self._free.append(handle)

    def _grant(self, handle: WorkerHandle, events: queue.SimpleQueue[Event]) -> None:
        self._owners[handle] = events
        events.put(Granted(handle))

    def _replied(self, handle: WorkerHandle, reply: Reply) -> None:
        with self._lock:
            if handle not in self._fit:
                self._fit.add(handle)
                self._failed_starts = 0
                self._offer(handle)
            elif handle in self._owners:
                self._owners[handle].put(Replied(handle, reply))

    def _ended(self, handle: WorkerHandle) -> None:
        with self._lock:
            self._handles.discard(handle)
            if handle in self._free:
                self._free.remove(handle)
            if handle in self._owners:
                self._owners.pop(handle).put(Unavailable(_CLOSED) if self._closed else Ended(handle))
            if handle not in self._fit:
                self._failed_starts += 1
            self._fit.discard(handle)
            if self._closed:
                return
            if self._failed_starts < _MOST_FAILED_STARTS:
                self._spawn()
            elif not self._handles:
                self._give_up(handle)

    def _give_up(self, handle: WorkerHandle) -> None:
        reason = (
            f"worker processes cannot be started: they end at once ({handle.describe_end()}); "
            "python -c 'import qiskit_qoro.local.workers.worker_process' may say why"
        )
        for events in self._waiting:
            events.put(Unavailable(reason))
        self._waiting.clear()
