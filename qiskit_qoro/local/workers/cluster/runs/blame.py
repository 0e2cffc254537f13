"""Decide what happens to the tasks of a lost worker: send them again, or blame a task.

A batch that loses its worker goes to another one. If that is lost too, its tasks are suspected. They go one
by one, and a worker has only one suspected task at a time. A task that loses its worker again then is to
blame, and fails. It has ended at least three workers. Very many tasks are divided into groups of suspected
tasks first. Whatever a task has lost in a group, or as the rest of one, it is not blamed before it has lost a
worker as a batch of its own.

Crashes of the engine and the time limit are not lost workers. The pool of the worker finds the task that is
to blame, and the reply of this task has the reason. Each of them costs a process, so the run gives up when
there are too many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qiskit_qoro.local.workers.cluster.messages import BatchReply
from qiskit_qoro.local.workers.cluster.runs.backlog import Backlog, Span
from qiskit_qoro.local.workers.receiver import MAX_LOST_WORKERS, Receiver

__all__ = ["Blame", "failed", "lost"]

# A task that is alone in a batch, and has lost this number of workers, is to blame.
_MAX_LOSSES = 3

# How many batches in a row may be stopped by their workers, before their first reply, until that is a loss.
_MAX_STOPS = 20


class Blame:
    """What a run knows of its lost workers and processes.

    Args:
        receiver: Hears of the tasks that failed.
        backlog: Takes the other tasks back.
    """

    def __init__(self, receiver: Receiver, backlog: Backlog) -> None:
        self._receiver = receiver
        self._backlog = backlog
        # What tasks have cost: processes that crashed or took too long, and the workers of blamed tasks.
        self._num_lost = 0
        self._stops = 0

    def lose(self, span: Span, worker: str, describe: Callable[[int], str], *, is_rest: bool = False) -> None:
        """Send the tasks of a lost worker again, or blame a task.

        Args:
            span: The tasks.
            worker: The name of the worker.
            describe: Returns the reason why a task fails, given the number of lost workers.
            is_rest: Whether the batch had more tasks, which the worker has run.

        Raises:
            TaskFailure: A task is to blame and the caller wants no failures, or too many were to blame.
        """
        losses = span.losses + 1
        if is_rest or len(span) > 1 or losses < _MAX_LOSSES:
            self._backlog.put_back(replace(span, losses=losses, avoided=span.avoided | {worker}))
            return
        self._receiver.fail(span.start, describe(losses))
        self.count_processes(losses, span.start, describe(losses), has_rest=False)

    def leave_out(self, rest: Span, worker: str, reply: BatchReply) -> None:
        """Send tasks again that a worker has left out. No task is to blame if the worker was stopped.

        Args:
            rest: The tasks; none if the worker has run the whole batch.
            worker: The name of the worker.
            reply: Its answer.
        """
        self._stops = 0 if reply.replies else self._stops + 1
        if not rest:
            return
        if reply.is_stopped and self._stops <= _MAX_STOPS:
            self._backlog.put_back(replace(rest, avoided=rest.avoided | {worker}))
        else:
            self.lose(rest, worker, failed("it did not run the whole batch"), is_rest=bool(reply.replies))

    def count_processes(self, num_lost: int, index: int, reason: str, *, has_rest: bool) -> None:
        """Count processes that tasks have cost, and give up if there are too many.

        Args:
            num_lost: The number of processes.
            index: The last task that has cost one.
            reason: Why it failed.
            has_rest: Whether there are tasks to run beside those of the backlog.

        Raises:
            TaskFailure: The run gives up.
        """
        self._num_lost += num_lost
        if num_lost and self._num_lost >= MAX_LOST_WORKERS and (has_rest or self._backlog):
            raise self._receiver.giving_up(index, reason, self._num_lost)


def lost(reason: str) -> Callable[[int], str]:
    """Describe workers that were lost."""
    return lambda losses: f"the worker that ran it was lost {losses} times: {reason}"


def failed(reason: str) -> Callable[[int], str]:
    """Describe workers that could not run a task."""
    return lambda losses: f"{losses} workers could not run it: {reason}"
