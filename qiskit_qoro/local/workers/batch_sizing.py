"""Choose the number of tasks in a batch from the time that similar tasks took.

A batch should take about a tenth of a second, or a second if it goes to another machine. This is much less
than the time limit of one task, so a batch without problems never reaches this limit. The time of one
template is no estimate for another template, which may be a thousand times slower. So each kind of task has
its own :class:`BatchSizing`, which starts with a batch of one task, or of a few if they go to another
machine.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchLimits", "BatchSizing"]

# The share of the time limit of one task that a batch may take.
_LIMIT_SHARE = 0.25


@dataclass(frozen=True)
class BatchLimits:
    """How large batches are.

    Attributes:
        batch_s: The time that a batch should take, in seconds.
        first_batch: The maximum number of tasks while their speed is unknown.
        max_batch: The maximum number of tasks that run one after another.
        max_sweep_batch: The maximum number of tasks that run together as a sweep.
        min_share: A batch that takes less than this share of its time is not divided among more workers.
            Sending it takes about a hundredth of its time.
    """

    batch_s: float = 0.1
    first_batch: int = 1
    max_batch: int = 64
    max_sweep_batch: int = 4096
    min_share: float = 0.05


_DEFAULT_LIMITS = BatchLimits()


class BatchSizing:
    """Measures how fast tasks of one kind run, and suggests how many to send at once.

    Args:
        kind: A key that is equal for tasks of the same kind.
        time_limit_s: The time limit of one task, in seconds.
        limits: How large batches are.

    Attributes:
        kind: The key.
        is_sweep: Whether the last batch ran together as a sweep.
    """

    def __init__(self, kind: object, *, time_limit_s: float, limits: BatchLimits = _DEFAULT_LIMITS) -> None:
        self.kind = kind
        self.is_sweep = False
        self._batch_s = min(limits.batch_s, _LIMIT_SHARE * time_limit_s)
        self._limits = limits
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
        fitting = (
            int(self._batch_s * self._tasks / self._seconds) if self._seconds else self._limits.first_batch
        )
        largest = self._limits.max_sweep_batch if self.is_sweep else self._limits.max_batch
        return max(1, min(fitting, largest, max(share, int(fitting * self._limits.min_share))))
