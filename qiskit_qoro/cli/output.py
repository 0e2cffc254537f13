"""What the commands print: results to standard output, everything said about them to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["print_json", "print_table", "say"]


def print_table(table: Table) -> None:
    """Print a table to standard output."""
    # A table that goes into a file or a pipe is as wide as it needs to be.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def print_json(value: Any) -> None:
    """Print a value to standard output, as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def say(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"{text}\n")
