"""What the commands print: results to standard output, everything said about them to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.bar import Bar
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

__all__ = ["ROWS", "print_counts", "print_fields", "print_json", "print_table", "say", "say_rest"]

ROWS = 32
"""How many rows a table has, unless all are asked for."""

_BAR_WIDTH = 40


def print_table(table: RenderableType) -> None:
    """Print a table to standard output."""
    # A table that goes into a file or a pipe is as wide as it needs to be.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values to standard output, one pair a line; values that are ``None`` are left out."""
    table = Table(box=None, show_header=False)
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, Text(str(value)))
    print_table(table)


def print_counts(counts: Mapping[str, int], *, rows: int | None = ROWS) -> None:
    """Print a table of the most frequent outcomes, with bars, to standard output.

    Args:
        counts: Outcome to count.
        rows: How many outcomes at most, ``None`` for all.
    """
    total, most = sum(counts.values()), max(counts.values(), default=0)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    table = Table(box=None)
    table.add_column("outcome", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("share", justify="right")
    table.add_column("")
    for outcome, count in ranked[:rows]:
        bar = Bar(most, 0, count, width=_BAR_WIDTH) if _can_draw() else ""
        table.add_row(outcome, str(count), f"{count / total:.1%}", bar)
    print_table(table)
    say_rest(len(ranked), rows, "outcomes")


def _can_draw() -> bool:
    return (sys.stdout.encoding or "").lower().startswith("utf")


def say_rest(number: int, rows: int | None, what: str) -> None:
    """Tell on standard error how many of something were not shown."""
    if rows is not None and number > rows:
        say(f"and {number - rows} more {what}; --json lists them all")


def print_json(value: Any) -> None:
    """Print a value to standard output, as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def say(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"{text}\n")
