"""The text of a progress line, and the estimate of the time that is left.

The parts of a line are separated by dots: ``⠴ RUNNING 12/40 circuits · 9 s · about 20 s left``. In a narrow
terminal the less important parts are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from unicodedata import east_asian_width

from qiskit_qoro.display.times import duration
from qiskit_qoro.printable import printable_line

__all__ = ["Pace", "ProgressState", "progress_text", "text_width"]

_SPINNER, _SEPARATOR = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", " · "
_PLAIN_SPINNER, _PLAIN_SEPARATOR = "|/-\\", ", "
_LONGEST_STATUS = 24
_SHORTEST_SPAN_S = 1.0  # an estimate needs to have seen this much of the work


@dataclass(frozen=True)
class ProgressState:
    """What a progress line says, except for times.

    Attributes:
        status: The status, or an empty text.
        finished: The number of finished items, or ``None`` if it is unknown.
        total: The number of all items, or ``None`` if it is unknown.
        unit: What is counted, in the plural.
        title: What is waited for, or an empty text.
    """

    status: str = ""
    finished: int | None = None
    total: int | None = None
    unit: str = "circuits"
    title: str = ""


class Pace:
    """Estimates the time that is left from the items that were finished while they were observed."""

    def __init__(self) -> None:
        # The first observation, and the last one at which more items were finished: time and number.
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)
        self._total = 0

    def observe(self, finished: int | None, total: int | None, now: float) -> None:
        """Record how many items are finished. Work that starts again makes the estimate start again."""
        if finished is None or total is None:
            return
        if self._first is None or total != self._total or finished < self._last[1]:
            self._first = self._last = (now, finished)
            self._total = total
        elif finished > self._last[1]:
            self._last = (now, finished)

    def left_s(self, now: float) -> float | None:
        """Return the estimated seconds that are left, or ``None`` if there is no estimate."""
        if self._first is None:
            return None
        (begin, before), (end, finished) = self._first, self._last
        if finished == before or finished >= self._total or end - begin < _SHORTEST_SPAN_S:
            return None
        left_s = (self._total - finished) * (end - begin) / (finished - before) - (now - end)
        return left_s if left_s > 0 else None  # if the work takes longer than estimated, nothing is known


def progress_text(
    state: ProgressState, elapsed_s: float, left_s: float | None, *, tick: int, width: int, plain: bool
) -> str:
    """Return the text of a progress line.

    Args:
        state: What the line says.
        elapsed_s: Seconds since the wait began.
        left_s: Seconds that are left, or ``None`` if that is unknown.
        tick: How often the line has been drawn. It turns the spinner.
        width: The most columns that the text may take.
        plain: Whether to use ASCII characters only.
    """
    spinner, separator = (_PLAIN_SPINNER, _PLAIN_SEPARATOR) if plain else (_SPINNER, _SEPARATOR)
    status = _shown(state.status, plain)[:_LONGEST_STATUS]
    count = "" if state.finished is None or state.total is None else f"{state.finished}/{state.total}"
    counted = f"{count} {state.unit}" if count else ""
    elapsed = duration(math.floor(elapsed_s))
    left = "" if left_s is None else f"about {duration(_rounded(left_s))} left"
    title = _shown(state.title, plain)
    # From the most to the least that can be said.
    choices = [
        [_words(title, status, counted), elapsed, left],
        [_words(status, counted), elapsed, left],
        [_words(status, count), elapsed, left],
        [_words(status, count), left or elapsed],
        [_words(count) or status],
    ]
    lines = [f"{spinner[tick % len(spinner)]} {separator.join(filter(None, parts))}" for parts in choices]
    return next((line for line in lines if text_width(line) <= width), _cut(lines[-1], width))


def text_width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _words(*words: str) -> str:
    return " ".join(filter(None, words))


def _shown(text: str, plain: bool) -> str:
    shown = printable_line(text)
    return shown.encode("ascii", "replace").decode() if plain else shown


def _cut(line: str, width: int) -> str:
    while text_width(line) > max(width, 0):
        line = line[:-1]
    return line


def _rounded(seconds: float) -> int:
    """Round an estimate up to a number that does not pretend to be exact."""
    step = 1 if seconds <= 10 else 5 if seconds <= 60 else 60 if seconds <= 3600 else 600
    return math.ceil(seconds / step) * step
