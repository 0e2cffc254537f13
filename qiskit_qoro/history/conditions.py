"""The conditions of SQL that select entries of the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from qiskit_qoro.history.program_store import has_programs
from qiskit_qoro.models.jobs import ID_SEPARATOR
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.storage import text_test

__all__ = ["Condition", "condition_on_text", "conditions_for", "join_conditions", "time_to_text"]

Condition = tuple[str, tuple[object, ...]]
"""An expression of SQL, and the values of its parameters."""

# One text, so that each entry is compared once.
_SEARCHED = "tag || char(10) || ifnull(backend, '') || char(10) || ifnull(job_id, '')"


def conditions_for(
    *,
    service: str | None = None,
    backend: str | None = None,
    tag: str | None = None,
    kinds: Collection[JobKind] | None = None,
) -> list[Condition]:
    """Return the conditions on the columns of an entry; ``None`` means any value."""
    compared = {
        "service = ?": service,
        "backend = ?": backend,
        "tag = ?": tag,
    }
    found: list[Condition] = [
        (expression, (value,)) for expression, value in compared.items() if value is not None
    ]
    if kinds is not None:
        found.append((f"kind IN ({', '.join('?' * len(kinds))})", tuple(kind.value for kind in kinds)))
    return found


def condition_on_text(
    database: sqlite3.Connection, text: str, *, joint: bool, reasons: bool = False
) -> Condition:
    """Return the condition that a text occurs in an entry, in upper or lower case.

    Args:
        database: A connection to the journal.
        text: The text. Wildcards of SQL in it stand for themselves.
        joint: Whether the query joins the table of service jobs that belong together.
        reasons: Whether the reasons of failed submissions are searched, too.
    """
    test, pattern = text_test(database, text)
    tests = [test.format(f"{_SEARCHED} || char(10) || ifnull(reason, '')" if reasons else _SEARCHED)]
    if has_programs(database):
        row = "SELECT 1 FROM programs WHERE programs.number = jobs.number"
        tests.append(f"EXISTS ({row} AND {test.format('names')})")
    if joint and ID_SEPARATOR in text:
        tests.append(test.format(f"replace(ifnull(every_id, ''), char(10), '{ID_SEPARATOR}')"))
    return f"({' OR '.join(tests)})", (pattern,) * len(tests)


def join_conditions(conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    """Return the clause for all conditions, which is empty if there are none, and its values."""
    where = " AND ".join(expression for expression, _ in conditions)
    return f" WHERE {where}" if where else "", [value for _, values in conditions for value in values]


def time_to_text(time: datetime) -> str:
    """Format a time so that the order of the texts is the order of the times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
