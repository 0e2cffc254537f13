"""The life of a job as SVG: one bar for each status, with its duration, and the times between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, sqrt

from qiskit_qoro.display.cards import Level, level_of_status
from qiskit_qoro.display.drawing import WIDTH, Drawing
from qiskit_qoro.display.times import duration, exact_time

__all__ = ["COLOURS", "Stage", "timeline"]

_LEFT, _LEAST, _TOP, _HEIGHT = 9.0, 88.0, 22.0, 14.0
_CHARACTER = 8.2
COLOURS: Mapping[Level, str] = {
    "neutral": "#767f8c",
    "active": "#3f7fd6",
    "good": "#2b8a4b",
    "warning": "#b0741c",
    "bad": "#d0393f",
}
"""The colour of each level. It stands out on white and on black."""


@dataclass(frozen=True)
class Stage:
    """A status in the life of a job.

    Attributes:
        status: The status.
        time: When it began, with a time zone, or ``None`` if unknown.
        duration_s: How long it lasted or has lasted, in seconds; ``None`` if unknown, or if it is the end.
    """

    status: str
    time: datetime | None
    duration_s: float | None = None


def timeline(
    title: str,
    description: str,
    stages: Sequence[Stage],
    *,
    has_ended: bool,
    now: datetime,
    width: float = WIDTH,
) -> str:
    """Draw the life of a job.

    The lengths of the bars grow with the square roots of the durations, and each has room for its texts. So
    very different durations remain readable.

    Args:
        title: The title for screen readers.
        description: The life in words, for screen readers.
        stages: The statuses in order.
        has_ended: Whether the last status is an end. It is a mark then. Otherwise it lasts until now.
        now: The present, in the time zone of the times that are shown.
        width: The width in pixels. Many stages make the drawing wider, because they need room.

    Returns:
        An ``svg`` element; an empty text if there are no stages.
    """
    if not stages:
        return ""
    bars = stages[:-1] if has_ended else stages
    end_text = _words(stages[-1].status) if has_ended else "now"
    after = len(end_text) * _CHARACTER + 18
    width = max(width, _LEFT + len(bars) * _LEAST + after)
    edges = _edges(bars, _LEFT, width - after)
    dates = _dates(stages, now)
    drawing = Drawing(title, description, 92 if any(dates) else 76, width)
    for stage, start, end in zip(bars, edges, edges[1:], strict=False):
        _draw_bar(drawing, stage, start, end)
    for index, (stage, x, date) in enumerate(zip(stages, edges, dates, strict=False)):
        bottom = _TOP + _HEIGHT
        drawing.line(x, bottom, x, bottom + 24, opacity=0.4)
        anchor = "start" if index == 0 else "middle"
        time = "" if stage.time is None else exact_time(stage.time, now=now)[-8:]
        drawing.text(x, bottom + 36, time, anchor=anchor)
        if date:
            drawing.text(x, bottom + 51, date, anchor=anchor)
    middle = _TOP + _HEIGHT / 2
    if has_ended:
        colour = COLOURS[level_of_status(stages[-1].status)]
        drawing.add("circle", cx=edges[-1], cy=middle, r=_HEIGHT / 2 + 1, fill=colour)
    drawing.text(edges[-1] + 14, middle + 4.5, end_text)
    return drawing.markup()


def _draw_bar(drawing: Drawing, stage: Stage, start: float, end: float) -> None:
    length = "unknown" if stage.duration_s is None else duration(stage.duration_s)
    group = drawing.group(f"{_words(stage.status)}: {length}")
    drawing.text(start, _TOP - 8, _words(stage.status), parent=group)
    colour = COLOURS[level_of_status(stage.status)]
    place = {"x": start, "y": _TOP, "width": end - start - 1.5, "height": _HEIGHT}
    if stage.duration_s is None:
        # Only the outline: nobody knows how long it is.
        drawing.add("rect", group, **place, fill="none", stroke=colour, stroke_dasharray="4 3")
    else:
        drawing.add("rect", group, **place, fill=colour)
    drawing.text((start + end) / 2, _TOP + _HEIGHT + 16, length, anchor="middle", parent=group)


def _edges(bars: Sequence[Stage], start: float, stop: float) -> list[float]:
    """Return the left edge of each bar, and the right edge of the last one."""
    weights = [sqrt(max(0.0, stage.duration_s or 0.0)) for stage in bars]
    total = sum(weights)
    if not total > 0 or not isfinite(total):
        weights, total = [1.0] * len(bars), float(len(bars))
    room = stop - start - len(bars) * _LEAST
    edges = [start]
    for weight in weights:
        edges.append(edges[-1] + _LEAST + room * weight / total)
    return edges


def _dates(stages: Sequence[Stage], now: datetime) -> list[str]:
    """Return the date of each stage if it differs from that before it; the first one from that of today."""
    last, found = exact_time(now, now=now)[:10], []
    for stage in stages:
        date = last if stage.time is None else exact_time(stage.time, now=now)[:10]
        found.append(date if date != last else "")
        last = date
    return found


def _words(status: str) -> str:
    return status.replace("_", " ").capitalize()
