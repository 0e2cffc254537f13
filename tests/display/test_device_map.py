"""The map of a device as SVG, and the positions of its qubits."""

from __future__ import annotations

from itertools import combinations
from math import dist, nan
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.display.device_map import MAX_QUBITS, DeviceErrors, draw_device_map
from qiskit_qoro.display.graph_layout import layout_nodes
from qiskit_qoro.display.scales import colour_of

SQUARE = [(0, 1), (1, 2), (2, 3), (0, 3)]
GRID = [(i, i + 1) for i in range(20) if i % 5 < 4] + [(i, i + 5) for i in range(15)]
HEAVY_HEX = [
    *((0, 1), (1, 2), (1, 4), (2, 3), (3, 5), (4, 7), (5, 8), (6, 7), (7, 10), (8, 9), (8, 11), (10, 12)),
    *((11, 14), (12, 13), (12, 15), (13, 14), (14, 16), (15, 18), (16, 19), (17, 18), (18, 21), (19, 20)),
    *((19, 22), (21, 23), (22, 25), (23, 24), (24, 25), (25, 26)),
]

Point = tuple[float, float]


def tooltips(markup: str) -> dict[str, ET.Element]:
    groups = ET.fromstring(markup).iter("g")
    return {title: group for group in groups if (title := group.findtext("title")) is not None}


def draw(qubits: list[float | None], pairs: dict[tuple[int, int], float | None]) -> str:
    return draw_device_map("map", "a map", DeviceErrors(qubits, pairs))


def cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    def side(a: Point, b: Point, c: Point) -> bool:
        return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, other
    return side(a, b, c) != side(a, b, d) and side(c, d, a) != side(c, d, b)


# --- the map --------------------------------------------------------------------------------------------


def test_a_map_has_a_circle_for_each_qubit_and_a_line_for_each_pair_with_their_errors() -> None:
    found = tooltips(draw([0.01, 0.03, 0.02], {(0, 1): 0.005, (1, 2): 0.015}))
    assert list(found) == [
        "pair 0–1: error 0.5 %",
        "pair 1–2: error 1.5 %",
        "qubit 0: error 1 %",
        "qubit 1: error 3 %",
        "qubit 2: error 2 %",
    ]
    circles = [found[f"qubit {qubit}: error {error} %"].find("circle") for qubit, error in ((0, 1), (1, 3))]
    assert [circle.get("fill") for circle in circles if circle is not None] == [colour_of(0), colour_of(1)]


def test_every_shape_has_an_outline_in_the_colour_of_the_text() -> None:
    root = ET.fromstring(draw([0.01, 0.03], {(0, 1): 0.005}))
    outline, line = list(root.iter("line"))[:2]
    assert outline.get("stroke") == "currentColor"
    assert float(outline.get("stroke-width", 0)) > float(line.get("stroke-width", 0))
    assert {circle.get("stroke") for circle in root.iter("circle")} == {"currentColor"}


def test_unknown_errors_are_grey_and_have_no_colour_bar() -> None:
    markup = draw([None, nan], {(0, 1): None})
    assert "qubit 0: unknown error" in tooltips(markup)
    assert list(ET.fromstring(markup).iter("rect")) == []
    assert [element.text for element in ET.fromstring(markup).iter("text")] == ["0", "1"]


@pytest.mark.parametrize("qubits", [1, 3])
def test_a_device_without_pairs_has_no_map(qubits: int) -> None:
    assert draw([0.01] * qubits, {}) == ""


def test_a_device_with_too_many_qubits_has_no_map() -> None:
    count = MAX_QUBITS + 1
    assert draw([0.01] * count, {(i, i + 1): 0.01 for i in range(count - 1)}) == ""


@pytest.mark.parametrize("edges", [[(0, 1)], SQUARE, GRID, HEAVY_HEX, list(combinations(range(11), 2))])
def test_a_map_is_inside_the_drawing_and_its_circles_do_not_overlap(edges: list[tuple[int, int]]) -> None:
    count = 1 + max(map(max, edges))
    root = ET.fromstring(draw([0.01] * count, dict.fromkeys(edges, 0.01)))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    circles = [tuple(float(each.attrib[key]) for key in ("cx", "cy", "r")) for each in root.iter("circle")]
    assert len(circles) == count
    for x, y, radius in circles:
        assert radius <= x <= width - radius
        assert radius <= y <= height - radius
    for (x1, y1, r1), (x2, y2, r2) in combinations(circles, 2):
        assert dist((x1, y1), (x2, y2)) >= r1 + r2


# --- positions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edges", [SQUARE, GRID, HEAVY_HEX], ids=["square", "grid", "heavy hex"])
def test_a_lattice_is_laid_out_without_crossings_and_with_similar_lengths(
    edges: list[tuple[int, int]],
) -> None:
    places = layout_nodes(1 + max(map(max, edges)), edges)
    lines = [(places[one], places[other]) for one, other in edges]
    touching = {frozenset(pair) for pair in combinations(range(len(edges)), 2)}
    apart = [pair for pair in touching if len({*(n for i in pair for n in edges[i])}) == 4]
    assert not any(cross(*(lines[i] for i in pair)) for pair in apart)
    lengths = [dist(*line) for line in lines]
    assert min(lengths) > 0.7
    assert max(lengths) < 1.4


def test_the_parts_of_a_graph_are_apart() -> None:
    places = layout_nodes(6, [(0, 1), (1, 2), (3, 4), (4, 5)])
    assert min(dist(places[i], places[k]) for i in range(3) for k in range(3, 6)) > 0.7


def test_a_graph_with_many_edges_is_a_circle() -> None:
    places = layout_nodes(11, combinations(range(11), 2))
    assert len({round(dist(place, (0, 0)), 6) for place in places}) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_few_nodes_have_different_places(count: int) -> None:
    assert len(set(layout_nodes(count, []))) == count


def test_nodes_without_edges_are_apart() -> None:
    places = layout_nodes(4, [])
    assert min(dist(one, other) for one, other in combinations(places, 2)) > 0.7
