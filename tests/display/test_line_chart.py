"""The chart of values that follow each other: points, gaps, axes, and what is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf, nan
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.display.line_chart import LOOKS, MAX_LINES, line_chart

HOSTILE = '</text><script>alert("1")</script>&\x1b[31m'


def draw(lines: Mapping[str, Sequence[float]], text: str = "word") -> str:
    return line_chart(text, text, lines, x_label=text, value_label=text)


def paths(markup: str) -> list[str]:
    """The paths of the lines, without those of the legend."""
    return [path.attrib["d"] for path in ET.fromstring(markup).iter("path")][::2]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def texts(markup: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(markup).iter("text")]


def test_a_line_goes_through_its_values() -> None:
    (path,) = paths(draw({"ZZ": [1.0, 0.0, -1.0]}))
    (left, top), (middle, half), (right, bottom) = points(path)
    assert middle == pytest.approx((left + right) / 2)
    assert half == pytest.approx((top + bottom) / 2)
    assert top < bottom


def test_the_axes_have_whole_positions_and_go_from_minus_one_to_one() -> None:
    shown = texts(draw({"ZZ": [0.1, 0.2, 0.3]}))
    assert shown[:5] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
    assert shown[6:9] == ["0", "1", "2"]


def test_a_value_that_is_not_finite_is_a_gap() -> None:
    (path,) = paths(draw({"ZZ": [0.1, 0.2, nan, 0.3, inf, 0.4]}))
    assert re.sub("[^ML]", "", path) == "MLMM"


def test_each_line_has_a_look_of_its_own() -> None:
    root = ET.fromstring(draw({f"{index}": [0.1, 0.2] for index in range(MAX_LINES)}))
    looks = [(path.attrib["stroke"], path.attrib["stroke-dasharray"]) for path in root.iter("path")]
    assert len(set(looks)) == MAX_LINES
    assert len({dashes for _, dashes in LOOKS}) == MAX_LINES


@pytest.mark.parametrize(("number", "drawn"), [(MAX_LINES, MAX_LINES), (MAX_LINES + 1, MAX_LINES)])
def test_the_number_of_lines_is_limited(number: int, drawn: int) -> None:
    assert len(paths(draw({f"{index}": [0.1, 0.2] for index in range(number)}))) == drawn


def test_of_very_many_values_the_first_and_the_last_are_drawn() -> None:
    (path,) = paths(draw({"ZZ": [1.0, *[0.5] * 100_000, -1.0]}))
    found = points(path)
    assert len(found) <= 402
    assert (found[0][1], found[-1][1]) == (10.0, 180.0)


@pytest.mark.parametrize("lines", [{}, {"ZZ": []}, {"ZZ": [0.5]}, {"ZZ": [nan, nan]}])
def test_less_than_two_values_are_no_line(lines: Mapping[str, Sequence[float]]) -> None:
    assert draw(lines) == ""


def test_everything_is_inside_the_drawing() -> None:
    root = ET.fromstring(draw({"Z" * 100: [-3.0, 7.0], "X": [0.0, 0.1]}))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for text in root.iter("text"):
        assert 0 < float(text.attrib["y"]) < height
        if text.get("text-anchor") == "start":
            assert float(text.attrib["x"]) + 7.3 * len(text.text or "") <= width
    assert all(0 <= x <= width for path in root.iter("path") for x, _ in points(path.attrib["d"]))


def test_a_chart_has_a_title_and_a_description_and_escapes_texts() -> None:
    root = ET.fromstring(draw({HOSTILE: [0.1, 0.2]}, HOSTILE))
    assert (root.tag, root.get("role")) == ("svg", "img")
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert "script" not in {element.tag for element in root.iter()}
    assert all("style" not in element.attrib for element in root.iter())
