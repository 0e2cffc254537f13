"""Lists of jobs: conditions, pages, counts, and that they agree with the status of each job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from qiskit_qoro.local.store.database import Database, UnstoredFailure
from qiskit_qoro.local.store.job_listing import (
    ListingConditions,
    find_listed_job,
    list_choices,
    list_jobs,
)
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.store_errors import JobNotFoundError
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

ALL = ListingConditions()


def submitted(
    store: JobStore,
    tag: str = "tag",
    *,
    owner: str = "me",
    label: str = "bell",
    num_circuits: int = 1,
    target: dict[str, str] = {"simulator_cluster": "qoro_maestro"},  # noqa: B006 - never changed
) -> str:
    job_id = store.create_job(owner, JobRequest(tag, JobType.EXECUTE, **target))  # type: ignore[arg-type]
    labels = [label, *(f"{index}" for index in range(1, num_circuits))]
    circuits = dict.fromkeys(labels, "text")
    store.append_circuits(owner, job_id, CircuitBatch(circuits, True, shots=10), circuits)
    return job_id


def ended(
    store: JobStore, queue: JobQueue, status: JobStatus, tag: str = "tag", reason: str | None = None
) -> str:
    job_id = submitted(store, tag)
    job = queue.claim()
    assert job is not None
    queue.finish(job.number, status, run_time_s=1.0, reason=reason)
    return job_id


def ids(
    database: Database, conditions: ListingConditions = ALL, limit: int = 100, offset: int = 0
) -> list[str]:
    jobs, _ = list_jobs(database, "me", conditions, limit=limit, offset=offset)
    return [job.job_id for job in jobs]


def test_the_newest_job_is_first_and_pages_follow_each_other(database: Database, store: JobStore) -> None:
    job_ids = [submitted(store) for _ in range(7)][::-1]
    assert ids(database) == job_ids
    assert [ids(database, limit=3, offset=offset) for offset in (0, 3, 6, 9)] == [
        job_ids[:3],
        job_ids[3:6],
        job_ids[6:],
        [],
    ]


def test_an_account_sees_its_own_jobs_only(database: Database, store: JobStore) -> None:
    job_id, foreign = submitted(store, "mine"), submitted(store, "theirs", owner="other")
    assert ids(database) == [job_id]
    assert list_choices(database, "me") == (["mine"], ["other"])
    assert ids(database, ListingConditions(text=foreign)) == []
    with pytest.raises(JobNotFoundError, match="there is no job"):
        find_listed_job(database, "me", foreign)


def test_jobs_are_counted_by_status_without_the_condition_on_the_status(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    ended(store, queue, JobStatus.COMPLETED, "a")
    failed = ended(store, queue, JobStatus.FAILED, "a", "it broke")
    ended(store, queue, JobStatus.COMPLETED, "b")
    waiting = submitted(store, "a")
    conditions = ListingConditions({"FAILED", "PENDING"}, tag="a")
    jobs, by_status = list_jobs(database, "me", conditions, limit=1, offset=0)
    assert [job.job_id for job in jobs] == [waiting]
    assert by_status == {"COMPLETED": 1, "FAILED": 1, "PENDING": 1}
    assert ids(database, ListingConditions({"FAILED"})) == [failed]
    assert ids(database, ListingConditions({"RUNNING"})) == []


def test_conditions_are_combined(database: Database, store: JobStore) -> None:
    run = submitted(store, "vqe", label="0.1r")
    submitted(store, "vqe", label="0.1s")
    submitted(store, "qaoa", label="0.1r")
    assert ids(database, ListingConditions(kinds={"run"}, tag="vqe")) == [run]
    assert len(ids(database, ListingConditions(kinds={"run", "sampler"}))) == 3
    assert ids(database, ListingConditions(kinds={"run"}, tag="vqe", text="QAOA")) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Bell", True),
        ("bELL 100", True),
        ("100%", True),
        ("%", True),
        ("_", False),
        ("bell_100", False),
        ("\\", False),
        ("GRÜSSE", True),
        ("grüße", True),
        ("größe", False),
        ("qoro_MAESTRO", False),
        ("qoro FEZ", True),
        ("'", False),
    ],
)
def test_a_text_is_found_in_tag_and_target_in_upper_or_lower_case(
    database: Database, store: JobStore, text: str, is_found: bool
) -> None:
    job_id = submitted(store, "Bell 100% Grüße", target={"qpu_system": "qoro fez"})
    assert ids(database, ListingConditions(text=text)) == ([job_id] if is_found else [])


def test_a_text_is_found_in_the_identifier_and_in_the_reason(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    failed = ended(store, queue, JobStatus.FAILED, reason="circuit 'a': it needs 40 qubits")
    other = submitted(store)
    assert ids(database, ListingConditions(text="40 QUBITS")) == [failed]
    assert ids(database, ListingConditions(text=other[4:20].upper())) == [other]


def test_tags_and_kinds_to_choose_from_are_those_of_the_newest_jobs_first(
    database: Database, store: JobStore
) -> None:
    for tag, label in (("a", "0.1r"), ("b", "0.1s"), ("c", "x"), ("a", "0.1e")):
        submitted(store, tag, label=label)
    assert list_choices(database, "me") == (["a", "c", "b"], ["estimator", "other", "sampler", "run"])


def test_the_number_of_tags_to_choose_from_is_limited(database: Database, store: JobStore) -> None:
    for index in range(210):
        submitted(store, f"{index}")
    tags, _ = list_choices(database, "me")
    assert tags == [f"{index}" for index in range(209, 9, -1)]


def test_the_finished_circuits_are_counted(database: Database, store: JobStore, queue: JobQueue) -> None:
    job_id = submitted(store, num_circuits=4)

    def numbers() -> tuple[int, int]:
        (job,), _ = list_jobs(database, "me", ALL, limit=1, offset=0)
        state = store.state("me", job_id)
        assert (job.num_finished, job.num_circuits) == (state.num_finished, state.num_circuits)
        return job.num_finished, job.num_circuits

    assert numbers() == (0, 4)
    job = queue.claim()
    assert job is not None
    queue.add_outcomes(job.number, [(0, "{}", False), (1, "{}", True)])
    assert numbers() == (2, 4)
    queue.add_outcomes(job.number, [(2, "{}", False)])
    store.cancel("me", job_id)
    assert numbers() == (3, 4)


def test_all_circuits_of_a_completed_job_are_finished(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    ended(store, queue, JobStatus.COMPLETED)
    (job,), _ = list_jobs(database, "me", ALL, limit=1, offset=0)
    assert (job.num_finished, job.num_circuits) == (1, 1)


def test_a_job_that_failed_while_the_disk_was_full_has_failed_in_lists_too(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    failed, running = submitted(store, "failed"), submitted(store, "running")
    first, _ = queue.claim(), queue.claim()
    assert first is not None
    database.keep_failure(first.number, UnstoredFailure("its outcome could not be stored", 0.5))
    jobs, by_status = list_jobs(database, "me", ALL, limit=10, offset=0)
    assert {job.job_id: job.status for job in jobs} == {
        job_id: store.status(job_id) for job_id in (failed, running)
    }
    assert by_status == {"FAILED": 1, "RUNNING": 1}
    assert ids(database, ListingConditions({"FAILED"})) == [failed]
    assert ids(database, ListingConditions({"RUNNING"})) == [running]
    assert ids(database, ListingConditions(text="could NOT be stored")) == [failed]
    assert ids(database, ListingConditions({"FAILED"}, {"other"}, "failed", "maestro")) == [failed]


def test_a_failure_that_cannot_be_stored_does_not_count_for_a_job_that_was_cancelled_before(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    job = queue.claim()
    assert job is not None
    store.cancel("me", job_id)
    database.keep_failure(job.number, UnstoredFailure("disk full", 0.5))
    jobs, by_status = list_jobs(database, "me", ALL, limit=10, offset=0)
    assert (jobs[0].status, jobs[0].reason, by_status) == (JobStatus.CANCELLED, None, {"CANCELLED": 1})


def test_lists_are_read_while_jobs_are_submitted_and_run(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    stop = threading.Event()

    def until_stopped(function: Callable[[], object]) -> int:
        number = 0
        while not stop.is_set():
            function()
            number += 1
        return number

    def run_next() -> None:
        job = queue.claim()
        if job is not None:
            queue.add_results(job.number, [(0, "{}")])
            queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0.1)

    def read() -> None:
        jobs, by_status = list_jobs(database, "me", ListingConditions(text="tag"), limit=20, offset=0)
        numbers = [job.number for job in jobs]
        assert numbers == sorted(numbers, reverse=True)
        # Jobs that were submitted after the count may be listed.
        assert len(jobs) >= min(20, sum(by_status.values()))

    with ThreadPoolExecutor(4) as threads:
        others = [threads.submit(until_stopped, function) for function in (run_next, read, read)]
        for _ in range(300):
            submitted(store)
        stop.set()
        assert all(other.result() > 0 for other in others)
    while queue.delay_s() is not None:
        run_next()
    _, by_status = list_jobs(database, "me", ALL, limit=1, offset=0)
    assert by_status == {"COMPLETED": 300}
