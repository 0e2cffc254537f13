"""The budgets and the prices of a client, and what its jobs cost.

Every submission reserves its cost before anything is sent. The reservation is released if the service has
certainly not received the job, and kept if an answer was lost. It is released too when the job turns out to
be one that the service does not charge.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.costs import NO_COST, Cost, Prices
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.service.budgets.budget import Budget
from qiskit_qoro.service.recovery import may_have_arrived

__all__ = ["PRICES_VARIABLE", "FetchPrices", "Reservation", "Spending", "is_free"]

PRICES_VARIABLE = "QORO_PRICES"
"""The environment variable with the prices of a service that does not announce its own."""

FetchPrices = Callable[[], Prices | None]
"""Fetches the prices that the service announces, or ``None`` if it announces none."""

# So many jobs are remembered, to correct what is spent when their charges become known.
_MAX_REMEMBERED = 10_000

_UNPAID = frozenset({JobStatus.FAILED, JobStatus.INSUFFICIENT_CREDITS})


def is_free(status: JobStatus, *, is_local: bool) -> bool:
    """Whether a job with a final status is not charged.

    No service charges failed jobs. The local service does not charge cancelled jobs either. The cloud may
    charge what has run.
    """
    return status in _UNPAID or (status is JobStatus.CANCELLED and is_local)


class Reservation:
    """The cost of a submission, reserved in some budgets.

    Args:
        cost: The cost.
        budgets: The budgets.
    """

    def __init__(self, cost: Cost, budgets: Sequence[Budget] = ()) -> None:
        self.cost = cost
        self._budgets = tuple(budgets)
        # Whether the submission has begun. What has not begun when the reservation ends is released.
        self._is_used = False

    @property
    def is_empty(self) -> bool:
        """Whether no budget counts the cost, or not any more."""
        return not self._budgets

    def release(self) -> None:
        """Give the cost back to the budgets. A second call has no effect."""
        self.settle(NO_COST)

    def settle(self, actual: Cost) -> None:
        """Replace the cost in the budgets by what was actually charged. This ends the reservation."""
        budgets, self._budgets = self._budgets, ()
        for budget in budgets:
            budget.replace(self.cost, actual)

    def release_unused(self) -> None:
        """Give the cost back if the submission has not begun."""
        if not self._is_used:
            self.release()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Send the submission inside this context. An error that proves that nothing arrived releases it."""
        self._is_used = True
        try:
            yield
        except QoroError as error:
            if not may_have_arrived(error):
                self.release()
            raise


