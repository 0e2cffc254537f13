"""Requests about the account that the token belongs to: its credits and its transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, TypeVar

from qiskit_qoro.errors import QoroAPIError, WireError
from qiskit_qoro.models.arguments import checked, integer_of
from qiskit_qoro.models.costs import Prices
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.credits import announced_prices, read_charges
from qiskit_qoro.wire.endpoints import CREDIT_BALANCE, CREDIT_TRANSACTIONS, Endpoint
from qiskit_qoro.wire.fields import as_object

__all__ = [
    "MAX_TRANSACTIONS",
    "fetch_charges",
    "fetch_credit_balance",
    "fetch_credit_transactions",
    "fetch_prices",
]

_log = logging.getLogger(__name__)

# The status codes of a service that has no credits, or does not show them to the token.
_NOT_SHOWN = frozenset({403, 404, 405, 501})

_T = TypeVar("_T")

# So many pages are searched for the charge of a job. It is on the first one, unless many jobs came later.
_MAX_PAGES = 10

MAX_TRANSACTIONS = 100
"""Most transactions that the service returns on one page."""


def fetch_credit_balance(transport: Transport) -> dict[str, Any]:
    """Fetch the credits of the account."""
    return read_answer(transport.send(CREDIT_BALANCE), _object)


def fetch_prices(transport: Transport) -> Prices | None:
    """Fetch the prices that the service announces with the balance, or ``None`` if it announces none.

    A service that does not show the balance announces none. This is not an error.
    """
    return _read_if_shown(transport, CREDIT_BALANCE, None, announced_prices)


def fetch_charges(transport: Transport, job_ids: Collection[str]) -> dict[str, Decimal]:
    """Find the charges for jobs in the latest transactions of the account.

    A service that does not show the transactions, or whose transactions name no jobs, has no charges that
    could be found. This is not an error.

    Returns:
        The credits that each job has cost. A job without a charge is left out.
    """
    wanted = set(job_ids)
    found: dict[str, Decimal] = {}
    charged: set[str] = set()  # a refund is newer than the charge, and may be on an earlier page
    for page in range(1, _MAX_PAGES + 1):
        params = {"page": page, "page_size": MAX_TRANSACTIONS}
        answer = _read_if_shown(transport, CREDIT_TRANSACTIONS, params, read_charges)
        if answer is None:
            break
        for job_id, amount in answer.charges:
            if job_id in wanted:
                found[job_id] = found.get(job_id, Decimal(0)) + amount
                if amount >= 0:
                    charged.add(job_id)
        if charged == wanted or not answer.has_more:
            break
    return {job_id: amount for job_id, amount in found.items() if job_id in charged}


def _read_if_shown(
    transport: Transport, endpoint: Endpoint, params: dict[str, Any] | None, read: Callable[[object], _T]
) -> _T | None:
    """Read an answer; return ``None`` if the service has no such page for this account, or an unknown one."""
    try:
        return read_answer(transport.send(endpoint, params=params), read)
    except (QoroAPIError, WireError) as error:
        if isinstance(error, QoroAPIError) and error.status_code not in _NOT_SHOWN:
            raise
        _log.debug("%s could not be read: %s", endpoint.path, error)
        return None


def fetch_credit_transactions(transport: Transport, page: int, page_size: int) -> dict[str, Any]:
    """Fetch a page of the account's transactions.

    Args:
        transport: Sends the request.
        page: The number of the page, from 1.
        page_size: Transactions per page, 1 to :data:`MAX_TRANSACTIONS`.

    Raises:
        QoroInputError: ``page`` or ``page_size`` is not an integer or is out of range.
    """
    params = {
        "page": _count("page", page, None),
        "page_size": _count("page_size", page_size, MAX_TRANSACTIONS),
    }
    return read_answer(transport.send(CREDIT_TRANSACTIONS, params=params), _object)


def _object(body: object) -> dict[str, Any]:
    """The JSON of the service. Its fields are not checked, because they are only passed on to the caller."""
    return as_object(body, "body")


def _count(name: str, value: object, maximum: int | None) -> int:
    expected = "an integer of 1 or more" if maximum is None else f"an integer from 1 to {maximum}"
    return checked(name, value, integer_of(value, least=1, most=maximum), expected)
