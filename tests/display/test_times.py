"""Times and durations as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from qiskit_qoro.display.times import ago, duration, exact_time, local_now

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-59), "just now"),
        (timedelta(seconds=59.9), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=6, hours=23), "6 d ago"),
        (timedelta(days=7), "2026-11-22"),
        (timedelta(hours=-3), "2026-11-29"),
    ],
)
def test_a_time_is_shown_by_its_age_and_after_a_week_by_its_date(past: timedelta, text: str) -> None:
    assert ago(NOW - past, now=NOW) == text


def test_dates_are_in_the_time_zone_of_the_present() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=5)))
    time = datetime(2026, 10, 1, 23, 30, 15, tzinfo=UTC)
    assert ago(time, now=now) == "2026-10-02"
    assert exact_time(time, now=now) == "2026-10-02 04:30:15"
    assert local_now().tzinfo is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.00612, "6.1 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.1 s"),
        (0.12, "0.12 s"),
        (9, "9 s"),
        (1.53, "1.5 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7800, "2 h 10 min"),
        (90_000, "1 d 1 h"),
        (86_399.7, "1 d"),
        (1e30, "999999999 d 23 h"),
        (math.inf, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_a_duration_has_one_or_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
