"""The cluster of a service as the pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["ClusterView", "MachineView"]


@dataclass(frozen=True)
class MachineView:
    """A worker of a cluster, which runs circuits in several processes.

    Attributes:
        name: Its name, which is unique in the cluster.
        host: The name of its machine.
        since: Since when the service knows it, with a time zone.
        processes: How many circuits it runs at once.
        num_busy: How many of the processes work.
        job_ids: The jobs of the account that it works on.
        num_other_jobs: The number of jobs of other accounts that it works on.
        cores: The processors of its machine.
        memory_limit_bytes: The memory that one circuit may take there.
        tags: Words that its owner has given it.
        devices: What runs circuits there beside the CPU, such as ``GPU``.
        missing_methods: The simulation methods that other workers have and it has not.
        num_lost: How many of its processes ended unexpectedly.
        refusal: Why the service does not use it; empty if it does.
    """

    name: str
    host: str
    since: datetime
    processes: int
    num_busy: int = 0
    job_ids: Sequence[str] = ()
    num_other_jobs: int = 0
    cores: int = 1
    memory_limit_bytes: int = 0
    tags: Sequence[str] = ()
    devices: Sequence[str] = ()
    missing_methods: Sequence[str] = ()
    num_lost: int = 0
    refusal: str = ""


@dataclass(frozen=True)
class ClusterView:
    """The cluster that runs the circuits of a service.

    Attributes:
        address: The address of its scheduler.
        machines: Its workers, by name, with those that the service does not use.
        problem: Why no job can run now; empty if jobs can run.
    """

    address: str
    machines: Sequence[MachineView] = ()
    problem: str = ""
