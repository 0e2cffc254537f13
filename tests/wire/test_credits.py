"""The bodies about credits: exact decimal text, and times in UTC."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, TransactionPage
from qiskit_qoro.wire.credits import (
    credit_balance_from_json,
    credit_balance_to_json,
    transaction_page_from_json,
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


def test_a_balance_is_encoded_and_decoded():
    assert credit_balance_to_json(BALANCE[0]) == BALANCE[1]
    assert credit_balance_from_json(BALANCE[1]) == BALANCE[0]


def test_a_page_is_encoded_and_decoded():
    assert transaction_page_to_json(PAGE[0]) == PAGE[1]
    assert transaction_page_from_json(PAGE[1]) == PAGE[0]


@pytest.mark.parametrize("text", ["0", "0.10", "-0.01", "12345678901234567890.12", "0.000000001"])
def test_amounts_keep_every_digit(text):
    body = BALANCE[1] | {"balance": text}
    assert credit_balance_to_json(credit_balance_from_json(body))["balance"] == text


def test_times_are_encoded_in_utc():
    there = datetime(2026, 1, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    body = credit_balance_to_json(CreditBalance(Decimal(1), Decimal(0), there, there))
    assert body["created_at"] == "2026-01-01T00:30:00Z"


@pytest.mark.parametrize(
    "amount", [None, 1, 1.5, True, "", "1e3", "NaN", "Infinity", "1,0", " 1", "٣", "1" * 40]
)
def test_an_amount_that_is_not_decimal_text_is_refused(amount):
    with pytest.raises(WireError, match="balance: expected"):
        credit_balance_from_json(BALANCE[1] | {"balance": amount})


@pytest.mark.parametrize("time", [None, 0, "", "yesterday", "2026-01-01T00:00:00"])
def test_a_time_without_a_time_zone_is_refused(time):
    with pytest.raises(WireError, match="created_at: expected"):
        credit_balance_from_json(BALANCE[1] | {"created_at": time})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "body"),
        ({}, "results"),
        (PAGE[1] | {"count": "3"}, "count"),
        (PAGE[1] | {"total_pages": None}, "total_pages"),
        (PAGE[1] | {"next": 1}, "next"),
        (PAGE[1] | {"results": ["x"]}, r"results\[0\]"),
        (PAGE[1] | {"results": [CHARGE | {"amount": 1}]}, r"results\[0\]: amount"),
        (PAGE[1] | {"results": [CHARGE | {"job_id": 1.5}]}, r"results\[0\]: job_id"),
    ],
)
def test_a_malformed_page_is_refused_with_the_name_of_the_field(body, named):
    with pytest.raises(WireError, match=named):
        transaction_page_from_json(body)


def test_a_numeric_job_id_is_decoded_as_text():
    page = transaction_page_from_json(PAGE[1] | {"results": [CHARGE | {"job_id": 17}]})
    assert page.transactions[0].job_id == "17"
