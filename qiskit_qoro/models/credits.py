"""What an account holds and what became of it: balances and transactions, in exact decimal numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

__all__ = ["CreditBalance", "CreditTransaction", "TransactionPage"]


@dataclass(frozen=True)
class CreditBalance:
    """The credits of an account.

    Attributes:
        balance: What it holds.
        total_used: What its jobs have cost so far.
        created_at: When it was opened, with its time zone.
        updated_at: When its balance changed last, with its time zone.
    """

    balance: Decimal
    total_used: Decimal
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class CreditTransaction:
    """One change of a balance.

    Attributes:
        number: Its number.
        amount: What was added; below 0 for what was taken.
        balance_after: The balance that it left.
        transaction_type: Why: ``PURCHASE``, ``CHARGE``, or another word of the service.
        description: The same for people.
        job_id: The job that was paid for, ``None`` for what belongs to no job.
        created_at: When it was, with its time zone.
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
    """Some of an account's transactions.

    Attributes:
        count: How many there are altogether.
        total_pages: How many pages of this size they fill.
        transactions: Those of this page.
        next: Where the page after this one is, ``None`` for the last.
        previous: Where the page before this one is, ``None`` for the first.
    """

    count: int
    total_pages: int
    transactions: tuple[CreditTransaction, ...]
    next: str | None = None
    previous: str | None = None
