"""Which job is claimed next, for one account and for several."""

from __future__ import annotations

import pytest

from qiskit_qoro.local.store.claims import SHORT_JOB_CIRCUITS, ClaimScope, find_candidates
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

ANY, SHORT, FIRST = ClaimScope.ANY, ClaimScope.SHORT, ClaimScope.FIRST
LONG = SHORT_JOB_CIRCUITS + 1


def submit(store: JobStore, owner: str, num_circuits: int = 1) -> str:
    job_id = store.create_job(owner, JobRequest("t", JobType.EXECUTE, "qoro_maestro"))
    circuits = {f"c{index}": "text" for index in range(num_circuits)}
    store.append_circuits(owner, job_id, CircuitBatch(circuits, finalized=True, shots=1), circuits)
    return job_id


def claim(queue: JobQueue, scope: ClaimScope = ANY) -> str | None:
    job = queue.claim(scope)
    return None if job is None else job.job_id


def finish(store: JobStore, queue: JobQueue, owner: str, job_id: str | None) -> None:
    assert job_id is not None
    queue.finish(store.job(owner, job_id).number, JobStatus.COMPLETED, run_time_s=1)


def test_the_jobs_of_an_account_are_claimed_in_their_order_whatever_their_size(
    store: JobStore, queue: JobQueue
) -> None:
    ids = [submit(store, "ann", num_circuits) for num_circuits in (LONG, 1, LONG, 1)]
    assert [claim(queue) for _ in range(5)] == [*ids, None]


def test_the_account_with_the_fewest_running_jobs_is_next(store: JobStore, queue: JobQueue) -> None:
    ann = [submit(store, "ann") for _ in range(5)]
    bob = [submit(store, "bob") for _ in range(2)]
    assert [claim(queue) for _ in range(7)] == [ann[0], bob[0], ann[1], bob[1], ann[2], ann[3], ann[4]]


def test_accounts_take_turns_if_one_job_runs_at_a_time(store: JobStore, queue: JobQueue) -> None:
    ann = [submit(store, "ann") for _ in range(4)]
    order = []
    for owner in ("ann", "ann"):
        order.append(claim(queue))
        finish(store, queue, owner, order[-1])
    bob = [submit(store, "bob"), submit(store, "bob")]
    for owner in ("bob", "ann", "bob", "ann"):
        order.append(claim(queue))
        finish(store, queue, owner, order[-1])
    assert order == [ann[0], ann[1], bob[0], ann[2], bob[1], ann[3]]


def test_a_thread_for_short_jobs_passes_over_long_ones(store: JobStore, queue: JobQueue) -> None:
    for _ in range(40):
        submit(store, "ann", LONG)
    assert queue.delay_s(SHORT) is None
    assert claim(queue, SHORT) is None
    short = submit(store, "ann", SHORT_JOB_CIRCUITS)
    assert queue.delay_s(SHORT) == 0
    assert claim(queue, SHORT) == short
    assert claim(queue, SHORT) is None


def test_a_thread_for_first_jobs_takes_only_jobs_of_accounts_without_a_running_one(
    store: JobStore, queue: JobQueue
) -> None:
    ann = [submit(store, "ann", LONG), submit(store, "ann")]
    assert claim(queue, FIRST) == ann[0]
    assert queue.delay_s(FIRST) is None
    bob = submit(store, "bob", LONG)
    assert claim(queue, FIRST) == bob
    assert claim(queue, FIRST) is None
    finish(store, queue, "ann", ann[0])
    assert claim(queue, FIRST) == ann[1]


def test_a_job_that_waits_again_keeps_its_place(store: JobStore, queue: JobQueue) -> None:
    ids = [submit(store, "ann") for _ in range(3)]
    assert claim(queue) == ids[0]
    assert claim(queue) == ids[1]
    queue.put_back(store.job("ann", ids[0]).number, run_time_s=1)
    assert [claim(queue), claim(queue)] == [ids[0], ids[2]]


def test_a_characterization_is_short(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("ann", JobRequest("t", JobType.VALIDATE, "qoro_maestro"))
    store.submit_problem("ann", job_id, '{"qubo": {"0": 1}}')
    assert claim(queue, SHORT) == job_id


def test_accounts_whose_jobs_are_all_open_or_ended_have_no_candidates(
    store: JobStore, queue: JobQueue, database: Database
) -> None:
    store.create_job("ann", JobRequest("t", JobType.EXECUTE, "qoro_maestro"))
    store.cancel("bob", submit(store, "bob"))
    job_id = submit(store, "cat")
    with database.read() as connection:
        (candidate,) = find_candidates(connection)
    assert candidate.owner == "cat"
    assert not queue.is_idle()
    store.cancel("cat", job_id)
    assert queue.is_idle()


@pytest.mark.parametrize("num_waiting", [100, 1000])
def test_claiming_reads_as_much_if_many_jobs_wait(database: Database, num_waiting: int) -> None:
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO jobs (job_id, owner, tag, job_type, use_packing, status, turn, is_short)"
            " VALUES (?, ?, 't', 'EXECUTE', 0, 'PENDING', ?, ?)",
            [(f"j{n}", f"o{n % 4}", n, n % 7 == 0) for n in range(num_waiting)],
        )
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with database.read() as connection:
        connection.set_progress_handler(count, 1)
        assert len(find_candidates(connection)) == 8
        connection.set_progress_handler(None, 1)
    assert steps < 1500
