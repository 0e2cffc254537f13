"""Jobs wait while no worker can be reached, and nothing of them is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.workers.pool_interface import PoolUnavailableError
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text

WAIT_S = 30
TEXT = "OPENQASM 2.0;"


class Cluster:
    """A pool whose workers come and go. A run has one result, and the others when ``finish`` is set."""

    def __init__(self) -> None:
        self.finish = threading.Event()
        self.started = threading.Semaphore(0)  # once for each run
        self._is_usable = True
        self._lost = threading.Event()
        self._listeners: list[Callable[[], None]] = []

    def is_usable(self) -> bool:
        return self._is_usable

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def lose(self) -> None:
        self._is_usable = False
        self._lost.set()
        self._call_listeners()

    def recover(self) -> None:
        self._is_usable = True
        self._lost = threading.Event()
        self._call_listeners()

    def _call_listeners(self) -> None:
        for listener in self._listeners:
            listener()

    def run(self, tasks: Sequence[Any], *, stop: threading.Event, **hooks: Any) -> bool:
        lost = self._lost
        hooks["on_result"](0, {"0": 1})
        hooks["on_tick"]()
        self.started.release()
        while not (stop.is_set() or lost.is_set() or self.finish.wait(0.01)):
            pass
        if lost.is_set():
            raise PoolUnavailableError("the scheduler at tls://lab:8786 does not answer")
        for index in range(1, len(tasks)):
            hooks["on_result"](index, {"0": 1})
        return not stop.is_set()


@dataclass(frozen=True)
class Service:
    database: Database
    store: JobStore
    queue: JobQueue
    cluster: Cluster

    def submit(self, number: int = 1) -> list[str]:
        ids = []
        for _ in range(number):
            job_id = self.store.create_job("me", JobRequest("t", JobType.EXECUTE, "qoro_maestro"))
            texts = dict.fromkeys(("a", "b", "c"), TEXT)
            blobs = dict.fromkeys(texts, encode_text(TEXT))
            self.store.append_circuits("me", job_id, CircuitBatch(texts, finalized=True, shots=1), blobs)
            ids.append(job_id)
        return ids

    def wait(self, status: JobStatus, ids: Sequence[str]) -> None:
        for job_id in ids:
            assert self.store.wait_status(job_id, status, timeout_s=WAIT_S)

    def num_finished(self, ids: Sequence[str]) -> list[int | None]:
        return [self.store.state("me", job_id).num_finished for job_id in ids]


@pytest.fixture
def service() -> Iterator[Service]:
    ticks = count()
    with closing(open_database()) as database:
        queue, cluster = JobQueue(database), Cluster()
        runner = Runner(queue, cluster, parallel=3, clock=lambda: float(next(ticks)))  # type: ignore[arg-type]
        runner.start()
        yield Service(database, JobStore(database), queue, cluster)
        runner.stop()


def test_jobs_whose_workers_are_lost_wait_with_their_results_and_continue(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qiskit_qoro")
    for _ in range(2):
        ids = service.submit(5)
        service.wait(JobStatus.RUNNING, ids[:3])
        for _ in range(3):
            assert service.cluster.started.acquire(timeout=WAIT_S)
        service.cluster.lose()
        service.wait(JobStatus.PENDING, ids)
        assert service.num_finished(ids) == [1, 1, 1, 0, 0]
        service.cluster.finish.set()
        service.cluster.recover()
        service.wait(JobStatus.COMPLETED, ids)
        assert service.num_finished(ids) == [3] * 5
        service.cluster.finish.clear()
        while service.cluster.started.acquire(blocking=False):
            pass
    # One line for each outage, and not one for each job.
    assert [record.getMessage() for record in caplog.records] == [
        "jobs wait until workers can be reached: the scheduler at tls://lab:8786 does not answer"
    ] * 2


def test_no_job_starts_while_no_worker_can_be_reached(service: Service) -> None:
    service.cluster.lose()
    (job_id,) = service.submit()
    # Another change of the queue wakes the threads, and they go on waiting.
    service.queue.notify()
    assert service.store.status(job_id) is JobStatus.PENDING
    assert not service.cluster.started.acquire(blocking=False)
    service.cluster.recover()
    service.wait(JobStatus.RUNNING, [job_id])
    service.cluster.finish.set()
    service.wait(JobStatus.COMPLETED, [job_id])


def test_a_job_that_waits_for_workers_can_be_cancelled(service: Service) -> None:
    ids = service.submit(2)
    service.wait(JobStatus.RUNNING, ids)
    service.cluster.lose()
    service.wait(JobStatus.PENDING, ids)
    service.store.cancel("me", ids[0])
    service.cluster.finish.set()
    service.cluster.recover()
    service.wait(JobStatus.COMPLETED, ids[1:])
    assert service.store.status(ids[0]) is JobStatus.CANCELLED


def set_read_only(database: Database, is_read_only: bool) -> None:
    """Let SQLite refuse to write, as on a file system that is read-only or full."""
    with database.read() as connection:
        connection.execute(f"PRAGMA query_only = {is_read_only:d}")


def test_a_job_is_put_back_once_the_database_can_be_written(service: Service) -> None:
    (job_id,) = service.submit()
    assert service.cluster.started.acquire(timeout=WAIT_S)
    set_read_only(service.database, True)
    service.cluster.lose()
    assert service.store.status(job_id) is JobStatus.RUNNING
    set_read_only(service.database, False)
    service.wait(JobStatus.PENDING, [job_id])
    assert service.num_finished([job_id]) == [1]
