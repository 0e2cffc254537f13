"""Grants, charges and refusals: balances and transactions always agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.ledger import PRICES, STARTING_GRANT
from qiskit_qoro.local.store.store_errors import AccessDeniedError, BalanceTooLowError
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
VALIDATE = JobRequest("tag", JobType.VALIDATE, simulator_cluster="qoro_maestro")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[Database]:
    """A database with the account "me", which has 0.05 credits. Time advances by a second at each change."""
    seconds = count()
    with closing(open_database(now=lambda: START + timedelta(seconds=next(seconds)))) as database:
        JobStore(database).open_account("me", Decimal("0.05"))
        yield database


def finalized_job(store: JobStore, num_circuits: int = 1, owner: str = "me") -> str:
    job_id = store.create_job(owner, EXECUTE)
    blobs = {str(index): "blob" for index in range(num_circuits)}
    store.append_circuits(owner, job_id, CircuitBatch(dict(blobs), True, shots=1), blobs)
    return job_id


def run_next(queue: JobQueue, end: JobStatus = JobStatus.COMPLETED) -> None:
    job = queue.claim()
    assert job is not None
    queue.finish(job.number, end, run_time_s=1.0)


def analyse_next(queue: JobQueue) -> None:
    job = queue.claim()
    assert job is not None
    queue.finish_analysis(job.number, "{}", "", run_time_s=1.0)


def balance_and_use(store: JobStore, owner: str = "me") -> tuple[str, str]:
    balance = store.credit_balance(owner)
    return str(balance.balance), str(balance.total_used)


def test_an_account_starts_with_its_grant(store: JobStore) -> None:
    assert balance_and_use(store) == ("0.05", "0")
    total, (grant,) = store.credit_transactions("me", 10, 0)
    assert total == 1
    assert (grant.amount, grant.balance_after) == (Decimal("0.05"), Decimal("0.05"))
    assert (grant.transaction_type, grant.description, grant.job_id) == ("PURCHASE", "Starting grant", None)
    assert grant.created_at == START


def test_opening_an_account_again_adds_no_grant(store: JobStore) -> None:
    store.open_account("me", Decimal(100))
    assert balance_and_use(store) == ("0.05", "0")


def test_a_job_is_charged_when_it_completes(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store, 3)
    assert balance_and_use(store) == ("0.05", "0")
    run_next(queue)
    assert balance_and_use(store) == ("0.02", "0.03")
    balance = store.credit_balance("me")
    assert balance.created_at == START < balance.updated_at
    charge = store.credit_transactions("me", 1, 0)[1][0]
    assert (charge.amount, charge.balance_after) == (Decimal("-0.03"), Decimal("0.02"))
    assert (charge.transaction_type, charge.job_id) == ("CHARGE", job_id)
    assert charge.description == "EXECUTE of 3 circuits"


def test_a_characterization_is_charged_by_its_number_of_variables(store: JobStore, queue: JobQueue) -> None:
    for problem in ('{"qubo": {"0": 1, "0,2": 1}}', '{"qubo": {"_format": "factored_v1", "n": 2}}'):
        store.submit_problem("me", store.create_job("me", VALIDATE), problem)
        analyse_next(queue)
    assert balance_and_use(store) == ("0.00", "0.05")
    assert store.credit_transactions("me", 1, 0)[1][0].description == "Characterization of 2 variables"


@pytest.mark.parametrize(
    "problem",
    [
        '{"qubo": {"0": 1}, "target_states": [], "options": {"n_qubits": 4}}',
        '{"qubo": {"0": 1}, "target_states": ["0000"]}',
        '{"qubo": {"0": 1}, "reference_states": ["0000"], "options": null}',
    ],
)
def test_variables_without_a_coefficient_are_charged_too(
    store: JobStore, queue: JobQueue, problem: str
) -> None:
    store.submit_problem("me", store.create_job("me", VALIDATE), problem)
    analyse_next(queue)
    assert balance_and_use(store) == ("0.01", "0.04")


def test_jobs_that_fail_or_are_cancelled_or_deleted_cost_nothing(store: JobStore, queue: JobQueue) -> None:
    finalized_job(store)
    run_next(queue, JobStatus.FAILED)
    store.cancel("me", finalized_job(store))
    running = finalized_job(store)
    job = queue.claim()
    assert job is not None
    store.cancel("me", running)
    queue.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    deleted = finalized_job(store)
    job = queue.claim()
    assert job is not None
    store.delete("me", deleted)
    queue.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    assert balance_and_use(store) == ("0.05", "0")
    assert store.credit_transactions("me", 10, 0)[0] == 1


def test_deleting_a_job_keeps_its_transaction(store: JobStore, queue: JobQueue) -> None:
    job_id = finalized_job(store)
    run_next(queue)
    store.delete("me", job_id)
    assert store.credit_transactions("me", 1, 0)[1][0].job_id == job_id


def test_an_account_that_cannot_pay_for_a_circuit_cannot_open_a_job(store: JobStore, queue: JobQueue) -> None:
    for _ in range(5):
        finalized_job(store)
        run_next(queue)
    with pytest.raises(BalanceTooLowError, match=r"the balance is 0\.00, a circuit costs 0\.01"):
        store.create_job("me", EXECUTE)


def test_a_job_that_its_account_cannot_pay_for_is_not_run(store: JobStore, queue: JobQueue) -> None:
    too_expensive, affordable = finalized_job(store, 6), finalized_job(store, 5)
    assert queue.claim() is None
    job = store.job("me", too_expensive)
    assert job.status is JobStatus.INSUFFICIENT_CREDITS
    assert job.reason == "the account cannot pay for it: it costs 0.06, the balance is 0.05"
    run_next(queue)
    assert store.job("me", affordable).status is JobStatus.COMPLETED
    assert balance_and_use(store) == ("0.00", "0.05")


def test_credits_are_reserved_for_running_jobs(store: JobStore, queue: JobQueue) -> None:
    first, second = finalized_job(store, 3), finalized_job(store, 3)
    job = queue.claim()
    assert job is not None
    assert queue.claim() is None
    refused = store.job("me", second)
    assert refused.status is JobStatus.INSUFFICIENT_CREDITS
    assert "the balance is 0.05, of which 0.03 is reserved for running jobs" in str(refused.reason)
    assert store.job("me", first).status is JobStatus.RUNNING


def test_accounts_are_independent_of_each_other(store: JobStore, queue: JobQueue) -> None:
    store.open_account("you", Decimal("0.01"))
    finalized_job(store, 2)
    finalized_job(store, 1, owner="you")
    run_next(queue)
    run_next(queue)
    assert (balance_and_use(store), balance_and_use(store, "you")) == (("0.03", "0.02"), ("0.00", "0.01"))


def test_an_owner_without_an_account_has_no_balance(store: JobStore) -> None:
    with pytest.raises(AccessDeniedError, match="no account 'stranger'"):
        store.credit_balance("stranger")


def test_transactions_are_listed_newest_first_and_add_up(store: JobStore, queue: JobQueue) -> None:
    for _ in range(4):
        finalized_job(store)
        run_next(queue)
    total, transactions = store.credit_transactions("me", 100, 0)
    assert (total, [item.number for item in transactions]) == (5, [5, 4, 3, 2, 1])
    after = Decimal(0)
    for item in reversed(transactions):
        after += item.amount
        assert item.balance_after == after
    assert [item.number for item in store.credit_transactions("me", 2, 3)[1]] == [2, 1]


def test_charges_of_many_threads_add_up() -> None:
    with closing(open_database()) as database:
        store, queue = JobStore(database), JobQueue(database)
        store.open_account("me", Decimal("10.00"))

        def run_five_jobs(_: int) -> None:
            for _ in range(5):
                finalized_job(store)
                run_next(queue)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(run_five_jobs, range(8)))
        assert balance_and_use(store) == ("9.60", "0.40")
        assert sum(item.amount for item in store.credit_transactions("me", 100, 0)[1]) == Decimal("9.60")


def test_a_job_does_not_complete_if_it_cannot_be_charged(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = finalized_job(store)
    job = queue.claim()
    assert job is not None
    with database.transaction() as connection:
        connection.execute("DROP TABLE transactions")
    with pytest.raises(sqlite3.OperationalError, match=r"no such table: transactions"):
        queue.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    assert store.job("me", job_id).status is JobStatus.RUNNING
    assert balance_and_use(store) == ("0.05", "0")


def test_a_file_keeps_credits(tmp_path: Path) -> None:
    for expected in (("0.99", "0.01"), ("0.98", "0.02")):
        with closing(open_database(tmp_path / "jobs")) as database:
            store = JobStore(database)
            store.open_account("me", Decimal("1.00"))
            finalized_job(store)
            run_next(JobQueue(database))
            assert balance_and_use(store) == expected


def test_prices_are_decimal() -> None:
    assert all(isinstance(price, Decimal) for price in [*vars(PRICES).values(), STARTING_GRANT])
