"""One run of a list of tasks on the workers of a pool: batches out, results in, limits kept."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.batch_sizing import BatchSizing
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, Reply, SweepValues
from qiskit_qoro.local.workers.worker_handle import WorkerHandle

__all__ = ["Ended", "Event", "Granted", "Replied", "Run", "TaskFailure", "Unavailable"]

_TICK_S = 0.1  # how often the stop event and the time limit are looked at
_GRACE_S = 0.2  # for a batch of short tasks to end by itself, which spares a process
_MOST_DEATHS = 3  # of workers that were idle, before the circuits become suspect
_MOST_LOSSES = 8  # of workers that circuits crashed or held too long, before the rest is left alone


class TaskFailure(QoroError):  # noqa: N818  it is what happened to a circuit
    """A task that could not be run. The message names it and says why.

    Attributes:
        label: The task's label.
    """

    def __init__(self, message: str, *, label: str) -> None:
        super().__init__(message)
        self.label = label


@dataclass(frozen=True)
class Granted:
    """A worker is this run's until it is released."""

    handle: WorkerHandle


@dataclass(frozen=True)
class Replied:
    """A worker of this run has answered the next tasks of its batch."""

    handle: WorkerHandle
    reply: Reply


@dataclass(frozen=True)
class Ended:
    """A worker of this run has died."""

    handle: WorkerHandle


@dataclass(frozen=True)
class Unavailable:
    """There will be no worker."""

    reason: str


Event = Granted | Replied | Ended | Unavailable


class Workers(Protocol):
    """What a run needs of the pool."""

    @property
    def size(self) -> int: ...
    def request(self, events: queue.SimpleQueue[Event]) -> None: ...
    def withdraw(self, events: queue.SimpleQueue[Event]) -> None: ...
    def release(self, handle: WorkerHandle) -> None: ...
    def discard(self, handle: WorkerHandle) -> None: ...


@dataclass
class _Batch:
    """Tasks ``position <= k < end`` are still to be answered, the first of them since ``since``."""

    position: int
    end: int
    since: float
    pace: BatchSizing
    has_begun: bool = False


