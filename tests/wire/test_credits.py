"""The bodies about credits: exact decimal text, and times in UTC."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from qiskit_qoro.models.costs import Prices
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse, TransactionPage
from qiskit_qoro.wire.credits import (
    announced_prices,
    announced_quota,
    credit_balance_to_json,
    transaction_page_to_json,
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
BALANCE = (
    CreditBalance(Decimal("500.00"), Decimal(0), MOMENT, MOMENT),
    {
        "balance": "500.00",
        "total_used": "0",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "prices": {"per_job": "0", "per_circuit": "0.01", "per_shot": "0", "per_variable": "0.02"},
    },
)
PRICES = Prices(per_circuit=Decimal("0.01"), per_variable=Decimal("0.02"))
CHARGE = {
    "id": 2,
    "amount": "-0.10",
    "balance_after": "499.90",
    "transaction_type": "CHARGE",
    "description": "10 circuits",
    "job_id": "j",
    "created_at": "2026-01-01T00:00:00Z",
}
PAGE = (
    TransactionPage(
        3,
        2,
        (
            CreditTransaction(
                2, Decimal("-0.10"), Decimal("499.90"), "CHARGE", "10 circuits", "j", created_at=MOMENT
            ),
        ),
        next="https://host/next",
    ),
    {"count": 3, "total_pages": 2, "next": "https://host/next", "previous": None, "results": [CHARGE]},
)


def test_a_balance_is_encoded():
    assert credit_balance_to_json(BALANCE[0], PRICES) == BALANCE[1]


def test_the_quota_in_a_balance_is_encoded_and_read():
    quota = [LimitUse("unfinished_jobs", 100, 3), LimitUse("circuits_per_day", 5000, 0)]
    body = credit_balance_to_json(BALANCE[0], PRICES, quota)
    assert body["quota"] == {
        "unfinished_jobs": {"limit": 100, "used": 3},
        "circuits_per_day": {"limit": 5000, "used": 0},
    }
    assert announced_quota(body) == quota


@pytest.mark.parametrize("body", [None, [], BALANCE[1], {"quota": None}, {"quota": {"x": 3}}, {"quota": [3]}])
def test_a_balance_without_a_readable_quota_has_none(body):
    assert announced_quota(body) == []


def test_the_prices_in_a_balance_are_read():
    assert announced_prices(BALANCE[1]) == PRICES
    assert announced_prices({"prices": {"per_shot": 0.1}}) == Prices(per_shot=Decimal("0.1"))


@pytest.mark.parametrize(
    "body", [None, [], {"balance": "1.00"}, {"balance": "1.00", "prices": None}], ids=repr
)
def test_a_balance_without_prices_announces_none(body, caplog):
    assert announced_prices(body) is None
    assert not caplog.records


@pytest.mark.parametrize(
    "prices",
    [7, {}, {"per_second": "1"}, {"per_shot": "-1"}, {"per_shot": "NaN"}, {"per_shot": []}],
    ids=repr,
)
def test_prices_that_cannot_be_read_are_logged_and_not_announced(prices, caplog):
    assert announced_prices({"prices": prices}) is None
    assert "prices that cannot be read" in caplog.text


def test_a_page_is_encoded():
    assert transaction_page_to_json(PAGE[0]) == PAGE[1]


@pytest.mark.parametrize("text", ["0", "0.10", "-0.01", "12345678901234567890.12", "0.000000001"])
def test_amounts_keep_every_digit(text):
    balance = replace(BALANCE[0], balance=Decimal(text))
    assert credit_balance_to_json(balance, PRICES) == BALANCE[1] | {"balance": text}


def test_times_are_encoded_in_utc():
    there = datetime(2026, 1, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    body = credit_balance_to_json(CreditBalance(Decimal(1), Decimal(0), there, there), PRICES)
    assert body["created_at"] == "2026-01-01T00:30:00Z"
