"""Count what happens, by labels. Any thread may count, and each count takes about a microsecond."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import inf

__all__ = ["Counts", "Histogram"]

Labels = tuple[str, ...]


class Counts:
    """Numbers that only grow, by labels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[Labels, float] = {}

    def add(self, labels: Labels, number: float = 1) -> None:
        """Add to a number."""
        with self._lock:
            self._numbers[labels] = self._numbers.get(labels, 0) + number

    def items(self) -> list[tuple[Labels, float]]:
        """Return the numbers, by their labels."""
        with self._lock:
            return sorted(self._numbers.items())


class Histogram:
    """Counts values that are at most as large as some bounds, by labels.

    Args:
        bounds: The bounds, in ascending order.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = (*bounds, inf)
        self._lock = threading.Lock()
        # By labels: how many values are in each bucket alone, and their sum.
        self._buckets: dict[Labels, tuple[list[int], list[float]]] = {}

    def add(self, labels: Labels, value: float) -> None:
        """Count a value."""
        place = bisect_left(self._bounds, value)
        with self._lock:
            counts, total = self._buckets.setdefault(labels, ([0] * len(self._bounds), [0.0]))
            counts[place] += 1
            total[0] += value

    def items(self) -> list[tuple[Labels, list[tuple[str, float]], float]]:
        """Return how many values are at most as large as each bound, and their sum, by labels."""
        names = ["+Inf" if bound == inf else repr(float(bound)) for bound in self._bounds]
        with self._lock:
            copies = [
                (labels, counts.copy(), total[0]) for labels, (counts, total) in sorted(self._buckets.items())
            ]
        return [
            (labels, list(zip(names, map(float, accumulate(counts)), strict=True)), total)
            for labels, counts, total in copies
        ]
