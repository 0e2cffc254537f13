"""The colours of charts and drawings can be told from the ground and from the text in them."""

from __future__ import annotations

import pytest

from qiskit_qoro.display import line_chart, timeline
from qiskit_qoro.display.charts import BAR_COLOUR
from qiskit_qoro.display.circuits import drawing
from qiskit_qoro.display.circuits.drawing import Family

LIGHT, DARK = "#ffffff", "#161a21"


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        share = int(part, 16) / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as the Web Content Accessibility Guidelines define it."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("family", list(Family))
def test_the_white_text_in_a_box_can_be_read(family: Family) -> None:
    assert contrast(drawing.COLOURS[family], "#ffffff") >= 4.5


@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize(
    "colour",
    sorted(
        {BAR_COLOUR, *drawing.COLOURS.values(), *timeline.COLOURS.values()}
        | {colour for colour, _ in line_chart.LOOKS}
    ),
)
def test_shapes_stand_out_on_light_and_dark_pages(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 3
