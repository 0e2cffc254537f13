"""The processes that run circuits."""

from __future__ import annotations

from math import inf

from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.times import duration
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.handlers.machines import machines_of
from qiskit_qoro.pages.handlers.paging import address_with
from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.source import MissingError
from qiskit_qoro.pages.views import ClusterView, WorkersView

__all__ = ["format_bytes", "workers_page"]

_REFRESH_S = 2
_MAX_JOBS = 2  # of one machine that are named
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def workers_page(request: PageRequest) -> Page:
    """Show what the workers do, how many were lost, and what they can simulate."""
    if not request.source.facts.has_workers:
        raise MissingError("The worker processes of this service are not known here.")
    found = request.source.workers()
    values = {
        "found": found,
        "machines": None if found.cluster is None else machines_of(found.cluster),
        "max_jobs": _MAX_JOBS,
        "devices": _devices(found),
        "format_bytes": format_bytes,
        "limits": _limits(found),
        "summary": _summary(found),
        "jobs_address": {
            status.value: address_with(f"{request.prefix}/jobs", {}, status=status.value)
            for status in (JobStatus.PENDING, JobStatus.RUNNING)
        },
    }
    return Page("Workers", "workers.html", values, section="workers", refresh_s=_REFRESH_S)


def format_bytes(size: int) -> str:
    """Format a number of bytes with a binary unit, such as ``98 MiB`` or ``1.5 GiB``."""
    value, unit = float(size), _UNITS[0]
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f} {unit}" if value < 9.95 and unit != "B" else f"{value:,.0f} {unit}"


def _limits(found: WorkersView) -> list[tuple[str, str]]:
    """Return name and value of the limits of one circuit."""
    time_s = found.time_limit_s
    return [
        ("Memory of a circuit, at most", _memory_limit(found)),
        ("Time of a circuit, at most", "no limit" if time_s is None or time_s == inf else duration(time_s)),
    ]


def _memory_limit(found: WorkersView) -> str:
    if found.cluster is None:
        memory = found.memory_limit_bytes
        return "no limit" if memory is None else format_bytes(memory)
    limits = [machine.memory_limit_bytes for machine in found.cluster.machines if not machine.refusal]
    return format_bytes(max(limits)) if limits else "unknown"


def _devices(found: WorkersView) -> list[str]:
    """Return the devices of all methods, each once."""
    return list(dict.fromkeys(device for _, devices in found.methods for device in devices))


def _summary(found: WorkersView) -> str:
    """Return the sentence that screen readers hear when it changes."""
    if found.cluster is not None:
        return _cluster_summary(found.cluster)
    num_busy = sum(worker.is_busy for worker in found.workers)
    lost = f", {counted(found.num_lost, 'process', 'processes')} lost" if found.num_lost else ""
    return f"{num_busy:,} of {counted(found.size, 'worker')} busy{lost}"


def _cluster_summary(cluster: ClusterView) -> str:
    if cluster.problem:
        return f"No job can run now: {cluster.problem}"
    machines = machines_of(cluster)
    refused = f", {counted(machines.num_refused, 'worker')} refused" if machines.num_refused else ""
    processes = counted(machines.num_processes, "process", "processes")
    return f"{machines.num_busy:,} of {processes} busy{refused}"
