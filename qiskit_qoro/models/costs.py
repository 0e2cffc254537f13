"""What jobs cost: the prices of a service, the cost of a job, and the limits of a budget.

Credits are :class:`~decimal.Decimal`, never floats, so that sums are exact. They are computed in a context
with enough digits, because the context of the caller may have few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Any

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted, fields_set
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import integer_of, number_of, shown, text_of

__all__ = [
    "NO_COST",
    "Cost",
    "Limits",
    "PriceList",
    "Prices",
    "format_credits",
    "read_credits",
    "read_settings",
]

PriceList = Mapping[str, Decimal | float | str] | str
"""The forms of prices as an argument. They are a mapping from the attributes of :class:`Prices`, or text such
as ``"per_circuit=0.01"``."""

_MAX_CREDITS = Decimal(10) ** 12
_CENT = Decimal("0.01")
_MAX_DECIMALS = 12
_FINEST = Decimal(1).scaleb(-_MAX_DECIMALS)
_EXACT = Context(prec=60)  # enough for the largest price of the largest number of shots


def read_credits(name: str, value: object) -> Decimal:
    """Convert a number of credits.

    Args:
        name: The name of the argument, for the error.
        value: An integer, a decimal number, or its text. A float counts as the number that it is printed as,
            rounded to 12 decimals.

    Raises:
        QoroInputError: It is not a number from 0 to 10¹² with at most 12 decimals.
    """
    number = integer_of(value)
    given: Any = number if number is not None else value
    is_float = not isinstance(given, Decimal | int | str) or isinstance(given, bool)
    if is_float:
        number_given = number_of(given)
        given = "" if number_given is None else repr(number_given)
    try:
        amount = Decimal(given)
        if is_float and _is_too_fine(amount):
            # A tiny number stays as it is and is refused, because it would become 0.
            amount = amount.quantize(_FINEST, context=_EXACT) or amount
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= _MAX_CREDITS or _is_too_fine(amount):
        raise QoroInputError(
            f"{name} is {shown(value)}, expected a number of credits from 0 to 10**12 with at most "
            f"{_MAX_DECIMALS} decimals"
        )
    return amount.copy_abs()  # without the sign of a negative zero


def _is_too_fine(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -_MAX_DECIMALS


def format_credits(amount: Decimal) -> str:
    """Format a number of credits with two decimals, or with more if it has more."""
    shortest = amount.normalize(_EXACT)
    in_cents = shortest.quantize(_CENT, context=_EXACT)
    return f"{in_cents if shortest == in_cents else shortest:,f}"


def read_settings(name: str, text: str, default: str | None = None) -> dict[str, str]:
    """Read text such as ``"per_circuit=0.01, per_shot=0.0001"``.

    Args:
        name: The name of the argument, for the error.
        text: Settings, separated by commas or spaces.
        default: The name of a setting that is a value alone; ``None`` if every value needs a name.

    Raises:
        QoroInputError: A value has no name, or a name occurs twice.
    """
    settings: dict[str, str] = {}
    for part in text.replace(",", " ").split():
        key, separator, value = part.partition("=")
        if not separator and default is not None:
            key, value = default, part
        elif not separator:
            raise QoroInputError(f"{name} is {shown(text)}, expected NAME=VALUE, separated by commas")
        if key in settings:
            raise QoroInputError(f"{name} is {shown(text)}, expected each name once, got {key} twice")
        settings[key] = value
    return settings


@dataclass(frozen=True)
class Prices:
    """The prices of a service, in credits.

    A price for time is not possible: the time that a job will take is not known before it runs.

    Args:
        per_job: For each job of the service.
        per_circuit: For each circuit. A row of a template is a circuit.
        per_shot: For each shot of each circuit. Expectation values, gradients and states have no shots.
        per_variable: For each variable of a problem that is characterized.

    Raises:
        QoroInputError: A price is not a number of 0 or more.
    """

    per_job: Decimal = Decimal(0)
    per_circuit: Decimal = Decimal(0)
    per_shot: Decimal = Decimal(0)
    per_variable: Decimal = Decimal(0)

    def _repr_html_(self) -> str:
        priced = [(name.replace("_", " "), f"{price:f} credits") for name, price in fields_set(self).items()]
        return Card("Prices", rows=priced, note="" if priced else "Everything is free.").to_html()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, read_credits(field.name, getattr(self, field.name)))

    @classmethod
    def of(cls, value: object) -> Prices:
        """Return the prices that an argument or a setting describes.

        Args:
            value: Prices, a mapping from the names of the attributes to numbers, or text such as
                ``"per_circuit=0.01, per_shot=0.0001"``.

        Raises:
            QoroInputError: It is something else.
        """
        if isinstance(value, Prices):
            return value
        text = text_of(value)
        given = value if text is None else read_settings("prices", text)
        names = [field.name for field in fields(cls)]
        if not isinstance(given, Mapping) or not given or not set(given) <= set(names):
            raise QoroInputError(
                f"prices is {shown(value)}, expected Prices, or numbers for some of {', '.join(names)}"
            )
        return cls(**given)

    def __str__(self) -> str:
        charged = {field.name: getattr(self, field.name) for field in fields(self)}
        named = [
            f"{format_credits(price)} {name.replace('_', ' ')}" for name, price in charged.items() if price
        ]
        return ", ".join(named).replace(" ", " credits ", 1) or "free"

    def __repr__(self) -> str:
        charged = (field.name for field in fields(self) if getattr(self, field.name))
        return f"Prices({', '.join(f'{name}={str(getattr(self, name))!r}' for name in charged)})"


@dataclass(frozen=True)
class Cost:
    """What a job costs, or several jobs together.

    Attributes:
        credits: The credits, or ``None`` if no price is known.
        circuits: The number of circuits that run, or ``None`` if it is not known.
        shots: The shots of all circuits together, 0 if none are taken; ``None`` if they are not known.
        variables: The number of variables of problems that are characterized.
        jobs: The number of jobs of the service.
        is_estimate: Whether ``credits`` is computed from prices, because the service has not charged the jobs
            or its charge is not known.
    """

    credits: Decimal | None = None
    circuits: int | None = 0
    shots: int | None = 0
    variables: int = 0
    jobs: int = 1
    is_estimate: bool = True

    def priced(self, prices: Prices | None) -> Cost:
        """Return this cost with the credits that prices amount to; without credits if there are no prices."""
        if prices is None or self.circuits is None or self.shots is None:
            return replace(self, credits=None)
        with localcontext(_EXACT):
            amount = (
                prices.per_job * self.jobs
                + prices.per_circuit * self.circuits
                + prices.per_shot * self.shots
                + prices.per_variable * self.variables
            )
        return replace(self, credits=amount)

    def __add__(self, other: Cost) -> Cost:
        return self._combined(other, 1)

    def __sub__(self, other: Cost) -> Cost:
        return self._combined(other, -1)

    def _combined(self, other: Cost, sign: int) -> Cost:
        def combine(left: Any, right: Any) -> Any:
            return None if left is None or right is None else left + sign * right

        with localcontext(_EXACT):
            credits_ = combine(self.credits, other.credits)
        return Cost(
            credits_,
            combine(self.circuits, other.circuits),
            combine(self.shots, other.shots),
            self.variables + sign * other.variables,
            self.jobs + sign * other.jobs,
            self.is_estimate or other.is_estimate,
        )

    @property
    def work(self) -> str:
        """What is paid for, as text such as ``40 circuits, 4,000 shots``."""
        return ", ".join(self._counts())

    def __str__(self) -> str:
        amount = "price unknown" if self.credits is None else f"{format_credits(self.credits)} credits"
        return f"{amount} ({self.work})" if self.work else amount

    def _repr_html_(self) -> str:
        """Return a card for notebooks."""
        amount = "price unknown" if self.credits is None else f"{format_credits(self.credits)} credits"
        is_estimate = self.is_estimate and self.credits is not None
        rows = [("for", self.work)] if self.work else []
        return Card("Cost", amount, rows=rows, note="Computed from prices." if is_estimate else "").to_html()

    def __repr__(self) -> str:
        return f"<Cost {self}{', estimated' if self.is_estimate and self.credits is not None else ''}>"

    def _counts(self) -> Iterator[str]:
        named = (("circuit", self.circuits), ("shot", self.shots), ("variable", self.variables))
        for noun, count in (*named, ("job", self.jobs if self.jobs > 1 else 0)):
            if count:
                yield counted(count, noun)


NO_COST = Cost(Decimal(0), jobs=0, is_estimate=False)
"""The cost of no jobs."""


@dataclass(frozen=True)
class Limits:
    """Limits for what jobs may cost together. ``None`` means that there is no limit.

    Attributes:
        credits: The most credits.
        circuits: The most circuits. A variable of a problem that is characterized counts as a circuit.
        shots: The most shots.
    """

    credits: Decimal | None = None
    circuits: int | None = None
    shots: int | None = None

    def __str__(self) -> str:
        return ", ".join(self.shown()) or "no limit"

    def shown(self) -> list[str]:
        """Return each limit as text, such as ``1,000 shots``."""
        limits = [] if self.credits is None else [f"{format_credits(self.credits)} credits"]
        counts = (("circuit", self.circuits), ("shot", self.shots))
        return limits + [counted(count, noun) for noun, count in counts if count is not None]
