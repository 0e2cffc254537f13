"""Run checks one after the other and print a table: the outcome, the time, and measured values.

A check is a function. Its name says what must be true. It raises an error if that is not true. It may return
text with measured values for the table.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable

Check = Callable[[], str | None]


def run_checks(checks: Iterable[Check]) -> int:
    """Run every check, even if others fail.

    Returns:
        The exit code: 0 if all checks passed, else 1.
    """
    outcomes = [_passes(check) for check in checks]
    print(f"{sum(outcomes)} of {len(outcomes)} checks passed")
    return 0 if all(outcomes) else 1


def _passes(check: Check) -> bool:
    """Run a check and print its row of the table."""
    started = time.monotonic()
    figures = None
    try:
        figures = check()
    except Exception:
        traceback.print_exc()
        outcome = "FAILED"
    else:
        outcome = "ok"
    duration_s = time.monotonic() - started
    name = check.__name__.replace("_", " ")
    print(f"{outcome:7}{duration_s:6.2f} s  {name}{f': {figures}' if figures else ''}", flush=True)
    return outcome == "ok"
