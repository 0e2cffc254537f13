"""When jobs are created, started and ended, what submitted them, and how large they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from qiskit_qoro.local.store.database import Database, UnstoredFailure, open_database
from qiskit_qoro.local.store.job_listing import ListedJob, find_listed_job
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.shots import ShotGroup
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A time of day that the test advances."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock) -> Iterator[Database]:
    with closing(open_database(now=clock)) as database:
        yield database


def request(job_type: JobType = JobType.EXECUTE) -> JobRequest:
    state = StateRequest(StateQuantity.STATEVECTOR) if job_type is JobType.STATE else None
    return JobRequest("tag", job_type, simulator_cluster="qoro_maestro", state=state)


def append(store: JobStore, job_id: str, *labels: str, finalized: bool = True, **batch: object) -> None:
    circuits = dict.fromkeys(labels, "text")
    settings = batch or {"shots": 10}
    store.append_circuits("me", job_id, CircuitBatch(circuits, finalized, **settings), circuits)  # type: ignore[arg-type]


def finalized_job(store: JobStore, *labels: str) -> str:
    job_id = store.create_job("me", request())
    append(store, job_id, *(labels or ("bell",)))
    return job_id


def seconds_of(job: ListedJob) -> list[int | None]:
    """When the job was created, started and ended, in seconds after the start."""
    times = (job.created_at, job.started_at, job.ended_at)
    return [None if time is None else int((time - START).total_seconds()) for time in times]


def test_each_change_of_the_status_is_timed_by_the_clock_of_the_database(
    clock: Clock, database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = finalized_job(store)
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, None, None]
    clock.seconds = 2
    job = queue.claim()
    assert job is not None
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, 2, None]
    clock.seconds = 5
    queue.finish(job.number, JobStatus.FAILED, run_time_s=0.5, reason="it broke")
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, 2, 5]


def test_a_job_that_is_cancelled_before_it_runs_never_starts(
    clock: Clock, database: Database, store: JobStore
) -> None:
    job_id = finalized_job(store)
    clock.seconds = 3
    store.cancel("me", job_id)
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, None, 3]


def test_a_job_that_waits_again_after_a_restart_has_not_started(
    clock: Clock, database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = finalized_job(store)
    clock.seconds = 2
    queue.claim()
    queue.requeue_running()
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, None, None]
    clock.seconds = 7
    queue.claim()
    assert seconds_of(find_listed_job(database, "me", job_id)) == [0, 7, None]


def test_a_failure_that_is_stored_later_is_timed(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = finalized_job(store)
    job = queue.claim()
    assert job is not None
    database.keep_failure(job.number, UnstoredFailure("disk full", 0.5))
    failed = find_listed_job(database, "me", job_id)
    assert (failed.status, failed.reason, failed.run_time_s) == (JobStatus.FAILED, "disk full", 0.5)
    with database.transaction():
        pass
    stored = find_listed_job(database, "me", job_id)
    assert (stored.status, stored.reason, stored.run_time_s) == (JobStatus.FAILED, "disk full", 0.5)
    assert stored.ended_at is not None


@pytest.mark.parametrize(
    ("job_type", "label", "kind"),
    [
        (JobType.EXECUTE, "0.1rabc", "run"),
        (JobType.EXECUTE, "0.1s", "sampler"),
        (JobType.EXPECTATION, "0.1eabc", "estimator"),
        (JobType.EXPECTATION, "0.1gabc", "gradient"),
        (JobType.EXECUTE, "0.1zabc", "other"),
        (JobType.EXECUTE, "0.2rabc", "other"),
        (JobType.EXECUTE, "1.1rabc", "other"),
        (JobType.EXECUTE, "bell", "other"),
        (JobType.STATE, "0.1rabc", "state"),
    ],
)
def test_the_kind_follows_from_the_type_and_the_first_label(
    database: Database, store: JobStore, job_type: JobType, label: str, kind: str
) -> None:
    job_id = store.create_job("me", request(job_type))
    measured = {JobType.EXECUTE: {"shots": 1}, JobType.EXPECTATION: {"observables": (("ZZ",),)}}.get(job_type)
    circuits = {label: "text"}
    batch = CircuitBatch(circuits, finalized=False, **(measured or {}))  # type: ignore[arg-type]
    store.append_circuits("me", job_id, batch, circuits)
    assert find_listed_job(database, "me", job_id).kind == kind
    append(store, job_id, "0.1rlater", **(measured or {"shots": None}))
    assert find_listed_job(database, "me", job_id).kind == kind


def test_a_part_of_a_submission_has_the_kind_of_its_first_job(database: Database, store: JobStore) -> None:
    def kind_of(*labels: str, tag: str = "tag", owner: str = "me") -> str:
        job_id = store.create_job(owner, JobRequest(tag, JobType.EXPECTATION, "qoro_maestro"))
        circuits = dict.fromkeys(labels, "text")
        batch = CircuitBatch(circuits, finalized=True, observables=(("ZZ",),))
        store.append_circuits(owner, job_id, batch, circuits)
        return find_listed_job(database, owner, job_id).kind

    assert kind_of("0.1eabc", "1.def") == "estimator"
    assert kind_of("2.ghi", "3", tag="another") == "other"
    assert kind_of("2.ghi", "3", owner="another") == "other"
    assert kind_of("2.ghi", "3") == "estimator"
    assert kind_of("4") == "estimator"
    assert kind_of("6") == "other"  # index 5 is missing
    assert kind_of("7") == "other"
    assert kind_of("0.1rabc") == "run"
    assert kind_of("1") == "other"  # `backend.run()` submits one job


def test_a_characterization_is_one_before_its_problem_arrives(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", request(JobType.VALIDATE))
    assert find_listed_job(database, "me", job_id).kind == "characterization"


def test_the_shots_of_all_circuits_are_added_up(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", request())
    assert find_listed_job(database, "me", job_id).num_shots is None
    append(store, job_id, "a", "b", finalized=False, shots=10)
    groups = (ShotGroup(0, 1, 5), ShotGroup(1, 3, 7))
    append(store, job_id, "c", "d", "e", finalized=False, shot_groups=groups)
    template = TemplateEntry("text", ("x",), [("f", [0.5]), ("g", [1.5])])
    store.append_template("me", job_id, TemplateBatch(template, finalized=True, shots=100), "blob")
    job = find_listed_job(database, "me", job_id)
    assert (job.num_shots, job.num_circuits) == (20 + 5 + 14 + 200, 7)


def test_jobs_without_shots_have_none(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", request(JobType.EXPECTATION))
    append(store, job_id, "a", observables=(("ZZ",),))
    assert find_listed_job(database, "me", job_id).num_shots is None


def test_too_many_shots_count_as_the_largest_integer(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", request())
    for label in "abc":
        append(store, job_id, label, finalized=label == "c", shots=2**63 - 1)
    assert find_listed_job(database, "me", job_id).num_shots == 2**63 - 1


def test_a_body_that_is_refused_counts_nothing(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", request())
    append(store, job_id, "a", finalized=False, shots=10)
    with pytest.raises(Exception, match="already has a circuit with this label"):
        append(store, job_id, "a", shots=10)
    job = find_listed_job(database, "me", job_id)
    assert (job.num_shots, job.num_circuits) == (10, 1)
