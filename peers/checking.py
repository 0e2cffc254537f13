"""Holds checks, one after the other, and prints a table: what held, how long it took, what was measured.

A check is a function whose name says what has to be true. It raises where it is not; what it returns, if
anything, are figures for the table.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable

Check = Callable[[], str | None]


def hold_all(checks: Iterable[Check]) -> int:
    """Hold every check, whatever came of the others. Returns the exit code: 1 if one does not hold."""
    outcomes = [_holds(check) for check in checks]
    print(f"{sum(outcomes)} of {len(outcomes)} hold")
    return 0 if all(outcomes) else 1


def _holds(check: Check) -> bool:
    started = time.monotonic()
    figures = None
    try:
        figures = check()
    except Exception:
        traceback.print_exc()
        outcome = "FAILED"
    else:
        outcome = "ok"
    took = time.monotonic() - started
    name = check.__name__.replace("_", " ")
    print(f"{outcome:7}{took:6.2f} s  {name}{f': {figures}' if figures else ''}", flush=True)
    return outcome == "ok"
