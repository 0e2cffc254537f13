"""The bodies about credits: exact decimal text, and times in UTC."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, TransactionPage
from qiskit_qoro.wire.credits import credit_balance_to_json, transaction_page_to_json

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
BALANCE = (
    CreditBalance(Decimal("500.00"), Decimal(0), MOMENT, MOMENT),
    {
        "balance": "500.00",
        "total_used": "0",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    },
)
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
    assert credit_balance_to_json(BALANCE[0]) == BALANCE[1]


def test_a_page_is_encoded():
    assert transaction_page_to_json(PAGE[0]) == PAGE[1]


@pytest.mark.parametrize("text", ["0", "0.10", "-0.01", "12345678901234567890.12", "0.000000001"])
def test_amounts_keep_every_digit(text):
    balance = replace(BALANCE[0], balance=Decimal(text))
    assert credit_balance_to_json(balance) == BALANCE[1] | {"balance": text}


def test_times_are_encoded_in_utc():
    there = datetime(2026, 1, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    body = credit_balance_to_json(CreditBalance(Decimal(1), Decimal(0), there, there))
    assert body["created_at"] == "2026-01-01T00:30:00Z"
