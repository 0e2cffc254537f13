"""The worker processes of the local service."""

from __future__ import annotations

from collections.abc import Collection

import psutil

from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.unfinished_jobs import count_unfinished
from qiskit_qoro.local.workers.pool_snapshot import WorkerSnapshot
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.local_source.cluster import cluster_view
from qiskit_qoro.pages.local_source.devices import methods_with_devices
from qiskit_qoro.pages.views import WorkersView, WorkerView

__all__ = ["workers_view"]


def workers_view(parts: ServiceParts, account: str) -> WorkersView:
    """Return what an account may know of the workers. It learns nothing of the jobs of others.

    Args:
        parts: The parts of the service.
        account: The name of the account.
    """
    snapshot = parts.pool.snapshot()
    jobs = [worker.job_id for worker in snapshot.workers if worker.job_id]
    jobs += dict.fromkeys(job_id for machine in snapshot.machines for job_id in machine.job_ids)
    marks = ", ".join("?" * len(jobs))
    with parts.database.read() as connection:
        rows = connection.execute(
            f"SELECT job_id FROM jobs WHERE owner = ? AND job_id IN ({marks})",  # noqa: S608 - question marks
            (account, *jobs),
        )
        own_jobs = {job_id for (job_id,) in rows}
        counts = count_unfinished(connection, account)
    loss = snapshot.last_loss
    return WorkersView(
        [_worker_view(worker, own_jobs) for worker in snapshot.workers],
        snapshot.size,
        snapshot.num_lost,
        "" if loss is None else loss.reason,
        methods_with_devices(snapshot.accelerators),
        snapshot.memory_limit_bytes,
        snapshot.time_limit_s,
        num_pending=sum(count for (_, status), count in counts.items() if status is JobStatus.PENDING),
        num_running=sum(count for (_, status), count in counts.items() if status is JobStatus.RUNNING),
        last_loss_time=None if loss is None else loss.time,
        cluster=cluster_view(snapshot, own_jobs),
    )


def _worker_view(worker: WorkerSnapshot, own_jobs: Collection[str]) -> WorkerView:
    is_own = worker.job_id in own_jobs
    return WorkerView(
        worker.pid,
        worker.job_id if is_own else None,
        worker.job_id is not None,
        _memory_of(worker.pid),
        worker.started,
        worker.is_ready,
        worker.since if is_own else None,
    )


def _memory_of(pid: int) -> int | None:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:  # the process has just ended
        return None
