"""What an examination has found, and how it is printed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qiskit_qoro.cli.output import print_heading, print_line
from qiskit_qoro.display.tables import screen_width
from qiskit_qoro.errors import QoroError
from qiskit_qoro.printable import printable_line

__all__ = ["Finding", "Level", "examine", "print_findings"]

_INDENT = 11


class Level(StrEnum):
    """How good a finding is."""

    OK = "ok"
    NOTE = "note"
    """Something that is missing, but not needed by everybody."""
    PROBLEM = "problem"
    """Something that does not work."""


_STYLES = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes:
        name: What was examined.
        level: How good it is.
        text: What was found.
        advice: What to do about it, or an empty text.
    """

    name: str
    level: Level
    text: str
    advice: str = ""

    def to_json(self, topic: str) -> dict[str, Any]:
        """Return what ``--json`` prints.

        Args:
            topic: The topic that the finding belongs to.
        """
        return {
            "topic": topic,
            "name": self.name,
            "level": self.level.value,
            "text": self.text,
            "advice": self.advice or None,
        }


def examine(name: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a function. An error becomes a finding.

    Args:
        name: What is examined.
        look: Returns the findings.
    """
    try:
        yield from look()
    except QoroError as error:
        yield Finding(name, Level.PROBLEM, error.message)
    except Exception as error:  # whatever is broken: an examination has to go on
        yield Finding(name, Level.PROBLEM, f"{type(error).__name__}: {error}")


def print_findings(topic: str, findings: Iterable[Finding], *, is_first: bool) -> list[Finding]:
    """Print the findings about a topic as they come, one line each, and return them."""
    print_heading(topic, is_first=is_first)
    found = []
    for finding in findings:
        found.append(finding)
        text = f"{finding.name}: {finding.text}" + (f". {finding.advice}" if finding.advice else "")
        first, *rest = _wrapped(printable_line(text))
        mark = f"  {finding.level.value:<{_INDENT - 3}} "
        print_line(first, prefix=mark, prefix_style=_STYLES[finding.level])
        for line in rest:
            print_line(f"{' ' * _INDENT}{line}")
    return found


def _wrapped(text: str) -> list[str]:
    """Break a text between words where the terminal is too narrow."""
    width = screen_width()
    if width is None:
        return [text]
    return textwrap.wrap(text, max(20, width - _INDENT), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