class Spending:
    """The budgets and the prices of a client. Its copies in this process are the same object.

    Args:
        budget: A budget for everything that the client submits, in a form that :meth:`Budget.of` accepts, or
            ``None`` for none.
        prices: The prices, in a form that :meth:`Prices.of` accepts. ``None`` to use those that the service
            announces, or else those of the environment variable ``QORO_PRICES``.

    Raises:
        QoroInputError: An argument is invalid.
    """

    def __init__(self, budget: object = None, prices: object = None) -> None:
        # A new tuple replaces the old one, so that a submission uses one state of it.
        self._budgets: tuple[Budget, ...] = () if budget is None else (Budget.of(budget),)
        self._given = None if prices is None else Prices.of(prices)
        self._announced: Prices | None = None
        self._has_asked = False
        # The reservations of submitted jobs by identifier, oldest first, until their charges are known.
        self._reservations: dict[str, Reservation] = {}
        self._locks = _new_locks()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_locks": None, "_reservations": {}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _locks=_new_locks())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    # --- budgets --------------------------------------------------------------------------------------

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets that apply now, the outermost first."""
        return self._budgets

    @contextmanager
    def limited_by(self, budget: Budget) -> Iterator[Budget]:
        """Apply another budget to everything that the client submits inside this context, in any thread."""
        with self._locks.get():
            self._budgets = (*self._budgets, budget)
        try:
            yield budget
        finally:
            with self._locks.get():
                budgets = list(self._budgets)
                # The last one, because the same budget may have been entered several times.
                del budgets[len(budgets) - 1 - budgets[::-1].index(budget)]
                self._budgets = tuple(budgets)

    def reserve(self, costs: Sequence[Cost], fetch_prices: FetchPrices) -> list[Reservation]:
        """Reserve the costs of submissions, all or none.

        Args:
            costs: What each submission costs, without credits.
            fetch_prices: Is called if a budget needs prices that are not known.

        Raises:
            BudgetExceededError: Together they exceed a budget.
            QoroInputError: A budget is in credits, and no price is known.
        """
        budgets = tuple(dict.fromkeys(self._budgets))
        if not budgets or not costs:
            return [Reservation(cost) for cost in costs]
        if any(budget.limits.credits is not None for budget in budgets):
            prices = self.prices(fetch_prices)
            if prices is None:
                raise QoroInputError(
                    "the budget is in credits, but the service does not announce its prices. Nothing was "
                    f"sent. Give the prices with QoroProvider(prices=...) or {PRICES_VARIABLE}, or set a "
                    "budget for circuits or shots"
                )
        else:
            prices = self.known_prices
        priced = [cost.priced(prices) for cost in costs]
        _reserve_in_all(budgets, sum(priced, start=NO_COST))
        return [Reservation(cost, budgets) for cost in priced]

    # --- prices and costs -----------------------------------------------------------------------------

    def prices(self, fetch: FetchPrices) -> Prices | None:
        """Return the prices: the given ones, or else those of the service or of the environment.

        Args:
            fetch: Is called once for all calls of this method.

        Raises:
            QoroInputError: The environment variable is malformed.
        """
        if self._given is not None:
            return self._given
        if not self._has_asked:
            # Several threads may ask at the same time. That costs a request and changes nothing.
            self._announced = fetch()
            self._has_asked = True
        if self._announced is not None:
            return self._announced
        setting = os.environ.get(PRICES_VARIABLE, "").strip()
        return _read_setting(setting) if setting else None

    @property
    def known_prices(self) -> Prices | None:
        """The prices, as far as they are known without a request."""
        return self._announced if self._given is None else self._given

    # --- jobs -----------------------------------------------------------------------------------------

    def submitted(self, job_id: str, reservation: Reservation) -> None:
        """Remember the reservation of a job that the service has accepted, or may have accepted."""
        if reservation.is_empty:
            return
        with self._locks.get():
            self._reservations[job_id] = reservation
            if len(self._reservations) > _MAX_REMEMBERED:
                del self._reservations[next(iter(self._reservations))]

    def ended(self, job_id: str, status: JobStatus, *, is_local: bool) -> None:
        """Release the reservation of a job that the service does not charge.

        Args:
            job_id: The job.
            status: Its final status.
            is_local: Whether the service runs on this machine.
        """
        if is_free(status, is_local=is_local):
            self._forget(job_id).release()

    def charged(self, job_id: str, amount: Decimal) -> None:
        """Count what the service has charged for a job, in place of what was expected."""
        reservation = self._forget(job_id)
        reservation.settle(replace(reservation.cost, credits=amount, is_estimate=False))

    def _forget(self, job_id: str) -> Reservation:
        """Remove and return the reservation of a job, an empty one if there is none."""
        with self._locks.get():
            return self._reservations.pop(job_id, Reservation(NO_COST))


def _reserve_in_all(budgets: Sequence[Budget], cost: Cost) -> None:
    reserved: list[Budget] = []
    try:
        for budget in budgets:
            budget.reserve(cost)
            reserved.append(budget)
    except BaseException:
        for budget in reserved:
            budget.replace(cost, NO_COST)
        raise


def _read_setting(text: str) -> Prices:
    try:
        return Prices.of(text)
    except QoroInputError as error:
        error.introduce(f"environment variable {PRICES_VARIABLE}")
        raise


def _new_locks() -> ProcessLocal[threading.RLock]:
    # Reentrant, because a signal handler may submit a job while its thread holds the lock.
    return ProcessLocal(lambda _inherited: threading.RLock())
