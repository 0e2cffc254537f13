"""Events as JSON: one object in each line, with the fields that ``service_events`` describes.

A line is short enough to be written at once. The longest texts in it are cut if necessary.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from qiskit_qoro.local.service_events import ServiceEvent

__all__ = ["LONGEST_LINE", "json_of_event"]

LONGEST_LINE = 4000
"""The most characters of a line. A pipe that takes any text takes at least 4096 bytes, and JSON is ASCII."""

# Of these, the end says most.
_ENDS = frozenset({"traceback"})


def json_of_event(event: ServiceEvent, time: datetime) -> str:
    """Return the line of an event, without the line break.

    Args:
        event: The event.
        time: When it happened, in the time zone of the log.
    """
    fields: dict[str, Any] = {
        "time": time.isoformat(timespec="milliseconds"),
        "level": event.level.value,
        "event": event.kind.value,
        "text": event.text,
        **event.values(),
    }
    fields.pop("message", None)  # it is the text
    while len(line := json.dumps(fields, separators=(",", ":"))) > LONGEST_LINE:
        _cut_longest(fields)
    return line


def _cut_longest(fields: dict[str, Any]) -> None:
    """Cut the longest text in half."""
    name = max(fields, key=lambda name: len(fields[name]) if isinstance(fields[name], str) else 0)
    text, kept = fields[name], len(fields[name]) // 2
    fields[name] = f"…{text[-kept:]}" if name in _ENDS else f"{text[:kept]}…"
