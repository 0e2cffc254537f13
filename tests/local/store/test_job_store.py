"""What owners do with their jobs: append circuits, read results, cancel, delete, configure."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import AccessDeniedError, JobConflictError, JobNotFoundError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.shots import CircuitRange, ShotGroup

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
EXPECT = JobRequest("tag", JobType.EXPECTATION, simulator_cluster="qoro_maestro")


def append(
    store: JobStore, job_id: str, *labels: str, finalized: bool = True, owner: str = "me", **batch: object
) -> None:
    circuits = dict.fromkeys(labels, "text")
    settings = batch or {"shots": 10}
    store.append_circuits(owner, job_id, CircuitBatch(circuits, finalized, **settings), circuits)  # type: ignore[arg-type]


def finalized_job(store: JobStore, *labels: str) -> str:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, *(labels or ("bell",)))
    return job_id


def claim(queue: JobQueue) -> StoredJob:
    job = queue.claim()
    assert job is not None
    return job


# --- jobs and their owners ------------------------------------------------------------------------------


def test_a_new_job_is_pending_and_has_the_type_and_target_of_its_request(store: JobStore) -> None:
    job = store.job("me", store.create_job("me", EXECUTE))
    assert (job.status, job.job_type, job.simulator_cluster, job.is_finalized) == (
        JobStatus.PENDING,
        JobType.EXECUTE,
        "qoro_maestro",
        False,
    )


def test_a_job_exists_for_its_owner_only(store: JobStore) -> None:
    job_id = finalized_job(store)
    for call in (
        lambda: store.job("you", job_id),
        lambda: append(store, job_id, "other", owner="you"),
        lambda: store.delete("you", job_id),
        lambda: store.outcomes("you", job_id, 10, 0),
        lambda: store.config("you", job_id),
        lambda: store.set_config("you", job_id, ExecutionConfig()),
    ):
        with pytest.raises(JobNotFoundError, match=job_id):
            call()
    with pytest.raises(AccessDeniedError, match=job_id):
        store.cancel("you", job_id)
    assert store.status(job_id) is JobStatus.PENDING


# --- appending circuits ---------------------------------------------------------------------------------


def test_circuits_keep_the_order_in_which_they_were_sent(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, "z", "y", finalized=False, shots=1)
    append(store, job_id, "x", "a", shot_groups=(ShotGroup(0, 1, 5), ShotGroup(1, 2, 6)))
    circuits = queue.circuits(store.job("me", job_id).number)
    assert [(item.position, item.label, item.shots) for item in circuits] == [
        (0, "z", 1),
        (1, "y", 1),
        (2, "x", 5),
        (3, "a", 6),
    ]


def test_nothing_can_be_appended_to_a_finalized_job(store: JobStore) -> None:
    job_id = finalized_job(store)
    with pytest.raises(JobConflictError, match="finalized"):
        append(store, job_id, "late")


@pytest.mark.parametrize("end", [JobStatus.COMPLETED, JobStatus.FAILED])
def test_nothing_can_be_appended_to_a_job_that_has_ended(
    store: JobStore, queue: JobQueue, end: JobStatus
) -> None:
    job_id = finalized_job(store)
    queue.finish(claim(queue).number, end, run_time_s=1)
    with pytest.raises(JobConflictError, match=end):
        append(store, job_id, "late")


def test_a_label_that_the_job_already_has_refuses_the_whole_body(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("me", EXECUTE)
    append(store, job_id, "a", "b", finalized=False)
    with pytest.raises(WireError, match=r"circuits\['b'\]"):
        append(store, job_id, "c", "b")
    job = store.job("me", job_id)
    assert [item.label for item in queue.circuits(job.number)] == ["a", "b"]
    assert not job.is_finalized


def test_every_body_must_have_the_same_observables(store: JobStore) -> None:
    job_id = store.create_job("me", EXPECT)
    append(store, job_id, "a", finalized=False, observables=(("ZZ", "XX"),))
    with pytest.raises(WireError, match="observables"):
        append(store, job_id, "b", observables=(("ZZ",),))
    append(store, job_id, "b", observables=(("ZZ", "XX"),))
    assert store.job("me", job_id).is_finalized


def test_the_ranges_of_circuit_ham_map_count_the_circuits_of_the_whole_job(store: JobStore) -> None:
    job_id = store.create_job("me", EXPECT)
    groups = (("Z",), ("X",))
    ranges = (CircuitRange(0, 1), CircuitRange(1, 3))
    append(store, job_id, "a", finalized=False, observables=groups, circuit_ham_map=ranges)
    with pytest.raises(WireError, match=r"circuit_ham_map\[1\]"):
        append(store, job_id, "b", observables=groups, circuit_ham_map=ranges)
    append(store, job_id, "b", "c", observables=groups, circuit_ham_map=ranges)


def test_more_shots_than_the_database_can_hold_are_refused(store: JobStore) -> None:
    job_id = store.create_job("me", EXECUTE)
    with pytest.raises(WireError, match="shots"):
        append(store, job_id, "a", shots=2**63)


# --- results, cancelling, deleting ----------------------------------------------------------------------


def test_results_come_in_pages_in_the_order_of_the_circuits(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store, "a", "b", "c")
    job = claim(queue)
    for position in (2, 0, 1):
        queue.add_results(job.number, [(position, f'"{position}"')])
    assert store.outcomes("me", job_id, 2, 0) == (3, ['"0"', '"1"'], [])
    assert store.outcomes("me", job_id, 2, 2) == (3, ['"2"'], [])
    assert store.outcomes("me", job_id, 2, 2**62) == (3, [], [])


def test_cancelling_returns_how_many_circuits_have_no_result(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store, "a", "b", "c")
    queue.add_results(claim(queue).number, [(0, "1")])
    assert store.cancel("me", job_id)[1] == 2
    with pytest.raises(JobConflictError, match="CANCELLED"):
        store.cancel("me", job_id)


def test_a_deleted_job_leaves_no_rows_in_the_database(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "jobs.db")) as opened:
        store, queue = JobStore(opened), JobQueue(opened)
        job_id = finalized_job(store, "a", "b")
        store.set_config("me", job_id, ExecutionConfig(bond_dimension=8))
        job = claim(queue)
        queue.add_results(job.number, [(0, "1")])
        store.delete("me", job_id)
        queue.add_results(job.number, [(1, "1")])
        assert not queue.finish(job.number, JobStatus.COMPLETED, run_time_s=0)
        with pytest.raises(JobNotFoundError, match=r"there is no job"):
            store.job("me", job_id)
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("jobs", "circuits", "results", "configurations")
        ]
    assert counts == [0, 0, 0, 0]


def test_the_number_of_a_deleted_job_is_not_reused(store: JobStore) -> None:
    first = store.create_job("me", EXECUTE)
    number = store.delete("me", first).number
    assert store.job("me", store.create_job("me", EXECUTE)).number != number


# --- configurations -------------------------------------------------------------------------------------


def test_a_configuration_can_be_set_and_overwritten(store: JobStore) -> None:
    job_id = store.create_job("me", EXECUTE)
    assert store.config("me", job_id) is None
    store.set_config("me", job_id, ExecutionConfig(bond_dimension=8))
    store.set_config("me", job_id, ExecutionConfig(truncation_threshold=0.1))
    assert store.config("me", job_id) == ExecutionConfig(truncation_threshold=0.1)


def test_a_job_can_be_opened_with_a_configuration(store: JobStore) -> None:
    config = ExecutionConfig(bond_dimension=8, api_meta={"optimization_level": 1})
    request = JobRequest("t", JobType.EXECUTE, simulator_cluster="c", execution_config=config)
    assert store.config("me", store.create_job("me", request)) == config


def test_a_running_job_cannot_be_configured(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store)
    claim(queue)
    with pytest.raises(JobConflictError, match="RUNNING"):
        store.set_config("me", job_id, ExecutionConfig())
