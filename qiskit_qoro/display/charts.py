"""Charts as SVG: a heat map, bars, and columns. Plain values in, markup out.

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

from qiskit_qoro.display.drawing import CODE_FONT, SMALL, WIDTH, Drawing, pixels
from qiskit_qoro.display.scales import Scale, colour_of, format_number, is_flat, scale_of, share_between

__all__ = [
    "BAR_COLOUR",
    "CHARACTER",
    "CODE_CHARACTER",
    "MAX_BARS",
    "Bar",
    "Grid",
    "as_document",
    "bar_chart",
    "column_chart",
    "heat_map",
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
_COLOUR_STEPS = 64


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


@dataclass(frozen=True)
class Grid:
    """Values on a grid.

    Attributes:
        x: The positions of the columns, ascending.
        y: The positions of the rows, ascending.
        values: For each position in ``y``, one value for each position in ``x``. Values that are not finite
            are left blank.
        x_label: The name and the unit of ``x``.
        y_label: The name and the unit of ``y``.
        value_label: The name and the unit of the values.
        marked: The column and the row of the point to mark, or ``None``.
        mark_label: The tooltip of the mark.
    """

    x: Sequence[float]
    y: Sequence[float]
    values: Sequence[Sequence[float]]
    x_label: str
    y_label: str
    value_label: str
    marked: tuple[int, int] | None = None
    mark_label: str = ""


def heat_map(title: str, description: str, grid: Grid) -> str:
    """Draw a grid of values as colours, with axes and a colour bar.

    Args:
        title: The title for screen readers.
        description: What the chart shows, for screen readers.
        grid: The values.

    Returns:
        An ``svg`` element; an empty text if no value is finite.
    """
    finite = [value for row in grid.values for value in row if isfinite(value)]
    if not finite:
        return ""
    drawing = Drawing(title, description, height=324)
    left, top, width, height = 62.0, 22.0, 292.0, 260.0
    low, high = min(finite), max(finite)
    _draw_cells(drawing, grid, low, high, (left, top, width, height))
    x_scale = _cell_scale(grid.x, left, left + width)
    y_scale = _cell_scale(grid.y, top + height, top)
    _draw_x_axis(drawing, x_scale, grid.x_label, top + height)
    _draw_y_axis(drawing, y_scale, grid.y_label, left)
    drawing.add("rect", x=left, y=top, width=width, height=height, fill="none", stroke="currentColor")
    _draw_colour_bar(drawing, low, high, grid.value_label, (left + width + 14, top, height))
    if grid.marked is not None:
        column, row = grid.marked
        x, y = x_scale.place(grid.x[column]), y_scale.place(grid.y[row])
        mark = drawing.group(grid.mark_label)
        for colour, stroke in (("#000", 4.5), ("#fff", 2)):
            drawing.add("circle", mark, cx=x, cy=y, r=6, fill="none", stroke=colour, stroke_width=stroke)
    return drawing.markup()


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
    _draw_y_axis(drawing, scale, value_label, left, right=right)
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


def _draw_cells(
    drawing: Drawing, grid: Grid, low: float, high: float, place: tuple[float, float, float, float]
) -> None:
    """Draw the cells. Those of one colour are one path, which is much shorter than one shape for each."""
    left, top, width, height = place
    paths: dict[str, list[str]] = {}
    for row, values in enumerate(grid.values):
        for column, value in enumerate(values):
            if isfinite(value):
                colour = colour_of(_step(share_between(value, low, high)))
                paths.setdefault(colour, []).append(f"M{column} {len(grid.y) - 1 - row}h1v1h-1z")
    size = f"scale({width / len(grid.x):.6g} {height / len(grid.y):.6g})"
    place_of_cells = f"translate({pixels(left)} {pixels(top)}) {size}"
    cells = drawing.add("g", transform=place_of_cells, shape_rendering="crispEdges")
    for colour, parts in sorted(paths.items()):
        drawing.add("path", cells, fill=colour, d="".join(parts))


def _step(share: float) -> float:
    """Round a share, so that there are few colours."""
    return round(share * _COLOUR_STEPS) / _COLOUR_STEPS


def _cell_scale(positions: Sequence[float], start: float, stop: float) -> Scale:
    """Return the scale of an axis whose first and last cell are centred on the first and last position."""
    first, last = positions[0], positions[-1]
    half = (last - first) / (len(positions) - 1) / 2 if len(positions) > 1 else 0.0
    return Scale(first - half, last + half, start, stop)


def _draw_x_axis(drawing: Drawing, scale: Scale, label: str, y: float) -> None:
    for value, text in scale.ticks(6):
        x = scale.place(value)
        drawing.line(x, y, x, y + 4)
        drawing.text(x, y + 17, text, anchor="middle")
    drawing.text((scale.start + scale.stop) / 2, y + 36, label, anchor="middle")


def _draw_y_axis(drawing: Drawing, scale: Scale, label: str, x: float, *, right: float | None = None) -> None:
    for value, text in scale.ticks(7):
        y = scale.place(value)
        drawing.line(x - 4, y, x, y)
        if right is not None:
            drawing.line(x, y, right, y, opacity=0.15)
        drawing.text(x - 7, y + 4, text, anchor="end")
    drawing.line(x, scale.start, x, scale.stop)
    drawing.text(12, (scale.start + scale.stop) / 2, label, anchor="middle", turn=-90)


def _draw_colour_bar(
    drawing: Drawing, low: float, high: float, label: str, place: tuple[float, float, float]
) -> None:
    x, top, height = place
    steps = 1 if is_flat(low, high) else _COLOUR_STEPS
    bar = drawing.add("g", shape_rendering="crispEdges")
    for step in range(steps):
        size = height / steps
        y = top + height - size * (step + 1)
        colour = colour_of(_step((step + 0.5) / steps))
        drawing.add("rect", bar, x=x, y=y, width=12, height=size + 0.3, fill=colour)
    scale = Scale(low, high, top + height, top)
    for value, text in scale.ticks(7):
        y = scale.place(value)
        drawing.line(x + 12, y, x + 16, y)
        drawing.text(x + 19, y + 4, text)
    drawing.text(WIDTH - 2, top - 8, label, anchor="end")


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
