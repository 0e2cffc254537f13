"""The targets of a real service, with the unfinished jobs of an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.pages.local_source.targets import targets_of


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(workers=1, accounts={"other-token": Account("other")}) as service:
        yield service


def test_the_targets_are_those_that_a_client_gets(service: LocalService) -> None:
    with QoroProvider(service.token, base_url=service.address, link=service.link) as provider:
        listed = [*provider.service.fetch_simulator_clusters(), *provider.service.fetch_qpu_systems()]
    found = targets_of(service.parts, "local")
    assert [view.system for view in found] == listed
    assert all(view.noise for view in found)


def test_only_the_unfinished_jobs_of_the_account_are_counted(service: LocalService) -> None:
    store = service.parts.store
    on_cluster = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
    on_qpu = JobRequest("tag", JobType.EXECUTE, qpu_system="local_qpu")
    before = {view.system.name: view.num_pending for view in targets_of(service.parts, "local")}
    waiting = [store.create_job("local", request) for request in (on_cluster, on_cluster, on_qpu)]
    store.create_job("other", on_qpu)
    store.fail("local", waiting[0], reason="it is over")
    found = {view.system.name: view for view in targets_of(service.parts, "local")}
    added = {name: (view.num_pending or 0) - (before[name] or 0) for name, view in found.items()}
    assert added == {"qoro_maestro": 1, "local_qpu": 1, "local_heavy_hex": 0}
    assert {view.num_running for view in found.values()} == {0}
    assert {view.num_pending for view in targets_of(service.parts, "other")} == {0, 1}
