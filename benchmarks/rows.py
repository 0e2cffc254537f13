"""The rows of a record: some work, what was measured of it, and the goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Self

from measuring import Timing

__all__ = ["AER", "LOOP", "OURS", "SOCKET", "STATEVECTOR", "Goal", "Row"]

OURS = "local service"
SOCKET = "local service, over a socket"
AER = "Aer"
STATEVECTOR = "StatevectorEstimator"
LOOP = "engine loop, one core"


@dataclass(frozen=True)
class Goal:
    """A limit of the first contender of a row, or of a value of the row.

    Attributes:
        limit: The largest value that meets the goal. For a count, the smallest one that misses it.
        than: The contender to compare with; ``limit`` is then a multiple of its time. If empty, ``limit`` is
            in seconds.
        count: The value of the row that must be below ``limit``.
    """

    limit: float
    than: str = ""
    count: str = ""


@dataclass(frozen=True)
class Row:
    """Some work, done by several contenders.

    Attributes:
        key: Identifies the row.
        topic: The topic that measured it.
        work: What is done, as Markdown.
        timings: What was measured of each contender. The others are compared with the first one.
        goals: The goals of the first contender.
        values: Other results, such as the largest difference between the results of two contenders.
    """

    key: str
    topic: str
    work: str
    timings: dict[str, Timing]
    goals: tuple[Goal, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The name of the contender that the others are compared with."""
        return next(iter(self.timings))

    def ratios(self, name: str, other: str) -> list[float]:
        """Return the time of a contender divided by that of another one, for each turn."""
        pairs = zip(self.timings[name].turns_s, self.timings[other].turns_s, strict=True)
        return [one / two for one, two in pairs]

    def ratio(self, name: str, other: str) -> float:
        """Return the median of :meth:`ratios`."""
        return median(self.ratios(name, other))

    def achieved(self, goal: Goal, name: str | None = None) -> float:
        """Return what is compared with the limit of a goal, for a contender (by default, the first one)."""
        if goal.count:
            return float(self.values[goal.count])
        name = name or self.first
        return self.ratio(name, goal.than) if goal.than else self.timings[name].median_s

    def is_met(self, goal: Goal) -> bool:
        """Whether the first contender meets a goal."""
        achieved = self.achieved(goal)
        return achieved < goal.limit if goal.count else achieved <= goal.limit

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of this row."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the row of some JSON."""
        timings = {name: Timing(**timing) for name, timing in data["timings"].items()}
        return cls(**{**data, "timings": timings, "goals": tuple(Goal(**goal) for goal in data["goals"])})
