"""Charts as SVG: what they show, odd values, and texts that are escaped."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.display.charts import MAX_BARS, Bar, as_document, bar_chart, column_chart
from qiskit_qoro.display.heat_map import Grid, heat_map
from qiskit_qoro.display.scales import Scale, colour_of, format_number, scale_of

HOSTILE = '</text><script>alert("1")</script>&\x1b[31m'


def texts(markup: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(markup).iter("text")]


def rects(markup: str) -> list[dict[str, str]]:
    return [dict(element.attrib) for element in ET.fromstring(markup).iter("rect")]


def grid(values: list[list[float]], **fields: object) -> Grid:
    x, y = range(len(values[0])), range(len(values))
    labels = {"x_label": "across", "y_label": "up", "value_label": "height"}
    return Grid(list(map(float, x)), list(map(float, y)), values, **labels, **fields)  # type: ignore[arg-type]


def all_charts(text: str) -> list[str]:
    labels = {"x_label": text, "y_label": text, "value_label": text, "mark_label": text}
    return [
        heat_map(text, text, Grid([0.0, 1.0], [0.0], [[1.0, 2.0]], marked=(0, 0), **labels)),
        bar_chart(text, text, [Bar(text, 1.0)], value_label=text),
        column_chart(text, text, [Bar(text, 1.0)], x_label=text, value_label=text),
    ]


# --- every chart ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("markup", all_charts("word"))
def test_a_chart_has_a_title_and_a_description_for_screen_readers(markup: str) -> None:
    root = ET.fromstring(markup)
    assert (root.tag, root.get("role")) == ("svg", "img")
    assert [(child.tag, child.text) for child in root][:2] == [("title", "word"), ("desc", "word")]


@pytest.mark.parametrize("markup", all_charts(HOSTILE))
def test_texts_are_escaped_in_a_chart(markup: str) -> None:
    assert "script" not in {element.tag for element in ET.fromstring(markup).iter()}
    assert "\x1b" not in markup
    assert any("<script>" in text and r"\x1b" in text for text in texts(markup))


@pytest.mark.parametrize("markup", all_charts("word"))
def test_texts_have_the_colour_of_the_page(markup: str) -> None:
    assert {element.get("fill") for element in ET.fromstring(markup).iter("text")} == {"currentColor"}


@pytest.mark.parametrize("markup", all_charts("word"))
def test_a_document_is_an_svg_file_on_white(markup: str) -> None:
    document = as_document(markup)
    root = ET.fromstring(document.partition("\n")[2])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert document.count("xmlns") == 1
    (ground,) = [element for element in root if element.get("width") == "100%"]
    assert ground.get("fill") == "#fff"


# --- the heat map ---------------------------------------------------------------------------------------


def cells(markup: str) -> dict[tuple[int, int], str]:
    """Column and row (0 at the top) to colour."""
    found = {}
    for path in ET.fromstring(markup).iter("path"):
        for cell in path.attrib["d"].split("M")[1:]:
            column, row = cell.partition("h")[0].split()
            found[int(column), int(row)] = path.attrib["fill"]
    return found


def test_a_heat_map_has_a_coloured_cell_for_each_value_with_the_first_row_at_the_bottom() -> None:
    found = cells(heat_map("t", "d", grid([[0.0, 1.0], [2.0, 4.0], [3.0, 3.0]])))
    assert found == {
        (0, 2): colour_of(0),
        (1, 2): colour_of(0.25),
        (0, 1): colour_of(0.5),
        (1, 1): colour_of(1),
        (0, 0): colour_of(0.75),
        (1, 0): colour_of(0.75),
    }


def test_a_heat_map_names_its_axes_and_its_colours() -> None:
    found = texts(heat_map("t", "d", grid([[0.0, 1.0]] * 2)))
    assert {"across", "up", "height"} <= set(found)


def test_the_mark_of_a_heat_map_is_in_the_middle_of_its_cell() -> None:
    markup = heat_map("t", "d", grid([[0.0, 1.0], [2.0, 3.0]], marked=(1, 0), mark_label="best"))
    assert "<title>best</title>" in markup
    frame = next(rect for rect in rects(markup) if rect["fill"] == "none")
    left, top, width, height = (float(frame[key]) for key in ("x", "y", "width", "height"))
    circle = next(ET.fromstring(markup).iter("circle"))
    assert float(circle.attrib["cx"]) == pytest.approx(left + 0.75 * width)
    assert float(circle.attrib["cy"]) == pytest.approx(top + 0.75 * height)


def test_values_that_are_not_finite_are_blank() -> None:
    assert set(cells(heat_map("t", "d", grid([[nan, 1.0], [inf, -inf]])))) == {(1, 1)}


@pytest.mark.parametrize("values", [[[nan]], [[inf, nan]], [[]], []])
def test_a_heat_map_without_finite_values_is_empty(values: list[list[float]]) -> None:
    labels = {"x_label": "", "y_label": "", "value_label": ""}
    assert heat_map("t", "d", Grid([0.0], [0.0], values, **labels)) == ""


@pytest.mark.parametrize(
    "values", [[[3.0]], [[1.0, 1.0 + 1e-16]], [[1e308, -1e308]], [[0.0, 5e-324]], [[1e-300, 2e-300]]]
)
def test_a_heat_map_of_odd_values_has_all_cells_and_short_numbers(values: list[list[float]]) -> None:
    markup = heat_map("t", "d", grid(values))
    assert len(cells(markup)) == len(values[0])
    assert max(map(len, texts(markup))) <= 10
    assert "nan" not in markup
    assert "inf" not in markup


# --- bars and columns -----------------------------------------------------------------------------------


def test_bars_are_as_long_as_their_values() -> None:
    markup = bar_chart("t", "d", [Bar("a", 4.0), Bar("b", 1.0), Bar("c", 0.0)], value_label="v")
    first, second, third = (float(rect["width"]) for rect in rects(markup))
    assert second == pytest.approx(first / 4, abs=0.01)
    assert third == 0
    assert texts(markup) == ["v", "a", "4", "b", "1", "c", "0"]


def test_columns_are_as_high_as_their_values_and_stand_on_the_axis() -> None:
    markup = column_chart("t", "d", [Bar("a", 4.0), Bar("b", 1.0)], x_label="x", value_label="v")
    first, second = rects(markup)
    assert float(second["height"]) == pytest.approx(float(first["height"]) / 4, abs=0.01)
    bottoms = [float(rect["y"]) + float(rect["height"]) for rect in (first, second)]
    assert bottoms[0] == pytest.approx(bottoms[1], abs=0.01)
    assert {"x", "v", "a", "b"} <= set(texts(markup))


def test_some_columns_of_many_have_their_label_on_the_axis_and_all_have_it_as_a_tooltip() -> None:
    drawn = [Bar(f"day {number:02}", 1.0) for number in range(30)]
    markup = column_chart("t", "d", drawn, x_label="x", value_label="v", label_every=7)
    labels = [element for element in ET.fromstring(markup).iter("text") if "day" in (element.text or "")]
    assert [label.text for label in labels] == ["day 01", "day 08", "day 15", "day 22", "day 29"]
    assert all(label.get("transform") is None for label in labels)
    width = float(ET.fromstring(markup).get("width", 0))
    assert all(float(label.get("x", 0)) + 3 * 7.3 <= width for label in labels)
    tooltips = [element.text or "" for element in ET.fromstring(markup).iter("title")]
    assert [text for text in tooltips if text.startswith("day")] == [f"{bar.label}: 1" for bar in drawn]


def test_marked_bars_have_another_colour() -> None:
    drawn = [Bar("a", 1.0), Bar("b", 1.0, is_marked=True)]
    for markup in (
        bar_chart("t", "d", drawn, value_label="v"),
        column_chart("t", "d", drawn, x_label="x", value_label="v"),
    ):
        first, second = (rect["fill"] for rect in rects(markup))
        assert first != second


@pytest.mark.parametrize("value", [nan, inf, -inf, -1.0, 0.0])
def test_a_value_without_a_length_has_a_label_but_no_bar(value: float) -> None:
    drawn = [Bar("odd", value), Bar("b", 2.0)]
    for markup, side in (
        (bar_chart("t", "d", drawn, value_label="v"), "width"),
        (column_chart("t", "d", drawn, x_label="x", value_label="v"), "height"),
    ):
        odd, other = (float(rect[side]) for rect in rects(markup))
        assert odd == 0
        assert other > 10
        assert "odd" in texts(markup)


def test_only_values_that_have_no_length_can_be_drawn() -> None:
    drawn = [Bar("a", 0.0), Bar("b", nan)]
    assert "a" in texts(bar_chart("t", "d", drawn, value_label="v"))
    assert "a" in texts(column_chart("t", "d", drawn, x_label="x", value_label="v"))


def test_charts_without_bars_are_empty() -> None:
    assert bar_chart("t", "d", [], value_label="v") == ""
    assert column_chart("t", "d", [], x_label="x", value_label="v") == ""


def test_a_chart_draws_the_first_bars_only() -> None:
    drawn = [Bar(f"b{number}", 1.0) for number in range(1000)]
    for markup in (
        bar_chart("t", "d", drawn, value_label="v"),
        column_chart("t", "d", drawn, x_label="x", value_label="v"),
    ):
        assert len(rects(markup)) == MAX_BARS


def test_a_long_label_is_shortened_and_complete_in_the_tooltip() -> None:
    label = "01" * 30
    for markup in (
        bar_chart("t", "d", [Bar(label, 1.0)], value_label="v"),
        column_chart("t", "d", [Bar(label, 1.0)], x_label="x", value_label="v"),
    ):
        assert "…" in next(text for text in texts(markup) if text.startswith("01"))
        assert f"{label}: 1" in [element.text for element in ET.fromstring(markup).iter("title")]


# --- scales ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1.6, 1.6, ["−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5"]),
        (3.0, 3.0, ["3"]),
        (0.0, 5e6, ["0", "1e6", "2e6", "3e6", "4e6", "5e6"]),
        (0.0, 3e-7, ["0", "5e−8", "1e−7", "1.5e−7", "2e−7", "2.5e−7", "3e−7"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[str]) -> None:
    assert [text for _, text in Scale(low, high, 0, 100).ticks(7)] == expected


def test_ticks_are_within_the_scale_and_ascending() -> None:
    scale = Scale(-0.123, 7.89, 0, 100)
    values = [value for value, _ in scale.ticks(5)]
    assert values[0] >= scale.low
    assert values[-1] <= scale.high
    assert all(first < second for first, second in pairwise(values))


def test_a_scale_may_end_at_a_round_number() -> None:
    assert scale_of(0.0, 0.83, 0, 100).high == pytest.approx(1.0)
    assert scale_of(0.0, 0.0, 0, 100).high == 1.0


def test_colours_go_from_dark_to_bright() -> None:
    colours = [colour_of(share / 20) for share in range(21)]
    brightness = [
        0.2126 * int(colour[1:3], 16) + 0.7152 * int(colour[3:5], 16) + 0.0722 * int(colour[5:], 16)
        for colour in colours
    ]
    assert (colours[0], colours[-1]) == ("#440154", "#fde725")
    assert brightness == sorted(brightness)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (-2.0, "−2"), (123456, "123,456"), (1.23456e-7, "1.235e−7"), (1e20, "1e20")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize("width", [340.0, 440.0])
def test_bars_and_numbers_have_room_in_a_chart_of_any_width(width: float) -> None:
    bars = [Bar("0" * 40, 1_000_000), Bar("1", 500_000)]
    root = ET.fromstring(bar_chart("t", "d", bars, value_label="count", width=width))
    drawn = float(root.attrib["width"])
    assert drawn >= width
    for text in root.iter("text"):
        if text.get("text-anchor") == "start":
            assert float(text.attrib["x"]) + 7.6 * len(text.text or "") <= drawn
    assert max(float(rect.attrib["width"]) for rect in root.iter("rect")) >= 90
