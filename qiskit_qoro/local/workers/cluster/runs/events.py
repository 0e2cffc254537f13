"""What a run tells the dispatcher, and what it hears of the dispatcher and of the link."""

from __future__ import annotations

import queue
from collections.abc import Collection
from dataclasses import dataclass, field

from qiskit_qoro.local.workers.cluster.runs.fleet import Capabilities, ClusterWorker, Need
from qiskit_qoro.local.workers.cluster.worker_link import Answer

__all__ = [
    "Answered",
    "Event",
    "FleetChanged",
    "Granted",
    "Requester",
    "Unavailable",
    "Wish",
    "WorkerGone",
]


@dataclass(frozen=True)
class Granted:
    """A place on a worker belongs to this run until the run releases it or the worker is gone.

    Attributes:
        worker: The worker.
        is_alone: Whether the place is for a task that is suspected of ending its workers.
    """

    worker: ClusterWorker
    is_alone: bool = False


@dataclass(frozen=True)
class WorkerGone:
    """A worker on which the run had places is gone, and the places with it.

    Attributes:
        worker: The worker.
        reason: What happened to it.
        is_stopped: Whether it was being stopped, so that no task is the cause.
    """

    worker: ClusterWorker
    reason: str
    is_stopped: bool = False


@dataclass(frozen=True)
class FleetChanged:
    """The workers can run other circuits than before."""

    capabilities: Capabilities


@dataclass(frozen=True)
class Unavailable:
    """There will be no more places.

    Attributes:
        reason: Why.
        is_final: Whether the pool is closed. Otherwise the run may be repeated later.
    """

    reason: str
    is_final: bool = False


@dataclass(frozen=True)
class Answered:
    """What came back for a batch. The link reports it, not the dispatcher."""

    key: str
    answer: Answer


Event = Granted | WorkerGone | FleetChanged | Unavailable | Answered


@dataclass(frozen=True, eq=False)
class Requester:
    """A run, as the dispatcher sees it.

    Attributes:
        job_id: The job that its tasks belong to; empty if there is none.
        events: Where events that concern the run are put.
    """

    job_id: str
    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)


@dataclass(frozen=True)
class Wish:
    """What a run wants.

    Attributes:
        needs: What its next tasks need. The worker must have one of these.
        is_open: Whether any worker will do, because the run has tasks that it has not looked at yet.
        templates: The names of the templates that its next tasks use, as far as they are known. A worker
            that has them is preferred.
    """

    needs: tuple[Need, ...] = ()
    is_open: bool = True
    templates: Collection[str] = ()
