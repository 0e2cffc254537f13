"""The credits of an account of the local service."""

from __future__ import annotations

from datetime import timedelta

from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.ledger import PRICES, read_costs
from qiskit_qoro.pages.results.daily_costs import DAYS, daily_costs
from qiskit_qoro.pages.results.named_prices import named_prices
from qiskit_qoro.pages.views import CreditsView

__all__ = ["credits_of"]


def credits_of(parts: ServiceParts, account: str, *, limit: int, offset: int) -> CreditsView:
    """Return the balance, some transactions, and the cost per day.

    Args:
        parts: The parts of the service.
        account: The name of the account.
        limit: The largest number of transactions.
        offset: How many to leave out at the beginning. The newest one is the first.
    """
    now = parts.database.now()
    balance = parts.store.credit_balance(account)
    total, transactions = parts.store.credit_transactions(account, limit, offset)
    with parts.database.read() as connection:
        # A day may begin a day earlier in another time zone than in UTC.
        costs = read_costs(connection, account, since=now - timedelta(days=DAYS + 1))
    return CreditsView(
        balance,
        named_prices(PRICES),
        transactions,
        total,
        daily_costs(costs, now=now),
        quota=parts.store.limits(account),
    )
