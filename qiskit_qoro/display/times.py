"""Times and durations as people read them. Every table, card and progress line uses these two functions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

__all__ = ["ago", "duration", "exact_time", "local_now"]

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86_400, 604_800


def local_now() -> datetime:
    """Return the present in the time zone of this machine."""
    return datetime.now(UTC).astimezone()


def ago(time: datetime, *, now: datetime) -> str:
    """Say how long ago a time was: ``just now``, ``3 min ago``, ``2 h ago``, ``3 d ago``, then the date.

    Args:
        time: A time with a time zone.
        now: The present, with a time zone. Dates are in this time zone.
    """
    seconds = (now - time).total_seconds()
    # Clocks of two machines may differ a little, so the time may be in the future.
    if seconds <= -_MINUTE or seconds >= _WEEK:
        return f"{time.astimezone(now.tzinfo):%Y-%m-%d}"
    if seconds < _MINUTE:
        return "just now"
    for unit_s, unit in ((_DAY, "d"), (_HOUR, "h")):
        if seconds >= unit_s:
            return f"{seconds // unit_s:.0f} {unit} ago"
    return f"{seconds // _MINUTE:.0f} min ago"


def exact_time(time: datetime, *, now: datetime) -> str:
    """Return the date and the time of day in the time zone of ``now``, such as ``2026-11-20 15:30:00``."""
    return f"{time.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Describe a duration in one or two units, such as ``0.12 s``, ``9 s``, ``3 min 5 s`` or ``2 h 10 min``.

    Args:
        seconds: The duration in seconds. A negative one counts as 0.
    """
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 0.0995:
        return f"{1000 * seconds:.2g} ms" if seconds > 0 else "0 s"
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = timedelta(seconds=round(seconds)) if seconds < 1e13 else timedelta.max
    minutes, left_s = divmod(whole.seconds, _MINUTE)
    hours, left_min = divmod(minutes, _MINUTE)
    units = ((whole.days, "d"), (hours, "h"), (left_min, "min"), (left_s, "s"))
    first = next(place for place, (number, _) in enumerate(units) if number)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number)
