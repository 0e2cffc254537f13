"""The chart of values: signs, error bars, the axis, and odd values."""

from __future__ import annotations

import re
from math import inf, nan
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.display.charts import MAX_BARS
from qiskit_qoro.display.scales import format_with_error
from qiskit_qoro.display.value_chart import ValueBar, value_chart

HOSTILE = '</text><script>alert("1")</script>&\x1b[31m'


def draw(*bars: ValueBar, text: str = "value") -> str:
    return value_chart(text, text, bars, value_label=text)


def texts(markup: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(markup).iter("text")]


def bars_of(markup: str) -> list[tuple[float, float]]:
    """The left and right end of each bar."""
    return [
        (float(rect.attrib["x"]), float(rect.attrib["x"]) + float(rect.attrib["width"]))
        for rect in ET.fromstring(markup).iter("rect")
    ]


def whiskers(markup: str) -> list[tuple[float, float]]:
    found = [
        re.match(r"M([\d.]+) [\d.]+H([\d.]+)", path.attrib["d"])
        for path in ET.fromstring(markup).iter("path")
    ]
    return [(float(match[1]), float(match[2])) for match in found if match]


def test_bars_begin_at_zero_and_go_to_both_sides() -> None:
    (left, zero), (start, right) = bars_of(draw(ValueBar("XX", -0.5), ValueBar("ZZ", 0.5)))
    assert zero == pytest.approx(start)
    assert zero - left == pytest.approx(right - start, abs=0.02)


def test_an_error_bar_is_around_the_end_of_its_bar() -> None:
    markup = draw(ValueBar("ZZ", 0.5, 0.1), ValueBar("XX", 0.5))
    ((low, high),) = whiskers(markup)
    (_, end), _ = bars_of(markup)
    assert (low + high) / 2 == pytest.approx(end, abs=0.02)
    assert "0.50 ± 0.10" in texts(markup)


@pytest.mark.parametrize(
    ("value", "error", "axis"),
    [
        (0.25, None, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        (1.0, 0.01, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        (3.0, None, ["0", "1", "2", "3"]),
        (-12.0, None, ["−15", "−10", "−5", "0"]),
    ],
)
def test_the_axis_goes_from_minus_one_to_one_or_to_round_numbers(
    value: float, error: float | None, axis: list[str]
) -> None:
    assert texts(draw(ValueBar("ZZ", value, error)))[1 : 1 + len(axis)] == axis


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_value_that_is_not_finite_has_no_bar(value: float) -> None:
    markup = draw(ValueBar("a", value, 0.1), ValueBar("b", 0.5))
    assert len(bars_of(markup)) == 1
    assert not whiskers(markup)


@pytest.mark.parametrize(("number", "drawn"), [(1, 1), (MAX_BARS, MAX_BARS), (MAX_BARS + 1, MAX_BARS)])
def test_the_number_of_bars_is_limited(number: int, drawn: int) -> None:
    assert len(bars_of(draw(*(ValueBar(f"Z{n}", n / 100) for n in range(number))))) == drawn


def test_no_values_are_no_chart() -> None:
    assert draw() == ""


def test_bars_keep_their_room_beside_long_labels() -> None:
    markup = draw(ValueBar("Z" * 200, 1.0, 0.123456))
    root = ET.fromstring(markup)
    ((start, end),) = bars_of(markup)
    assert end - start >= 70
    assert float(root.attrib["width"]) > 440
    assert max(map(len, texts(markup))) < 40


def test_numbers_have_room_at_the_right() -> None:
    root = ET.fromstring(draw(ValueBar("Z", -1.234e-7, 1.234e-20), ValueBar("X", 1.0)))
    for text in root.iter("text"):
        if text.get("text-anchor") == "start":
            assert float(text.attrib["x"]) + 7.6 * len(text.text or "") <= float(root.attrib["width"])


def test_the_rest_of_a_rounding_error_is_zero() -> None:
    assert "0" in texts(draw(ValueBar("a", -1.4e-17), ValueBar("b", 0.5)))
    assert "−1.4e−17" in texts(draw(ValueBar("a", -1.4e-17), ValueBar("b", 1e-16)))


def test_a_chart_has_a_title_and_a_description_and_no_styles() -> None:
    root = ET.fromstring(draw(ValueBar("ZZ", 0.5, 0.1), text="word"))
    assert (root.tag, root.get("role")) == ("svg", "img")
    assert [(child.tag, child.text) for child in root][:2] == [("title", "word"), ("desc", "word")]
    assert all("style" not in element.attrib for element in root.iter())
    assert {element.get("fill") for element in root.iter("text")} == {"currentColor"}


def test_texts_are_escaped() -> None:
    markup = draw(ValueBar(HOSTILE, 0.5), text=HOSTILE)
    assert "script" not in {element.tag for element in ET.fromstring(markup).iter()}
    assert "\x1b" not in markup


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.9812, 0.0213, "0.981 ± 0.021"),
        (-0.5, 0.25, "−0.50 ± 0.25"),
        (123.4, 12.3, "123 ± 12"),
        (0.5, None, "0.5"),
        (1, None, "1"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.5, nan, "0.5"),
        (nan, 0.1, "nan"),
        (1e9, 1e7, "1e9 ± 1e7"),
        (0.123456789, 1e-5, "0.123457 ± 0.000010"),
    ],
)
def test_a_value_has_as_many_decimals_as_its_error(value: float, error: float | None, text: str) -> None:
    assert format_with_error(value, error) == text
