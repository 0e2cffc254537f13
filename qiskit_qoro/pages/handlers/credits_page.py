"""The credits of the account: the balance, the prices, the cost per day, and all transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from qiskit_qoro.display.charts import Bar, column_chart
from qiskit_qoro.models.costs import format_credits
from qiskit_qoro.models.credits import CreditTransaction
from qiskit_qoro.pages.handlers.paging import page_query, paged
from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.views import CreditsView

__all__ = ["credits_page"]

_REFRESH_S = 5
_MINUS = "\u2212"


@dataclass(frozen=True)
class _Row:
    """A transaction of the ledger, with its amounts as text."""

    transaction: CreditTransaction
    amount: str
    balance: str
    is_charge: bool


@dataclass(frozen=True)
class _Days:
    """The cost per day.

    Attributes:
        chart: The chart as SVG; empty if nothing was paid.
        rows: Day and cost, the newest day first. Days without cost are left out.
        count: The number of days.
        total: The cost of all days.
    """

    chart: str
    rows: Sequence[tuple[str, str]]
    count: int
    total: str


def credits_page(request: PageRequest) -> Page:
    """Show the balance, the ledger, and the cost per day."""
    found, paging = paged(
        f"{request.prefix}/credits",
        page_query(request.query_lists),
        lambda limit, offset: request.source.credits(limit=limit, offset=offset),
    )
    values = {
        "found": found,
        "paging": paging,
        "rows": [_row(transaction) for transaction in found.transactions],
        "prices": [(what, format_credits(price)) for what, price in found.prices],
        "days": _days(found),
        "balance": None if found.balance is None else _signed(found.balance.balance),
        "used": None if found.balance is None else format_credits(found.balance.total_used),
    }
    return Page("Credits", "credits.html", values, section="credits", refresh_s=_REFRESH_S)


def _row(transaction: CreditTransaction) -> _Row:
    amount = transaction.amount
    sign = "+" if amount > 0 else ""
    return _Row(transaction, sign + _signed(amount), _signed(transaction.balance_after), amount < 0)


def _signed(amount: Decimal) -> str:
    """Format an amount that may be negative, with the minus sign of mathematics."""
    return f"{_MINUS if amount < 0 else ''}{format_credits(abs(amount))}"


def _days(found: CreditsView) -> _Days:
    total = sum((cost for _, cost in found.by_day), Decimal(0))
    rows = [(f"{day:%Y-%m-%d}", format_credits(cost)) for day, cost in reversed(found.by_day) if cost]
    chart = ""
    if rows:
        bars = [Bar(f"{day:%m-%d}", float(cost)) for day, cost in found.by_day]
        first, last = found.by_day[0][0], found.by_day[-1][0]
        highest = max(found.by_day, key=lambda item: item[1])
        description = (
            f"From {first} to {last}: {format_credits(total)} credits. "
            f"The highest cost is {format_credits(highest[1])} credits on {highest[0]}."
        )
        chart = column_chart(
            "Cost per day", description, bars, x_label="day", value_label="credits", label_every=5
        )
    return _Days(chart, rows, len(found.by_day), format_credits(total))
