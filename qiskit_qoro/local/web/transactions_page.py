"""The answer to ``GET /credits/transactions/``: a page of an account's credit transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.store_errors import PageNotFoundError
from qiskit_qoro.local.web.request_body import int_from_query
from qiskit_qoro.models.credits import TransactionPage
from qiskit_qoro.wire.credits import transaction_page_to_json

__all__ = ["DEFAULT_PAGE_SIZE", "MAX_PAGE", "MAX_PAGE_SIZE", "read_transactions_page"]

MAX_PAGE = 10**9
"""The largest page number that may be requested."""

DEFAULT_PAGE_SIZE = 20
"""The number of transactions on a page, unless the query sets it."""

MAX_PAGE_SIZE = 100
"""The largest number of transactions on a page."""


def read_transactions_page(store: JobStore, owner: str, query: Mapping[str, str], url: str) -> dict[str, Any]:
    """Read a page of an account's transactions, newest first.

    Args:
        store: The transactions of all accounts.
        owner: The name of the account.
        query: The parameters ``page`` (from 1, default 1) and ``page_size`` (1 to 100, default 20).
        url: The URL of the request without its query, for the links to other pages.

    Returns:
        The body of the answer.

    Raises:
        WireError: A parameter is out of its range.
        PageNotFoundError: The page is after the last one. The first page exists even if it is empty.
    """
    page = int_from_query(query, "page", default=1, minimum=1, maximum=MAX_PAGE)
    size = int_from_query(query, "page_size", default=DEFAULT_PAGE_SIZE, minimum=1, maximum=MAX_PAGE_SIZE)
    count, transactions = store.credit_transactions(owner, size, (page - 1) * size)
    total_pages = max(1, -(-count // size))
    if page > total_pages:
        raise PageNotFoundError(f"there is no page {page}, the last page of this size is {total_pages}")

    def link(number: int) -> str | None:
        return f"{url}?page={number}&page_size={size}" if 1 <= number <= total_pages else None

    return transaction_page_to_json(
        TransactionPage(count, total_pages, tuple(transactions), link(page + 1), link(page - 1))
    )
