"""What is known of the workers of a pool at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qiskit_qoro.models.config import Simulator

__all__ = ["Loss", "MachineSnapshot", "PoolSnapshot", "WorkerSnapshot"]


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
class MachineSnapshot:
    """A worker of a cluster.

    Attributes:
        name: Its name, which is unique in the cluster.
        address: Its address in the cluster.
        host: The name of its machine.
        since: Since when the service knows it.
        processes: How many circuits it runs at once.
        num_busy: How many batches of circuits it has now.
        job_ids: The jobs that these belong to, without repetition.
        cores: The processors of its machine.
        memory_limit_bytes: The memory that one circuit may take there.
        tags: Words that its owner has given it.
        accelerators: The simulators that its engine has beside those on the CPU.
        methods: The names of the simulation methods that its engine supports.
        num_lost: How many processes it has lost unexpectedly.
        refusal: Why the service does not use it, or ``None`` if it does.
    """

    name: str
    address: str
    host: str
    since: datetime
    processes: int
    num_busy: int
    job_ids: tuple[str, ...]
    cores: int
    memory_limit_bytes: int
    tags: tuple[str, ...]
    accelerators: frozenset[Simulator]
    methods: tuple[str, ...]
    num_lost: int
    refusal: str | None = None


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
        cluster: The address of the scheduler of the cluster, or ``None`` if the workers are processes of this
            machine.
        machines: The workers of the cluster, by name. ``workers`` is empty then.
        problem: Why no job can run now, or ``None``.
    """

    workers: tuple[WorkerSnapshot, ...]
    size: int
    num_lost: int
    last_loss: Loss | None
    num_waiting: int
    time_limit_s: float
    memory_limit_bytes: int | None
    accelerators: frozenset[Simulator]
    cluster: str | None = None
    machines: tuple[MachineSnapshot, ...] = ()
    problem: str | None = None
