"""Run a list of tasks on the workers of a pool: send batches, pass results on, and enforce the time limit.

A run has one thread, the caller's. It waits for events in a queue of its own, which the pool fills:

- :class:`Granted`: a worker belongs to this run, until the run releases or discards it;
- :class:`Replied`: a worker of this run has sent a reply;
- :class:`Ended`: the process of a worker of this run has died;
- :class:`Unavailable`: there will be no more workers.

Each task is in one of these states:

===========  ==================================================================================
pending      in ``PendingTasks``: not sent yet, or returned because its worker was lost
in flight    in the batch of a worker in ``_batches``
done         its result or its failure was passed to the caller, exactly once
===========  ==================================================================================

A worker is lost if its process dies, or if the run discards it because a task takes too long. What happens to
the tasks of its batch depends on what it was doing:

- **It died before it started the batch.** No task is to blame, so all of them become pending again. If that
  happens too often, the run fails with the first of them, because they may be to blame after all.
- **One task was running.** That task fails, and the rest of the batch becomes pending again.
- **Several rows of a sweep were running together.** Any of them may be to blame. All become pending again,
  each in a batch of its own. Then the row that is to blame loses its worker alone, and fails.

Every lost worker has to be replaced by a new process, which takes a while. So the run gives up when too many
are lost.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.methods import slow_method_advice
from qiskit_qoro.local.workers.batch_sizing import BatchSizing
from qiskit_qoro.local.workers.pending_tasks import PendingTasks
from qiskit_qoro.local.workers.receiver import MAX_LOST_WORKERS, TICK_S, Receiver
from qiskit_qoro.local.workers.tasks import Progress, Reply, SweepResults
from qiskit_qoro.local.workers.worker_handle import WorkerHandle
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["Ended", "Event", "Granted", "PoolRun", "Replied", "Requester", "Unavailable"]

# How long to wait at the end for short batches to finish. A finished worker does not have to be replaced.
_GRACE_S = 0.2

# How long a worker may take to start a batch. On a busy machine, imports take a few seconds.
_MAX_START_S = 30.0

# The number of workers that may die before they start their batch.
_MAX_IDLE_DEATHS = 3


@dataclass(frozen=True)
class Granted:
    """A worker belongs to this run until it is released or discarded."""

    handle: WorkerHandle


@dataclass(frozen=True)
class Replied:
    """A worker of this run has sent a reply, or what it is doing."""

    handle: WorkerHandle
    reply: Reply | Progress


@dataclass(frozen=True)
class Ended:
    """The process of a worker of this run has died. The worker does not belong to the run any more."""

    handle: WorkerHandle


@dataclass(frozen=True)
class Unavailable:
    """No worker will be granted, for the given reason."""

    reason: str


Event = Granted | Replied | Ended | Unavailable


@dataclass(frozen=True, eq=False)
class Requester:
    """A run, as the pool sees it.

    Attributes:
        job_id: The job that the tasks belong to; empty if there is none.
        events: Where the pool puts the events that concern the run.
    """

    job_id: str
    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)


class Workers(Protocol):
    """The part of the pool that a run uses; see :class:`~qiskit_qoro.local.workers.pool.WorkerPool`."""

    @property
    def size(self) -> int: ...
    def request(self, run: Requester) -> None: ...
    def withdraw(self, run: Requester) -> None: ...
    def release(self, handle: WorkerHandle) -> None: ...
    def discard(self, handle: WorkerHandle, reason: str = "") -> None: ...


@dataclass
class _Batch:
    """The tasks in flight on one worker.

    Attributes:
        position: The index of the first task without a reply.
        end: The index after the last task.
        since: When the task at ``position`` began, or before the batch starts, when it was sent.
        sizing: Records how long the tasks take.
        has_started: Whether the worker has reported that it started the batch.
        details: The method of the task at ``position``, if the worker has reported it.
    """

    position: int
    end: int
    since: float
    sizing: BatchSizing
    has_started: bool = False
    details: ResultDetails | None = None


class PoolRun:
    """One call of :meth:`WorkerPool.run`, which documents the arguments."""

    def __init__(
        self,
        workers: Workers,
        receiver: Receiver,
        stop: threading.Event,
        *,
        job_id: str = "",
        time_limit_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._workers = workers
        self._receiver = receiver
        self._tasks = receiver.tasks
        self._stop = stop
        self._time_limit_s = time_limit_s
        self._clock = clock
        self._requester = Requester(job_id)
        self._pending = PendingTasks(self._tasks, workers=workers.size, time_limit_s=time_limit_s)
        # The workers of this run that have work. A worker is in here from the moment it gets a batch until it
        # has answered the whole batch or is lost. Events of other workers are late and are ignored.
        self._batches: dict[WorkerHandle, _Batch] = {}
        # Whether the run waits in the pool's queue. It has at most one place there, so that runs take turns.
        self._has_requested = False
        self._idle_deaths = 0

    def execute(self) -> bool:
        """Run the tasks. Returns ``False`` if the stop event ended the run early."""
        try:
            while self._pending or self._batches:
                if self._stop.is_set():
                    return False
                self._request_worker()
                event = self._next_event(TICK_S)
                if event is not None:
                    self._handle_event(event)
                now = self._clock()
                self._check_time_limit(now)
                self._receiver.tick(now)
            return True
        finally:
            self._give_workers_back()

    def _request_worker(self) -> None:
        if not self._has_requested and self._pending:
            self._has_requested = True
            self._workers.request(self._requester)

    def _next_event(self, timeout_s: float) -> Event | None:
        try:
            return self._requester.events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def _handle_event(self, event: Event) -> None:
        match event:
            case Granted(handle):
                self._has_requested = False
                self._send_batch(handle)
            case Replied(handle, Progress(details)) if handle in self._batches:
                self._batches[handle].details = details
            case Replied(handle, Reply() as reply) if handle in self._batches:
                index = self._record_reply(handle, reply)
                if index is not None:
                    self._receiver.pass_on(index, reply)
            case Ended(handle) if handle in self._batches:
                self._handle_death(handle)
            case Unavailable(reason):
                raise QoroError(reason)
            # Any other event is a late one, from a worker that was discarded.

    def _send_batch(self, handle: WorkerHandle) -> None:
        if not self._pending:
            # Another worker took the last tasks while this run was waiting.
            self._workers.release(handle)
            return
        batch = self._pending.take_batch()
        self._batches[handle] = _Batch(batch.start, batch.end, self._clock(), batch.sizing)
        handle.send(batch.tasks)

    def _record_reply(self, handle: WorkerHandle, reply: Reply) -> int | None:
        """Update a worker's batch.

        Returns:
            The index of the first task that the reply answers, or ``None`` if the worker only started the
            batch.
        """
        batch = self._batches[handle]
        index, now = batch.position, self._clock()
        if not batch.has_started:
            # The first reply to a batch is empty. The time limit of the first task counts from here.
            batch.has_started, batch.since = True, now
            return None
        # Use the worker's time for the sizing. This thread may have been busy with callbacks, so that "now"
        # is late.
        batch.sizing.record(reply.count, reply.seconds, together=isinstance(reply.result, SweepResults))
        batch.position, batch.since, batch.details = index + reply.count, now, None
        if batch.position == batch.end:
            del self._batches[handle]
            self._workers.release(handle)
        return index

    def _handle_death(self, handle: WorkerHandle) -> None:
        batch = self._batches.pop(handle)
        reason = f"the engine crashed ({handle.describe_end()})"
        if batch.has_started:
            self._handle_lost_worker(batch, reason)
            return
        self._idle_deaths += 1
        if self._idle_deaths > _MAX_IDLE_DEATHS:
            raise self._receiver.not_started(batch.position, reason)
        self._pending.put_back(batch.position, batch.end)

    def _check_time_limit(self, now: float) -> None:
        # A worker may have to import modules before it starts a batch.
        starting_s = max(self._time_limit_s, _MAX_START_S)
        late = [
            handle
            for handle, batch in self._batches.items()
            if now - batch.since > (self._time_limit_s if batch.has_started else starting_s)
        ]
        for handle in late:
            batch = self._batches.pop(handle)
            kind = self._tasks[batch.position].kind
            self._workers.discard(handle, f"a {kind} took longer than the {self._time_limit_s:g} s allowed")
            self._handle_lost_worker(batch, self._time_limit_reason(batch))

    def _time_limit_reason(self, batch: _Batch) -> str:
        reason = f"it took longer than the {self._time_limit_s:g} s allowed"
        if batch.details is None:
            return reason
        return (
            f"{reason}, with the method {batch.details.method} ({batch.details.reason}): "
            f"{slow_method_advice(batch.details)}"
        )

    def _handle_lost_worker(self, batch: _Batch, reason: str) -> None:
        """Decide which task of a lost worker failed, and put the others back."""
        self._receiver.num_lost += 1
        # is_sweep describes the previous reply of this kind. Rows that were sent together after it run
        # together again.
        if batch.sizing.is_sweep and batch.end - batch.position > 1:
            self._pending.put_back_singly(batch.position, batch.end)
        else:
            self._receiver.fail(batch.position, reason)
            self._pending.put_back(batch.position + 1, batch.end)
        if self._receiver.num_lost >= MAX_LOST_WORKERS and self._pending:
            raise self._receiver.giving_up(batch.position, reason, self._receiver.num_lost)

    def _give_workers_back(self) -> None:
        """Release all workers. Discard those that are still busy after the grace period."""
        self._workers.withdraw(self._requester)
        deadline = self._clock() + _GRACE_S
        # Without busy workers the timeout is 0: this only empties the queue, which may hold a granted worker.
        while True:
            event = self._next_event(deadline - self._clock() if self._batches else 0.0)
            match event:
                case Granted(handle):
                    self._workers.release(handle)
                case Replied(handle, reply):
                    if handle in self._batches and isinstance(reply, Reply):
                        self._record_reply(handle, reply)
                case Ended(handle):
                    self._batches.pop(handle, None)
                case None:
                    break
        for handle in self._batches:
            self._workers.discard(handle)
