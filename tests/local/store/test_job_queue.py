"""The order of the queue, races between threads, and waiting for changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import JobConflictError
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")


def append(store: JobStore, job_id: str, *labels: str, finalized: bool = True) -> None:
    circuits = dict.fromkeys(labels, "text")
    store.append_circuits("me", job_id, CircuitBatch(circuits, finalized, shots=10), circuits)


def finalized_job(store: JobStore, *labels: str) -> str:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, *(labels or ("bell",)))
    return job_id


def claim(queue: JobQueue) -> StoredJob:
    job = queue.claim()
    assert job is not None
    return job


def race(*functions: Callable[[], bool]) -> list[bool]:
    start = threading.Barrier(len(functions))
    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(lambda function: (start.wait(), function())[1], functions))


def test_jobs_are_claimed_in_the_order_in_which_they_were_finalized(store: JobStore, queue: JobQueue) -> None:
    first, second = store.create_job("me", EXECUTE), store.create_job("me", EXECUTE)
    append(store, second, "a")
    append(store, first, "a")
    claimed = [queue.claim(), queue.claim(), queue.claim()]
    assert [job and job.job_id for job in claimed] == [second, first, None]


def test_a_job_that_is_not_finalized_is_not_in_the_queue(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, "a", finalized=False)
    assert queue.claim() is None
    assert queue.delay_s() is None
    assert queue.is_idle()


def test_a_claimed_job_is_running_and_can_be_finished_once(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store)
    job = claim(queue)
    assert store.status(job_id) is JobStatus.RUNNING
    assert not queue.is_idle()
    assert queue.finish(job.number, JobStatus.FAILED, run_time_s=0.5, reason="it broke")
    assert not queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0.7)
    ended = store.job("me", job_id)
    assert (ended.status, ended.reason, ended.run_time_s) == (JobStatus.FAILED, "it broke", 0.5)
    assert queue.is_idle()


def numbers(store: JobStore, job_id: str) -> tuple[int | None, int | None]:
    state = store.state("me", job_id)
    return state.num_finished, state.num_circuits


def test_the_state_counts_the_circuits_that_have_an_outcome(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("me", EXECUTE)
    assert numbers(store, job_id) == (None, None)
    append(store, job_id, "a", "b", finalized=False)
    assert numbers(store, job_id) == (None, None)  # more circuits may follow
    append(store, job_id, "c", "d")
    assert numbers(store, job_id) == (0, 4)
    job = claim(queue)
    assert numbers(store, job_id) == (0, 4)
    queue.add_outcomes(job.number, [(3, "{}", False), (0, "{}", True)])
    queue.add_results(job.number, [(1, "{}")])
    assert numbers(store, job_id) == (3, 4)
    queue.requeue_running()
    assert numbers(store, job_id) == (3, 4)
    assert claim(queue).number == job.number
    assert numbers(store, job_id) == (3, 4)
    queue.add_results(job.number, [(2, "{}")])
    assert numbers(store, job_id) == (4, 4)
    store.cancel("me", job_id)
    assert numbers(store, job_id) == (4, 4)


def test_all_circuits_of_a_completed_job_have_finished(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store, "a", "b")
    job = claim(queue)
    queue.add_results(job.number, [(0, "{}"), (1, "{}")])
    queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0.1)
    assert numbers(store, job_id) == (2, 2)


def test_if_cancelling_and_completing_race_exactly_one_succeeds(store: JobStore, queue: JobQueue) -> None:
    for _ in range(50):
        job_id = finalized_job(store)
        number = claim(queue).number
        completed, cancelled = race(
            lambda number=number: queue.finish(number, JobStatus.COMPLETED, run_time_s=0),
            lambda job_id=job_id: can_cancel(store, job_id),
        )
        assert completed != cancelled
        assert store.status(job_id) is (JobStatus.COMPLETED if completed else JobStatus.CANCELLED)


def can_cancel(store: JobStore, job_id: str) -> bool:
    try:
        store.cancel("me", job_id)
    except JobConflictError:
        return False
    return True


def test_each_job_is_claimed_by_one_thread(store: JobStore, queue: JobQueue) -> None:
    for _ in range(40):
        finalized_job(store)
    claimed: list[int] = []

    def claim_all() -> None:
        while (job := queue.claim()) is not None:
            claimed.append(job.number)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 40


def test_a_result_that_arrives_after_cancelling_is_dropped(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store, "a", "b")
    job = claim(queue)
    store.cancel("me", job_id)
    queue.add_results(job.number, [(0, "1")])
    assert store.outcomes("me", job_id, 10, 0) == (0, [], [])


def test_a_change_wakes_waiting_threads(database: Database, store: JobStore, queue: JobQueue) -> None:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(database.wait_for(lambda: not queue.is_idle(), 10)))
    thread.start()
    finalized_job(store)
    thread.join()
    assert seen == [True]


def test_waiting_ends_at_its_timeout(store: JobStore, queue: JobQueue) -> None:
    finalized_job(store)
    assert not queue.wait_idle(0.01)
