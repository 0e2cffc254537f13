"""What is known of the workers of a pool at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qiskit_qoro.models.config import Simulator

__all__ = ["Loss", "PoolSnapshot", "WorkerSnapshot"]


@dataclass(frozen=True)
class WorkerSnapshot:
    """A worker process.

    Attributes:
        pid: Its process identifier.
        started: When it was started.
        is_ready: Whether it accepts tasks. A new process has to import its modules first.
        job_id: The job that it works on, or ``None`` if it is idle.
        since: Since when it has been working on this job.
    """

    pid: int
    started: datetime
    is_ready: bool
    job_id: str | None
    since: datetime | None


@dataclass(frozen=True)
class Loss:
    """The unexpected end of a worker process.

    Attributes:
        reason: What ended it, and what it was doing.
        time: When it ended.
    """

    reason: str
    time: datetime


@dataclass(frozen=True)
class PoolSnapshot:
    """The workers of a pool.

    Attributes:
        workers: The live processes, by ascending process identifier.
        size: The number of processes that the pool keeps.
        num_lost: How many processes ended unexpectedly. Those that were killed because their job was
            cancelled are not counted.
        last_loss: The last one of them, or ``None``.
        num_waiting: The runs that wait for a worker.
        time_limit_s: Seconds that one circuit may take.
        memory_limit_bytes: Bytes that one circuit may take, or ``None`` before the pool is started.
        accelerators: The simulators that the engine has beside those on the CPU; empty until a worker is
            ready.
    """

    workers: tuple[WorkerSnapshot, ...]
    size: int
    num_lost: int
    last_loss: Loss | None
    num_waiting: int
    time_limit_s: float
    memory_limit_bytes: int | None
    accelerators: frozenset[Simulator]
