"""Sample machines of a cluster."""

from __future__ import annotations

from datetime import timedelta

from qiskit_qoro.pages.views import ClusterView, JobFilter, JobsPage, MachineView, WorkersView

from .sample import NOW, SampleSource, job_id

__all__ = ["ADDRESS", "OLD", "ClusterSource", "cluster", "machine"]

ADDRESS = "tls://head.lab.example:8786"
OLD = "it has qiskit-qoro 0.1.0, and the service has 0.2.0: install the same version on both"


def machine(number: int, **values: object) -> MachineView:
    """A worker that is idle."""
    fields = {
        "name": f"node{number}",
        "host": f"node{number}.lab.example",
        "since": NOW - timedelta(hours=number % 30, minutes=number),
        "processes": 4,
        "cores": 16,
        "memory_limit_bytes": 8 << 30,
        **values,
    }
    return MachineView(**fields)  # type: ignore[arg-type]


def cluster(number: int = 100, problem: str = "") -> ClusterView:
    """A cluster with busy, idle, lossy and refused workers."""
    machines = []
    for index in range(1, number + 1):
        values: dict[str, object] = {"num_busy": index % 5}
        if index % 5:
            values |= {"job_ids": [job_id(place) for place in range(index % 6)], "num_other_jobs": index % 3}
        if index % 10 == 0:
            values |= {"tags": ("gpu", "big"), "devices": ("GPU",), "memory_limit_bytes": 64 << 30}
        if index % 33 == 7:
            values |= {"num_lost": 2, "missing_methods": ("TensorNetwork",)}
        if index % 25 == 3:
            values = {"refusal": OLD, "memory_limit_bytes": 0, "cores": 0}
        machines.append(machine(index, **values))
    return ClusterView(ADDRESS, machines, problem)


class ClusterSource(SampleSource):
    """Sample values of a service with a cluster."""

    def __init__(self, shown: ClusterView, waiting_reason: str = "") -> None:
        super().__init__([])
        self._cluster = shown
        self._waiting_reason = waiting_reason

    def workers(self) -> WorkersView:
        return WorkersView([], 0, time_limit_s=300, cluster=self._cluster)

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        return JobsPage([], 0, {"PENDING": 1}, waiting_reason=self._waiting_reason)
