"""How the runner turns jobs into tasks and outcomes. Functions stand in for the worker processes."""

from __future__ import annotations

import base64
import gzip
import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.quotas import Quota
from qiskit_qoro.local.store.store_errors import JobConflictError, StorageError
from qiskit_qoro.local.workers.pool import CircuitTask, TaskFailure
from qiskit_qoro.local.workers.tasks import SweepResults
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType, ResultDetails
from qiskit_qoro.models.shots import CircuitRange

from .pools import UsablePool

WAIT_S = 30

RunTasks = Callable[[Sequence[CircuitTask], threading.Event, Callable[[int, Any], None]], bool]


class FunctionPool(UsablePool):
    """A pool that runs tasks by calling a function."""

    def __init__(self, run_tasks: RunTasks) -> None:
        self._run_tasks = run_tasks

    def run(
        self,
        tasks: Sequence[CircuitTask],
        *,
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        job_id: str = "",
        on_failure: Callable[[int, str], None] | None = None,
        on_sweep: Callable[[int, SweepResults], None] | None = None,
        on_details: Callable[[int, ResultDetails], None] | None = None,
        on_tick: Callable[[], None] | None = None,
    ) -> bool:
        return self._run_tasks(tasks, stop, on_result)


class FailingPool(UsablePool):
    """A pool in which every circuit fails but the one at ``success``; they are done in the given order."""

    def __init__(self, order: Sequence[int], *, success: int) -> None:
        self._order = order
        self._success = success

    def run(self, tasks: Sequence[CircuitTask], **hooks: Any) -> bool:
        for index in self._order:
            if index == self._success:
                hooks["on_result"](index, {"ZZ": 1.0})
            else:
                hooks["on_failure"](index, f"out of ink for {tasks[index].qasm}")
        return True


@dataclass(frozen=True)
class Jobs:
    database: Database
    store: JobStore
    queue: JobQueue

    def submit(
        self, *texts: str, request: JobRequest | None = None, owner: str = "me", **settings: Any
    ) -> str:
        request = request or JobRequest("t", JobType.EXECUTE, simulator_cluster="qoro_maestro")
        job_id = self.store.create_job(owner, request)
        circuits = {f"c{index}": text for index, text in enumerate(texts)}
        blobs = {
            label: base64.b64encode(gzip.compress(text.encode())).decode() for label, text in circuits.items()
        }
        batch = CircuitBatch(circuits, finalized=True, **(settings or {"shots": 8}))
        self.store.append_circuits(owner, job_id, batch, blobs)
        return job_id

    def run_all(self, pool: Any, *, parallel: int = 1) -> None:
        ticks = iter(range(1000))
        runner = Runner(self.queue, pool, parallel=parallel, clock=lambda: float(next(ticks)))
        runner.start()
        assert self.queue.wait_idle(WAIT_S)
        runner.stop()

    def collect_tasks(self) -> list[CircuitTask]:
        """Run all jobs and return their tasks."""
        collected: list[CircuitTask] = []

        def collect(
            tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
        ) -> bool:
            assert [tasks[index] for index in range(len(tasks))] == tasks[:]
            collected.extend(tasks)
            return True

        self.run_all(FunctionPool(collect))
        return collected


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with closing(open_database()) as database:
        yield Jobs(database, JobStore(database), JobQueue(database))


# --- from a job to its tasks ----------------------------------------------------------------------------


def test_a_task_holds_the_circuit_as_it_was_sent(jobs: Jobs) -> None:
    config = ExecutionConfig(bond_dimension=8)
    request = JobRequest("t", JobType.EXECUTE, qpu_system="local_qpu", execution_config=config)
    jobs.submit("first é", "second", request=request, shots=70)
    settings = engine_settings(config, "local_qpu")
    assert jobs.collect_tasks() == [
        CircuitTask("c0", "first é", shots=70, settings=settings),
        CircuitTask("c1", "second", shots=70, settings=settings),
    ]


def pauli_strings_of(jobs: Jobs, groups: Any, ham_map: Any, num_circuits: int) -> list[Any]:
    request = JobRequest("t", JobType.EXPECTATION, simulator_cluster="qoro_maestro")
    jobs.submit(*["text"] * num_circuits, request=request, observables=groups, circuit_ham_map=ham_map)
    tasks = jobs.collect_tasks()
    assert [task.shots for task in tasks] == [None] * num_circuits
    return [task.pauli_strings for task in tasks]


def test_without_circuit_ham_map_every_group_is_measured_on_every_circuit(jobs: Jobs) -> None:
    assert pauli_strings_of(jobs, (("ZI", "IZ"), ("XX",)), None, 2) == [("ZI", "IZ", "XX")] * 2


