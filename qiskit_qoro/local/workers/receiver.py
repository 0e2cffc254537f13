"""The one who called ``run`` of a pool: gets results, failures and ticks, through functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, Reply, StateTask, SweepResults
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["MAX_LOST_WORKERS", "TICK_S", "NotStarted", "Receiver", "TaskFailure"]

TICK_S = 0.1
"""How often a run checks its stop event and calls :meth:`Receiver.tick`, in seconds."""

MAX_LOST_WORKERS = 8
"""The number of processes lost in the middle of a batch after which a run gives up."""


class TaskFailure(QoroError):  # noqa: N818  it describes a circuit, not an error of the program
    """A task failed. The message contains its label and the reason.

    Attributes:
        label: The label of the task.
    """

    def __init__(self, message: str, *, label: str) -> None:
        super().__init__(message)
        self.label = label


class NotStarted(TaskFailure):
    """Processes ended again and again before they started a batch. Perhaps no task is to blame."""


class Receiver:
    """Passes what happens to the tasks of a run on to its caller.

    :meth:`~qiskit_qoro.local.workers.pool.WorkerPool.run` documents the functions.

    Attributes:
        tasks: The tasks of the run.
        num_lost: How many workers the run has lost in the middle of a batch so far.
    """

    def __init__(
        self,
        tasks: Sequence[CircuitTask] | Sequence[StateTask] | Sequence[QuboTask],
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None = None,
        *,
        on_sweep: Callable[[int, SweepResults], None] | None = None,
        on_details: Callable[[int, ResultDetails], None] | None = None,
        on_tick: Callable[[], None] | None = None,
    ) -> None:
        self.tasks = tasks
        self.num_lost = 0
        self._on_result = on_result
        self._on_failure = on_failure
        self._on_sweep = on_sweep
        self._on_details = on_details
        self._on_tick = on_tick
        self._next_tick: float | None = None

    def pass_on(self, index: int, reply: Reply) -> None:
        """Pass a reply on.

        Args:
            index: The index of the first task that the reply answers.
            reply: The reply.

        Raises:
            TaskFailure: The task failed, and the caller wants no failures.
        """
        if reply.details is not None and self._on_details is not None:
            self._on_details(index, reply.details)
        if reply.result is None:
            self.fail(index, reply.reason or "no result")
        elif not isinstance(reply.result, SweepResults):
            self._on_result(index, reply.result)
        elif self._on_sweep is not None:
            self._on_sweep(index, reply.result)
        else:
            for position, result in enumerate(reply.result, start=index):
                self._on_result(position, result)

    def fail(self, index: int, reason: str) -> None:
        """Report that a task failed.

        Raises:
            TaskFailure: The caller wants no failures.
        """
        if self._on_failure is None:
            raise self.failure(index, reason)
        self._on_failure(index, reason)

    def failure(self, index: int, reason: str) -> TaskFailure:
        """Return the failure of a task as an error."""
        return TaskFailure(self._described(index, reason), label=self.tasks[index].label)

    def not_started(self, index: int, reason: str) -> NotStarted:
        """Return the error of a run whose processes end before they start a batch.

        Args:
            index: The first task of the last batch.
            reason: How its process ended.
        """
        return NotStarted(self._described(index, reason), label=self.tasks[index].label)

    def giving_up(self, index: int, reason: str, num_lost: int) -> TaskFailure:
        """Return the error of a run that gives up because of one task after several.

        Args:
            index: The task that was the last one.
            reason: Why it failed.
            num_lost: The number of workers that the run has lost.
        """
        failure = self.failure(index, reason)
        failure.extend(f"{num_lost} workers were lost to crashes or the time limit, the rest was not run")
        return failure

    def tick(self, now: float) -> None:
        """Call ``on_tick`` if the last call was :data:`TICK_S` ago. ``now`` is in seconds of any clock."""
        if self._next_tick is None:
            self._next_tick = now + TICK_S
        if self._on_tick is not None and now >= self._next_tick:
            self._on_tick()
            self._next_tick = now + TICK_S

    def _described(self, index: int, reason: str) -> str:
        task = self.tasks[index]
        return f"{task.kind} {task.label!r}: {reason}"
