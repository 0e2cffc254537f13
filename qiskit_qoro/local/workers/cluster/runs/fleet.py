"""The workers of a cluster, and which of them can run which circuits.

A circuit needs memory, and perhaps an accelerator. Workers may have different limits. What matters of the
memory that a circuit needs is only which workers have it, so a :class:`Need` names the smallest limit of a
worker that is large enough. Then nearly all circuits of a job have the same need, and go into batches
together.

If no worker has what a circuit needs, any of the best ones may run it. It fails there, and the engine says
why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from qiskit_qoro.local.workers.cluster.messages import WorkerDescription
from qiskit_qoro.local.workers.cluster.needs import Needs, needs_of
from qiskit_qoro.local.workers.pool_snapshot import MachineSnapshot
from qiskit_qoro.local.workers.tasks import AnyTask
from qiskit_qoro.models.config import Simulator

__all__ = ["Capabilities", "ClusterWorker", "Holder", "Measure", "Need"]

Measure = Callable[[Sequence[AnyTask], int], Needs]
"""Returns what tasks need, given the largest limit of a worker in bytes, as ``needs_of`` does."""


@dataclass(frozen=True)
class Need:
    """What a task needs of its worker.

    Attributes:
        memory_bytes: The smallest limit of a worker of the cluster that is large enough; 0 if all are.
        simulator: An accelerator, or ``None``.
        avoided: The names of the workers that have lost the task. They get it only if there is no other.
        is_alone: Whether the task is suspected of ending its workers. A worker gets one such task at a time,
            so that no other is blamed for it.
    """

    memory_bytes: int = 0
    simulator: Simulator | None = None
    avoided: frozenset[str] = frozenset()
    is_alone: bool = False


class Capabilities:
    """What the workers of a cluster can run.

    Two objects are equal if their workers differ only in number.

    Args:
        descriptions: The workers.
        measure: Tells what tasks need.
    """

    def __init__(self, descriptions: Iterable[WorkerDescription], measure: Measure = needs_of) -> None:
        self._offers = frozenset((worker.memory_limit_bytes, worker.accelerators) for worker in descriptions)
        self._measure = measure

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Capabilities) and self._offers == other._offers

    def __hash__(self) -> int:
        return hash(self._offers)

    @cached_property
    def accelerators(self) -> frozenset[Simulator]:
        """The simulators that at least one worker has beside those on the CPU."""
        return frozenset().union(*(accelerators for _, accelerators in self._offers))

    @cached_property
    def _limits(self) -> dict[Simulator | None, list[int]]:
        """The limits of the workers with an accelerator, in ascending order, and those of all."""
        limits: dict[Simulator | None, list[int]] = {None: sorted({limit for limit, _ in self._offers})}
        for simulator in self.accelerators:
            limits[simulator] = sorted({limit for limit, having in self._offers if simulator in having})
        return limits

    @cached_property
    def is_uniform(self) -> bool:
        """Whether all workers can run the same circuits, so that nobody has to look at these."""
        return len(self._offers) < 2

    def need_of(self, task: AnyTask) -> Need:
        """Return what a task needs of its worker."""
        if self.is_uniform:
            return Need()
        needs = self._measure([task], self._limits[None][-1])
        # If no worker has the accelerator, the engine of any worker says so.
        simulator = needs.accelerator if needs.accelerator in self.accelerators else None
        limits = self._limits[simulator]
        if len(limits) < 2:
            return Need(simulator=simulator)
        wanted = self._measure([task], limits[-1]).memory_bytes if simulator else needs.memory_bytes
        limit = next((limit for limit in limits if limit >= wanted), limits[-1])
        # All tasks that every worker can run have the same need.
        return Need(0 if limit == limits[0] else limit, simulator)

    def fit(self, worker: WorkerDescription, need: Need) -> bool:
        """Whether a worker has what a task needs."""
        return worker.memory_limit_bytes >= need.memory_bytes and (
            need.simulator is None or need.simulator in worker.accelerators
        )


class Holder(Protocol):
    """A run that has places on workers."""

    @property
    def job_id(self) -> str:
        """The job that it belongs to; empty if there is none."""


@dataclass(eq=False)
class ClusterWorker:
    """A worker that is connected.

    Attributes:
        address: Its address.
        description: What it says of itself.
        since: Since when the service knows it.
        templates: The names of the templates that it has.
        places: How many places each run has on it. The dispatcher's lock protects this.
        suspected: The run that has a batch on it which is suspected of ending its workers, or ``None``. The
            dispatcher's lock protects this too.
        rests_until: Until when it gets no batches, because it could not run the last ones, or ``None``. The
            dispatcher's lock protects this too.
        num_lost: How many processes it has lost unexpectedly.
    """

    address: str
    description: WorkerDescription
    since: datetime
    templates: set[str] = field(default_factory=set)
    places: Counter[Holder] = field(default_factory=Counter)
    suspected: Holder | None = None
    rests_until: float | None = None
    num_lost: int = 0

    @property
    def name(self) -> str:
        """Its name."""
        return self.description.name

    @property
    def num_busy(self) -> int:
        """How many batches it has."""
        return self.places.total()

    @property
    def num_free(self) -> int:
        """The number of free places; less than 0 if it has extra batches."""
        return self.description.places - self.num_busy

    def snapshot(self, refusal: str | None = None) -> MachineSnapshot:
        """Return what is known of it."""
        described = self.description
        return MachineSnapshot(
            name=described.name,
            address=self.address,
            host=described.host,
            since=self.since,
            processes=described.processes,
            num_busy=self.num_busy,
            job_ids=tuple(sorted({run.job_id for run in self.places if run.job_id})),
            cores=described.cores,
            memory_limit_bytes=described.memory_limit_bytes,
            tags=described.tags,
            accelerators=described.accelerators,
            methods=described.methods,
            num_lost=self.num_lost,
            refusal=refusal,
        )
