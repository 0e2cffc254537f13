"""The JSON bodies about credits: the balance, and a page of transactions.

Amounts are decimal text (``"500.00"``), because many JSON parsers turn numbers into floats. Times are ISO
8601 in UTC, with ``Z``. The client passes these bodies on unchanged, and reads only the prices.

The key ``prices`` of the balance is an extension. It has the prices of the service as decimal text, under the
names of the attributes of :class:`~qiskit_qoro.models.costs.Prices`. The key ``quota`` is another one. It has
an object with ``limit`` and ``used`` for each limit of the account. The cloud sends neither.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.costs import Prices, read_credits
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse, TransactionPage
from qiskit_qoro.models.loose import read_integer, read_text
from qiskit_qoro.wire.fields import as_list, as_object, as_wire_error, readable_items, shown

__all__ = [
    "Charges",
    "announced_prices",
    "announced_quota",
    "credit_balance_from_json",
    "credit_balance_to_json",
    "read_charges",
    "transaction_page_from_json",
    "transaction_page_to_json",
]

_log = logging.getLogger(__name__)

_PRICES = "prices"
_QUOTA = "quota"


def credit_balance_to_json(
    balance: CreditBalance, prices: Prices, quota: Sequence[LimitUse] = ()
) -> dict[str, Any]:
    """Encode the balance and the quota of an account, and the prices of the service."""
    limits = {each.name: {"limit": each.limit, "used": each.used} for each in quota}
    body = {
        "balance": _amount_to_json(balance.balance),
        "total_used": _amount_to_json(balance.total_used),
        "created_at": _time_to_json(balance.created_at),
        "updated_at": _time_to_json(balance.updated_at),
        _PRICES: {field.name: _amount_to_json(getattr(prices, field.name)) for field in fields(prices)},
    }
    return body | {_QUOTA: limits} if limits else body


def credit_balance_from_json(body: object) -> CreditBalance:
    """Read the balance of an account.

    Raises:
        WireError: An amount or a time is missing, or cannot be read.
    """
    fields_of_body = as_object(body, "body")
    return CreditBalance(
        _amount_from_json(fields_of_body.get("balance"), "balance"),
        _amount_from_json(fields_of_body.get("total_used"), "total_used"),
        _time_from_json(fields_of_body.get("created_at"), "created_at"),
        _time_from_json(fields_of_body.get("updated_at"), "updated_at"),
    )


def announced_prices(body: object) -> Prices | None:
    """Read the prices in a balance. ``None`` if there are none, or if they cannot be read.

    An unknown kind of price may be that of a newer service. Without it, costs would be too low.
    """
    found = body.get(_PRICES) if isinstance(body, Mapping) else None
    if found is None:
        return None
    try:
        return Prices.of(found)
    except QoroInputError as error:
        _log.warning("the service announces prices that cannot be read: %s", error)
        return None


def announced_quota(body: object) -> list[LimitUse]:
    """Read the quota in a balance. Limits that cannot be read are left out."""
    found = body.get(_QUOTA) if isinstance(body, Mapping) else None
    limits = []
    for name, value in found.items() if isinstance(found, Mapping) else ():
        fields_of_limit = value if isinstance(value, Mapping) else {}
        limit = read_integer(fields_of_limit.get("limit"))
        used = read_integer(fields_of_limit.get("used"))
        if isinstance(name, str) and limit is not None and used is not None:
            limits.append(LimitUse(name, limit, used))
    return limits


@dataclass(frozen=True)
class Charges:
    """The charges on a page of transactions.

    Attributes:
        charges: Pairs of a job and the credits that it has cost.
        has_more: Whether there is a page with older transactions.
    """

    charges: tuple[tuple[str, Decimal], ...]
    has_more: bool


def read_charges(body: object) -> Charges:
    """Read the charges for jobs on a page of transactions. Transactions that cannot be read are left out.

    Raises:
        WireError: The body is not a page.
    """
    page = as_object(body, "body")
    items = readable_items(as_list(page.get("results"), "results"), "transactions", _charge_from_json)
    return Charges(tuple(item for item in items if item is not None), bool(page.get("next")))


def _charge_from_json(item: object) -> tuple[str, Decimal] | None:
    fields_of_item = as_object(item, "transaction")
    job_id = read_text(fields_of_item.get("job_id"))
    if job_id is None:
        return None
    # The amount of a charge is negative, that of a refund is not.
    return job_id, -_amount_from_json(fields_of_item.get("amount"), "amount")


def transaction_page_from_json(body: object) -> TransactionPage:
    """Read a page of an account's transactions. Transactions that cannot be read are left out and logged.

    Raises:
        WireError: The body is not a page.
    """
    page = as_object(body, "body")
    items = as_list(page.get("results"), "results")
    transactions = tuple(readable_items(items, "transactions", _transaction_from_json))
    count = read_integer(page.get("count"))
    return TransactionPage(
        count=len(items) if count is None else max(0, count),
        total_pages=max(1, read_integer(page.get("total_pages")) or 1),
        transactions=transactions,
        next=read_text(page.get("next") or None),
        previous=read_text(page.get("previous") or None),
    )


def _transaction_from_json(item: object) -> CreditTransaction:
    fields_of_item = as_object(item, "transaction")
    return CreditTransaction(
        number=read_integer(fields_of_item.get("id")) or 0,
        amount=_amount_from_json(fields_of_item.get("amount"), "amount"),
        balance_after=_amount_from_json(fields_of_item.get("balance_after"), "balance_after"),
        transaction_type=read_text(fields_of_item.get("transaction_type")) or "",
        description=read_text(fields_of_item.get("description")) or "",
        job_id=read_text(fields_of_item.get("job_id")),
        created_at=_time_from_json(fields_of_item.get("created_at"), "created_at"),
    )


def _amount_from_json(value: object, where: str) -> Decimal:
    """Read a number of credits, which may be negative."""
    text = (read_text(value) or "").strip()
    size = as_wire_error(read_credits, where, text.removeprefix("-"))
    return -size if text.startswith("-") else size


def _time_from_json(value: object, where: str) -> datetime:
    """Read a time. One without a time zone is in UTC."""
    try:
        time = datetime.fromisoformat((read_text(value) or "").strip())
    except ValueError as error:
        raise WireError(f"{where}: expected a time in ISO 8601, got {shown(value)}") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


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
