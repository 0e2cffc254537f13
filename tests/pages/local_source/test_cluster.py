"""What an account sees of a cluster: a pool with a scripted snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import Account, FaultInjection, LocalService, serve
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.workers.pool_interface import Pool
from qiskit_qoro.local.workers.pool_snapshot import MachineSnapshot, PoolSnapshot
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.local_source.workers import workers_view
from qiskit_qoro.pages.views import JobFilter

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MACHINE = MachineSnapshot(
    name="w1",
    address="tls://10.0.0.1:4000",
    host="lab1",
    since=NOON,
    processes=2,
    num_busy=3,
    job_ids=(),
    cores=8,
    memory_limit_bytes=1 << 30,
    tags=("gpu",),
    accelerators=frozenset({Simulator.GpuSim}),
    methods=("Statevector", "Stabilizer"),
    num_lost=1,
)
POOL = PoolSnapshot(
    workers=(),
    size=0,
    num_lost=1,
    last_loss=None,
    num_waiting=0,
    time_limit_s=300,
    memory_limit_bytes=None,
    accelerators=frozenset(),
    cluster="tls://head:8786",
)


class ScriptedPool:
    """A pool of which only the snapshot is asked."""

    def __init__(self, snapshot: PoolSnapshot) -> None:
        self._snapshot = snapshot

    def snapshot(self) -> PoolSnapshot:
        return self._snapshot


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    faults = FaultInjection(pending_time_s=3600)
    with serve(workers=1, accounts={"other-token": Account("other")}, fault_injection=faults) as running:
        yield running


def parts_with(service: LocalService, snapshot: PoolSnapshot) -> ServiceParts:
    return replace(service.parts, pool=cast("Pool", ScriptedPool(snapshot)))


def submit(service: LocalService, token: str) -> str:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    with QoroProvider(token, base_url=service.address, link=service.link, journal=False) as provider:
        return provider.get_backend().run(circuit, shots=1).job_id()


def test_a_machine_shows_the_jobs_of_the_account_and_counts_the_others(service: LocalService) -> None:
    own, foreign = submit(service, service.token), submit(service, "other-token")
    machine = replace(MACHINE, job_ids=(own, foreign))
    view = workers_view(parts_with(service, replace(POOL, machines=(machine,))), "local")
    assert view.cluster is not None
    (shown,) = view.cluster.machines
    assert (shown.job_ids, shown.num_other_jobs) == ([own], 1)
    assert (shown.name, shown.host, shown.processes, shown.num_busy) == ("w1", "lab1", 2, 2)
    assert (shown.devices, shown.tags, shown.num_lost, shown.refusal) == (["GPU"], ("gpu",), 1, "")
    assert view.workers == []


def test_a_machine_names_the_methods_that_others_have(service: LocalService) -> None:
    other = replace(MACHINE, name="w2", methods=("Statevector",))
    refused = replace(MACHINE, name="w3", methods=("PathIntegral",), refusal="it is too old")
    view = workers_view(parts_with(service, replace(POOL, machines=(MACHINE, other, refused))), "local")
    assert view.cluster is not None
    missing = [list(machine.missing_methods) for machine in view.cluster.machines]
    assert missing == [[], ["Stabilizer"], []]


def test_jobs_say_why_they_wait(service: LocalService) -> None:
    job_id = submit(service, service.token)
    lost = replace(POOL, problem="the scheduler does not answer")
    source = LocalSource(parts_with(service, lost), "local", "QoroProvider()")
    assert source.jobs(JobFilter(), limit=1, offset=0).waiting_reason == "the scheduler does not answer"
    reason = "No job can run now, so the job waits: the scheduler does not answer."
    assert source.job(job_id).notes == [reason]
    others = LocalSource(parts_with(service, POOL), "local", "QoroProvider()")
    assert others.jobs(JobFilter(), limit=1, offset=0).waiting_reason == ""
    assert others.job(job_id).notes == []


def test_a_service_without_a_cluster_has_none(service: LocalService) -> None:
    assert workers_view(service.parts, "local").cluster is None
