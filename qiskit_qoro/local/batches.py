"""One run of a list of tasks on the workers of a pool: batches out, results in, limits kept."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.tasks import Problem, Reply, Task, Values
from qiskit_qoro.local.worker_handle import WorkerHandle

__all__ = ["Ended", "Event", "Granted", "Replied", "Run", "TaskFailure", "Unavailable"]

_TICK_S = 0.1  # how often the stop event and the time limit are looked at
_GRACE_S = 0.2  # for a batch of short tasks to end by itself, which spares a process
_BATCH_S = 0.1  # how long a batch should take
_LEAST_S = 0.005
_LARGEST_BATCH = 64
_LARGEST_SWEEP = 4096  # tasks that are run together
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
    has_begun: bool = False


class Run:
    """One call of :meth:`WorkerPool.run`, which documents the arguments."""

    def __init__(
        self,
        workers: Workers,
        tasks: Sequence[Task] | Sequence[Problem],
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None,
        *,
        on_values: Callable[[int, Values], None] | None = None,
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
        self._unbegun: list[tuple[int, int]] = []  # ranges whose worker died before it began
        self._deaths = 0  # of such workers
        self._losses = 0  # of workers in the middle of a task
        self._is_waiting = False
        self._answered = 0
        self._worked_s = 0.0
        self._largest = _LARGEST_BATCH

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
        if self._unbegun:
            start, end = self._unbegun.pop()
        else:
            start, end = self._next, min(self._next + self._batch_size(), len(self._tasks))
            self._next = end
        if start == end:
            self._workers.release(handle)
            return
        self._busy[handle] = _Batch(start, end, self._clock())
        handle.send(tuple(self._tasks[start:end]))

    def _batch_size(self) -> int:
        """As many tasks as fit in a batch's time, and no more than a worker's share of the rest."""
        share = -(-(len(self._tasks) - self._next) // self._workers.size)
        fitting = int(_BATCH_S * self._answered / self._worked_s) if self._worked_s else 1
        # A batch takes about a millisecond to hand over: what takes little more is not shared.
        return max(1, min(fitting, self._largest, max(share, int(fitting * _LEAST_S / _BATCH_S))))

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
        """A worker is gone, and the task that it worked on is to blame; the rest of its batch is not."""
        self._losses += 1
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
        if isinstance(reply.result, Values):
            # Many together take less each than the few of the batch before did.
            self._answered, self._worked_s, self._largest = 0, 0.0, _LARGEST_SWEEP
        self._answered += reply.count
        self._worked_s += now - batch.since
        batch.position, batch.since = index + reply.count, now
        if batch.position == batch.end:
            del self._busy[handle]
            self._workers.release(handle)
        return index

    def _take(self, index: int, reply: Reply) -> None:
        if reply.result is None:
            self._fail(index, reply.reason or "no result")
        elif not isinstance(reply.result, Values):
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
