"""The cost of each of the last days, in the time zone of the user."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from qiskit_qoro.pages.results.daily_costs import DAYS, daily_costs

NOW = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)


def test_every_day_is_there_oldest_first_and_days_without_cost_have_0() -> None:
    found = daily_costs([(NOW, Decimal("0.1")), (NOW, Decimal("0.2"))], now=NOW, zone=UTC)
    assert len(found) == DAYS
    assert [day for day, _ in found] == [
        date(2026, 3, 1) - timedelta(days=back) for back in range(DAYS - 1, -1, -1)
    ]
    assert [cost for _, cost in found] == [Decimal(0)] * (DAYS - 1) + [Decimal("0.3")]


@pytest.mark.parametrize(
    ("hours", "today", "day_of_cost"),
    [
        (0, date(2026, 3, 1), date(2026, 2, 28)),
        (-1, date(2026, 2, 28), date(2026, 2, 28)),
        (2, date(2026, 3, 1), date(2026, 3, 1)),
    ],
)
def test_days_begin_at_midnight_of_the_time_zone(hours: int, today: date, day_of_cost: date) -> None:
    paid = [(NOW - timedelta(hours=1, minutes=30), Decimal(7))]
    found = daily_costs(paid, now=NOW, zone=timezone(timedelta(hours=hours)))
    assert found[-1][0] == today
    assert [day for day, cost in found if cost] == [day_of_cost]


def test_costs_of_other_days_are_left_out() -> None:
    midnight = NOW.replace(minute=0)
    first = midnight - timedelta(days=DAYS - 1)
    costs = [(first - timedelta(seconds=1), Decimal(1)), (midnight + timedelta(days=1), Decimal(2))]
    assert sum(cost for _, cost in daily_costs(costs, now=NOW, zone=UTC)) == 0
    assert daily_costs([(first, Decimal(5))], now=NOW, zone=UTC)[0] == (first.date(), Decimal(5))
