"""What runs circuits, seen from code that does not care which service does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev
from typing import Any, Protocol, runtime_checkable

from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.models.templates import TemplateEntry

__all__ = ["CircuitRunner", "SupportsCircuitTemplates"]


class CircuitRunner(ABC):
    """Runs circuits, and records their depths where asked to.

    Args:
        track_depth: Whether the depth of each submitted circuit is recorded.
    """

    def __init__(self, track_depth: bool = False) -> None:
        self.track_depth = bool(track_depth)
        self._depth_history: list[list[int]] = []

    @property
    @abstractmethod
    def shots(self) -> int | None:
        """Shots for each circuit where a submission does not say otherwise."""

    @property
    @abstractmethod
    def supports_expval(self) -> bool:
        """Whether the target computes expectation values."""

    @property
    @abstractmethod
    def is_async(self) -> bool:
        """Whether a submission returns before its circuits have run."""

    @abstractmethod
    def submit_circuits(self, circuits: Mapping[str, Any], **kwargs: Any) -> ExecutionResult:
        """Submit circuits for execution."""

    @property
    def depth_history(self) -> list[list[int]]:
        """The depths of the circuits of each submission, in order; empty unless depths are recorded."""
        return [list(depths) for depths in self._depth_history]

    def average_depth(self) -> float:
        """The mean depth of all recorded circuits, 0.0 where there are none."""
        depths = self._all_depths()
        return fmean(depths) if depths else 0.0

    def std_depth(self) -> float:
        """The population standard deviation of all recorded depths, 0.0 where there are none."""
        depths = self._all_depths()
        return pstdev(depths) if depths else 0.0

    def clear_depth_history(self) -> None:
        """Forget the recorded depths."""
        self._depth_history.clear()

    def _all_depths(self) -> list[int]:
        return [depth for depths in self._depth_history for depth in depths]


@runtime_checkable
class SupportsCircuitTemplates(Protocol):
    """What a runner has that puts the values of parameters into circuits itself.

    Code that prefers templates and can do without asks ``isinstance(runner, SupportsCircuitTemplates)``.
    """

    def submit_circuit_templates(self, templates: Sequence[TemplateEntry], **kwargs: Any) -> ExecutionResult:
        """Submit templates, each with its parameter sets, for execution."""
