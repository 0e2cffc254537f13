"""Build the pool of a service whose workers are those of a cluster."""

from __future__ import annotations

from pathlib import Path

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.service_events import Report
from qiskit_qoro.local.workers.cluster.addresses import (
    ClusterFile,
    LocalWorkers,
    SchedulerAddress,
    parse_cluster,
)
from qiskit_qoro.local.workers.cluster.agent import describe_worker, run_batch, show_refusal
from qiskit_qoro.local.workers.cluster.certificate_folder import find_certificates
from qiskit_qoro.local.workers.cluster.connection.worker_calls import WorkerCalls
from qiskit_qoro.local.workers.cluster.link import ClusterLink, SchedulerSource
from qiskit_qoro.local.workers.cluster.pool import DistributedPool
from qiskit_qoro.local.workers.cluster.remote_scheduler import RemoteScheduler
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.local.workers.cluster.started.job_queue_cluster import JobQueueCluster
from qiskit_qoro.local.workers.cluster.started.local_cluster import LocalCluster
from qiskit_qoro.local.workers.cluster.versions import installed_versions

__all__ = ["open_cluster"]

_CALLS = WorkerCalls(installed_versions, describe_worker, run_batch, show_refusal)


def open_cluster(
    cluster: str, certificates: str | Path | None, *, time_limit_s: float, report: Report
) -> DistributedPool:
    """Build the pool of a cluster. It connects when it is started.

    Args:
        cluster: The cluster, as ``addresses`` describes it.
        certificates: The folder with the certificates of the cluster, or ``None`` for the one that the
            environment names.
        time_limit_s: The maximum time of one circuit, in seconds.
        report: Takes the events of the cluster.

    Raises:
        QoroInputError: The cluster or its certificates cannot be used. A file is not read before the start.
    """
    link = ClusterLink(_source_of(cluster, certificates), _CALLS, report=report)
    return DistributedPool(link, time_limit_s=time_limit_s, report=report)


def _source_of(cluster: str, certificates: str | Path | None) -> SchedulerSource:
    place = parse_cluster(cluster)
    if isinstance(place, SchedulerAddress) and place.is_encrypted:
        return RemoteScheduler(str(place), load_security(find_certificates(certificates)))
    if isinstance(place, ClusterFile):
        return JobQueueCluster(place.path, certificates)
    if certificates is not None:
        raise QoroInputError(
            f"the cluster {place} takes no certificates from a folder: leave cluster_certificates out, or "
            "use the address tls://HOST:PORT of a scheduler"
        )
    return LocalCluster(place) if isinstance(place, LocalWorkers) else RemoteScheduler(str(place), None)
