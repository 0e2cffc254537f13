"""The JSON bodies about credits: the balance, and a page of transactions.

Amounts are decimal text (``"500.00"``), because many JSON parsers turn numbers into floats. Times are ISO
8601 in UTC, with ``Z``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, TransactionPage
from qiskit_qoro.wire.fields import as_count, as_list, as_object, text_field

__all__ = [
    "credit_balance_from_json",
    "credit_balance_to_json",
    "transaction_page_from_json",
    "transaction_page_to_json",
]

# Decimal accepts more than this, for example "1e3", "NaN" and digits of other scripts.
_AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def credit_balance_to_json(balance: CreditBalance) -> dict[str, Any]:
    """Encode the balance of an account."""
    return {
        "balance": _amount_to_json(balance.balance),
        "total_used": _amount_to_json(balance.total_used),
        "created_at": _time_to_json(balance.created_at),
        "updated_at": _time_to_json(balance.updated_at),
    }


def credit_balance_from_json(body: object) -> CreditBalance:
    """Decode the balance of an account.

    Raises:
        WireError: A field is missing, or an amount or a time is malformed.
    """
    fields = as_object(body, "body")
    return CreditBalance(
        balance=_amount_field(fields, "balance"),
        total_used=_amount_field(fields, "total_used"),
        created_at=_time_field(fields, "created_at"),
        updated_at=_time_field(fields, "updated_at"),
    )


def transaction_page_to_json(page: TransactionPage) -> dict[str, Any]:
    """Encode a page of an account's transactions."""
    return {
        "count": page.count,
        "total_pages": page.total_pages,
        "next": page.next,
        "previous": page.previous,
        "results": [_transaction_to_json(item) for item in page.transactions],
    }


def transaction_page_from_json(body: object) -> TransactionPage:
    """Decode a page of an account's transactions.

    Raises:
        WireError: A field is missing, or an amount or a time is malformed.
    """
    fields = as_object(body, "body")
    transactions = []
    for index, item in enumerate(as_list(fields.get("results"), "results")):
        try:
            transactions.append(_transaction_from_json(as_object(item, "transaction")))
        except WireError as error:
            raise WireError(f"results[{index}]: {error}") from error
    return TransactionPage(
        count=as_count(fields.get("count"), "count", least=0),
        total_pages=as_count(fields.get("total_pages"), "total_pages", least=0),
        transactions=tuple(transactions),
        next=text_field(fields, "next", default=None),
        previous=text_field(fields, "previous", default=None),
    )


def _transaction_to_json(item: CreditTransaction) -> dict[str, Any]:
    return {
        "id": item.number,
        "amount": _amount_to_json(item.amount),
        "balance_after": _amount_to_json(item.balance_after),
        "transaction_type": item.transaction_type,
        "description": item.description,
        "job_id": item.job_id,
        "created_at": _time_to_json(item.created_at),
    }


def _transaction_from_json(fields: Mapping[str, Any]) -> CreditTransaction:
    job_id = fields.get("job_id")
    return CreditTransaction(
        number=as_count(fields.get("id"), "id", least=0),
        amount=_amount_field(fields, "amount"),
        balance_after=_amount_field(fields, "balance_after"),
        transaction_type=text_field(fields, "transaction_type"),
        description=text_field(fields, "description", default=""),
        job_id=str(job_id) if type(job_id) is int else text_field(fields, "job_id", default=None),
        created_at=_time_field(fields, "created_at"),
    )


def _amount_to_json(amount: Decimal) -> str:
    return format(amount, "f")  # str() would write very small amounts with an exponent


def _amount_field(fields: Mapping[str, Any], key: str) -> Decimal:
    text = text_field(fields, key)
    if not _AMOUNT.fullmatch(text):
        raise WireError(f"{key}: expected a decimal number as text, got {text[:40]!r}")
    return Decimal(text)


def _time_to_json(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _time_field(fields: Mapping[str, Any], key: str) -> datetime:
    text = text_field(fields, key)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise WireError(f"{key}: expected a time in ISO 8601 with a time zone, got {text[:40]!r}")
    return time
