"""What the operator of a service with a cluster sees: events, metrics and the page of the workers."""

from __future__ import annotations

import threading

import requests
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.service_events import EventKind, ServiceEvent
from qiskit_qoro.pages.local_source.workers import workers_view

LIMIT_S = 60.0


class Events:
    """The events of a service. Several threads may report them."""

    def __init__(self) -> None:
        self.found: list[ServiceEvent] = []
        self._changed = threading.Condition()

    def report(self, event: ServiceEvent) -> None:
        with self._changed:
            self.found.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: EventKind) -> ServiceEvent:
        """Return the first event of a kind, which may still have to happen."""
        with self._changed:
            is_there = self._changed.wait_for(lambda: any(each.kind is kind for each in self.found), LIMIT_S)
            assert is_there, self.found
            return next(each for each in self.found if each.kind is kind)


def samples(service: LocalService) -> dict[str, float]:
    url = f"{service.url.removesuffix('/api')}/metrics"
    headers = {"Authorization": f"Bearer {service.token}"}
    answer = requests.get(url, headers=headers, timeout=30)
    lines = [line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_events_metrics_and_the_page_agree_on_a_cluster() -> None:
    events = Events()
    with serve(cluster="local:1", metrics=True, report=events.report) as service:
        joined = events.wait_for(EventKind.WORKER_JOINED)
        connected = events.wait_for(EventKind.CLUSTER_CONNECTED)
        circuit = QuantumCircuit(1)
        circuit.measure_all()
        with QoroProvider(service.token, base_url=service.url, journal=False, progress=False) as provider:
            job = provider.get_backend().run([circuit] * 3, shots=10)
            job.result()
        ended = events.wait_for(EventKind.JOB_ENDED)
        found = samples(service)
        view = workers_view(service.parts, "local")
    assert (ended.job_id, ended.circuits, ended.status) == (job.job_id(), 3, "COMPLETED")
    assert view.cluster is not None
    assert view.cluster.address == connected.cluster
    assert view.cluster.problem == ""
    (machine,) = view.cluster.machines
    assert (machine.name, machine.host, machine.processes) == (joined.worker, joined.host, joined.processes)
    assert found["qoro_cluster_connected"] == 1
    assert found['qoro_cluster_workers{state="used"}'] == 1
    assert found["qoro_places"] == machine.processes
    assert found['qoro_circuits_total{account="local"}'] == 3
    worker = f'{{host="{machine.host}",worker="{machine.name}"}}'
    assert found[f"qoro_worker_places{worker}"] == machine.processes
