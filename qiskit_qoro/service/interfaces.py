"""The interfaces of anything that runs circuits, for code that works with different services."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev
from typing import Any, Protocol, runtime_checkable

from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.models.templates import TemplateEntry

__all__ = ["CircuitRunner", "SupportsCircuitTemplates"]


class CircuitRunner(ABC):
    """Runs circuits, and records their depths on request.

    Args:
        track_depth: Whether to record the depth of each submitted circuit.
    """

    def __init__(self, track_depth: bool = False) -> None:
        self.track_depth = bool(track_depth)
        self._depth_history: list[list[int]] = []

    @property
    @abstractmethod
    def shots(self) -> int | None:
        """The default number of shots per circuit."""

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
        """The circuit depths of each submission, in order. Empty unless ``track_depth`` is set."""
        return [list(depths) for depths in self._depth_history]

    def average_depth(self) -> float:
        """The mean of all recorded depths, or 0.0 if there are none."""
        depths = self._all_depths()
        return fmean(depths) if depths else 0.0

    def std_depth(self) -> float:
        """The population standard deviation of all recorded depths, or 0.0 if there are none."""
        depths = self._all_depths()
        return pstdev(depths) if depths else 0.0

    def clear_depth_history(self) -> None:
        """Delete the recorded depths."""
        self._depth_history.clear()

    def _all_depths(self) -> list[int]:
        return [depth for depths in self._depth_history for depth in depths]


@runtime_checkable
class SupportsCircuitTemplates(Protocol):
    """A runner that inserts parameter values into circuits itself.

    Code that uses templates if possible can check ``isinstance(runner, SupportsCircuitTemplates)``.
    """

    def submit_circuit_templates(self, templates: Sequence[TemplateEntry], **kwargs: Any) -> ExecutionResult:
        """Submit templates with their parameter sets for execution."""
