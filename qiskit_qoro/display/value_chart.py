"""A chart of values that may be negative, with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite
from xml.etree import ElementTree as ET

from qiskit_qoro.display.charts import BAR_COLOUR, CHARACTER, CODE_CHARACTER, MAX_BARS, shortened
from qiskit_qoro.display.drawing import CODE_FONT, SMALL, WIDTH, Drawing, pixels
from qiskit_qoro.display.scales import Scale, format_with_error, round_step

__all__ = ["ValueBar", "value_chart"]

_ROW, _TOP, _LEAST_PLOT = 22, 26, 150.0
_ROUNDING = 1e-12


@dataclass(frozen=True)
class ValueBar:
    """A value with its standard error.

    Attributes:
        label: Its label.
        value: The value. One that is not finite has no bar.
        error: The standard error, or ``None`` if unknown.
    """

    label: str
    value: float
    error: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the error bar."""
        error = self.error if self.error is not None and isfinite(self.error) else 0.0
        return self.value - error, self.value + error


def value_chart(
    title: str, description: str, bars: Sequence[ValueBar], *, value_label: str, width: float = WIDTH
) -> str:
    """Draw values as bars from a line at 0, with error bars, labels at the left and numbers at the right.

    The axis goes from −1 to 1 if no value is outside, as for Pauli strings.

    Args:
        title: The title for screen readers.
        description: What the chart shows, for screen readers.
        bars: The values from top to bottom. Only the first :data:`MAX_BARS` are drawn.
        value_label: The name and the unit of the values.
        width: The width in pixels. Long labels and numbers make the chart wider, because the bars need room.

    Returns:
        An ``svg`` element; an empty text if there are no values.
    """
    drawn = bars[:MAX_BARS]
    if not drawn:
        return ""
    labels = [shortened(bar.label) for bar in drawn]
    largest = max((abs(bar.value) for bar in drawn if isfinite(bar.value)), default=0.0)
    # Beside larger values, what is left of a rounding error is 0.
    texts = [
        format_with_error(0.0 if abs(bar.value) < _ROUNDING * largest else bar.value, bar.error)
        for bar in drawn
    ]
    left = max(map(len, labels)) * CODE_CHARACTER + 14
    after = max(map(len, texts)) * CHARACTER + 16
    width = max(width, left + _LEAST_PLOT + after)
    bottom = _TOP + _ROW * len(drawn)
    drawing = Drawing(title, description, bottom + 22, width)
    scale = _scale(drawn, left, width - after)
    drawing.text(left, 13, value_label)
    for value, text in scale.ticks(5):
        x = scale.place(value)
        drawing.line(x, _TOP - 4, x, bottom + 4, opacity=0.15)
        drawing.text(x, bottom + 18, text, anchor="middle")
    for index, (bar, label, text) in enumerate(zip(drawn, labels, texts, strict=True)):
        y = _TOP + index * _ROW
        group = drawing.group(f"{bar.label}: {text}")
        drawing.text(left - 10, y + 15, label, font=CODE_FONT, anchor="end", parent=group)
        drawing.text(width - after + 10, y + 15, text, size=SMALL, parent=group)
        if isfinite(bar.value):
            _draw_bar(drawing, group, bar, scale, y)
    zero = scale.place(0.0)
    drawing.line(zero, _TOP - 4, zero, bottom + 4)
    return drawing.markup()


def _draw_bar(drawing: Drawing, group: ET.Element, bar: ValueBar, scale: Scale, y: float) -> None:
    zero, end = scale.place(0.0), scale.place(bar.value)
    x, length = min(zero, end), abs(end - zero)
    drawing.add("rect", group, x=x, y=y + 4, width=length, height=_ROW - 8, fill=BAR_COLOUR)
    low, high = map(scale.place, bar.ends)
    if bar.error:
        middle = y + _ROW / 2
        whisker = f"M{pixels(low)} {pixels(middle)}H{pixels(high)}"
        caps = "".join(f"M{pixels(at)} {pixels(middle - 4)}v8" for at in (low, high))
        drawing.add("path", group, d=whisker + caps, stroke="currentColor", stroke_width=1.5, fill="none")


def _scale(bars: Sequence[ValueBar], start: float, stop: float) -> Scale:
    """Return a scale that contains 0 and all error bars."""
    finite = [bar for bar in bars if isfinite(bar.value)]
    low = min((bar.ends[0] for bar in finite), default=0.0)
    high = max((bar.ends[1] for bar in finite), default=0.0)
    if all(abs(bar.value) <= 1.0 for bar in finite):
        return Scale(min(low, -1.0), max(high, 1.0), start, stop)
    low, high = min(low, 0.0), max(high, 0.0)
    step = round_step(max(-low, high) / 5)
    return Scale(floor(low / step) * step, ceil(high / step) * step, start, stop)
