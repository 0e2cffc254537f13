"""What an account has paid on each of the last days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

__all__ = ["DAYS", "daily_costs"]

DAYS = 30
"""The number of days that the page of the credits shows."""


def daily_costs(
    costs: Iterable[tuple[datetime, Decimal]], *, now: datetime, zone: tzinfo | None = None
) -> list[tuple[date, Decimal]]:
    """Return the cost of each of the last :data:`DAYS` days, oldest first. The last day is today.

    Args:
        costs: When something was paid, with a time zone, and how much. Costs of other days are left out.
        now: The present, with a time zone.
        zone: The time zone of the days; ``None`` for the one of this machine. It knows when clocks changed.
    """
    today = now.astimezone(zone).date()
    by_day = {today - timedelta(days=days): Decimal(0) for days in reversed(range(DAYS))}
    for time, cost in costs:
        day = time.astimezone(zone).date()
        if day in by_day:
            by_day[day] += cost
    return list(by_day.items())
