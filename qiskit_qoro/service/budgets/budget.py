"""A budget: limits for what jobs cost together, and what they have cost so far.

The cost of a submission is reserved before anything is sent, so that two threads together cannot exceed a
budget that has room for one of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

from qiskit_qoro.display.cards import Card, CardTable
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.errors import BudgetExceededError, QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of, shown, text_of
from qiskit_qoro.models.costs import NO_COST, Cost, Limits, read_credits, read_settings

__all__ = ["Budget", "BudgetLimits"]

BudgetLimits = Decimal | float | str | Mapping[str, Decimal | float | str]
"""The forms of a budget as an argument. It is a number of credits, or it has limits by name, as a mapping or
as text such as ``"circuits=100, shots=10000"``."""

_MAX_DIGITS = 18


class Budget:
    """Limits for what jobs may cost together. A submission that exceeds them is refused.

    Pass it to :class:`QoroProvider` as ``budget``::

        >>> from qiskit_qoro import Budget, QoroProvider
        >>> budget = Budget(circuits=100, shots=10_000)
        >>> provider = QoroProvider.local(budget=budget)
        >>> budget
        <Budget: spent 0 of 100 circuits, 0 of 10,000 shots>

    Several providers may share a budget, and several threads
    may use it. A copy in another process, after a fork or in a pickle, refuses all submissions, because
    processes do not see what the others spend.

    Args:
        credits: The most credits.
        circuits: The most circuits. A variable of a problem that is characterized counts as a circuit.
        shots: The most shots of all circuits together.

    Raises:
        QoroInputError: There is no limit, or one is not a number of 0 or more.
    """

    def __init__(
        self,
        credits: Any = None,  # noqa: A002 - the name of the unit
        *,
        circuits: int | None = None,
        shots: int | None = None,
    ) -> None:
        if credits is None and circuits is None and shots is None:
            raise QoroInputError("a budget needs a limit: expected credits, circuits or shots")
        self._limits = Limits(
            None if credits is None else read_credits("credits", credits),
            _count("circuits", circuits),
            _count("shots", shots),
        )
        self._spent = NO_COST
        # Reentrant, because a signal handler may submit a job while its thread holds the lock.
        self._lock = threading.RLock()
        # The process that counts. None in a pickle, so that its copy counts nowhere.
        self._process: int | None = os.getpid()

    @classmethod
    def of(cls, value: object) -> Budget:
        """Return the budget that an argument describes.

        Args:
            value: A budget, a number of credits, a mapping with some of ``credits``, ``circuits`` and
                ``shots``, or text such as ``"5"`` or ``"circuits=100, shots=10000"``.

        Raises:
            QoroInputError: It is something else.
        """
        if isinstance(value, Budget):
            return value
        text = text_of(value)
        given = value if text is None else _read_text(text)
        if not isinstance(given, Mapping):
            return cls(read_credits("budget", value))
        if not given or not set(given) <= {"credits", "circuits", "shots"}:
            raise QoroInputError(
                f"budget is {shown(value)}, expected a number of credits, or limits for some of credits, "
                "circuits and shots"
            )
        return cls(**given)

    @property
    def limits(self) -> Limits:
        """The limits."""
        return self._limits

    @property
    def spent(self) -> Cost:
        """What the jobs have cost so far. Jobs that are not charged yet count with what they will cost."""
        return self._spent

    @property
    def remaining(self) -> Limits:
        """What is left. A price that turned out higher than expected can use up more than there was."""
        used, limits = self._used(), self._limits
        credits_ = (Cost(limits.credits) - Cost(used.credits)).credits
        return Limits(
            None if credits_ is None else max(credits_, Decimal(0)),
            None if limits.circuits is None else max(limits.circuits - (used.circuits or 0), 0),
            None if limits.shots is None else max(limits.shots - (used.shots or 0), 0),
        )

    def __repr__(self) -> str:
        pairs = zip(self._used().shown(), self._limits.shown(), strict=True)
        return f"<Budget: spent {', '.join(f'{used.split()[0]} of {limit}' for used, limit in pairs)}>"

    def _repr_html_(self) -> str:
        """Return a card for notebooks."""
        rows = zip(self._limits.shown(), self._used().shown(), self.remaining.shown(), strict=True)
        return Card(
            "Budget",
            str(self._limits),
            progress=self._used_part(),
            tables=[CardTable(["limit", "spent", "remaining"], list(rows))],
            note=f"{counted(self._spent.jobs, 'job')} submitted." if self._spent.jobs else "",
        ).to_html()

    def _used_part(self) -> float:
        """The part of the most used limit that is spent, from 0 to 1."""
        used, limits = self._used(), self._limits
        pairs = ((used.credits, limits.credits), (used.circuits, limits.circuits), (used.shots, limits.shots))
        parts = [
            float(spent or 0) / float(limit) if limit else 1.0 for spent, limit in pairs if limit is not None
        ]
        return min(max(parts), 1.0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_process": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # copies in this process spend from the same budget

    def reserve(self, cost: Cost) -> None:
        """Count the cost of a submission that is about to be sent.

        Raises:
            BudgetExceededError: It exceeds what is left.
        """
        # Checked before the lock, which a forked child may find held forever.
        if self._process != os.getpid():
            raise BudgetExceededError(
                f"the budget of {self._limits} was set in another process, and this process cannot see what "
                "is spent there. Nothing was sent. Create a QoroProvider with a budget of its own here",
                cost=cost,
                budget=self,
            )
        with self._lock:
            if not self._has_room_for(self._spent + cost):
                raise BudgetExceededError(
                    f"{self._describe_excess(cost)}. Nothing was sent. Submit less, or set a larger budget",
                    cost=cost,
                    budget=self,
                )
            self._spent += cost

    def replace(self, reserved: Cost, actual: Cost) -> None:
        """Count ``actual`` in place of a cost that was reserved."""
        if self._process == os.getpid():
            with self._lock:
                self._spent = self._spent - reserved + actual

    def _has_room_for(self, total: Cost) -> bool:
        limits = self._limits
        return (
            (limits.credits is None or (total.credits is not None and total.credits <= limits.credits))
            and (limits.circuits is None or _num_circuits(total) <= limits.circuits)
            and (limits.shots is None or (total.shots or 0) <= limits.shots)
        )

    def _describe_excess(self, cost: Cost) -> str:
        needed = f"needs {cost.work}" if cost.credits is None else f"costs {cost}"
        if self._spent == NO_COST:
            return f"the submission {needed}, and the budget is {self._limits}"
        return f"the submission {needed}, but the budget of {self._limits} has only {self.remaining} left"

    def _used(self) -> Limits:
        """What has been spent, in the units of the limits."""
        spent, limits = self._spent, self._limits
        return Limits(
            None if limits.credits is None else spent.credits,
            None if limits.circuits is None else _num_circuits(spent),
            None if limits.shots is None else spent.shots,
        )


def _num_circuits(cost: Cost) -> int:
    return (cost.circuits or 0) + cost.variables


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    text = text_of(value)
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    number = int(str(text)) if is_number else value
    count = integer_of(number, least=0, most=10**_MAX_DIGITS)
    return checked(name, value, count, f"an integer from 0 to 10**{_MAX_DIGITS}")


def _read_text(text: str) -> dict[str, str]:
    return read_settings("budget", text, default="credits")
