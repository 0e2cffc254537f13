"""The credits of an account: balances and transactions, as exact decimal numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

__all__ = ["CreditBalance", "CreditTransaction", "LimitUse", "TransactionPage"]


@dataclass(frozen=True)
class CreditBalance:
    """The credits of an account.

    Attributes:
        balance: The current balance.
        total_used: The total cost of all jobs so far.
        created_at: When the account was opened, with a time zone.
        updated_at: When the balance last changed, with a time zone.
    """

    balance: Decimal
    total_used: Decimal
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class LimitUse:
    """A limit of the quota of an account, and how much of it is used.

    Attributes:
        name: Its name on the wire, such as ``unfinished_jobs``.
        limit: The limit.
        used: What counts now.
    """

    name: str
    limit: int
    used: int

    @property
    def what(self) -> str:
        """What is limited, in words."""
        return self.name.replace("_", " ").replace(" per day", " today")


@dataclass(frozen=True)
class CreditTransaction:
    """One change of a balance.

    Attributes:
        number: The number of the transaction.
        amount: The change of the balance; negative for a charge.
        balance_after: The balance after the transaction.
        transaction_type: ``PURCHASE``, ``CHARGE``, or another type that the service reports.
        description: A description for people.
        job_id: The job that was charged for, or ``None`` if the transaction concerns no job.
        created_at: When the transaction happened, with a time zone.
    """

    number: int
    amount: Decimal
    balance_after: Decimal
    transaction_type: str
    description: str
    job_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class TransactionPage:
    """A page of an account's transactions.

    Attributes:
        count: The total number of transactions.
        total_pages: The number of pages of this size.
        transactions: The transactions on this page.
        next: The URL of the next page, or ``None`` on the last page.
        previous: The URL of the previous page, or ``None`` on the first page.
    """

    count: int
    total_pages: int
    transactions: tuple[CreditTransaction, ...]
    next: str | None = None
    previous: str | None = None
