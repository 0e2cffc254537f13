"""What an account sees of the workers of a real service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import JobFailedError, QoroProvider
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.pages.local_source.devices import methods_with_devices
from qiskit_qoro.pages.local_source.workers import _memory_of, workers_view
from qiskit_qoro.pages.views import WorkersView

TOKEN = "other-token"


@pytest.fixture
def service() -> Iterator[LocalService]:
    with serve(workers=1, time_limit_s=30, accounts={TOKEN: Account("other")}) as running:
        running.parts.pool.accelerators()  # waits until the worker is ready
        yield running


@pytest.fixture
def other(service: LocalService) -> Iterator[QoroProvider]:
    with QoroProvider(TOKEN, base_url=service.address, link=service.link, journal=False) as provider:
        yield provider


def submit_endless(provider: QoroProvider) -> QoroJob:
    """Submit a circuit that keeps the engine busy for minutes."""
    circuit = QuantumCircuit(16)
    for layer in range(40):
        for qubit in range(16):
            circuit.ry(0.1 * (layer % 9 + 1), qubit)
            circuit.cx(qubit, (qubit + 1) % 16)
    circuit.h(0)
    circuit.reset(0)  # because of the reset, the engine simulates each shot
    circuit.measure_all()
    return provider.get_backend().run(circuit, shots=1_000_000)


def wait_for(service: LocalService, account: str, condition: Callable[[WorkersView], bool]) -> WorkersView:
    """Wait until what an account sees meets a condition."""
    deadline = time.monotonic() + 30
    while not condition(view := workers_view(service.parts, account)):
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    return view


def is_busy(view: WorkersView) -> bool:
    return view.workers[0].is_busy


def test_an_idle_worker(service: LocalService) -> None:
    view = workers_view(service.parts, "local")
    (worker,) = view.workers
    assert (worker.pid, worker.job_id, worker.is_busy) == (*service.worker_pids, None, False)
    assert worker.memory_bytes is not None
    assert worker.memory_bytes > 10 << 20
    assert (view.size, view.num_lost, view.last_loss, view.last_loss_time) == (1, 0, "", None)
    assert (view.num_pending, view.num_running) == (0, 0)
    assert view.time_limit_s == 30
    assert view.memory_limit_bytes is not None


def test_the_job_of_a_worker_is_shown_to_its_owner_only(service: LocalService, other: QoroProvider) -> None:
    job = submit_endless(other)
    seen = wait_for(service, "other", is_busy)
    (worker,) = seen.workers
    assert worker.job_id == job.job_id()
    assert worker.busy_since is not None
    assert (seen.num_pending, seen.num_running) == (0, 1)
    seen = wait_for(service, "local", is_busy)
    (worker,) = seen.workers
    assert (worker.job_id, worker.busy_since, worker.is_busy) == (None, None, True)
    assert (seen.num_pending, seen.num_running) == (0, 0)
    job.cancel()


def test_waiting_jobs_are_counted(service: LocalService, other: QoroProvider) -> None:
    jobs = [submit_endless(other) for _ in range(2)]
    seen = wait_for(service, "other", is_busy)
    assert (seen.num_pending, seen.num_running) == (1, 1)
    for job in jobs:
        job.cancel()


def test_a_worker_that_was_killed_is_counted_and_replaced(service: LocalService, other: QoroProvider) -> None:
    job = submit_endless(other)
    wait_for(service, "other", is_busy)
    (pid,) = service.worker_pids
    process = psutil.Process(pid)
    enough = process.cpu_times().user + 0.1
    wait_for(service, "other", lambda _: process.cpu_times().user > enough)  # it runs the circuit
    process.kill()
    with pytest.raises(JobFailedError, match="SIGKILL"):
        job.result()
    view = wait_for(service, "local", lambda view: view.num_lost == 1)
    assert view.last_loss == "SIGKILL while it worked on a job"
    assert view.last_loss_time is not None
    view = wait_for(service, "local", lambda view: len(view.workers) == 1)
    assert view.workers[0].pid != pid


def test_a_process_that_has_just_ended_has_no_memory(service: LocalService) -> None:
    (pid,) = service.worker_pids
    service.close()
    assert _memory_of(pid) is None


def test_all_methods_run_on_the_cpu() -> None:
    assert methods_with_devices(()) == [(method.name, ["CPU"]) for method in SimulationMethod]


def test_a_gpu_is_named_beside_the_cpu() -> None:
    methods = dict(methods_with_devices({Simulator.GpuSim}))
    assert methods["Statevector"] == ["CPU", "GPU"]
