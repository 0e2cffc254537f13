"""Charts as SVG: bars and columns. Plain values in, markup out.

The markup can stand in an HTML page or, with :func:`as_document`, in a file of its own. Texts and lines have
the colour of the surrounding text, so that a chart fits light and dark pages. Each chart has a title and a
description for screen readers.

Strategy: the charts are element trees, so that every text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from xml.etree import ElementTree as ET

from qiskit_qoro.display.drawing import CODE_FONT, SMALL, WIDTH, Drawing
from qiskit_qoro.display.scales import Scale, format_number, scale_of

__all__ = [
    "BAR_COLOUR",
    "CHARACTER",
    "CODE_CHARACTER",
    "MAX_BARS",
    "Bar",
    "as_document",
    "bar_chart",
    "column_chart",
    "draw_y_axis",
    "shortened",
]

MAX_BARS = 32
"""A chart shows at most this many bars or columns. The caller says how many are left out."""

BAR_COLOUR = "#4c78c8"
"""The colour of bars."""

_MARK_COLOUR = "#d9822b"

CHARACTER, CODE_CHARACTER = 7.7, 7.3
"""The width of a character, in pixels, in the two fonts."""

_LONGEST_LABEL, _LEAST_PLOT = 32, 100.0


@dataclass(frozen=True)
class Bar:
    """A bar or a column.

    Attributes:
        label: Its label.
        value: Its length. A value below 0 or one that is not finite has no bar.
        is_marked: Whether it has the second colour.
    """

    label: str
    value: float
    is_marked: bool = False


def bar_chart(
    title: str, description: str, bars: Sequence[Bar], *, value_label: str, width: float = WIDTH
) -> str:
    """Draw horizontal bars with their labels at the left and their values at the right.

    Args:
        title: The title for screen readers.
        description: What the chart shows, for screen readers.
        bars: The bars from top to bottom. Only the first :data:`MAX_BARS` are drawn.
        value_label: The name and the unit of the values.
        width: The width in pixels. Long labels make the chart wider, because the bars need room.

    Returns:
        An ``svg`` element; an empty text if there are no bars.
    """
    drawn = bars[:MAX_BARS]
    if not drawn:
        return ""
    row, top = 20, 24
    labels = [shortened(bar.label) for bar in drawn]
    texts = [format_number(bar.value) for bar in drawn]
    left = max(map(len, labels)) * CODE_CHARACTER + 10
    right = max(map(len, texts)) * CHARACTER + 12
    width = max(width, left + _LEAST_PLOT + right)
    space = width - left - right
    drawing = Drawing(title, description, top + row * len(drawn) + 4, width)
    longest = _longest(drawn)
    drawing.text(left, 13, value_label, size=SMALL)
    for index, (bar, label, text) in enumerate(zip(drawn, labels, texts, strict=True)):
        y = top + index * row
        length = space * _share(bar.value, longest)
        group = drawing.group(f"{bar.label}: {text}")
        drawing.text(left - 8, y + 13, label, font=CODE_FONT, anchor="end", parent=group)
        _draw_bar(drawing, bar, group, x=left, y=y + 2, width=length, height=row - 5)
        drawing.text(left + length + 6, y + 13, text, size=SMALL, parent=group)
    drawing.line(left, top - 2, left, top + row * len(drawn))
    return drawing.markup()


def column_chart(
    title: str,
    description: str,
    bars: Sequence[Bar],
    *,
    x_label: str,
    value_label: str,
    label_every: int = 1,
    width: float = WIDTH,
) -> str:
    """Draw vertical columns over an axis. Long labels are turned.

    Args:
        title: The title for screen readers.
        description: What the chart shows, for screen readers.
        bars: The columns from left to right. Only the first :data:`MAX_BARS` are drawn.
        x_label: What the labels of the columns are.
        value_label: The name and the unit of the values.
        label_every: The last of so many columns has its label below the axis. All have it as a tooltip.
        width: The width in pixels.

    Returns:
        An ``svg`` element; an empty text if there are no columns.
    """
    drawn = bars[:MAX_BARS]
    if not drawn:
        return ""
    labels = [shortened(bar.label) for bar in drawn]
    left, right, top, plot = 62.0, width - 8.0, 10.0, 150.0
    step = (right - left) / len(drawn)
    turned = max(map(len, labels)) * CODE_CHARACTER > step * label_every - 2
    below = max(map(len, labels)) * CODE_CHARACTER + 12 if turned else 20.0
    drawing = Drawing(title, description, top + plot + below + 22, width)
    base = top + plot
    scale = scale_of(0.0, _longest(drawn), base, top)
    draw_y_axis(drawing, scale, value_label, left, right=right)
    thickness = min(step * 0.8, 40.0)
    for index, (bar, label) in enumerate(zip(drawn, labels, strict=True)):
        center = left + step * (index + 0.5)
        height = base - scale.place(bar.value) if isfinite(bar.value) and bar.value > 0 else 0.0
        group = drawing.group(f"{bar.label}: {format_number(bar.value)}")
        place = {"x": center - thickness / 2, "y": base - height, "width": thickness, "height": height}
        _draw_bar(drawing, bar, group, **place)
        if (len(drawn) - 1 - index) % label_every:
            continue
        if turned:
            size = max(8, min(SMALL, round(step - 2)))
            drawing.text(
                center + size / 3,
                base + 8,
                label,
                size=size,
                font=CODE_FONT,
                anchor="end",
                turn=-90,
                parent=group,
            )
        else:
            inside = min(center, width - len(label) * CODE_CHARACTER / 2)
            drawing.text(inside, base + 16, label, font=CODE_FONT, anchor="middle", parent=group)
    drawing.line(left, base, right, base)
    drawing.text((left + right) / 2, base + below + 14, x_label, anchor="middle")
    return drawing.markup()


def as_document(markup: str) -> str:
    """Return the content of an SVG file that shows a chart on white.

    Args:
        markup: An ``svg`` element of this module.
    """
    root = ET.fromstring(markup)  # noqa: S314 - our own markup
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.insert(2, ET.Element("rect", {"width": "100%", "height": "100%", "fill": "#fff"}))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _draw_bar(drawing: Drawing, bar: Bar, parent: ET.Element, **place: float) -> None:
    drawing.add("rect", parent, fill=_MARK_COLOUR if bar.is_marked else BAR_COLOUR, **place)


def draw_y_axis(drawing: Drawing, scale: Scale, label: str, x: float, *, right: float | None = None) -> None:
    """Draw a vertical axis.

    Args:
        drawing: The drawing.
        scale: Where the values are.
        label: The name and the unit of the values.
        x: The place of the axis.
        right: How far lines at the round values go to the right; ``None`` for no lines.
    """
    for value, text in scale.ticks(7):
        y = scale.place(value)
        drawing.line(x - 4, y, x, y)
        if right is not None:
            drawing.line(x, y, right, y, opacity=0.15)
        drawing.text(x - 7, y + 4, text, anchor="end")
    drawing.line(x, scale.start, x, scale.stop)
    drawing.text(12, (scale.start + scale.stop) / 2, label, anchor="middle", turn=-90)


def _longest(bars: Sequence[Bar]) -> float:
    return max((bar.value for bar in bars if isfinite(bar.value)), default=0.0)


def _share(value: float, whole: float) -> float:
    """Return a part of a whole, from 0 to 1."""
    return min(1.0, max(0.0, value / whole)) if whole > 0 and isfinite(value) else 0.0


def shortened(label: str) -> str:
    """Leave out the middle of a long label."""
    if len(label) <= _LONGEST_LABEL:
        return label
    half = (_LONGEST_LABEL - 1) // 2
    return f"{label[:half]}…{label[-half:]}"
