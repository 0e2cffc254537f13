"""Boxes, arrows and texts, as SVG that takes its colours and its font from the page.

Coordinates are in pixels of the page. ``_static/drawings.css`` has the colours, which follow the theme of the
page. A text in backticks is code. A text that is wider than its box is an error, so that a new name cannot
overlap its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

__all__ = ["Box", "Canvas", "Point"]

Point = tuple[float, float]

_FONT_PX = 13.0
_SMALL_PX = 11.5
_LINE_PX = 17.0
_CHARACTER = 0.53
"""The mean width of a character, divided by the size of the font."""
_CODE_CHARACTER = 0.602
_HEAD = 7.0
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Box:
    """A rectangle. Its points are where arrows begin and end."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> Point:
        """The middle of the upper side."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> Point:
        """The middle of the lower side."""
        return self.x + self.width / 2, self.y + self.height

    @property
    def left(self) -> Point:
        """The middle of the left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        """The middle of the right side."""
        return self.x + self.width, self.y + self.height / 2


class Canvas:
    """A figure that grows by the shapes that are drawn on it.

    Args:
        width: The width, in pixels.
        height: The height, in pixels.
        title: What the figure shows, for screen readers.
        description: What can be seen in it, for screen readers.
    """

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        self.width = width
        self.height = height
        self.title = title
        self.description = description
        self._shapes: list[str] = []
        self._labels: list[str] = []  # above the shapes, so that arrows pass behind them
        self._texts: list[str] = []

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts, in the order in which they were drawn."""
        return tuple(self._texts)

    def box(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = "", bold: bool = True
    ) -> Box:
        """Draw a box with lines of text in its middle.

        Args:
            x: The left side.
            y: The upper side.
            width: The width.
            height: The height.
            lines: The lines. The first one is the name, the others are smaller.
            kind: ``accent`` for what a figure is about, ``outside`` for what is not part of this package.
            bold: Whether the first line is bold.
        """
        self._rectangle(Box(x, y, width, height), f"box {kind}".strip(), 6)
        middle = y + height / 2 - (len(lines) - 1) * _LINE_PX / 2
        for place, line in enumerate(lines):
            self._check_width(line, width, small=place > 0)
            style = "small" if place else "name" if bold else ""
            self.text(x + width / 2, middle + place * _LINE_PX, line, kind=style)
        return Box(x, y, width, height)

    def group(
        self, x: float, y: float, width: float, height: float, label: str, *, below: bool = False
    ) -> Box:
        """Draw a dashed frame with its label in the upper left corner, or in the lower one."""
        self._rectangle(Box(x, y, width, height), "group", 10)
        self._check_width(label, width, small=False)
        self.text(x + 12, y + height - 16 if below else y + 16, label, kind="label", anchor="start")
        return Box(x, y, width, height)

    def cell(self, x: float, y: float, size: float, text: str, *, kind: str = "") -> Box:
        """Draw a square with one character."""
        box = Box(x, y, size, size)
        self._rectangle(box, f"box {kind}".strip(), 3)
        self.text(x + size / 2, y + size / 2, f"`{text}`", kind="name")
        return box

    def bar(self, x: float, y: float, width: float, height: float, *, kind: str = "") -> Box:
        """Draw a filled rectangle without text."""
        box = Box(x, y, width, height)
        self._rectangle(box, f"bar {kind}".strip(), 3)
        return box

    def dot(self, x: float, y: float, radius: float) -> None:
        """Draw a filled circle."""
        self._shapes.append(f'<circle class="head" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')

    def ring(self, x: float, y: float, radius: float) -> None:
        """Draw a circle."""
        self._shapes.append(f'<circle class="line" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')

    def line(self, *points: Point, kind: str = "") -> None:
        """Draw a line without a head."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._shapes.append(f'<polyline class="{f"line {kind}".strip()}" points="{path}"/>')

    def arrow(self, *points: Point, label: str = "", dashed: bool = False, both: bool = False) -> None:
        """Draw an arrow through points.

        Args:
            points: Its points. The head is at the last one.
            label: A text above the middle of the arrow.
            dashed: Whether the line is dashed: an answer.
            both: Whether there is a head at each end.
        """
        self.line(*points, kind="dashed" if dashed else "")
        self._head(points[-2], points[-1])
        if both:
            self._head(points[1], points[0])
        if not label:
            return
        middle = len(points) // 2
        (x_1, y_1), (x_2, y_2) = points[middle - 1], points[middle]
        x, y = (x_1 + x_2) / 2, (y_1 + y_2) / 2
        self._check_width(label, abs(x_2 - x_1) or self.width, small=True)
        self.text(x, y - 9, label, kind="small")

    def text(self, x: float, y: float, text: str, *, kind: str = "", anchor: str = "middle") -> None:
        """Draw a text whose middle line is at ``y``. Parts in backticks are code."""
        self._texts.append(text)
        parts = [escape(part, quote=False) for part in text.split("`")]
        content = "".join(
            f'<tspan class="code">{part}</tspan>' if place % 2 else part for place, part in enumerate(parts)
        )
        style = f"text {kind}".strip()
        shapes = self._labels if kind == "label" else self._shapes
        shapes.append(
            f'<text class="{style}" x="{x:g}" y="{y:g}" text-anchor="{anchor}" dominant-baseline="central">'
            f"{content}</text>"
        )

    def svg(self, identifier: str, style: str = "") -> str:
        """Return the figure.

        Args:
            identifier: Distinguishes the figure from the others of its page.
            style: A style sheet, for a file of its own.
        """
        sheet = f"<style>{style}</style>" if style else ""
        title, description = escape(self.title), escape(self.description)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
            f'viewBox="-1 -1 {self.width + 2:g} {self.height + 2:g}" '
            f'width="{self.width:g}" height="{self.height:g}" '
            f'aria-labelledby="{identifier}-title {identifier}-description">'
            f'<title id="{identifier}-title">{title}</title>'
            f'<desc id="{identifier}-description">{description}</desc>{sheet}'
            f"{''.join(self._shapes + self._labels)}</svg>"
        )

    def _rectangle(self, box: Box, style: str, radius: float) -> None:
        right, lower = box.x + box.width, box.y + box.height
        if min(box.x, box.y) < 0 or right > self.width + _ROUNDING or lower > self.height + _ROUNDING:
            raise ValueError(f"{box} is outside of the figure {self.title!r}, which needs to be larger")
        self._shapes.append(
            f'<rect class="{style}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
            f'height="{box.height:g}" rx="{radius:g}"/>'
        )

    def _head(self, before: Point, end: Point) -> None:
        """Draw the head of an arrow: a triangle, because markers need identifiers."""
        d_x, d_y = end[0] - before[0], end[1] - before[1]
        length = (d_x**2 + d_y**2) ** 0.5
        d_x, d_y = d_x / length * _HEAD, d_y / length * _HEAD
        corners = [
            end,
            (end[0] - d_x - d_y / 2, end[1] - d_y + d_x / 2),
            (end[0] - d_x + d_y / 2, end[1] - d_y - d_x / 2),
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self._shapes.append(f'<polygon class="head" points="{path}"/>')

    def _check_width(self, text: str, available: float, *, small: bool) -> None:
        size = _SMALL_PX if small else _FONT_PX
        parts = text.split("`")
        needed = sum(
            len(part) * size * (_CODE_CHARACTER if place % 2 else _CHARACTER)
            for place, part in enumerate(parts)
        )
        if needed > available:
            raise ValueError(
                f"{text!r} needs about {needed:.0f} pixels in {self.title!r}, where {available:g} are"
            )
