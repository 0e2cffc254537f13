"""The JSON bodies about credits: the balance, and a page of transactions.

Amounts are decimal text (``"500.00"``), because many JSON parsers turn numbers into floats. Times are ISO
8601 in UTC, with ``Z``. There are no decoders: the client passes these bodies on unchanged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, TransactionPage

__all__ = ["credit_balance_to_json", "transaction_page_to_json"]


def credit_balance_to_json(balance: CreditBalance) -> dict[str, Any]:
    """Encode the balance of an account."""
    return {
        "balance": _amount_to_json(balance.balance),
        "total_used": _amount_to_json(balance.total_used),
        "created_at": _time_to_json(balance.created_at),
        "updated_at": _time_to_json(balance.updated_at),
    }


def transaction_page_to_json(page: TransactionPage) -> dict[str, Any]:
    """Encode a page of an account's transactions."""
    return {
        "count": page.count,
        "total_pages": page.total_pages,
        "next": page.next,
        "previous": page.previous,
        "results": [_transaction_to_json(item) for item in page.transactions],
    }


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


def _amount_to_json(amount: Decimal) -> str:
    return format(amount, "f")  # str() would write very small amounts with an exponent


def _time_to_json(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
