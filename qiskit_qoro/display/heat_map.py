"""A heat map as SVG: values on a grid as colours, with axes and a colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from qiskit_qoro.display.charts import draw_y_axis
from qiskit_qoro.display.drawing import WIDTH, Drawing, pixels
from qiskit_qoro.display.scales import Scale, colour_of, is_flat, share_between

__all__ = ["Grid", "heat_map"]

_COLOUR_STEPS = 64


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
    draw_y_axis(drawing, y_scale, grid.y_label, left)
    drawing.add("rect", x=left, y=top, width=width, height=height, fill="none", stroke="currentColor")
    _draw_colour_bar(drawing, low, high, grid.value_label, (left + width + 14, top, height))
    if grid.marked is not None:
        column, row = grid.marked
        x, y = x_scale.place(grid.x[column]), y_scale.place(grid.y[row])
        mark = drawing.group(grid.mark_label)
        for colour, stroke in (("#000", 4.5), ("#fff", 2)):
            drawing.add("circle", mark, cx=x, cy=y, r=6, fill="none", stroke=colour, stroke_width=stroke)
    return drawing.markup()


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
