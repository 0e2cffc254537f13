"""Jobs that are kept waiting on purpose, by a clock that moves when it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text

WAIT_S = 30


@dataclass
class Clock:
    time: float = 100.0

    def __call__(self) -> float:
        return self.time


class EmptyPool:
    """Has run every circuit as soon as it is asked to."""

    def run(self, tasks: Sequence[Any], **hooks: Any) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with closing(open_store(clock=clock, pending_time_s=5)) as store:
        yield store


def submit(store: Store) -> str:
    job_id = store.create_job("me", JobRequest("t", JobType.EXECUTE, simulator_cluster="qoro_maestro"))
    batch = CircuitBatch({"a": "OPENQASM 2.0;"}, finalized=True, shots=1)
    store.append("me", job_id, batch, {"a": encode_text("OPENQASM 2.0;")})
    return job_id


def claimed(store: Store) -> str | None:
    job = store.claim()
    return None if job is None else job.job_id


def test_a_job_may_run_when_its_time_has_come_and_not_before(store: Store, clock: Clock) -> None:
    assert store.delay_s() is None
    job_id = submit(store)
    clock.time += 4
    assert (store.delay_s(), claimed(store)) == (1.0, None)
    clock.time += 1
    assert (store.delay_s(), claimed(store)) == (0.0, job_id)
    assert store.delay_s() is None


def test_every_job_waits_from_its_own_beginning(store: Store, clock: Clock) -> None:
    first = submit(store)
    clock.time += 3
    second = submit(store)
    clock.time += 2
    assert (claimed(store), claimed(store)) == (first, None)
    clock.time += 3
    assert claimed(store) == second


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_job_that_is_gone_holds_up_nobody(store: Store, clock: Clock, end: str) -> None:
    gone, job_id = submit(store), submit(store)
    getattr(store, end)("me", gone)
    clock.time += 5
    assert claimed(store) == job_id


def test_a_job_runs_as_long_as_it_has_to(clock: Clock) -> None:
    with closing(open_store(clock=clock)) as store:
        runner = Runner(store, EmptyPool(), parallel=1, clock=clock, running_time_s=1000)
        runner.start()
        job_id = submit(store)

        def is_(status: JobStatus) -> bool:
            return store.wait_for(lambda: store.job("me", job_id).status is status, WAIT_S)

        assert is_(JobStatus.RUNNING)
        clock.time += 999
        store.notify()
        assert store.job("me", job_id).status is JobStatus.RUNNING
        clock.time += 1
        store.notify()
        assert is_(JobStatus.COMPLETED)
        assert store.job("me", job_id).run_time_s == 1000
        runner.stop()
