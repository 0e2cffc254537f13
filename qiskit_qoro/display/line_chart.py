"""A chart of values that follow each other, such as expectation values after each step of an evolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from qiskit_qoro.display.charts import BAR_COLOUR, CODE_CHARACTER, draw_y_axis, shortened
from qiskit_qoro.display.drawing import CODE_FONT, WIDTH, Drawing, pixels
from qiskit_qoro.display.scales import Scale

__all__ = ["LOOKS", "MAX_LINES", "line_chart"]

MAX_LINES = 6
"""A chart shows at most this many lines. The caller says how many are left out."""

_MAX_POINTS = 400
LOOKS = (
    (BAR_COLOUR, ""),
    ("#c0562b", "6 3"),
    ("#2b8a4b", "2 3"),
    ("#9a4fb5", "8 3 2 3"),
    ("#0d7f86", "12 4"),
    ("#b0741c", "4 2"),
)
"""The colour and the dashes of each line. Not everybody can tell lines by their colours."""

_LEFT, _TOP, _PLOT, _ROW = 58.0, 10.0, 170.0, 18.0


def line_chart(
    title: str,
    description: str,
    lines: Mapping[str, Sequence[float]],
    *,
    x_label: str,
    value_label: str,
    width: float = WIDTH,
) -> str:
    """Draw lines over the positions of their values, from 0 on.

    The axis goes from −1 to 1 if no value is outside, as for Pauli strings.

    Args:
        title: The title for screen readers.
        description: What the chart shows, for screen readers.
        lines: Name to values. Only the first :data:`MAX_LINES` are drawn. A value that is not finite is a
            gap.
        x_label: What the positions are.
        value_label: The name and the unit of the values.
        width: The width in pixels.

    Returns:
        An ``svg`` element; an empty text if no line has two values.
    """
    drawn = {name: values for name, values in list(lines.items())[:MAX_LINES] if len(values) > 1}
    finite = [value for values in drawn.values() for value in values if isfinite(value)]
    if not finite:
        return ""
    base, right = _TOP + _PLOT, width - 14.0
    drawing = Drawing(title, description, base + 44 + _ROW * len(drawn), width)
    y_scale = Scale(min(-1.0, *finite), max(1.0, *finite), base, _TOP)
    x_scale = Scale(0.0, float(max(map(len, drawn.values())) - 1), _LEFT, right)
    draw_y_axis(drawing, y_scale, value_label, _LEFT, right=right)
    for value, _ in x_scale.ticks(6):
        if value == round(value):  # there is nothing between two positions
            x = x_scale.place(value)
            drawing.line(x, base, x, base + 4)
            drawing.text(x, base + 17, f"{value:.0f}", anchor="middle")
    drawing.line(_LEFT, base, right, base)
    drawing.text((_LEFT + right) / 2, base + 34, x_label, anchor="middle")
    for index, (name, values) in enumerate(drawn.items()):
        colour, dashes = LOOKS[index]
        look = {"stroke": colour, "stroke_width": 2, "fill": "none", "stroke_dasharray": dashes or "none"}
        group = drawing.group(name)
        drawing.add("path", group, d=_path(values, x_scale, y_scale), **look)
        y = base + 54 + _ROW * index
        drawing.add("path", group, d=f"M{pixels(_LEFT)} {pixels(y - 4)}h30", **look)
        longest = int((right - _LEFT - 38) / CODE_CHARACTER)
        drawing.text(_LEFT + 38, y, shortened(name)[:longest], font=CODE_FONT, parent=group)
    return drawing.markup()


def _path(values: Sequence[float], x_scale: Scale, y_scale: Scale) -> str:
    """Return the path of a line. Of many values, some are left out."""
    step = -(-len(values) // _MAX_POINTS)
    positions = sorted({*range(0, len(values), step), len(values) - 1})
    parts, command = [], "M"
    for position in positions:
        value = values[position]
        if isfinite(value):
            parts.append(f"{command}{pixels(x_scale.place(position))} {pixels(y_scale.place(value))}")
        command = "L" if isfinite(value) else "M"
    return "".join(parts)
