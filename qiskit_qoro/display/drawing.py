"""A drawing: an ``svg`` element and the shapes and texts in it.

The element is a tree, so that every text is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from qiskit_qoro.printable import printable_line

__all__ = ["CODE_FONT", "FONT", "NARROW", "SMALL", "WIDTH", "Drawing", "pixels"]

WIDTH = 440
"""The usual width of a drawing, in pixels. A page may shrink it."""

NARROW = 340
"""The width of a drawing that fits on a telephone, in pixels. A page may enlarge it."""

FONT, CODE_FONT = "system-ui, sans-serif", "ui-monospace, monospace"
SMALL = 12
"""The size of texts, in pixels."""


@dataclass
class Drawing:
    """An ``svg`` element that shapes are added to.

    Attributes:
        title: The title for screen readers.
        description: The description for screen readers.
        height: The height in pixels.
        width: The width in pixels.
    """

    title: str
    description: str
    height: float
    width: float = WIDTH
    root: ET.Element = field(init=False)

    def __post_init__(self) -> None:
        size = {"width": pixels(self.width), "height": pixels(self.height)}
        box = {"viewBox": f"0 0 {pixels(self.width)} {pixels(self.height)}"}
        self.root = ET.Element("svg", {"role": "img", **size, **box})
        ET.SubElement(self.root, "title").text = printable_line(self.title)
        ET.SubElement(self.root, "desc").text = printable_line(self.description)

    def add(self, name: str, parent: ET.Element | None = None, **attributes: object) -> ET.Element:
        """Add a shape. In the names of attributes, ``_`` stands for ``-``."""
        values = {
            key.replace("_", "-"): pixels(value) if isinstance(value, int | float) else str(value)
            for key, value in attributes.items()
        }
        return ET.SubElement(self.root if parent is None else parent, name, values)

    def group(self, tooltip: str) -> ET.Element:
        """Add a group of shapes with a tooltip."""
        group = self.add("g")
        ET.SubElement(group, "title").text = printable_line(tooltip)
        return group

    def line(self, x1: float, y1: float, x2: float, y2: float, *, opacity: float = 1.0) -> None:
        """Add a line in the colour of the text."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=opacity)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = SMALL,
        font: str = FONT,
        anchor: str = "start",
        turn: int = 0,
        parent: ET.Element | None = None,
    ) -> None:
        """Add a text, turned by an angle in degrees."""
        turned = {"transform": f"rotate({turn} {pixels(x)} {pixels(y)})"} if turn else {}
        look = {"font_size": size, "font_family": font, "fill": "currentColor", "text_anchor": anchor}
        self.add("text", parent, x=x, y=y, **look, **turned).text = printable_line(text)

    def markup(self) -> str:
        """Return the element as text."""
        return ET.tostring(self.root, encoding="unicode")


def pixels(value: float) -> str:
    """Return a position or a size with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
