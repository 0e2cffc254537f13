"""A job is submitted again as a whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from threading import Barrier

import pytest

from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_listing import ListingConditions, find_listed_job, list_jobs
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.resubmission import resubmit_job
from qiskit_qoro.local.store.store_errors import BalanceTooLowError, JobConflictError, JobNotFoundError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.shots import ShotGroup
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
NOT_COPIED = {"number", "job_id", "status", "turn", "run_time_s", "reason", "num_finished"} | {
    "created_at",
    "started_at",
    "ended_at",
}


def run_next(queue: JobQueue, end: JobStatus = JobStatus.COMPLETED) -> None:
    job = queue.claim()
    assert job is not None
    queue.add_outcomes(job.number, [(0, "{}", end is JobStatus.FAILED)])
    queue.finish(job.number, end, run_time_s=1.0)


def submitted(store: JobStore, *labels: str) -> str:
    job_id = store.create_job("me", EXECUTE)
    circuits = {label: f"program {label}" for label in labels or ("a",)}
    store.append_circuits("me", job_id, CircuitBatch(circuits, True, shots=10), circuits)
    return job_id


def stored(database: Database, job_id: str) -> dict[str, object]:
    """Everything that is stored for a job, except what belongs to one run."""
    with database.read() as connection:
        cursor = connection.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,))
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
        number = row["number"]
        contents = {
            table: connection.execute(f"SELECT {columns} FROM {table} WHERE job = ?", (number,)).fetchall()
            for table, columns in {
                "circuits": "position, label, content, shots, template",
                "templates": "number, blob, names",
                "configurations": "configuration",
                "analyses": "problem, findings, html, completed_at",
                "results": "position, item",
            }.items()
        }
    return {name: value for name, value in row.items() if name not in NOT_COPIED} | contents


def test_circuits_templates_settings_and_shots_are_copied_and_results_are_not(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    request = JobRequest("a <b>", JobType.EXECUTE, None, "qoro qpu", True, ExecutionConfig(bond_dimension=8))
    job_id = store.create_job("me", request)
    groups = (ShotGroup(0, 1, 5), ShotGroup(1, 2, 7))
    circuits = {"0.1r": "one", "1": "two"}
    store.append_circuits("me", job_id, CircuitBatch(circuits, False, shot_groups=groups), circuits)
    entry = TemplateEntry("text", ("x",), [("f", [0.5]), ("g", [1.5])])
    store.append_template("me", job_id, TemplateBatch(entry, True, shots=100), "blob")
    run_next(queue, JobStatus.FAILED)
    new_id = resubmit_job(database, "me", job_id)
    assert new_id != job_id
    assert stored(database, new_id) == stored(database, job_id) | {"results": []}
    job = find_listed_job(database, "me", new_id)
    assert (job.status, job.is_finalized, job.run_time_s, job.reason) == (JobStatus.PENDING, True, None, None)
    assert (job.kind, job.num_shots, job.num_circuits, job.num_finished) == ("run", 212, 4, 0)
    assert job.created_at is not None
    assert (job.started_at, job.ended_at) == (None, None)


def test_observables_and_the_request_of_states_are_copied(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    state = StateRequest(StateQuantity.STATEVECTOR)
    for request, observables in (
        (JobRequest("t", JobType.EXPECTATION, "qoro_maestro"), (("ZZ",), ("XX", "YY"))),
        (JobRequest("t", JobType.STATE, "qoro_maestro", state=state), None),
    ):
        job_id = store.create_job("me", request)
        batch = CircuitBatch({"a": "text"}, True, observables=observables)
        store.append_circuits("me", job_id, batch, {"a": "text"})
        run_next(queue)
        new_id = resubmit_job(database, "me", job_id)
        assert stored(database, new_id) == stored(database, job_id) | {"results": []}
        run_next(queue)


def test_the_problem_of_a_characterization_is_copied_without_its_analysis(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = store.create_job("me", JobRequest("t", JobType.VALIDATE))
    store.submit_problem("me", job_id, '{"qubo": {"0,0": 1}}')
    job = queue.claim()
    assert job is not None
    queue.finish_analysis(job.number, "{}", "<p>", run_time_s=1.0)
    new_id = resubmit_job(database, "me", job_id)
    assert store.analysis("me", new_id) is None
    claimed = queue.claim()
    assert claimed is not None
    assert claimed.job_id == new_id
    assert queue.problem(claimed.number) == '{"qubo": {"0,0": 1}}'


def test_the_new_job_is_at_the_end_of_the_queue(database: Database, store: JobStore, queue: JobQueue) -> None:
    job_id = submitted(store)
    run_next(queue)
    waiting = submitted(store)
    new_id = resubmit_job(database, "me", job_id)
    assert [job and job.job_id for job in (queue.claim(), queue.claim())] == [waiting, new_id]


def test_the_runner_is_woken(database: Database, store: JobStore, queue: JobQueue) -> None:
    job_id = submitted(store)
    run_next(queue)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(queue.wait_until_due, queue.delay_s)
        resubmit_job(database, "me", job_id)
        waiting.result(timeout=60)


def test_the_new_job_stays_pending_as_long_as_any_job() -> None:
    time = [0.0]
    with closing(open_database(clock=lambda: time[0], pending_time_s=5.0)) as database:
        store, queue = JobStore(database), JobQueue(database)
        job_id = submitted(store)
        store.cancel("me", job_id)
        resubmit_job(database, "me", job_id)
        assert queue.delay_s() == 5.0


@pytest.mark.parametrize("is_running", [False, True])
def test_a_job_that_has_not_ended_is_refused(
    database: Database, store: JobStore, queue: JobQueue, is_running: bool
) -> None:
    job_id = submitted(store)
    if is_running:
        queue.claim()
    status = store.status(job_id)
    with pytest.raises(JobConflictError, match=rf"{job_id} is {status}: only a job that has ended"):
        resubmit_job(database, "me", job_id)


def test_a_job_whose_circuits_never_all_arrived_is_refused(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", EXECUTE)
    store.append_circuits("me", job_id, CircuitBatch({"a": "text"}, False, shots=1), {"a": "text"})
    store.cancel("me", job_id)
    with pytest.raises(JobConflictError, match="before its last circuits were sent"):
        resubmit_job(database, "me", job_id)


def test_jobs_of_others_and_deleted_jobs_do_not_exist(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    run_next(queue)
    with pytest.raises(JobNotFoundError, match="there is no job"):
        resubmit_job(database, "other", job_id)
    store.delete("me", job_id)
    with pytest.raises(JobNotFoundError, match="there is no job"):
        resubmit_job(database, "me", job_id)


@pytest.fixture
def poor(store: JobStore) -> Iterator[str]:
    """The name of an account that can pay for one circuit."""
    store.open_account("me", Decimal("0.01"))
    return "me"


def test_an_account_without_credits_is_refused_and_gets_no_job(
    database: Database, store: JobStore, queue: JobQueue, poor: str
) -> None:
    job_id = submitted(store)
    run_next(queue)
    with pytest.raises(BalanceTooLowError, match=r"the balance is 0\.00"):
        resubmit_job(database, poor, job_id)
    assert len(list_jobs(database, poor, ListingConditions(), limit=9, offset=0)[0]) == 1


def test_the_new_job_is_charged(database: Database, store: JobStore, queue: JobQueue) -> None:
    store.open_account("me", Decimal("1.00"))
    job_id = submitted(store, "a", "b")
    run_next(queue)
    resubmit_job(database, "me", job_id)
    run_next(queue)
    assert store.credit_balance("me").balance == Decimal("0.96")


def test_an_error_leaves_no_part_of_a_job(database: Database, store: JobStore, queue: JobQueue) -> None:
    job_id = submitted(store)
    run_next(queue)
    with database.read() as connection:
        connection.execute(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON circuits BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        before = list(connection.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        resubmit_job(database, "me", job_id)
    with database.read() as connection:
        assert list(connection.iterdump()) == before


def test_a_job_that_is_deleted_meanwhile_is_submitted_again_completely_or_not_at_all(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    labels = [f"{index}" for index in range(50)]
    for _ in range(20):
        job_id = submitted(store, *labels)
        store.cancel("me", job_id)
        start = Barrier(2)

        def delete(job_id: str = job_id, start: Barrier = start) -> None:
            start.wait()
            store.delete("me", job_id)

        def resubmit(job_id: str = job_id, start: Barrier = start) -> str | None:
            start.wait()
            try:
                return resubmit_job(database, "me", job_id)
            except JobNotFoundError:
                return None

        with ThreadPoolExecutor(2) as threads:
            deleted, new = threads.submit(delete), threads.submit(resubmit)
            deleted.result()
            new_id = new.result()
        jobs, _ = list_jobs(database, "me", ListingConditions(), limit=9, offset=0)
        assert [(job.job_id, job.num_circuits) for job in jobs] == ([] if new_id is None else [(new_id, 50)])
        if new_id is not None:
            store.delete("me", new_id)