class Run:
    """One call of :meth:`WorkerPool.run`, which documents the arguments."""

    def __init__(
        self,
        workers: Workers,
        tasks: Sequence[CircuitTask] | Sequence[QuboTask],
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None,
        *,
        on_values: Callable[[int, SweepValues], None] | None = None,
        time_limit_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._workers = workers
        self._tasks = tasks
        self._stop = stop
        self._on_result = on_result
        self._on_failure = on_failure
        self._on_values = on_values
        self._time_limit_s = time_limit_s
        self._clock = clock
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._busy: dict[WorkerHandle, _Batch] = {}
        self._next = 0
        self._unbegun: list[tuple[int, int]] = []  # ranges whose worker is gone, and not because of them
        self._deaths = 0  # of such workers
        self._losses = 0  # of workers in the middle of a task
        self._is_waiting = False
        self._pace = BatchSizing(None, time_limit_s=time_limit_s)

    def execute(self) -> bool:
        """Run it; whether it ran to its end."""
        try:
            while self._has_more() or self._busy:
                if self._stop.is_set():
                    return False
                self._request()
                event = self._wait(_TICK_S)
                if event is not None:
                    self._react(event)
                self._check_time()
            return True
        finally:
            self._leave()

    def _has_more(self) -> bool:
        return self._next < len(self._tasks) or bool(self._unbegun)

    def _request(self) -> None:
        if not self._is_waiting and self._has_more():
            self._is_waiting = True
            self._workers.request(self._events)

    def _wait(self, timeout_s: float) -> Event | None:
        try:
            return self._events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def _react(self, event: Event) -> None:
        match event:
            case Granted(handle):
                self._is_waiting = False
                self._send(handle)
            case Replied(handle, reply) if handle in self._busy:
                index = self._advance(handle, reply)
                if index is not None:
                    self._take(index, reply)
            case Ended(handle) if handle in self._busy:
                self._bury(handle)
            case Unavailable(reason):
                raise QoroError(reason)
            # What is left is the last word of a worker that was given up.

    def _send(self, handle: WorkerHandle) -> None:
        if not self._has_more():
            self._workers.release(handle)
            return
        start, tasks = self._take_tasks()
        self._busy[handle] = _Batch(start, start + len(tasks), self._clock(), self._pace)
        handle.send(tuple(tasks))

    def _take_tasks(self) -> tuple[int, Sequence[CircuitTask | QuboTask]]:
        """The next tasks to run, and the index of the first of them. Rows of a sweep come alone."""
        if self._unbegun:
            start, end = self._unbegun.pop()
            self._keep_pace(self._tasks[start].sweep)
            return start, self._tasks[start:end]
        start = self._next
        size = self._pace.batch_size(len(self._tasks) - start, self._workers.size)
        tasks: Sequence[Any] = self._tasks[start : start + size]
        kind = tasks[0].sweep
        if self._keep_pace(kind):
            tasks = list(takewhile(lambda task: task.sweep == kind, tasks))
        else:
            tasks = tasks[:1]  # of what is new, one is tried
        self._next = start + len(tasks)
        return start, tasks

    def _keep_pace(self, kind: object) -> bool:
        """Have the pace of a kind of tasks, and tell whether it was there already."""
        if kind == self._pace.kind:
            return True
        self._pace = BatchSizing(kind, time_limit_s=self._time_limit_s)
        return False

    def _bury(self, handle: WorkerHandle) -> None:
        batch = self._busy.pop(handle)
        reason = f"the engine crashed ({handle.describe_end()})"
        if batch.has_begun:
            self._lose(batch, reason)
            return
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise self._failure(batch.position, reason)
        self._unbegun.append((batch.position, batch.end))

    def _lose(self, batch: _Batch, reason: str) -> None:
        """A worker is gone, and the task that it worked on is to blame; the rest of its batch is not.

        Of several tasks that it ran together any may be to blame: that shows when each is run by itself.
        """
        self._losses += 1
        if batch.pace.is_sweep and batch.end - batch.position > 1:
            self._unbegun += [(index, index + 1) for index in range(batch.position, batch.end)]
        else:
            self._fail(batch.position, reason)
            if batch.position + 1 < batch.end:
                self._unbegun.append((batch.position + 1, batch.end))
        if self._losses >= _MOST_LOSSES and self._has_more():
            failure = self._failure(batch.position, reason)
            failure.extend(
                f"It is the {self._losses}th that had to be stopped or crashed: the rest was not run"
            )
            raise failure

    def _advance(self, handle: WorkerHandle, reply: Reply) -> int | None:
        """Note a worker's reply; the index of the first task that it answers, ``None`` if it just began."""
        batch = self._busy[handle]
        index, now = batch.position, self._clock()
        if not batch.has_begun:
            batch.has_begun, batch.since = True, now
            return None
        batch.pace.note(reply.count, reply.seconds, together=isinstance(reply.result, SweepValues))
        batch.position, batch.since = index + reply.count, now
        if batch.position == batch.end:
            del self._busy[handle]
            self._workers.release(handle)
        return index

    def _take(self, index: int, reply: Reply) -> None:
        if reply.result is None:
            self._fail(index, reply.reason or "no result")
        elif not isinstance(reply.result, SweepValues):
            self._on_result(index, reply.result)
        elif self._on_values is not None:
            self._on_values(index, reply.result)
        else:
            for position, result in enumerate(reply.result, start=index):
                self._on_result(position, result)

    def _check_time(self) -> None:
        now = self._clock()
        late = [handle for handle, batch in self._busy.items() if now - batch.since > self._time_limit_s]
        for handle in late:
            batch = self._busy.pop(handle)
            self._workers.discard(handle)
            self._lose(batch, f"it took longer than the {self._time_limit_s:g} s allowed")

    def _fail(self, index: int, reason: str) -> None:
        if self._on_failure is None:
            raise self._failure(index, reason)
        self._on_failure(index, reason)

    def _failure(self, index: int, reason: str) -> TaskFailure:
        task = self._tasks[index]
        return TaskFailure(f"{task.kind} {task.label!r}: {reason}", label=task.label)

    def _leave(self) -> None:
        """Give all workers back: those that are nearly through by themselves, the others by force."""
        self._workers.withdraw(self._events)
        deadline = self._clock() + _GRACE_S
        while True:
            event = self._wait(deadline - self._clock() if self._busy else 0.0)
            match event:
                case Granted(handle):
                    self._workers.release(handle)
                case Replied(handle, reply):
                    if handle in self._busy:
                        self._advance(handle, reply)
                case Ended(handle):
                    self._busy.pop(handle, None)
                case None:
                    break
        for handle in self._busy:
            self._workers.discard(handle)
