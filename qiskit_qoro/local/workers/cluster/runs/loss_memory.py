"""What an interrupted run knew of tasks that lost their workers.

A circuit that ends every worker can leave a small cluster without any. Then its job goes back to the queue,
and runs again when a worker returns. Without this memory, the circuit would end all workers again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import groupby

from qiskit_qoro.local.workers.cluster.runs.backlog import Span
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, StateTask

__all__ = ["LossMemory"]

_MAX_JOBS = 256


class LossMemory:
    """Remembers the losses of the tasks of jobs. Threads may use it at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # For each job, the last one at the end, the number of lost workers of each task, by its mark.
        self._losses: OrderedDict[str, dict[int, int]] = OrderedDict()

    def remember(self, job_id: str, tasks: Sequence[AnyTask], spans: Iterable[Span]) -> None:
        """Remember the losses of tasks, until the job runs again.

        Args:
            job_id: The job. Nothing is remembered of tasks without a job.
            tasks: Its tasks.
            spans: Those that are not done.
        """
        losses = {
            _mark(tasks[index]): span.losses
            for span in spans
            if span.losses
            for index in range(span.start, span.end)
        }
        if not losses or not job_id:
            return
        with self._lock:
            self._losses[job_id] = losses
            if len(self._losses) > _MAX_JOBS:
                self._losses.popitem(last=False)

    def recall(self, job_id: str, tasks: Sequence[AnyTask]) -> list[Span]:
        """Return the tasks of a job that runs again, with their losses, and forget these."""
        with self._lock:
            losses = self._losses.pop(job_id, None)
        if losses is None:
            return [Span(0, len(tasks))] if len(tasks) else []
        spans = []
        start = 0
        for count, group in groupby(losses.get(_mark(tasks[index]), 0) for index in range(len(tasks))):
            end = start + sum(1 for _ in group)
            spans.append(Span(start, end, count))
            start = end
        return spans


def _mark(task: AnyTask) -> int:
    """Return a number that is the same when the job runs again, although the task has another index."""
    if isinstance(task, CircuitTask):
        return hash((task.label, task.qasm, task.values))
    return hash((task.label, task.texts if isinstance(task, StateTask) else task.request))
