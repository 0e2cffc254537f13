"""What an account is told about its credits, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.store_errors import PageNotFoundError
from qiskit_qoro.local.web.request_body import count_in_query
from qiskit_qoro.models.credits import TransactionPage
from qiskit_qoro.wire.credits import transaction_page_to_json

__all__ = ["LAST_PAGE", "read_statement"]

_MOST_ON_A_PAGE = 100
LAST_PAGE = 10**9


def read_statement(store: JobStore, owner: str, query: Mapping[str, str], url: str) -> dict[str, Any]:
    """A page of an account's transactions, the newest first.

    Args:
        store: Where they are.
        owner: Whose they are.
        query: The query's parameters: ``page``, from 1, and ``page_size``, 1 to 100, by default 20.
        url: The request's URL without its query.

    Returns:
        The body of the answer.

    Raises:
        WireError: A parameter is out of its range.
        PageNotFoundError: There are fewer pages. The first one is always there.
    """
    page = count_in_query(query, "page", default=1, least=1, most=LAST_PAGE)
    size = count_in_query(query, "page_size", default=20, least=1, most=_MOST_ON_A_PAGE)
    count, transactions = store.credit_transactions(owner, size, (page - 1) * size)
    total_pages = max(1, -(-count // size))
    if page > total_pages:
        raise PageNotFoundError(f"there is no page {page}, the last one of this size is {total_pages}")

    def link(number: int) -> str | None:
        return f"{url}?page={number}&page_size={size}" if 1 <= number <= total_pages else None

    found = TransactionPage(count, total_pages, tuple(transactions), link(page + 1), link(page - 1))
    return transaction_page_to_json(found)
