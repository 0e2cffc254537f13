"""The map of a device as SVG: its qubits and connected pairs, with colours for their errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import dist, isfinite

from qiskit_qoro.display.drawing import CODE_FONT, WIDTH, Drawing
from qiskit_qoro.display.graph_layout import layout_nodes
from qiskit_qoro.display.scales import Scale, colour_of, is_flat, share_between

__all__ = ["CAPTION", "MAX_QUBITS", "DeviceErrors", "draw_device_map"]

CAPTION = "Colours of qubits: readout errors. Colours of lines: errors of the gates on two qubits."
"""What a map shows."""

MAX_QUBITS = 200
"""A device with more qubits is not drawn."""

_MARGIN, _BAR_HEIGHT = 10.0, 52.0
_LARGEST_RADIUS, _SMALLEST_LABEL = 14.0, 5.0
_UNKNOWN = "#8b929a"
# The ends of the colour map are close to black and to white, so every shape has an outline.
_OUTLINE: Mapping[str, object] = {"stroke": "currentColor", "stroke_opacity": 0.5}


@dataclass(frozen=True)
class DeviceErrors:
    """The errors of a device, as fractions; ``None`` if unknown.

    Attributes:
        qubits: The readout error of each qubit.
        pairs: The error of the gate on each connected pair.
    """

    qubits: Sequence[float | None]
    pairs: Mapping[tuple[int, int], float | None]


def draw_device_map(title: str, description: str, errors: DeviceErrors) -> str:
    """Draw the map of a device.

    Args:
        title: The title for screen readers.
        description: What the map shows, for screen readers.
        errors: The qubits and the pairs of the device, and their errors.

    Returns:
        An ``svg`` element; an empty text for a device without connected pairs or with more than
        :data:`MAX_QUBITS` qubits.
    """
    count = len(errors.qubits)
    if not errors.pairs or count > MAX_QUBITS:
        return ""
    places = layout_nodes(count, errors.pairs)
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    right, bottom = (max(place[axis] for place in places) for axis in (0, 1))
    # Distances in the layout are about 1.
    unit = min((WIDTH - 2 * _MARGIN) / (right - left + 1), 56.0)
    indent = (WIDTH - unit * (right - left + 1)) / 2
    height = unit * (bottom - top + 1) + _MARGIN
    drawing = Drawing(title, description, height=height + _BAR_HEIGHT)
    points = [(indent + (x - left + 0.5) * unit, _MARGIN + (y - top + 0.5) * unit) for x, y in places]
    radius = min(_LARGEST_RADIUS, 0.42 * min(dist(points[i], points[k]) for i, k in errors.pairs))
    pair_range, qubit_range = _range(errors.pairs.values()), _range(errors.qubits)
    for (one, other), error in errors.pairs.items():
        group = drawing.group(f"pair {one}–{other}: {_percent(error)}")
        (x1, y1), (x2, y2) = points[one], points[other]
        line, width = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}, max(3.0, radius / 2.5)
        drawing.add("line", group, **line, stroke_width=width + 2, **_OUTLINE)
        drawing.add("line", group, **line, stroke_width=width, stroke=_colour(error, pair_range))
    label_size = radius * 1.3 / max(1.2, 0.62 * len(str(count - 1)))
    for qubit, (error, (x, y)) in enumerate(zip(errors.qubits, points, strict=True)):
        _draw_qubit(drawing, qubit, error, _colour(error, qubit_range), (x, y, radius, label_size))
    half = WIDTH / 2
    _draw_bar(drawing, "readout error", qubit_range, (_MARGIN, height, half - 2 * _MARGIN))
    _draw_bar(drawing, "error on two qubits", pair_range, (half + _MARGIN, height, half - 2 * _MARGIN))
    return drawing.markup()


def _draw_qubit(
    drawing: Drawing, qubit: int, error: float | None, colour: str, place: tuple[float, float, float, float]
) -> None:
    x, y, radius, label_size = place
    group = drawing.group(f"qubit {qubit}: {_percent(error)}")
    drawing.add("circle", group, cx=x, cy=y, r=radius, fill=colour, **_OUTLINE)
    if label_size >= _SMALLEST_LABEL:
        label = {"font_size": label_size, "font_family": CODE_FONT, "fill": _readable_on(colour)}
        text = drawing.add("text", group, x=x, y=y + label_size * 0.36, **label, text_anchor="middle")
        text.text = str(qubit)


def _draw_bar(
    drawing: Drawing, label: str, limits: tuple[float, float] | None, place: tuple[float, float, float]
) -> None:
    """Draw a horizontal colour bar with its label; nothing if no error is known."""
    if limits is None:
        return
    x, y, width = place
    low, high = limits
    steps = 1 if is_flat(low, high) else 64
    bar = drawing.add("g", shape_rendering="crispEdges")
    for step in range(steps):
        colour = colour_of((step + 0.5) / steps)
        size = width / steps
        drawing.add("rect", bar, x=x + size * step, y=y + 18, width=size + 0.3, height=8, fill=colour)
    drawing.text(x, y + 12, f"{label} / %")
    scale = Scale(100 * low, 100 * high, x, x + width)
    for value, text in scale.ticks(4):
        drawing.line(scale.place(value), y + 26, scale.place(value), y + 30)
        drawing.text(scale.place(value), y + 43, text, anchor="middle")


def _range(errors: Iterable[float | None]) -> tuple[float, float] | None:
    known = [error for error in errors if error is not None and isfinite(error)]
    return (min(known), max(known)) if known else None


def _colour(error: float | None, limits: tuple[float, float] | None) -> str:
    if error is None or limits is None or not isfinite(error):
        return _UNKNOWN
    return colour_of(share_between(error, *limits))


def _readable_on(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#fff"


def _percent(error: float | None) -> str:
    return "unknown error" if error is None else f"error {100 * error:.3g} %"
