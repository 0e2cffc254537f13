"""The values of the metrics, read with the parser of Prometheus's client library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import prometheus_client
import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from qiskit_qoro.local.metrics.ended_jobs_tally import EndedJobsTally
from qiskit_qoro.local.metrics.metric_table import METRICS, MetricType
from qiskit_qoro.local.metrics.request_tally import RequestTally
from qiskit_qoro.local.metrics.service_metrics import ServiceMetrics, build_registry
from qiskit_qoro.local.store.database import Database, UnstoredFailure, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.answered_requests import AnsweredRequest
from qiskit_qoro.local.workers.pool_snapshot import Loss, MachineSnapshot, PoolSnapshot, WorkerSnapshot
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TEXT = encode_text("OPENQASM 2.0;")
LOCAL_POOL = PoolSnapshot(
    workers=(
        WorkerSnapshot(11, NOON, is_ready=True, job_id="j", since=NOON),
        WorkerSnapshot(12, NOON, is_ready=True, job_id=None, since=None),
    ),
    size=2,
    num_lost=3,
    last_loss=Loss("it was killed", NOON),
    num_waiting=1,
    time_limit_s=300,
    memory_limit_bytes=1 << 30,
    accelerators=frozenset(),
)
MACHINE = MachineSnapshot(
    name="w1",
    address="tls://10.0.0.1:4000",
    host="lab1",
    since=NOON,
    processes=4,
    num_busy=5,
    job_ids=("j",),
    cores=8,
    memory_limit_bytes=1 << 30,
    tags=(),
    accelerators=frozenset(),
    methods=("Statevector",),
    num_lost=2,
)
CLUSTER_POOL = replace(
    LOCAL_POOL,
    workers=(),
    size=0,
    cluster="tls://head:8786",
    machines=(
        MACHINE,
        replace(MACHINE, name='w"2\n', processes=2, num_busy=0, num_lost=0),
        replace(MACHINE, name="w3", refusal="it has another version"),
    ),
)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@contextmanager
def opened(now: Clock, path: Path | None = None) -> Iterator[Database]:
    with closing(open_database(path, now=now)) as database:
        for name in ("local", "ann", "gone"):
            JobStore(database).open_account(name, Decimal(100))
        yield database


@contextmanager
def watched(
    database: Database, snapshot: PoolSnapshot = LOCAL_POOL
) -> Iterator[Callable[[], dict[str, float]]]:
    """Yield a function that returns the samples of all metrics."""
    requests = RequestTally()
    requests.add(AnsweredRequest("get_status", 200, 0.002, "ann", "127.0.0.1"))
    requests.add(AnsweredRequest("get_status", 401, 0.0005, None, "127.0.0.1"))
    with EndedJobsTally(database, ["local", "ann"]) as jobs:
        metrics = ServiceMetrics(
            database,
            lambda: snapshot,
            ["local", "ann"],
            jobs,
            requests,
            version="1.2",
            start_time_s=5.0,
        )
        registry = build_registry(metrics)
        yield lambda: read(generate_latest(registry).decode())


def read(text: str) -> dict[str, float]:
    samples = [sample for family in parse(text) for sample in family.samples]
    found = {f"{name}{labels or ''}": value for name, labels, value, *_ in samples}
    assert len(found) == len(samples)
    return found


def submit(database: Database, owner: str, *, finalized: bool = True, num_circuits: int = 2) -> str:
    store = JobStore(database)
    job_id = store.create_job(owner, JobRequest("t", JobType.EXECUTE, simulator_cluster="qoro_maestro"))
    circuits = dict.fromkeys("abcdef"[:num_circuits], "OPENQASM 2.0;")
    batch = CircuitBatch(circuits, finalized=finalized, shots=7)
    store.append_circuits(owner, job_id, batch, dict.fromkeys(circuits, TEXT))
    return job_id


@pytest.fixture
def now() -> Clock:
    return Clock()


def test_the_queue_and_the_running_jobs_of_each_account(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        submit(database, "ann", num_circuits=6)
        job = JobQueue(database).claim()
        assert job is not None
        JobQueue(database).add_results(job.number, [(0, "{}"), (1, "{}")])
        submit(database, "ann")
        now.pass_seconds(60)
        submit(database, "ann")
        submit(database, "gone")
        submit(database, "local", finalized=False)
        now.pass_seconds(30)
        found = samples()
    assert found["qoro_jobs{'account': 'ann', 'status': 'PENDING'}"] == 2
    assert found["qoro_jobs{'account': 'ann', 'status': 'RUNNING'}"] == 1
    assert found["qoro_jobs{'account': 'ann', 'status': 'FAILED'}"] == 0
    assert found["qoro_jobs{'account': 'other', 'status': 'PENDING'}"] == 1
    assert found["qoro_jobs{'account': 'local', 'status': 'PENDING'}"] == 1
    queued = {name: value for name, value in found.items() if name.startswith("qoro_jobs_queued")}
    assert queued == {
        "qoro_jobs_queued{'account': 'ann'}": 2,
        "qoro_jobs_queued{'account': 'local'}": 0,  # its circuits have not all arrived
        "qoro_jobs_queued{'account': 'other'}": 1,
    }
    assert found["qoro_oldest_queued_job_seconds{'account': 'ann'}"] == 90
    assert found["qoro_oldest_queued_job_seconds{'account': 'local'}"] == 0
    assert found["qoro_circuits_unfinished{'account': 'ann'}"] == 4 + 2 + 2
    assert found["qoro_circuits_total{'account': 'ann'}"] == 2


def test_a_job_that_was_interrupted_has_only_the_other_circuits_left(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        queue = JobQueue(database)
        submit(database, "ann", num_circuits=6)
        job = queue.claim()
        assert job is not None
        queue.add_results(job.number, [(0, "{}"), (1, "{}")])
        queue.put_back(job.number, run_time_s=1)
        assert samples()["qoro_circuits_unfinished{'account': 'ann'}"] == 4
        assert queue.claim() is not None
        queue.add_results(job.number, [(2, "{}")])
        assert samples()["qoro_circuits_unfinished{'account': 'ann'}"] == 3


def test_jobs_that_have_ended_are_counted_with_their_circuits_shots_and_times(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        queue = JobQueue(database)
        submit(database, "ann")
        submit(database, "local")
        now.pass_seconds(20)
        for status, outcomes in (
            (JobStatus.COMPLETED, [(0, "{}", False), (1, "{}", False)]),
            (JobStatus.FAILED, [(0, "{}", False), (1, "{}", True)]),
        ):
            job = queue.claim()
            assert job is not None
            queue.add_outcomes(job.number, outcomes)
            queue.finish(job.number, status, run_time_s=2.5, reason=None)
        JobStore(database).cancel("ann", submit(database, "ann"))
        JobStore(database).delete("ann", submit(database, "ann"))  # a deleted job has not ended
        found = samples()
    ended = {name: value for name, value in found.items() if name.startswith("qoro_jobs_ended")}
    assert ended == {
        "qoro_jobs_ended_total{'account': 'ann', 'kind': 'other', 'status': 'CANCELLED'}": 1,
        "qoro_jobs_ended_total{'account': 'ann', 'kind': 'other', 'status': 'COMPLETED'}": 1,
        "qoro_jobs_ended_total{'account': 'local', 'kind': 'other', 'status': 'FAILED'}": 1,
    }
    assert found["qoro_circuits_total{'account': 'ann'}"] == 2
    assert found["qoro_circuits_failed_total{'account': 'ann'}"] == 0
    assert found["qoro_circuits_failed_total{'account': 'local'}"] == 1
    assert found["qoro_shots_total{'account': 'ann'}"] == 14
    assert found["qoro_shots_total{'account': 'local'}"] == 0
    assert found["qoro_job_duration_seconds_count{'kind': 'other'}"] == 2
    assert found["qoro_job_duration_seconds_sum{'kind': 'other'}"] == 5
    assert found["qoro_job_duration_seconds_bucket{'kind': 'other', 'le': '1.0'}"] == 0
    assert found["qoro_job_wait_seconds_sum{'account': 'ann'}"] == 20
    assert found["qoro_credits_charged_total{'account': 'ann'}"] == 0.02
    assert found["qoro_credits_balance{'account': 'ann'}"] == 99.98
    assert "qoro_credits_balance{'account': 'other'}" not in found


def test_stored_values_are_right_after_a_restart(now: Clock, tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with opened(now, path) as database, watched(database) as samples:
        queue = JobQueue(database)
        submit(database, "ann")
        job = queue.claim()
        assert job is not None
        queue.finish(job.number, JobStatus.COMPLETED, run_time_s=1)
        submit(database, "ann")
        before = samples()
    with opened(now, path) as database, watched(database) as samples:
        after = samples()
    stored = [name for name, row in METRICS.items() if row.is_stored]
    kept = [name for name in before if re.match(r"\w+", name)[0] in stored]  # type: ignore[index]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["qoro_credits_charged_total{'account': 'ann'}"] == 0.02
    assert "qoro_jobs_ended_total{'account': 'ann', 'kind': 'other', 'status': 'COMPLETED'}" in before
    assert not [name for name in after if name.startswith("qoro_jobs_ended")]


def test_a_failure_that_cannot_be_stored_counts_as_failed(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        submit(database, "ann")
        job = JobQueue(database).claim()
        assert job is not None
        database.keep_failure(job.number, UnstoredFailure("disk full", 3.0))
        found = samples()
    assert found["qoro_jobs{'account': 'ann', 'status': 'FAILED'}"] == 1
    assert found["qoro_jobs{'account': 'ann', 'status': 'RUNNING'}"] == 0
    assert found["qoro_circuits_unfinished{'account': 'ann'}"] == 0
    assert found["qoro_job_duration_seconds_sum{'kind': 'other'}"] == 3


def test_the_workers_of_this_machine(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        found = samples()
    assert found["qoro_service_info{'cluster': '', 'version': '1.2'}"] == 1
    assert found["qoro_service_start_time_seconds"] == 5
    assert [found["qoro_places"], found["qoro_places_busy"], found["qoro_runs_waiting"]] == [2, 1, 1]
    assert [found["qoro_pool_usable"], found["qoro_processes_lost_total"]] == [1, 3]
    assert found["qoro_database_size_bytes"] > 0
    assert not [name for name in found if name.startswith(("qoro_cluster_", "qoro_worker_"))]


def test_the_workers_of_a_cluster(now: Clock) -> None:
    with opened(now) as database, watched(database, CLUSTER_POOL) as samples:
        found = samples()
    assert [found["qoro_places"], found["qoro_places_busy"]] == [6, 4]
    assert found["qoro_cluster_connected"] == 1
    assert found["qoro_cluster_workers{'state': 'used'}"] == 2
    assert found["qoro_cluster_workers{'state': 'refused'}"] == 1
    assert found["qoro_worker_places{'host': 'lab1', 'worker': 'w1'}"] == 4
    assert found["qoro_worker_places_busy{'host': 'lab1', 'worker': 'w1'}"] == 4
    assert found["qoro_worker_processes_lost{'host': 'lab1', 'worker': 'w1'}"] == 2
    assert found["qoro_worker_places{'host': 'lab1', 'worker': 'w\"2\\n'}"] == 2
    assert not [name for name in found if "w3" in name]


def test_a_cluster_that_cannot_be_reached(now: Clock) -> None:
    lost = replace(CLUSTER_POOL, machines=(), problem="the scheduler does not answer")
    with opened(now) as database, watched(database, lost) as samples:
        found = samples()
    assert [found["qoro_cluster_connected"], found["qoro_pool_usable"], found["qoro_places"]] == [0, 0, 0]


def test_requests_are_counted_by_endpoint_and_status(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        found = samples()
    assert found["qoro_requests_total{'endpoint': 'get_status', 'status': '200'}"] == 1
    assert found["qoro_requests_total{'endpoint': 'get_status', 'status': '401'}"] == 1
    assert found["qoro_request_duration_seconds_count{'endpoint': 'get_status'}"] == 2
    assert found["qoro_request_duration_seconds_bucket{'endpoint': 'get_status', 'le': '0.001'}"] == 1


def test_all_metrics_are_those_of_the_table_in_both_formats(now: Clock) -> None:
    with opened(now) as database, EndedJobsTally(database, ["local"]) as jobs:
        metrics = ServiceMetrics(
            database, lambda: CLUSTER_POOL, ["local"], jobs, RequestTally(), version="1", start_time_s=0.0
        )
        registry = build_registry(metrics)
        families = {family.name: family for family in metrics.collect()}
        openmetrics = list(parse_openmetrics(generate_openmetrics(registry).decode()))
    expected = {name.removesuffix("_total"): row for name, row in METRICS.items()}
    assert list(families) == list(expected)
    assert {name: family.type for name, family in families.items()} == {
        name: row.kind.value for name, row in expected.items()
    }
    own = {family.name for family in openmetrics if not family.name.startswith("qoro_process_")}
    assert own == set(expected)
    for name, row in METRICS.items():
        assert re.fullmatch(r"qoro_[a-z_]+", name)
        assert name.endswith("_total") == (row.kind is MetricType.COUNTER)
        assert list(row.labels) == sorted(row.labels)


def test_nothing_is_added_to_the_registry_that_programs_share(now: Clock) -> None:
    with opened(now) as database, watched(database) as samples:
        samples()
        assert b"qoro_" not in generate_latest(prometheus_client.REGISTRY)