def test_circuit_ham_map_assigns_groups_and_a_circuit_in_no_range_gets_all(jobs: Jobs) -> None:
    ham_map = (CircuitRange(0, 2), CircuitRange(1, 3))
    assert pauli_strings_of(jobs, (("ZI", "IZ"), ("XX", "IZ")), ham_map, 4) == [
        ("ZI", "IZ"),
        ("ZI", "IZ", "XX"),
        ("XX", "IZ"),
        ("ZI", "IZ", "XX"),
    ]


# --- from results and failures to the outcome of a job --------------------------------------------------


def test_results_that_arrive_out_of_order_are_stored_in_the_order_of_the_circuits(jobs: Jobs) -> None:
    job_id = jobs.submit("a", "b")

    def run_backwards(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        on_result(1, {"XX": 0.5})
        on_result(0, {"ZZ": -1.0})
        return True

    jobs.run_all(FunctionPool(run_backwards))
    job = jobs.store.job("me", job_id)
    assert (job.status, job.run_time_s) == (JobStatus.COMPLETED, 1.0)
    count, items, failures = jobs.store.outcomes("me", job_id, 10, 0)
    assert (count, list(map(json.loads, items)), failures) == (
        2,
        [{"label": "c0", "results": {"ZZ": -1.0}}, {"label": "c1", "results": {"XX": 0.5}}],
        [],
    )


@dataclass
class TickingPool(UsablePool):
    """A pool that notes how many outcomes are stored before the first tick, after it, and when it stops."""

    jobs: Jobs
    error: Exception | None = None
    stored: list[int] = field(default_factory=list)

    def run(self, tasks: Sequence[CircuitTask], **hooks: Any) -> bool:
        hooks["on_result"](1, {"ZZ": 1.0})
        hooks["on_failure"](2, "out of ink")
        self.note()
        hooks["on_tick"]()
        self.note()
        hooks["on_result"](0, {"ZZ": 0.5})
        self.note()
        if self.error is not None:
            raise self.error
        return True

    def note(self) -> None:
        with self.jobs.database.read() as connection:
            self.stored.append(connection.execute("SELECT count(*) FROM results").fetchone()[0])


@pytest.mark.parametrize("error", [None, TaskFailure("circuit 'c0': it crashed", label="c0")])
def test_outcomes_are_stored_together_at_each_tick_and_at_the_end(
    jobs: Jobs, error: Exception | None
) -> None:
    job_id = jobs.submit("a", "b", "c")
    pool = TickingPool(jobs, error)
    jobs.run_all(pool)
    assert pool.stored == [0, 2, 2]
    count, items, failures = jobs.store.outcomes("me", job_id, 10, 0)
    assert count == 3
    assert [json.loads(item)["label"] for item in items] == ["c0", "c1"]
    assert [json.loads(item)["label"] for item in failures] == ["c2"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TaskFailure("circuit 'c0': it crashed", label="c0"), "circuit 'c0': it crashed"),
        (RuntimeError("out of luck"), "the local service failed: out of luck"),
    ],
)
def test_an_error_of_the_pool_fails_the_job_with_a_reason_and_the_next_job_runs(
    jobs: Jobs, failure: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = jobs.submit("bad"), jobs.submit("good")

    def fail_once(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        if tasks[0].qasm == "bad":
            raise failure
        return True

    jobs.run_all(FunctionPool(fail_once))
    failed = jobs.store.job("me", bad)
    assert (failed.status, failed.reason) == (JobStatus.FAILED, reason)
    assert jobs.store.status(good) is JobStatus.COMPLETED


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 3, 4, 2, 1, 0]])
def test_failures_are_listed_in_the_order_of_the_circuits_whatever_arrives_first(
    jobs: Jobs, order: list[int]
) -> None:
    job_id = jobs.submit(*"abcdef")
    jobs.run_all(FailingPool(order, success=2))
    job = jobs.store.job("me", job_id)
    assert job.status is JobStatus.FAILED
    assert job.reason == (
        "circuit 'c0': out of ink for a; circuit 'c1': out of ink for b; circuit 'c3': out of ink for d; "
        "and 2 more circuits failed"
    )
    count, items, failures = jobs.store.outcomes("me", job_id, 2, 1)
    assert (count, list(map(json.loads, items)), list(map(json.loads, failures))) == (
        6,
        [{"label": "c2", "results": {"ZZ": 1.0}}],
        [{"label": "c1", "error": "out of ink for b"}],
    )


# --- several jobs, stopping -----------------------------------------------------------------------------


