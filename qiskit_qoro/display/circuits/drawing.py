"""A circuit as SVG. It has its natural size, so a page lets a wide drawing scroll.

Wires and names have the colour of the surrounding text. The boxes have colours that stand out on light and
dark pages, with white text.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from qiskit_qoro.display.circuits.layout import Family, Layout, Operation, Placed, Shape
from qiskit_qoro.display.drawing import FONT, Drawing, pixels
from qiskit_qoro.printable import printable_line

__all__ = ["COLOURS", "draw_circuit"]

COLOURS: Mapping[Family, str] = {
    Family.BASIS: "#c0392f",
    Family.PAULI: "#3f6fd1",
    Family.ROTATION: "#9a4fb5",
    Family.PHASE: "#0d7f86",
    Family.OTHER: "#6a7280",
    Family.MEASURE: "#6a7280",
}
"""The colour of each family. White text on it is readable, and it stands out on white and on black."""

_TEXT = "#fff"
_HALF = 16.0
_DOT, _NOT_RADIUS = 4.5, 11.0
_DOUBLE = 1.5  # half the distance of the two lines of a classical wire


def draw_circuit(title: str, description: str, layout: Layout) -> str:
    """Draw a circuit.

    Args:
        title: The title for screen readers.
        description: The circuit in words, for screen readers.
        layout: The arrangement of the circuit.

    Returns:
        An ``svg`` element of the class ``circuit``; an empty text if the circuit has no qubits.
    """
    if not layout.wires.qubits:
        return ""
    drawing = Drawing(title, description, layout.height, layout.width)
    drawing.root.set("class", "circuit")
    picture = _Picture(drawing, layout)
    picture.draw_wires()
    for placed in layout.placed:
        picture.draw(placed)
    return drawing.markup()


class _Picture:
    def __init__(self, drawing: Drawing, layout: Layout) -> None:
        self._drawing = drawing
        self._layout = layout
        # The looks of groups are shorter than attributes of each shape.
        self._lines = drawing.add("g", stroke="currentColor", fill="none")
        self._texts = drawing.add("g", fill="currentColor", font_family=FONT, font_size=13)
        self._operations = drawing.add("g", font_family=FONT, font_size=14, text_anchor="middle", fill=_TEXT)

    def draw_wires(self) -> None:
        """Draw the wires and their names."""
        layout = self._layout
        wires = layout.wires
        start, end = layout.lefts[0] - 8, layout.width
        path = "".join(
            f"M{pixels(start)} {pixels(layout.wire(row))}H{pixels(end)}" for row in range(len(wires.qubits))
        )
        self._drawing.add("path", self._lines, d=path, stroke_opacity=0.55)
        for row, (name, index) in enumerate(wires.qubits):
            text = _add_text(self._texts, start - 6, layout.wire(row) + 4.5, name, **{"text-anchor": "end"})
            if index:
                below = ET.SubElement(text, "tspan", {"font-size": "10", "dy": "3"})
                below.text = index
        for position, (name, size) in enumerate(wires.registers):
            y = layout.wire(len(wires.qubits) + position)
            _add_text(self._texts, start - 6, y + 4.5, name, **{"text-anchor": "end"})
            double = "".join(
                f"M{pixels(start)} {pixels(y + side)}H{pixels(end)}" for side in (-_DOUBLE, _DOUBLE)
            )
            # The stroke with the number of bits.
            slash = f"M{pixels(start + 4)} {pixels(y + 6)}l7 -12"
            self._drawing.add("path", self._lines, d=double + slash, stroke_opacity=0.55)
            _add_text(self._texts, start + 8, y - 8, str(size), **{"font-size": "10"})

    def draw(self, placed: Placed) -> None:
        """Draw an operation."""
        operation, layout = placed.operation, self._layout
        x = layout.center(placed.column)
        group = self._drawing.add("g", self._operations)
        if operation.tooltip:
            ET.SubElement(group, "title").text = printable_line(operation.tooltip)
        if operation.shape is Shape.BARRIER:
            self._draw_barrier(group, x, operation)
            return
        colour = COLOURS[operation.family]
        heights = [layout.wire(qubit) for qubit in operation.qubits]
        if len(heights) > 1:
            self._draw_line(group, x, min(heights), max(heights), colour)
        self._draw_condition(group, x, max(heights), operation)
        for control in operation.controls:
            self._draw_dot(group, x, layout.wire(control), colour)
        match operation.shape:
            case Shape.NOT:
                self._draw_not(group, x, placed, colour)
            case Shape.DOT:
                for target in operation.targets:
                    self._draw_dot(group, x, layout.wire(target), colour)
            case Shape.SWAP:
                self._draw_swap(group, x, placed, colour)
            case Shape.MEASURE:
                self._draw_measurement(group, x, placed, colour)
            case _:
                self._draw_box(group, x, placed, colour)

    def _draw_line(self, group: ET.Element, x: float, top: float, bottom: float, colour: str) -> None:
        self._drawing.add(
            "path", group, d=f"M{pixels(x)} {pixels(top)}V{pixels(bottom)}", stroke=colour, stroke_width=2
        )

    def _draw_dot(self, group: ET.Element, x: float, y: float, colour: str) -> None:
        self._drawing.add("circle", group, cx=x, cy=y, r=_DOT, fill=colour)

    def _draw_not(self, group: ET.Element, x: float, placed: Placed, colour: str) -> None:
        y = self._layout.wire(placed.operation.targets[0])
        self._drawing.add("circle", group, cx=x, cy=y, r=_NOT_RADIUS, fill=colour)
        plus = f"M{pixels(x - 7)} {pixels(y)}h14M{pixels(x)} {pixels(y - 7)}v14"
        self._drawing.add("path", group, d=plus, stroke=_TEXT, stroke_width=2)

    def _draw_swap(self, group: ET.Element, x: float, placed: Placed, colour: str) -> None:
        for target in placed.operation.targets:
            y = self._layout.wire(target)
            cross = f"M{pixels(x - 6)} {pixels(y - 6)}l12 12m0 -12l-12 12"
            self._drawing.add("path", group, d=cross, stroke=colour, stroke_width=2)

    def _draw_box(self, group: ET.Element, x: float, placed: Placed, colour: str) -> None:
        operation, layout = placed.operation, self._layout
        top = layout.wire(min(operation.targets)) - _HALF
        bottom = layout.wire(max(operation.targets)) + _HALF
        width = operation.width
        left = x - width / 2
        self._drawing.add("rect", group, x=left, y=top, width=width, height=bottom - top, rx=3, fill=colour)
        middle = x
        if operation.has_numbers:
            middle += 7
            for number, target in enumerate(operation.targets):
                _add_text(group, left + 9, layout.wire(target) + 4, str(number), **{"font-size": "10"})
        self._draw_label(group, middle, (top + bottom) / 2, operation)

    def _draw_label(self, group: ET.Element, x: float, y: float, operation: Operation) -> None:
        if not operation.detail:
            _add_text(group, x, y + 5, operation.name)
            return
        _add_text(group, x, y + 1, operation.name)
        _add_text(group, x, y + 12, operation.detail, **{"font-size": "10"})

    def _draw_measurement(self, group: ET.Element, x: float, placed: Placed, colour: str) -> None:
        operation, layout = placed.operation, self._layout
        y = layout.wire(operation.targets[0])
        row = layout.arrow_row(operation)
        if row is not None and operation.bit is not None:
            end = layout.wire(row)
            tip = f"M{pixels(x - 5)} {pixels(end - 8)}l5 7l5 -7z"
            double = self._double_line(x, y, end - 7)
            self._drawing.add("path", group, d=double, stroke="currentColor")
            self._drawing.add("path", group, d=tip, fill="currentColor")
            _add_text(group, x, end + 14, str(operation.bit[1]), fill="currentColor", **{"font-size": "10"})
        self._drawing.add(
            "rect", group, x=x - _HALF, y=y - _HALF, width=2 * _HALF, height=2 * _HALF, rx=3, fill=colour
        )
        base = y + 1 if row is None else y + 6
        dial = f"M{pixels(x - 9)} {pixels(base)}a9 9 0 0 1 18 0M{pixels(x)} {pixels(base)}l6.5 -11"
        self._drawing.add("path", group, d=dial, stroke=_TEXT, stroke_width=1.6, fill="none")
        if row is None:
            _add_text(group, x, y + 12, operation.detail, **{"font-size": "9"})

    def _draw_condition(self, group: ET.Element, x: float, top: float, operation: Operation) -> None:
        row = self._layout.condition_row(operation)
        if row is None or operation.condition is None:
            return
        y = self._layout.wire(row)
        if operation.bit is not None:
            x += 10  # beside the arrow of the measurement
        self._drawing.add("path", group, d=self._double_line(x, top, y), stroke="currentColor")
        self._drawing.add("circle", group, cx=x, cy=y, r=_DOT, fill="currentColor")
        _add_text(group, x, y + 15, operation.condition.text, fill="currentColor", **{"font-size": "10"})

    def _double_line(self, x: float, top: float, bottom: float) -> str:
        return "".join(f"M{pixels(x + side)} {pixels(top)}V{pixels(bottom)}" for side in (-_DOUBLE, _DOUBLE))

    def _draw_barrier(self, group: ET.Element, x: float, operation: Operation) -> None:
        rows = [qubit for qubit in operation.targets if qubit < len(self._layout.wires.qubits)]
        path = "".join(f"M{pixels(x)} {pixels(self._layout.wire(row) - 21)}v42" for row in rows)
        self._drawing.add(
            "path",
            group,
            d=path,
            stroke="currentColor",
            stroke_width=2,
            stroke_opacity=0.6,
            stroke_dasharray="5 4",
        )


def _add_text(parent: ET.Element, x: float, y: float, text: str, **look: str) -> ET.Element:
    element = ET.SubElement(parent, "text", {"x": pixels(x), "y": pixels(y), **look})
    element.text = printable_line(text)
    return element
