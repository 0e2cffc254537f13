"""The tasks of a run that no worker has, and the next batch to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from qiskit_qoro.local.workers.batch_sizing import BatchSizing
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, QuboTask, StateTask

__all__ = ["PendingTasks", "TaskRange"]


@dataclass(frozen=True)
class TaskRange:
    """Consecutive tasks to send as one batch.

    Attributes:
        start: The index of the first task.
        tasks: The tasks.
        sizing: Records how long they take.
    """

    start: int
    tasks: Sequence[AnyTask]
    sizing: BatchSizing

    @property
    def end(self) -> int:
        """The index after the last task."""
        return self.start + len(self.tasks)


class PendingTasks:
    """Hands out the tasks of a run in batches, and takes back tasks that lost their worker.

    Tasks are handed out in order. A task is pending if its index is ``_next`` or higher, or in a range of
    ``_returned``.

    Args:
        tasks: The tasks.
        workers: The number of workers that share them.
        time_limit_s: The time limit of one task, in seconds.
    """

    def __init__(
        self,
        tasks: Sequence[CircuitTask] | Sequence[StateTask] | Sequence[QuboTask],
        *,
        workers: int,
        time_limit_s: float,
    ) -> None:
        self._tasks = tasks
        self._workers = workers
        self._time_limit_s = time_limit_s
        self._next = 0
        self._returned: list[tuple[int, int]] = []
        # The sizing of the kind that was handed out last. A new kind starts a new sizing, so that its first
        # batch has one task.
        self._sizing = BatchSizing(None, time_limit_s=time_limit_s)

    def __bool__(self) -> bool:
        return self._next < len(self._tasks) or bool(self._returned)

    def take_batch(self) -> TaskRange:
        """Remove the next batch. There must be a pending task.

        Returned ranges come first. A batch contains only tasks of one sweep, or only tasks that are in no
        sweep.
        """
        if self._returned:
            start, end = self._returned.pop()
            self._switch_kind(self._tasks[start].sweep)
            return TaskRange(start, self._tasks[start:end], self._sizing)
        start = self._next
        size = self._sizing.batch_size(len(self._tasks) - start, self._workers)
        tasks: Sequence[Any] = self._tasks[start : start + size]
        kind = tasks[0].sweep
        if self._switch_kind(kind):
            tasks = tasks[:1]
        elif not isinstance(tasks, TaskRows):
            # Without the tasks of other kinds, the slice may be rows of one template.
            count = sum(1 for _ in takewhile(lambda task: task.sweep == kind, tasks))
            tasks = self._tasks[start : start + count]
        self._next = start + len(tasks)
        return TaskRange(start, tasks, self._sizing)

    def put_back(self, start: int, end: int) -> None:
        """Take back tasks ``start <= index < end``. They will be sent as one batch."""
        if start < end:
            self._returned.append((start, end))

    def put_back_singly(self, start: int, end: int) -> None:
        """Take back tasks ``start <= index < end``. Each will be sent in a batch of its own."""
        self._returned += [(index, index + 1) for index in range(start, end)]

    def _switch_kind(self, kind: object) -> bool:
        """Start a new sizing if the kind differs from the last one. Returns whether it differs."""
        if kind == self._sizing.kind:
            return False
        self._sizing = BatchSizing(kind, time_limit_s=self._time_limit_s)
        return True
