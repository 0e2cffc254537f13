"""Requests about the account that the token belongs to: its credits and its transactions."""

from __future__ import annotations

from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.endpoints import CREDIT_BALANCE, CREDIT_TRANSACTIONS
from qiskit_qoro.wire.fields import as_object

__all__ = ["MAX_TRANSACTIONS", "fetch_credit_balance", "fetch_credit_transactions"]

MAX_TRANSACTIONS = 100
"""Most transactions that the service returns on one page."""


def fetch_credit_balance(transport: Transport) -> dict[str, Any]:
    """Fetch the credits of the account."""
    return read_answer(transport.send(CREDIT_BALANCE), _object)


def fetch_credit_transactions(transport: Transport, page: int, page_size: int) -> dict[str, Any]:
    """Fetch a page of the account's transactions.

    Args:
        transport: Sends the request.
        page: The number of the page, from 1.
        page_size: Transactions per page, 1 to :data:`MAX_TRANSACTIONS`.

    Raises:
        QoroInputError: ``page`` or ``page_size`` is not an integer or is out of range.
    """
    _check_count("page", page, None)
    _check_count("page_size", page_size, MAX_TRANSACTIONS)
    params = {"page": page, "page_size": page_size}
    return read_answer(transport.send(CREDIT_TRANSACTIONS, params=params), _object)


def _object(body: object) -> dict[str, Any]:
    """The JSON of the service. Its fields are not checked, because they are only handed on to the caller."""
    return as_object(body, "body")


def _check_count(name: str, value: object, maximum: int | None) -> None:
    is_count = isinstance(value, int) and not isinstance(value, bool)  # True is an int in Python
    if not is_count or value < 1 or (maximum is not None and value > maximum):  # type: ignore[operator]
        expected = "an integer of 1 or more" if maximum is None else f"an integer from 1 to {maximum}"
        raise QoroInputError(f"{name} is {value!r}, expected {expected}")
