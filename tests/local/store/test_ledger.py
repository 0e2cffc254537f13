"""Credits add up, whatever happens to the jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from qiskit_qoro.local.store.ledger import PRICES, STARTING_GRANT
from qiskit_qoro.local.store.records import AccessDenied, CreditsShort
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
VALIDATE = JobRequest("tag", JobType.VALIDATE, simulator_cluster="qoro_maestro")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    seconds = count()
    store = open_store(now=lambda: START + timedelta(seconds=next(seconds)))
    store.open_account("me", Decimal("0.05"))
    yield store
    store.close()


def queued(store: Store, num_circuits: int = 1, owner: str = "me") -> str:
    job_id = store.create_job(owner, EXECUTE)
    blobs = {str(index): "blob" for index in range(num_circuits)}
    store.append(owner, job_id, CircuitBatch(dict(blobs), True, shots=1), blobs)
    return job_id


def run(store: Store, end: JobStatus = JobStatus.COMPLETED) -> None:
    job = store.claim()
    assert job is not None
    store.finish(job.number, end, run_time_s=1.0)


def held(store: Store, owner: str = "me") -> tuple[str, str]:
    balance = store.credit_balance(owner)
    return str(balance.balance), str(balance.total_used)


def test_an_account_begins_with_its_grant(store: Store) -> None:
    assert held(store) == ("0.05", "0")
    total, (grant,) = store.credit_transactions("me", 10, 0)
    assert total == 1
    assert (grant.amount, grant.balance_after) == (Decimal("0.05"), Decimal("0.05"))
    assert (grant.transaction_type, grant.description, grant.job_id) == ("PURCHASE", "Starting grant", None)
    assert grant.created_at == START


def test_a_grant_is_given_once(store: Store) -> None:
    store.open_account("me", Decimal(100))
    assert held(store) == ("0.05", "0")


def test_a_job_is_charged_when_it_completes(store: Store) -> None:
    job_id = queued(store, 3)
    assert held(store) == ("0.05", "0")
    run(store)
    assert held(store) == ("0.02", "0.03")
    balance = store.credit_balance("me")
    assert balance.created_at == START < balance.updated_at
    charge = store.credit_transactions("me", 1, 0)[1][0]
    assert (charge.amount, charge.balance_after) == (Decimal("-0.03"), Decimal("0.02"))
    assert (charge.transaction_type, charge.job_id) == ("CHARGE", job_id)
    assert charge.description == "EXECUTE of 3 circuits"


def test_a_characterization_is_charged_by_its_variables(store: Store) -> None:
    for problem in ('{"qubo": {"0": 1, "0,2": 1}}', '{"qubo": {"_format": "factored_v1", "n": 2}}'):
        job_id = store.create_job("me", VALIDATE)
        store.submit_problem("me", job_id, problem)
        job = store.claim()
        assert job is not None
        store.finish_analysis(job.number, "{}", "", run_time_s=1.0)
    assert held(store) == ("0.00", "0.05")
    assert store.credit_transactions("me", 1, 0)[1][0].description == "Characterization of 2 variables"


@pytest.mark.parametrize(
    "problem",
    [
        '{"qubo": {"0": 1}, "target_states": [], "options": {"n_qubits": 4}}',
        '{"qubo": {"0": 1}, "target_states": ["0000"]}',
        '{"qubo": {"0": 1}, "reference_states": ["0000"], "options": null}',
    ],
)
def test_variables_without_a_coefficient_are_charged_too(store: Store, problem: str) -> None:
    store.submit_problem("me", store.create_job("me", VALIDATE), problem)
    job = store.claim()
    assert job is not None
    store.finish_analysis(job.number, "{}", "", run_time_s=1.0)
    assert held(store) == ("0.01", "0.04")


def test_what_fails_or_is_cancelled_or_deleted_costs_nothing(store: Store) -> None:
    queued(store)
    run(store, JobStatus.FAILED)
    store.cancel("me", queued(store))
    running = queued(store)
    job = store.claim()
    assert job is not None
    store.cancel("me", running)
    store.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    deleted = queued(store)
    job = store.claim()
    assert job is not None
    store.delete("me", deleted)
    store.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    assert held(store) == ("0.05", "0")
    assert store.credit_transactions("me", 10, 0)[0] == 1


def test_a_job_that_is_gone_stays_in_the_statement(store: Store) -> None:
    job_id = queued(store)
    run(store)
    store.delete("me", job_id)
    assert store.credit_transactions("me", 1, 0)[1][0].job_id == job_id


def test_without_the_price_of_a_circuit_no_job_is_opened(store: Store) -> None:
    for _ in range(5):
        queued(store)
        run(store)
    with pytest.raises(CreditsShort, match=r"the balance is 0\.00, a circuit costs 0\.01"):
        store.create_job("me", EXECUTE)


def test_a_job_that_cannot_be_paid_for_when_its_turn_comes_is_not_run(store: Store) -> None:
    dear, cheap = queued(store, 6), queued(store, 5)
    assert store.claim() is None
    job = store.job("me", dear)
    assert job.status is JobStatus.INSUFFICIENT_CREDITS
    assert job.reason == "it costs 0.06, the account cannot pay for it: the balance is 0.05"
    run(store)
    assert store.job("me", cheap).status is JobStatus.COMPLETED
    assert held(store) == ("0.00", "0.05")


def test_what_running_jobs_will_cost_is_spoken_for(store: Store) -> None:
    first, second = queued(store, 3), queued(store, 3)
    job = store.claim()
    assert job is not None
    assert store.claim() is None
    refused = store.job("me", second)
    assert refused.status is JobStatus.INSUFFICIENT_CREDITS
    assert "the balance is 0.05, of which jobs that are running take 0.03" in str(refused.reason)
    assert store.job("me", first).status is JobStatus.RUNNING


def test_accounts_have_nothing_to_do_with_each_other(store: Store) -> None:
    store.open_account("you", Decimal("0.01"))
    queued(store, 2)
    queued(store, 1, owner="you")
    run(store)
    run(store)
    assert (held(store), held(store, "you")) == (("0.03", "0.02"), ("0.00", "0.01"))


def test_who_has_no_account_has_no_balance(store: Store) -> None:
    with pytest.raises(AccessDenied, match="'stranger' has no credits"):
        store.credit_balance("stranger")


def test_the_statement_is_newest_first_and_adds_up(store: Store) -> None:
    for _ in range(4):
        queued(store)
        run(store)
    total, transactions = store.credit_transactions("me", 100, 0)
    assert (total, [item.number for item in transactions]) == (5, [5, 4, 3, 2, 1])
    after = Decimal(0)
    for item in reversed(transactions):
        after += item.amount
        assert item.balance_after == after
    assert [item.number for item in store.credit_transactions("me", 2, 3)[1]] == [2, 1]


def test_many_threads_lose_no_hundredth() -> None:
    store = open_store()
    store.open_account("me", Decimal("10.00"))

    def spend(_: int) -> None:
        for _ in range(5):
            queued(store)
            run(store)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(spend, range(8)))
    assert held(store) == ("9.60", "0.40")
    assert sum(item.amount for item in store.credit_transactions("me", 100, 0)[1]) == Decimal("9.60")
    store.close()


def test_a_charge_and_the_end_of_its_job_are_one_change(tmp_path: Path) -> None:
    path = tmp_path / "jobs"
    store = open_store(path)
    store.open_account("me", Decimal("1.00"))
    job_id = queued(store)
    job = store.claim()
    assert job is not None
    store._db.execute("DROP TABLE transactions")
    with pytest.raises(sqlite3.OperationalError):
        store.finish(job.number, JobStatus.COMPLETED, run_time_s=1.0)
    assert store.job("me", job_id).status is JobStatus.RUNNING
    assert held(store) == ("1.00", "0")
    store.close()


def test_credits_survive_in_their_file(tmp_path: Path) -> None:
    for _ in range(2):
        store = open_store(tmp_path / "jobs")
        store.open_account("me", Decimal("1.00"))
        queued(store)
        run(store)
        left = held(store)
        store.close()
    assert left == ("0.98", "0.02")


def test_prices_are_exact() -> None:
    assert all(isinstance(price, Decimal) for price in [*PRICES.values(), STARTING_GRANT])
    assert set(PRICES) == set(JobType)
