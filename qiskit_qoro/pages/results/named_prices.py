"""The prices of a service with names for people."""

from __future__ import annotations

from decimal import Decimal

from qiskit_qoro.models.costs import Prices

__all__ = ["named_prices"]

_NAMES = {
    "per_job": "one job",
    "per_circuit": "one circuit",
    "per_shot": "one shot",
    "per_variable": "one variable of a characterization",
}


def named_prices(prices: Prices) -> list[tuple[str, Decimal]]:
    """Return name and price of all that costs something."""
    named = [(name, getattr(prices, field)) for field, name in _NAMES.items()]
    return [(name, price) for name, price in named if price]
