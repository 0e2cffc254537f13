"""Run a list of tasks on a cluster: send batches, pass results on, and decide what a lost worker means.

A run has one thread, the caller's. It waits for events in a queue of its own, which the dispatcher and the
link fill. Each task is in one of these states:

===========  ==============================================================================================
pending      in the backlog: not sent yet, or returned because its worker was lost
in flight    in a batch in ``_in_flight``, under the key of the batch
done         its result or its failure was passed to the caller, exactly once
===========  ==============================================================================================

A batch is removed from ``_in_flight`` with its first answer, or when its worker is gone. Later answers have
an unknown key, and are ignored. So a batch that was given up delivers nothing, and can be sent again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import partial

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.batch_sizing import BatchLimits
from qiskit_qoro.local.workers.cluster.batch_codec import encode_batch
from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply
from qiskit_qoro.local.workers.cluster.runs.backlog import Backlog, Chunk
from qiskit_qoro.local.workers.cluster.runs.blame import Blame, failed, lost
from qiskit_qoro.local.workers.cluster.runs.dispatcher import Dispatcher
from qiskit_qoro.local.workers.cluster.runs.events import (
    Answered,
    Event,
    FleetChanged,
    Granted,
    Requester,
    Unavailable,
    Wish,
    WorkerGone,
)
from qiskit_qoro.local.workers.cluster.runs.fleet import ClusterWorker, Need
from qiskit_qoro.local.workers.cluster.runs.loss_memory import LossMemory
from qiskit_qoro.local.workers.cluster.worker_link import Answer, BatchFailed, BatchLost, WorkerLink
from qiskit_qoro.local.workers.pool_interface import PoolUnavailableError
from qiskit_qoro.local.workers.receiver import TICK_S, Receiver
from qiskit_qoro.local.workers.tasks import AnyTask, StateTask, SweepResults

__all__ = ["ClusterRun"]

# A batch takes about a second, because it takes about ten milliseconds to send it.
_LIMITS = BatchLimits(batch_s=1.0, first_batch=4, max_batch=1024, max_sweep_batch=32768, min_share=0.1)

# A state may take hundreds of megabytes, and an answer has all states of a batch.
_STATE_LIMITS = BatchLimits(batch_s=0.2, max_batch=8)

# A worker with one process has two batches of a run, so that half a process's share is enough for a batch.
_SHARES_PER_PROCESS = 2

# How many times a worker may ask for templates of the same batch.
_MAX_REPEATS = 3


@dataclass(frozen=True)
class _Sent:
    """A batch in flight.

    Attributes:
        chunk: Its tasks.
        place: Where it is.
        templates: The names of the templates that it uses.
        repeats: How many times its worker has asked for templates.
    """

    chunk: Chunk
    place: Granted
    templates: frozenset[str]
    repeats: int = 0


class _Asked(Container[str]):
    """The templates of a worker. It remembers which names were asked for."""

    def __init__(self, known: Container[str]) -> None:
        self._known = known
        self.names: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return name in self._known


class ClusterRun:
    """One call of :meth:`DistributedPool.run`.

    Args:
        dispatcher: Grants places on workers.
        link: Sends the batches.
        receiver: The tasks, and who gets their results.
        stop: Ends the run when it is set.
        job_id: The job that the tasks belong to.
        new_key: Returns a name for a batch that no other batch has.
        report_reply: Called with the worker and each answer to a batch.
        memory: Remembers tasks that lost their workers, if the run is interrupted.
        time_limit_s: The time limit of one task, in seconds.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        link: WorkerLink,
        receiver: Receiver,
        stop: threading.Event,
        *,
        job_id: str,
        new_key: Callable[[], str],
        report_reply: Callable[[ClusterWorker, BatchReply], None],
        memory: LossMemory,
        time_limit_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._dispatcher = dispatcher
        self._link = link
        self._receiver = receiver
        self._stop = stop
        self._new_key = new_key
        self._report_reply = report_reply
        self._time_limit_s = time_limit_s
        self._clock = clock
        self._requester = Requester(job_id)
        self._memory = memory
        self._backlog = Backlog(
            receiver.tasks,
            memory.recall(job_id, receiver.tasks),
            dispatcher.enter(self._requester),
            time_limit_s=time_limit_s,
            limits=_limits_of(receiver.tasks),
        )
        self._blame = Blame(receiver, self._backlog)
        self._in_flight: dict[str, _Sent] = {}
        # Whether the run waits in the dispatcher's queue. It has at most one place there.
        self._has_requested = False
        # Whether the stop event was set while replies were passed on, so that some tasks have no result.
        self._has_dropped_replies = False
        # The templates of the last batch. The next one is likely to use them too.
        self._templates: frozenset[str] = frozenset()

    def execute(self) -> bool:
        """Run the tasks. Call it once. Returns ``False`` if the stop event ended the run early.

        Raises:
            PoolUnavailableError: No worker can be reached.
            TaskFailure: A task failed and the caller wants no failures, or too many tasks cost a process.
            QoroError: The pool is closed.
        """
        try:
            while self._backlog or self._in_flight:
                if self._stop.is_set():
                    return False
                self._request_place()
                event = self._next_event()
                if event is not None:
                    self._handle_event(event)
                now = self._clock()
                self._dispatcher.tick(now)
                self._receiver.tick(now)
            return not self._has_dropped_replies
        except PoolUnavailableError:
            spans = (*self._backlog.spans, *(sent.chunk.span for sent in self._in_flight.values()))
            self._memory.remember(self._requester.job_id, self._receiver.tasks, spans)
            raise
        finally:
            # Answers that still arrive are ignored, because nobody reads the queue any more.
            if self._in_flight:
                self._link.cancel(tuple(self._in_flight))
            self._dispatcher.exit(self._requester)

    def _request_place(self) -> None:
        if not self._has_requested and self._backlog:
            self._has_requested = True
            self._dispatcher.request(self._requester, self._wish())

    def _wish(self) -> Wish:
        return Wish(self._backlog.needs, self._backlog.has_unread, self._templates)

    def _next_event(self) -> Event | None:
        try:
            return self._requester.events.get(timeout=TICK_S)
        except queue.Empty:
            return None

    def _handle_event(self, event: Event) -> None:
        match event:
            case Granted():
                self._has_requested = False
                self._use_place(event)
            case Answered(key, answer):
                sent = self._in_flight.pop(key, None)
                if sent is not None:
                    self._handle_answer(sent, answer)
            case WorkerGone(worker, reason, is_stopped):
                keys = [key for key, sent in self._in_flight.items() if sent.place.worker is worker]
                for key in keys:
                    span = self._in_flight.pop(key).chunk.span
                    if is_stopped:
                        self._blame.leave_out(span, worker.name, BatchReply(is_stopped=True))
                    else:
                        self._blame.lose(span, worker.name, lost(reason))
            case FleetChanged(capabilities):
                self._backlog.look_again(capabilities)
                self._dispatcher.change_wish(self._requester, self._wish())
            case Unavailable(reason, is_final):
                raise QoroError(reason) if is_final else self._unavailable(reason)

    def _unavailable(self, reason: str) -> PoolUnavailableError:
        address = self._link.address
        return PoolUnavailableError(
            f"the cluster at {address} cannot be used: {reason}. The job goes on when it can be used again"
        )

    def _use_place(self, place: Granted) -> None:
        def is_fitting(need: Need) -> bool:
            return need.is_alone <= place.is_alone and self._dispatcher.fits(place.worker, need)

        num_shares = _SHARES_PER_PROCESS * self._dispatcher.num_processes
        chunk = self._backlog.take(is_fitting, num_shares) if self._backlog else None
        if chunk is None:
            self._dispatcher.release(self._requester, place)
        else:
            self._send(chunk, place, place.worker.templates)

    def _send(self, chunk: Chunk, place: Granted, known: Container[str], repeats: int = 0) -> None:
        asked = _Asked(known)
        data, templates = encode_batch(chunk.tasks, asked)
        key = self._new_key()
        sent = self._in_flight[key] = _Sent(chunk, place, frozenset(asked.names), repeats)
        self._templates = sent.templates
        batch = Batch(self._requester.job_id, data, templates, self._time_limit_s)
        self._link.submit(place.worker.address, batch, key, partial(self._put_answer, key))

    def _put_answer(self, key: str, answer: Answer) -> None:
        # A thread of the link calls this.
        self._requester.events.put(Answered(key, answer))

    def _handle_answer(self, sent: _Sent, answer: Answer) -> None:
        worker = sent.place.worker
        if isinstance(answer, BatchReply) and answer.missing and sent.repeats < _MAX_REPEATS:
            # The batch keeps its place.
            worker.templates.clear()
            self._send(sent.chunk, sent.place, (), sent.repeats + 1)
            return
        if isinstance(answer, BatchFailed):
            self._dispatcher.rest(worker, self._clock())
        # From now on, others may use the place.
        self._dispatcher.release(self._requester, sent.place, _work_s(answer))
        if isinstance(answer, BatchLost):
            self._blame.lose(sent.chunk.span, worker.name, lost(answer.reason))
        elif isinstance(answer, BatchFailed):
            self._blame.lose(sent.chunk.span, worker.name, failed(answer.reason))
        elif answer.missing:
            reason = f"it asked {_MAX_REPEATS + 1} times for the same templates"
            self._blame.lose(sent.chunk.span, worker.name, failed(reason))
        else:
            worker.templates |= sent.templates
            self._report_reply(worker, answer)
            self._handle_reply(sent, answer)

    def _handle_reply(self, sent: _Sent, reply: BatchReply) -> None:
        """Pass the replies to the tasks on, and decide what happens to the tasks that have none."""
        span, worker = sent.chunk.span, sent.place.worker
        count = _count_answered(reply)
        if count is None or count > len(span):
            self._blame.lose(span, worker.name, failed("it answered other circuits than it was sent"))
            return
        if count:
            sent.chunk.sizing.record(
                count,
                _work_s(reply),
                together=any(isinstance(single.result, SweepResults) for _, single in reply.replies),
            )
        last, reason = span.start, "the processes that ran its batch were lost"
        for index, single in reply.replies:
            if self._stop.is_set():
                self._has_dropped_replies = True
                return
            self._receiver.pass_on(span.start + index, single)
            if single.reason:
                last, reason = span.start + index, single.reason
        rest = replace(span, start=span.start + count)
        self._blame.count_processes(reply.num_lost_here, last, reason, has_rest=bool(rest))
        self._blame.leave_out(rest, worker.name, reply)


def _work_s(answer: Answer) -> float:
    """Return how long the tasks of a batch took, in seconds."""
    return sum(single.seconds for _, single in answer.replies) if isinstance(answer, BatchReply) else 0.0


def _limits_of(tasks: Sequence[AnyTask]) -> BatchLimits:
    has_states = len(tasks) > 0 and isinstance(tasks[0], StateTask)
    return _STATE_LIMITS if has_states else _LIMITS


def _count_answered(reply: BatchReply) -> int | None:
    """Return the number of tasks that a reply answers, or ``None`` if it leaves some out in between."""
    count = 0
    for index, single in reply.replies:
        if index != count:
            return None
        count += single.count
    return count
