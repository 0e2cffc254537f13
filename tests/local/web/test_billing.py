"""Several accounts on one service, through the client: permissions, charges and errors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from qiskit_qoro.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroInputError,
)
from qiskit_qoro.local import Account, LocalService, Tier, serve
from qiskit_qoro.models.config import ExecutionConfig, JobConfig
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.service import QoroService

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
ACCOUNTS = {
    "alice-token": Account("alice"),
    "alice-other": Account("alice"),
    "bob-token": Account("bob", Tier.PAID, Decimal("0.02")),
    "short-lived": Account("carol"),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalService]:
    """A service with several accounts, which all tests of this module share."""
    with serve(workers=1, accounts=ACCOUNTS) as service:
        yield service


def client(shared: LocalService, token: str) -> QoroService:
    return QoroService(token, JobConfig(simulator_cluster="qoro_maestro"), base_url=shared.url)


def test_a_client_sees_the_charge_for_its_job(shared: LocalService) -> None:
    alice = client(shared, "alice-token")
    before = Decimal(alice.get_credit_balance()["balance"])
    job = alice.submit_circuits({"a": BELL, "b": BELL})
    assert shared.wait_status(str(job.job_id), JobStatus.COMPLETED, timeout_s=60)
    balance = alice.get_credit_balance()
    assert before - Decimal(balance["balance"]) == Decimal("0.02")
    newest = alice.get_credit_transactions(page_size=1)["results"][0]
    assert (newest["amount"], newest["balance_after"]) == ("-0.02", balance["balance"])
    assert (newest["transaction_type"], newest["job_id"]) == ("CHARGE", job.job_id)


def test_two_tokens_of_one_account_share_jobs_and_credits(shared: LocalService) -> None:
    job = client(shared, "alice-token").submit_circuits({"a": BELL})
    other = client(shared, "alice-other")
    assert other.get_job_state(job).status in set(JobStatus)
    assert shared.wait_idle(60)
    assert other.get_credit_balance() == client(shared, "alice-token").get_credit_balance()


def test_an_account_without_enough_credits_cannot_run_a_job(shared: LocalService) -> None:
    bob = client(shared, "bob-token")
    too_expensive = bob.submit_circuits({str(index): BELL for index in range(3)})
    assert shared.wait_status(str(too_expensive.job_id), JobStatus.INSUFFICIENT_CREDITS, timeout_s=60)
    with pytest.raises(QoroAPIError, match="cannot pay"):
        bob.get_job_results(too_expensive)
    affordable = bob.submit_circuits({"a": BELL, "b": BELL})
    assert shared.wait_status(str(affordable.job_id), JobStatus.COMPLETED, timeout_s=60)
    with pytest.raises(InsufficientCreditsError, match=r"balance is 0\.00"):
        bob.submit_circuits({"a": BELL})
    assert bob.get_credit_balance()["balance"] == "0.00"


def test_a_characterization_that_the_account_cannot_pay_for_is_an_error() -> None:
    accounts = {"dora-token": Account("dora", Tier.FREE, Decimal("0.02"))}
    with serve(workers=1, accounts=accounts) as service:
        dora = client(service, "dora-token")
        with pytest.raises(InsufficientCreditsError, match=r"costs 0\.03, the balance is 0\.02"):
            dora.characterize_and_validate({"0,2": 1.0})
        assert dora.characterize_and_validate({"0,1": 1.0})["status"] == "COMPLETED"
        assert dora.get_credit_balance()["balance"] == "0.00"


@pytest.mark.parametrize("config", [ExecutionConfig(bond_dimension=33), MaestroConfig(max_bond_dimension=33)])
def test_the_free_tier_limits_the_bond_dimension(
    shared: LocalService, config: ExecutionConfig | MaestroConfig
) -> None:
    with pytest.raises(AuthenticationError, match="33, the tier FREE allows at most 32") as raised:
        client(shared, "alice-token").submit_circuits({"a": BELL}, override_execution_config=config)
    assert raised.value.status_code == 403
    job = client(shared, shared.token).submit_circuits({"a": BELL}, override_execution_config=config)
    assert shared.wait_status(str(job.job_id), JobStatus.COMPLETED, timeout_s=60)


def test_another_account_can_neither_find_nor_cancel_a_job(shared: LocalService) -> None:
    job = client(shared, "alice-token").submit_circuits({"a": BELL})
    other = client(shared, shared.token)
    with pytest.raises(NotFoundError, match=r"404 Not Found: there is no job"):
        other.get_job_state(job)
    with pytest.raises(AuthenticationError, match="belongs to another account") as raised:
        other.cancel_job(job)
    assert raised.value.status_code == 403


def test_a_deactivated_token_is_refused_and_its_jobs_continue(shared: LocalService) -> None:
    carol = client(shared, "short-lived")
    job = carol.submit_circuits({"a": BELL})
    shared.deactivate("short-lived")
    with pytest.raises(AuthenticationError, match=r"missing or unknown token") as raised:
        carol.get_credit_balance()
    assert raised.value.status_code == 401
    assert shared.wait_status(str(job.job_id), JobStatus.COMPLETED, timeout_s=60)
    with pytest.raises(QoroInputError, match="no such token"):
        shared.deactivate("unknown-token")


def test_the_own_account_of_a_service_has_a_million_credits() -> None:
    with serve(workers=1) as service:
        balance = client(service, service.token).get_credit_balance()
    assert (balance["balance"], balance["total_used"]) == ("1000000.00", "0")


@pytest.mark.parametrize(
    ("accounts", "named"),
    [
        ({"own": Account("x")}, "account 'x' has the token of the service's own account"),
        ({"a": Account("x"), "b": Account("x", Tier.PAID)}, "two different accounts with the name 'x'"),
        ({"a": Account("local")}, "two different accounts with the name 'local'"),
        ({"a b": Account("x")}, "printable ASCII"),
    ],
)
def test_invalid_or_contradictory_accounts_are_refused(accounts: dict[str, Account], named: str) -> None:
    with pytest.raises(QoroInputError, match=named):
        serve(token="own", accounts=accounts)
