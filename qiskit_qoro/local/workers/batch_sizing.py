"""Choose the number of tasks in a batch from the time that similar tasks took.

A batch should take about a tenth of a second, and much less than the time limit of one task, so that a batch
without problems never reaches this limit. The time of one template is no estimate for another template, which
may be a thousand times slower. So each kind of task has its own :class:`BatchSizing`, which starts with a
batch of one task.
"""

from __future__ import annotations

__all__ = ["BatchSizing"]

# The time that a batch should take: this many seconds, but at most this share of the time limit of one task.
_BATCH_S = 0.1
_LIMIT_SHARE = 0.25

# Sending a batch takes about a millisecond. A batch that takes less than this share of its time is not
# divided among more workers.
_MIN_BATCH_SHARE = 0.05

_MAX_BATCH = 64
_MAX_SWEEP_BATCH = 4096


class BatchSizing:
    """Measures how fast tasks of one kind run, and suggests how many to send at once.

    Args:
        kind: A key that is equal for tasks of the same kind.
        time_limit_s: The time limit of one task, in seconds.

    Attributes:
        kind: The key.
        is_sweep: Whether the last batch ran together as a sweep.
    """

    def __init__(self, kind: object, *, time_limit_s: float) -> None:
        self.kind = kind
        self.is_sweep = False
        self._batch_s = min(_BATCH_S, _LIMIT_SHARE * time_limit_s)
        # The tasks and the seconds that the estimate is based on.
        self._tasks = 0
        self._seconds = 0.0

    def record(self, count: int, seconds: float, *, together: bool) -> None:
        """Record a reply.

        Args:
            count: The number of tasks that it answers.
            seconds: How long they took.
            together: Whether they ran together as a sweep.
        """
        if together or self.is_sweep:
            # The time per task falls in larger sweeps and rises for single tasks, so restart the estimate.
            self._tasks, self._seconds = 0, 0.0
        self.is_sweep = together
        self._tasks += count
        self._seconds += seconds

    def batch_size(self, remaining: int, workers: int) -> int:
        """Return the number of tasks for the next batch, at least 1.

        Args:
            remaining: The number of tasks that are not sent yet.
            workers: The number of workers. A batch contains at most one worker's share of the remaining
                tasks, unless it would take too little time.
        """
        share = -(-remaining // workers)
        fitting = int(self._batch_s * self._tasks / self._seconds) if self._seconds else 1
        largest = _MAX_SWEEP_BATCH if self.is_sweep else _MAX_BATCH
        return max(1, min(fitting, largest, max(share, int(fitting * _MIN_BATCH_SHARE))))
