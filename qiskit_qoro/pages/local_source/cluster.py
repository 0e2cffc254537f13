"""The cluster of a local service, as an account sees it."""

from __future__ import annotations

from collections.abc import Collection

from qiskit_qoro.local.workers.pool_snapshot import MachineSnapshot, PoolSnapshot
from qiskit_qoro.pages.local_source.devices import device_names
from qiskit_qoro.pages.views import ClusterView, MachineView

__all__ = ["cluster_view"]


def cluster_view(snapshot: PoolSnapshot, own_jobs: Collection[str]) -> ClusterView | None:
    """Return the cluster, or ``None`` if the workers are processes of this machine.

    Args:
        snapshot: What is known of the workers.
        own_jobs: The jobs of the account. Of the others, only the number is shown.
    """
    if snapshot.cluster is None:
        return None
    used = [machine for machine in snapshot.machines if machine.refusal is None]
    methods = {method for machine in used for method in machine.methods}
    return ClusterView(
        snapshot.cluster,
        [_machine_view(machine, own_jobs, methods) for machine in snapshot.machines],
        snapshot.problem or "",
    )


def _machine_view(
    machine: MachineSnapshot, own_jobs: Collection[str], methods: Collection[str]
) -> MachineView:
    own = [job_id for job_id in machine.job_ids if job_id in own_jobs]
    return MachineView(
        name=machine.name,
        host=machine.host,
        since=machine.since,
        processes=machine.processes,
        # A worker gets a batch more than it has processes, so that it never waits for the next one.
        num_busy=min(machine.num_busy, machine.processes),
        job_ids=own,
        num_other_jobs=len(machine.job_ids) - len(own),
        cores=machine.cores,
        memory_limit_bytes=machine.memory_limit_bytes,
        tags=machine.tags,
        devices=device_names(machine.accelerators),
        missing_methods=sorted(set(methods) - set(machine.methods)) if machine.refusal is None else (),
        num_lost=machine.num_lost,
        refusal=machine.refusal or "",
    )
