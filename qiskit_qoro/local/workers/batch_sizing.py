"""How many tasks make a batch: as many as fit in its time, going by those like them that were answered.

A batch takes about a tenth of a second, and well less than one task may take, so that nothing that runs as
it should is ever too late. What rows of one template took says nothing about another, which may be a
thousand times slower: each has a pace of its own, and begins with a single row.
"""

from __future__ import annotations

__all__ = ["BatchSizing"]

_BATCH_S = 0.1  # how long a batch should take
_OF_LIMIT = 0.25  # and how much of the time that one task may take
_LEAST_SHARE = 0.05  # of a batch: it takes about a millisecond to hand over
_LARGEST_BATCH = 64
_LARGEST_SWEEP = 4096  # tasks that are run together


class BatchSizing:
    """How fast tasks of one kind are answered.

    Args:
        kind: Equal for those of one kind.
        time_limit_s: Seconds that one task may take.
    """

    def __init__(self, kind: object, *, time_limit_s: float) -> None:
        self.kind = kind
        self.is_sweep = False
        self._batch_s = min(_BATCH_S, _OF_LIMIT * time_limit_s)
        self._answered = 0
        self._worked_s = 0.0

    def note(self, count: int, seconds: float, *, together: bool) -> None:
        """Learn from an answer.

        Args:
            count: How many tasks it answers.
            seconds: How long it took.
            together: Whether they were run together, as the next ones will be: it is a sweep then.
        """
        if together or self.is_sweep:
            # Many together take less each than few do, and more by themselves.
            self._answered, self._worked_s = 0, 0.0
        self.is_sweep = together
        self._answered += count
        self._worked_s += seconds

    def batch_size(self, left: int, workers: int) -> int:
        """As many tasks as fit in a batch, and no more than a worker's share of those that are left."""
        share = -(-left // workers)
        fitting = int(self._batch_s * self._answered / self._worked_s) if self._worked_s else 1
        largest = _LARGEST_SWEEP if self.is_sweep else _LARGEST_BATCH
        # What takes little more than to be handed over is not shared.
        return max(1, min(fitting, largest, max(share, int(fitting * _LEAST_SHARE))))
