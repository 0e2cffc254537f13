"""What a client can ask about the account that its token stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.service.session import ServiceSession
from qiskit_qoro.service.transport import read_answer
from qiskit_qoro.wire.credits import credit_balance_from_json, transaction_page_from_json
from qiskit_qoro.wire.endpoints import CREDIT_BALANCE, CREDIT_TRANSACTIONS

__all__ = ["MOST_TRANSACTIONS", "AccountCalls"]

MOST_TRANSACTIONS = 100
"""The largest page of transactions that the service gives."""


class AccountCalls(ServiceSession):
    """The calls about the account."""

    def get_credit_balance(self) -> dict[str, Any]:
        """The account's credits.

        Returns:
            ``balance`` and ``total_used`` as decimal text, ``created_at`` and ``updated_at`` as ISO 8601 in
            UTC; checked, and otherwise as the service sent it.

        Raises:
            AuthenticationError: The token is unknown or deactivated.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        return read_answer(self._transport.send(CREDIT_BALANCE), _checked(credit_balance_from_json))

    def get_credit_transactions(self, page: int = 1, page_size: int = 20) -> dict[str, Any]:
        """A page of the account's transactions.

        Args:
            page: Which page, from 1.
            page_size: Transactions on a page, 1 to 100.

        Returns:
            ``count``, ``total_pages``, ``next``, ``previous``, and ``results``, newest first. Each of them
            has ``id``, ``amount`` and ``balance_after`` as decimal text, ``transaction_type``,
            ``description``, ``job_id`` and ``created_at``. All is checked, and otherwise as the service
            sent it.

        Raises:
            QoroInputError: ``page`` or ``page_size`` is no integer or out of its range.
            AuthenticationError: The token is unknown or deactivated.
            NotFoundError: There is no such page.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        _check_count("page", page, None)
        _check_count("page_size", page_size, MOST_TRANSACTIONS)
        params = {"page": page, "page_size": page_size}
        answer = self._transport.send(CREDIT_TRANSACTIONS, params=params)
        return read_answer(answer, _checked(transaction_page_from_json))


def _checked(reader: Callable[[object], object]) -> Callable[[Any], dict[str, Any]]:
    """A body as it came, once ``reader`` has found nothing wrong with it."""

    def check(body: Any) -> dict[str, Any]:
        reader(body)
        return dict(body)

    return check


def _check_count(name: str, value: object, most: int | None) -> None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    if not is_count or value < 1 or (most is not None and value > most):  # type: ignore[operator]
        expected = "an integer of 1 or more" if most is None else f"an integer from 1 to {most}"
        raise QoroInputError(f"{name} is {value!r}, expected {expected}")