def test_as_many_jobs_run_at_once_as_configured(jobs: Jobs) -> None:
    for _ in range(6):
        jobs.submit("text")
    meeting = threading.Barrier(3)

    def meet(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        meeting.wait(WAIT_S)
        return True

    jobs.run_all(FunctionPool(meet), parallel=3)
    assert not meeting.broken


class BusyPool(UsablePool):
    """A pool in which each job runs until it is stopped."""

    def __init__(self) -> None:
        self.running: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self, tasks: Sequence[CircuitTask], **hooks: Any) -> bool:
        self.running.put(hooks["job_id"])
        return not hooks["stop"].wait(WAIT_S)


def test_a_short_job_and_the_first_job_of_an_account_do_not_wait_for_long_ones(jobs: Jobs) -> None:
    pool = BusyPool()
    runner = Runner(jobs.queue, pool, parallel=8, clock=lambda: 0.0)
    runner.start()
    long = [jobs.submit(*["text"] * 101) for _ in range(20)]
    assert {pool.running.get(timeout=WAIT_S) for _ in range(8)} == set(long[:8])
    short = jobs.submit("text")
    assert pool.running.get(timeout=WAIT_S) == short
    following = jobs.submit(*["text"] * 101, owner="other")
    assert pool.running.get(timeout=WAIT_S) == following
    assert jobs.store.status(long[8]) is JobStatus.PENDING
    runner.stop()
    assert pool.running.empty()


def test_of_many_threads_a_quarter_takes_long_jobs(jobs: Jobs) -> None:
    pool = BusyPool()
    runner = Runner(jobs.queue, pool, parallel=16, clock=lambda: 0.0)
    runner.start()
    long = [jobs.submit(*["text"] * 101) for _ in range(5)]
    assert {pool.running.get(timeout=WAIT_S) for _ in range(4)} == set(long[:4])
    short = [jobs.submit("text") for _ in range(13)]
    assert {pool.running.get(timeout=WAIT_S) for _ in range(12)} == set(short[:12])
    first = [jobs.submit(*["text"] * 101, owner=owner) for owner in ("ann", "bob", "cat")]
    assert {pool.running.get(timeout=WAIT_S) for _ in range(2)} == set(first[:2])
    assert {jobs.store.status(job_id) for job_id in (long[4], short[12], first[2])} == {JobStatus.PENDING}
    runner.stop()


def test_a_job_that_waits_because_of_a_quota_starts_when_another_one_ends(database: Database) -> None:
    quotas = {"me": Quota(running_jobs=2)}
    jobs = Jobs(database, JobStore(database, quotas), JobQueue(database, quotas))
    pool = BusyPool()
    runner = Runner(jobs.queue, pool, parallel=4, clock=lambda: 0.0)
    runner.start()
    ids = [jobs.submit("text") for _ in range(3)]
    running = {pool.running.get(timeout=WAIT_S) for _ in range(2)}
    assert running == set(ids[:2])
    other = jobs.submit("text", owner="other")
    assert pool.running.get(timeout=WAIT_S) == other
    assert jobs.store.status(ids[2]) is JobStatus.PENDING
    job, _ = jobs.store.cancel("me", ids[0])
    runner.stop_job(job.number)
    assert pool.running.get(timeout=WAIT_S) == ids[2]
    runner.stop()


def run_until_stopped(
    tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
) -> bool:
    return not stop.wait(WAIT_S)


@pytest.fixture
def running(jobs: Jobs) -> Iterator[tuple[Runner, str]]:
    """A runner and the job that it is running."""
    job_id = jobs.submit("text")
    runner = Runner(jobs.queue, FunctionPool(run_until_stopped), parallel=1, clock=lambda: 0.0)
    runner.start()
    assert jobs.store.wait_status(job_id, JobStatus.RUNNING, timeout_s=WAIT_S)
    yield runner, job_id
    runner.stop()


def test_a_cancelled_job_is_stopped_and_stays_cancelled(jobs: Jobs, running: tuple[Runner, str]) -> None:
    runner, job_id = running
    following = jobs.submit("text")
    job, _ = jobs.store.cancel("me", job_id)
    runner.stop_job(job.number)
    assert jobs.store.wait_status(following, JobStatus.RUNNING, timeout_s=WAIT_S)
    assert jobs.store.status(job_id) is JobStatus.CANCELLED


def test_a_running_job_is_pending_again_after_the_runner_has_stopped(
    jobs: Jobs, running: tuple[Runner, str]
) -> None:
    runner, job_id = running
    runner.stop()
    assert jobs.store.status(job_id) is JobStatus.PENDING
    assert jobs.queue.delay_s() == 0


