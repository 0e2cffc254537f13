"""What the runner makes of a job, with a pool that does as it is told in place of engine processes."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.local.workers.pool import Task, TaskFailure
from qiskit_qoro.local.workers.tasks import Values
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.shots import CircuitRange

Behaviour = Callable[[Sequence[Task], threading.Event, Callable[[int, Any], None]], bool]


class Pool:
    """Behaves as a function says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    def run(
        self,
        tasks: Sequence[Task],
        *,
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None = None,
        on_values: Callable[[int, Values], None] | None = None,
    ) -> bool:
        return self._behaviour(tasks, stop, on_result)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store()) as store:
        yield store


def submit(store: Store, *texts: str, request: JobRequest | None = None, **settings: Any) -> str:
    job_id = store.create_job(
        "me", request or JobRequest("t", JobType.EXECUTE, simulator_cluster="qoro_maestro")
    )
    circuits = {f"c{index}": text for index, text in enumerate(texts)}
    blobs = {
        label: base64.b64encode(gzip.compress(text.encode())).decode() for label, text in circuits.items()
    }
    store.append("me", job_id, CircuitBatch(circuits, finalized=True, **(settings or {"shots": 8})), blobs)
    return job_id


def run_all(store: Store, behaviour: Behaviour, *, parallel: int = 1) -> None:
    ticks = iter(range(1000))
    runner = Runner(store, Pool(behaviour), parallel=parallel, clock=lambda: float(next(ticks)))
    runner.start()
    assert store.wait_for(store.is_idle, 30)
    runner.stop()


def tasks_of(store: Store) -> list[Task]:
    seen: list[Task] = []

    def look(tasks: Sequence[Task], stop: threading.Event, on_result: Callable[[int, Any], None]) -> bool:
        assert [tasks[index] for index in range(len(tasks))] == tasks[:]
        seen.extend(tasks)
        return True

    run_all(store, look)
    return seen


def test_a_task_is_the_circuit_as_it_was_sent(store: Store) -> None:
    config = ExecutionConfig(bond_dimension=8)
    request = JobRequest("t", JobType.EXECUTE, qpu_system="local_qpu", execution_config=config)
    submit(store, "first é", "second", request=request, shots=70)
    assert tasks_of(store) == [
        Task("c0", "first é", shots=70, config=config, device="local_qpu"),
        Task("c1", "second", shots=70, config=config, device="local_qpu"),
    ]


def words_of(store: Store, groups: Any, ham_map: Any, num_circuits: int) -> list[tuple[str, ...] | None]:
    request = JobRequest("t", JobType.EXPECTATION, simulator_cluster="qoro_maestro")
    submit(store, *["text"] * num_circuits, request=request, observables=groups, circuit_ham_map=ham_map)
    tasks = tasks_of(store)
    assert [task.shots for task in tasks] == [None] * num_circuits
    return [task.words for task in tasks]


def test_without_a_map_every_group_is_measured_on_every_circuit(store: Store) -> None:
    assert words_of(store, (("ZI", "IZ"), ("XX",)), None, 2) == [("ZI", "IZ", "XX")] * 2


def test_the_map_says_which_group_is_measured_where_and_a_circuit_in_no_range_gets_all(store: Store) -> None:
    ham_map = (CircuitRange(0, 2), CircuitRange(1, 3))
    assert words_of(store, (("ZI", "IZ"), ("XX", "IZ")), ham_map, 4) == [
        ("ZI", "IZ"),
        ("ZI", "IZ", "XX"),
        ("XX", "IZ"),
        ("ZI", "IZ", "XX"),
    ]


