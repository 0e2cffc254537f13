"""What a pool says of its workers, with real processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psutil
import pytest

from qiskit_qoro.display.times import local_now
from qiskit_qoro.local.workers.pool import CircuitTask, WorkerPool
from qiskit_qoro.local.workers.pool_snapshot import PoolSnapshot

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
BELL = CircuitTask("bell", HEADER + "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;", shots=10)


def endless() -> CircuitTask:
    """A circuit that keeps the engine busy for minutes without much memory, and needs no Qiskit."""
    layers = "".join(
        f"ry(0.{k % 9 + 1}) q[{i}]; cx q[{i}],q[{(i + 1) % 16}];" for k in range(40) for i in range(16)
    )
    resets = "h q[0]; reset q[0];"  # because of the reset, the engine simulates each shot
    text = HEADER + "qreg q[16]; creg c[16];" + layers + resets + "measure q -> c;"
    return CircuitTask("endless", text, shots=1_000_000)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=1, memory_limit_bytes=2**30) as pool:
        pool.accelerators()  # waits until the worker is ready
        yield pool


def run(
    pool: WorkerPool,
    task: CircuitTask,
    job_id: str,
    *,
    until: Callable[[PoolSnapshot], bool] = lambda _: False,
) -> tuple[PoolSnapshot, list[str]]:
    """Run a task, and stop it if the pool is in a state. Return the last state and the failures."""
    stop, reasons = threading.Event(), []
    seen = [pool.snapshot()]

    def look() -> None:
        seen.append(pool.snapshot())
        if until(seen[-1]):
            stop.set()

    ignore: Callable[..., Any] = lambda *_: None  # noqa: E731
    pool.run(
        [task],
        stop=stop,
        job_id=job_id,
        on_result=ignore,
        on_failure=lambda _, reason: reasons.append(reason),
        on_tick=look,
    )
    return seen[-1], reasons


def test_an_idle_worker_has_no_job() -> None:
    before = local_now()
    with WorkerPool(workers=2, memory_limit_bytes=2**30, time_limit_s=7) as pool:
        snapshot = pool.snapshot()
        assert [worker.pid for worker in snapshot.workers] == list(pool.pids)
        assert all(psutil.pid_exists(worker.pid) for worker in snapshot.workers)
    assert all(before <= worker.started <= local_now() for worker in snapshot.workers)
    assert {(worker.job_id, worker.since) for worker in snapshot.workers} == {(None, None)}
    limits = (snapshot.size, snapshot.time_limit_s, snapshot.memory_limit_bytes)
    assert limits == (2, 7, 2**30)
    assert (snapshot.num_lost, snapshot.last_loss) == (0, None)


def test_a_worker_shows_its_job_and_since_when(pool: WorkerPool) -> None:
    before = local_now()
    snapshot, _ = run(pool, endless(), "job-1", until=lambda seen: seen.workers[0].job_id is not None)
    (worker,) = snapshot.workers
    assert (worker.job_id, worker.is_ready) == ("job-1", True)
    assert isinstance(worker.since, datetime)
    assert before <= worker.since <= local_now()


def test_a_worker_is_idle_again_after_its_job(pool: WorkerPool) -> None:
    run(pool, BELL, "job-1")
    (worker,) = pool.snapshot().workers
    assert (worker.job_id, worker.since) == (None, None)


def test_a_stopped_job_is_no_loss(pool: WorkerPool) -> None:
    run(pool, endless(), "job-1", until=lambda seen: seen.workers[0].job_id is not None)
    run(pool, BELL, "job-2")  # the new worker runs it, so the end of the old one has been reported
    assert pool.snapshot().num_lost == 0


def test_a_killed_worker_is_counted_with_the_signal(pool: WorkerPool) -> None:
    before = local_now()
    killed: list[int] = []
    enough = psutil.Process(*pool.pids).cpu_times().user + 0.1

    def kill(seen: PoolSnapshot) -> bool:
        (worker,) = seen.workers
        is_running = psutil.Process(worker.pid).cpu_times().user > enough
        if not killed and worker.job_id is not None and is_running:
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)
        return False

    _, reasons = run(pool, endless(), "job-1", until=kill)
    assert reasons == ["the engine crashed (SIGKILL)"]
    run(pool, BELL, "job-2")
    snapshot = pool.snapshot()
    assert snapshot.num_lost == 1
    assert snapshot.last_loss is not None
    assert snapshot.last_loss.reason == "SIGKILL while it worked on a job"
    assert before <= snapshot.last_loss.time <= local_now()
    assert killed[0] not in [worker.pid for worker in snapshot.workers]


def test_a_worker_that_is_killed_while_it_is_idle_is_counted_too(pool: WorkerPool) -> None:
    (worker,) = pool.snapshot().workers
    os.kill(worker.pid, signal.SIGKILL)
    run(pool, BELL, "job-1")
    loss = pool.snapshot().last_loss
    assert loss is not None
    # The pool may give it the job before it learns that the process has ended.
    assert loss.reason in {"SIGKILL while it was idle", "SIGKILL while it worked on a job"}


def test_a_worker_that_exceeds_the_time_limit_is_lost() -> None:
    with WorkerPool(workers=1, memory_limit_bytes=2**30, time_limit_s=2) as pool:
        pool.accelerators()
        run(pool, endless(), "job-1")
        run(pool, BELL, "job-2")
        snapshot = pool.snapshot()
    assert snapshot.num_lost == 1
    assert snapshot.last_loss is not None
    assert snapshot.last_loss.reason == "a circuit took longer than the 2 s allowed"


def test_closing_a_pool_loses_nothing(pool: WorkerPool) -> None:
    pool.close()
    snapshot = pool.snapshot()
    assert (snapshot.workers, snapshot.num_lost) == ((), 0)
