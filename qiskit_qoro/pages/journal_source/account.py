"""The credits of the account, as far as its service shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroAPIError, QoroError
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse, TransactionPage
from qiskit_qoro.pages.journal_source.background import Answer, Background
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.service_errors import notes_on
from qiskit_qoro.pages.results.daily_costs import DAYS, daily_costs
from qiskit_qoro.pages.results.named_prices import named_prices
from qiskit_qoro.pages.views import CreditsView
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.account import MAX_TRANSACTIONS
from qiskit_qoro.wire.credits import announced_quota, credit_balance_from_json, transaction_page_from_json

__all__ = ["MAX_PAGES_OF_DAYS", "read_credits"]

MAX_PAGES_OF_DAYS = 5
"""The costs of the days come from so many pages of the newest transactions at most."""

_MAX_AGE_S, _MAX_AGE_OF_DAYS_S = 5.0, 60.0
# The status codes of a service that has no credits, or does not show them to the token.
_NOT_SHOWN = frozenset({403, 404, 405, 501})


def read_credits(client: JournalClient, background: Background, *, limit: int, offset: int) -> CreditsView:
    """Return the balance, some transactions, and the cost per day, as far as the service has answered.

    Args:
        client: The way to the service.
        background: Fetches them.
        limit: The largest number of transactions.
        offset: How many to leave out at the beginning. The newest one is the first.
    """

    def fetch_balance() -> tuple[CreditBalance, Sequence[LimitUse]]:
        body = client.service().get_credit_balance()
        return credit_balance_from_json(body), announced_quota(body)

    def fetch_rows() -> TransactionPage:
        return _fetch_rows(client.service(), limit, offset)

    balance = background.look(("balance",), fetch_balance, max_age_s=_MAX_AGE_S)
    rows = background.look(("transactions", limit, offset), fetch_rows, max_age_s=_MAX_AGE_S)
    days = background.look(("days",), lambda: _fetch_newest(client.service()), max_age_s=_MAX_AGE_OF_DAYS_S)
    prices = background.look(("prices",), lambda: client.service().prices(), max_age_s=_MAX_AGE_OF_DAYS_S)
    notes = dict.fromkeys(_notes_on([balance, rows, days]))
    by_day: list[tuple[date, Decimal]] = []
    if days.value is not None:
        newest, has_more = days.value
        by_day, note = _by_day(newest, has_more=has_more)
        if note:
            notes[note] = None
    page = rows.value or TransactionPage(0, 0, ())
    known, quota = balance.value or (None, ())
    return CreditsView(
        known,
        [] if prices.value is None else named_prices(prices.value),
        page.transactions,
        page.count,
        by_day,
        " ".join(notes),
        quota,
    )


def _notes_on(answers: Sequence[Answer[object]]) -> Iterator[str]:
    errors = [answer.error for answer in answers if answer.error is not None]
    if any(map(_is_not_shown, errors)):
        yield "This service does not show the credits of the account."
    yield from notes_on(error for error in errors if not _is_not_shown(error))
    if any(answer.value is None and answer.error is None for answer in answers):
        yield "The service has not answered yet."


def _is_not_shown(error: QoroError) -> bool:
    return isinstance(error, QoroAPIError) and error.status_code in _NOT_SHOWN


def _fetch_rows(service: QoroService, limit: int, offset: int) -> TransactionPage:
    """Fetch some transactions. A page of the service has at most 100 of them."""
    size = min(limit, MAX_TRANSACTIONS)
    first = offset // size + 1
    pages = [_fetch_page(service, first, size)]
    for page in range(first + 1, (offset + limit - 1) // size + 2):
        if pages[-1].next is None:
            break
        pages.append(_fetch_page(service, page, size))
    found = tuple(item for page_ in pages for item in page_.transactions)
    skipped = offset - (first - 1) * size
    return TransactionPage(pages[0].count, pages[0].total_pages, found[skipped : skipped + limit])


def _fetch_newest(service: QoroService) -> tuple[list[CreditTransaction], bool]:
    """Fetch the transactions of the last days, and whether there are more of these days."""
    found: list[CreditTransaction] = []
    begin = local_now() - timedelta(days=DAYS + 1)
    for page in range(1, MAX_PAGES_OF_DAYS + 1):
        fetched = _fetch_page(service, page, MAX_TRANSACTIONS)
        found += fetched.transactions
        if fetched.next is None or (found and found[-1].created_at < begin):
            return found, False
    return found, True


def _fetch_page(service: QoroService, page: int, size: int) -> TransactionPage:
    try:
        return transaction_page_from_json(service.get_credit_transactions(page, size))
    except QoroAPIError as error:
        if page > 1 and error.status_code == 404:  # there are fewer transactions now
            return TransactionPage(0, 0, ())
        raise


def _by_day(
    transactions: list[CreditTransaction], *, has_more: bool
) -> tuple[list[tuple[date, Decimal]], str]:
    now = local_now()
    paid = [(item.created_at, -item.amount) for item in transactions if item.amount < 0]
    days = daily_costs(paid, now=now)
    if not has_more or not transactions:
        return days, ""
    # The oldest day may have transactions that were not read.
    oldest = transactions[-1].created_at.astimezone(now.tzinfo).date()
    covered = [(day, cost) for day, cost in days if day > oldest]
    return covered, f"The costs per day come from the newest {len(transactions):,} transactions."