def test_a_new_runner_runs_the_jobs_that_were_running_when_the_last_one_died(jobs: Jobs) -> None:
    job_id = jobs.submit("text")
    assert jobs.queue.claim() is not None  # by a runner that died
    jobs.collect_tasks()
    assert jobs.store.status(job_id) is JobStatus.COMPLETED


def test_stopping_a_job_that_is_not_running_does_nothing(jobs: Jobs, running: tuple[Runner, str]) -> None:
    runner, job_id = running
    runner.stop_job(12345)
    assert jobs.store.status(job_id) is JobStatus.RUNNING


# --- a database that cannot be written ------------------------------------------------------------------


def set_read_only(database: Database, is_read_only: bool) -> None:
    """Let SQLite refuse to write, as on a file system that is read-only or full."""
    with database.read() as connection:
        connection.execute(f"PRAGMA query_only = {is_read_only:d}")


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(open_database()) as database:
        yield database


def counting_pool() -> FunctionPool:
    def count(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        for index in range(len(tasks)):
            on_result(index, {"0": 8})
        return True

    return FunctionPool(count)


def test_a_job_whose_results_do_not_fit_fails_and_says_disk_full(database: Database) -> None:
    jobs = Jobs(database, JobStore(database), JobQueue(database))
    job_id = jobs.submit("text")

    def fill(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        with database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        on_result(0, {f"{value:020b}": 1 for value in range(10_000)})
        return True

    jobs.run_all(FunctionPool(fill))
    job = jobs.store.job("me", job_id)
    assert job.status is JobStatus.FAILED
    assert job.reason is not None
    assert job.reason.startswith("its outcome could not be stored: disk full: make room")
    assert job.run_time_s is not None
    # The failure itself fitted into the database.
    assert database.unstored_failure(job.number) is None


def test_a_failure_that_cannot_be_stored_is_kept_until_it_can(database: Database) -> None:
    jobs = Jobs(database, JobStore(database), JobQueue(database))
    job_id = jobs.submit("text")
    ended = threading.Event()
    number = jobs.store.job("me", job_id).number
    jobs.store.call_at_end(number, ended.set)

    def fill(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        set_read_only(database, True)
        on_result(0, {"0": 8})
        return True

    # The database still cannot be written when the runner stops.
    jobs.run_all(FunctionPool(fill))
    assert ended.is_set()
    assert jobs.queue.is_idle()
    assert jobs.store.wait_status(job_id, JobStatus.FAILED, timeout_s=0)
    kept = jobs.store.job("me", job_id)
    assert kept.status is JobStatus.FAILED
    assert kept.reason is not None
    assert "the database of the local service cannot be written" in kept.reason
    with pytest.raises(StorageError, match="cannot be written"):
        jobs.store.cancel("me", job_id)

    set_read_only(database, False)
    with pytest.raises(JobConflictError, match="FAILED"):
        jobs.store.cancel("me", job_id)  # the refusal is rolled back, and the failure with it
    assert jobs.store.job("me", job_id) == kept
    jobs.submit("other")
    assert database.unstored_failure(number) is None
    assert jobs.store.job("me", job_id) == kept


def test_a_job_that_was_cancelled_does_not_fail_although_nothing_can_be_stored(database: Database) -> None:
    jobs = Jobs(database, JobStore(database), JobQueue(database))
    job_id = jobs.submit("text")

    def cancel(
        tasks: Sequence[CircuitTask], stop: threading.Event, on_result: Callable[[int, Any], None]
    ) -> bool:
        jobs.store.cancel("me", job_id)
        set_read_only(database, True)
        on_result(0, {"0": 8})
        return True

    jobs.run_all(FunctionPool(cancel))
    assert jobs.store.status(job_id) is JobStatus.CANCELLED


def test_jobs_wait_in_the_queue_until_the_database_can_be_written(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Jobs(database, JobStore(database), JobQueue(database))
    num_attempts = 0

    def clock() -> float:
        # The runner asks for the time after each failed attempt. It gets a later time at every call.
        nonlocal num_attempts
        num_attempts += 1
        if num_attempts == 10:
            set_read_only(database, False)
        return float(num_attempts)

    runner = Runner(jobs.queue, counting_pool(), parallel=1, clock=clock, retry_s=1.0)
    runner.start()
    # In one step, so that the runner cannot start the job in between.
    with database.read():
        job_id = jobs.submit("text")
        set_read_only(database, True)
    assert jobs.store.wait_status(job_id, JobStatus.COMPLETED, timeout_s=WAIT_S)
    runner.stop()
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert messages[0].startswith("no job can be started until the database can be written: ")
