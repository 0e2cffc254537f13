"""What a service and the workers of its cluster tell each other.

Dask pickles these values. Its connections are encrypted and authenticated on both sides, or do not leave the
machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qiskit_qoro.local.workers.pool_snapshot import Loss
from qiskit_qoro.local.workers.tasks import Reply
from qiskit_qoro.models.config import Simulator

__all__ = ["EXTRA_PLACES", "WORKER_STOPS", "Batch", "BatchReply", "WorkerDescription"]

EXTRA_PLACES = 16
"""How many batches a worker takes beside ``WorkerDescription.places``, from jobs that have no other batch."""

WORKER_STOPS = "qiskit-qoro-worker-stops"
"""The action of the event by which a worker says that it is being stopped. One that dies says nothing."""


@dataclass(frozen=True)
class WorkerDescription:
    """What a worker says of itself when a service asks it.

    Attributes:
        name: Its name, which is unique in the cluster.
        host: The name of its machine.
        pid: The process identifier of the Dask worker.
        processes: How many circuits it runs at once.
        cores: The processors of its machine.
        memory_limit_bytes: The memory that one circuit may take.
        tags: Words that its owner has given it.
        accelerators: The simulators that the engine has beside those on the CPU.
        methods: The names of the simulation methods that its engine supports.
        versions: The versions of what both sides must have in common, by name.
    """

    name: str
    host: str
    pid: int
    processes: int
    cores: int
    memory_limit_bytes: int
    tags: tuple[str, ...]
    accelerators: frozenset[Simulator]
    methods: tuple[str, ...]
    versions: Mapping[str, str]

    @property
    def places(self) -> int:
        """How many batches it should have while there is enough work. One of them waits for a process."""
        return self.processes + 1


@dataclass(frozen=True)
class Batch:
    """Tasks to run on a worker.

    Attributes:
        job_id: The job that they belong to.
        tasks: The tasks, as ``batch_codec`` encodes them.
        templates: The templates that the worker does not have yet, by their names in ``tasks``.
        time_limit_s: The maximum time of one circuit, in seconds.
    """

    job_id: str
    tasks: bytes
    templates: Mapping[str, bytes]
    time_limit_s: float


@dataclass(frozen=True)
class BatchReply:
    """The answer of a worker to a batch.

    Attributes:
        replies: The index of a task within the batch and the reply to this task and the ones after it, by
            ascending index, without gaps. Empty if the batch could not be run.
        missing: The names of templates that the worker has lost. Send the batch again with them.
        num_lost: How many processes the worker has lost so far.
        last_loss: The last one of them, or ``None``.
        is_stopped: Whether the batch was stopped before its end. The replies of the finished tasks are there.
        num_lost_here: How many processes the batch has cost, because circuits crashed them or took too long.
    """

    replies: tuple[tuple[int, Reply], ...] = ()
    missing: tuple[str, ...] = ()
    num_lost: int = 0
    last_loss: Loss | None = None
    is_stopped: bool = False
    num_lost_here: int = 0
