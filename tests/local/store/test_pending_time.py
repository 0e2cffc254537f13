"""Configured minimum times that jobs stay pending and running, with a clock that the tests set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text
from tests.local.pools import UsablePool

WAIT_S = 30


@dataclass
class Clock:
    time: float = 100.0

    def __call__(self) -> float:
        return self.time


class InstantPool(UsablePool):
    """A pool that claims to have run every circuit."""

    def run(self, tasks: Sequence[Any], **hooks: Any) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock) -> Iterator[Database]:
    with closing(open_database(clock=clock, pending_time_s=5)) as database:
        yield database


def submit(store: JobStore) -> str:
    job_id = store.create_job("me", JobRequest("t", JobType.EXECUTE, simulator_cluster="qoro_maestro"))
    batch = CircuitBatch({"a": "OPENQASM 2.0;"}, finalized=True, shots=1)
    store.append_circuits("me", job_id, batch, {"a": encode_text("OPENQASM 2.0;")})
    return job_id


def claim(queue: JobQueue) -> str | None:
    job = queue.claim()
    return None if job is None else job.job_id


def test_a_job_can_be_claimed_once_its_pending_time_is_over(
    store: JobStore, queue: JobQueue, clock: Clock
) -> None:
    assert queue.delay_s() is None
    job_id = submit(store)
    clock.time += 4
    assert (queue.delay_s(), claim(queue)) == (1.0, None)
    clock.time += 1
    assert (queue.delay_s(), claim(queue)) == (0.0, job_id)
    assert queue.delay_s() is None


def test_the_pending_time_of_a_job_starts_when_it_is_finalized(
    store: JobStore, queue: JobQueue, clock: Clock
) -> None:
    first = submit(store)
    clock.time += 3
    second = submit(store)
    clock.time += 2
    assert (claim(queue), claim(queue)) == (first, None)
    clock.time += 3
    assert claim(queue) == second


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_cancelled_or_deleted_job_does_not_delay_the_next_one(
    store: JobStore, queue: JobQueue, clock: Clock, end: str
) -> None:
    gone, job_id = submit(store), submit(store)
    getattr(store, end)("me", gone)
    clock.time += 5
    assert claim(queue) == job_id


def test_a_job_stays_running_for_the_configured_time(clock: Clock) -> None:
    with closing(open_database(clock=clock)) as database:
        store, queue = JobStore(database), JobQueue(database)
        runner = Runner(queue, InstantPool(), parallel=1, clock=clock, running_time_s=1000)
        runner.start()
        job_id = submit(store)
        assert store.wait_status(job_id, JobStatus.RUNNING, timeout_s=WAIT_S)
        clock.time += 999
        queue.notify()
        assert store.status(job_id) is JobStatus.RUNNING
        clock.time += 1
        queue.notify()
        assert store.wait_status(job_id, JobStatus.COMPLETED, timeout_s=WAIT_S)
        assert store.job("me", job_id).run_time_s == 1000
        runner.stop()