def test_results_are_kept_in_the_order_of_the_circuits_whatever_comes_first(store: Store) -> None:
    job_id = submit(store, "a", "b")

    def backwards(
        tasks: Sequence[Task], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        on_result(1, {"XX": 0.5})
        on_result(0, {"ZZ": -1.0})
        return True

    run_all(store, backwards)
    job = store.job("me", job_id)
    assert (job.status, job.run_time_s) == (JobStatus.COMPLETED, 1.0)
    count, items, failures = store.outcomes("me", job_id, 10, 0)
    assert (count, list(map(json.loads, items)), failures) == (
        2,
        [{"label": "c0", "results": {"ZZ": -1.0}}, {"label": "c1", "results": {"XX": 0.5}}],
        [],
    )


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TaskFailure("circuit 'c0': it crashed", label="c0"), "circuit 'c0': it crashed"),
        (RuntimeError("out of luck"), "the local service failed: out of luck"),
    ],
)
def test_whatever_goes_wrong_the_job_fails_with_a_reason_and_the_next_one_runs(
    store: Store, failure: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = submit(store, "bad"), submit(store, "good")

    def fail_once(
        tasks: Sequence[Task], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        if tasks[0].qasm == "bad":
            raise failure
        return True

    run_all(store, fail_once)
    assert (store.job("me", bad).status, store.job("me", bad).reason) == (JobStatus.FAILED, reason)
    assert store.job("me", good).status is JobStatus.COMPLETED


def test_a_circuit_that_fails_leaves_the_others_their_results(store: Store) -> None:
    job_id = submit(store, *"abcdef")

    class Picky(Pool):
        def run(self, tasks: Sequence[Task], **hooks: Any) -> bool:
            for index in range(len(tasks)):
                if index == 2:
                    hooks["on_result"](index, {"ZZ": 1.0})
                else:
                    hooks["on_failure"](index, "out of ink")
            return True

    ticks = iter(range(1000))
    runner = Runner(store, Picky(obey), parallel=1, clock=lambda: float(next(ticks)))
    runner.start()
    assert store.wait_for(store.is_idle, 30)
    runner.stop()
    job = store.job("me", job_id)
    assert job.status is JobStatus.FAILED
    assert job.reason == (
        "circuit 'c0': out of ink; circuit 'c1': out of ink; circuit 'c3': out of ink; "
        "and 2 more circuits failed"
    )
    count, items, failures = store.outcomes("me", job_id, 2, 1)
    assert (count, list(map(json.loads, items)), list(map(json.loads, failures))) == (
        6,
        [{"label": "c2", "results": {"ZZ": 1.0}}],
        [{"label": "c1", "error": "out of ink"}],
    )


def test_as_many_jobs_run_at_once_as_allowed(store: Store) -> None:
    for _ in range(6):
        submit(store, "text")
    meeting = threading.Barrier(3)

    def meet(tasks: Sequence[Task], stop: threading.Event, on_result: Callable[[int, Any], None]) -> bool:
        meeting.wait(30)
        return True

    run_all(store, meet, parallel=3)
    assert not meeting.broken


def obey(tasks: Sequence[Task], stop: threading.Event, on_result: Callable[[int, Any], None]) -> bool:
    return not stop.wait(30)


@pytest.fixture
def running(store: Store) -> Iterator[tuple[Runner, str]]:
    job_id = submit(store, "text")
    runner = Runner(store, Pool(obey), parallel=1, clock=lambda: 0.0)
    runner.start()
    assert store.wait_for(lambda: store.job("me", job_id).status is JobStatus.RUNNING, 30)
    yield runner, job_id
    runner.stop()


def test_a_cancelled_job_is_stopped_and_stays_cancelled(store: Store, running: tuple[Runner, str]) -> None:
    runner, job_id = running
    following = submit(store, "text")
    job, _ = store.cancel("me", job_id)
    runner.stop_job(job.number)
    assert store.wait_for(lambda: store.job("me", following).status is JobStatus.RUNNING, 30)
    assert store.job("me", job_id).status is JobStatus.CANCELLED


def test_a_job_that_runs_when_the_runner_stops_is_pending_again(
    store: Store, running: tuple[Runner, str]
) -> None:
    runner, job_id = running
    runner.stop()
    assert store.job("me", job_id).status is JobStatus.PENDING
    assert store.has_waiting()


def test_stopping_a_job_that_does_not_run_does_nothing(store: Store, running: tuple[Runner, str]) -> None:
    runner, job_id = running
    runner.stop_job(12345)
    assert store.job("me", job_id).status is JobStatus.RUNNING
