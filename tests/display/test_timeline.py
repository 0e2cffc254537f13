"""The life of a job: lengths, times, dates, and what is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.display.timeline import Stage, timeline

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOSTILE = '</text><script>alert("1")</script>&\x1b[31m'


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def draw(*stages: Stage, has_ended: bool = True) -> str:
    return timeline("Life", "words", stages, has_ended=has_ended, now=NOW)


def texts(markup: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(markup).iter("text")]


def widths(markup: str) -> list[float]:
    return [float(rect.attrib["width"]) for rect in ET.fromstring(markup).iter("rect")]


ENDED = (
    Stage("PENDING", before(200), 0.003),
    Stage("RUNNING", before(199.997), 190.0),
    Stage("INSUFFICIENT_CREDITS", before(10)),
)


def test_each_status_has_a_bar_with_its_duration_and_the_end_is_a_mark() -> None:
    markup = draw(*ENDED)
    assert len(widths(markup)) == 2
    assert len(list(ET.fromstring(markup).iter("circle"))) == 1
    assert texts(markup) == [
        "Pending", "3 ms", "Running", "3 min 10 s", "11:56:40", "11:56:40", "11:59:50", "Insufficient credits"
    ]  # fmt: skip


def test_a_job_that_has_not_ended_lasts_until_now() -> None:
    markup = draw(Stage("PENDING", before(5), 5.0), has_ended=False)
    assert texts(markup) == ["Pending", "5 s", "11:59:55", "now"]
    assert not list(ET.fromstring(markup).iter("circle"))


@pytest.mark.parametrize("longest_s", [0.001, 1.0, 1e5, 1e9, float("inf")])
def test_very_different_durations_stay_readable(longest_s: float) -> None:
    stages = [Stage(name, None, length) for name, length in (("A", 0.0), ("B", longest_s), ("C", 1e-6))]
    found = widths(draw(*stages, has_ended=False))
    assert min(found) >= 86
    assert max(found) == found[1]
    assert sum(found) <= 440


def test_a_duration_that_is_unknown_has_an_outline_only() -> None:
    markup = draw(Stage("PENDING", None), Stage("RUNNING", None, 2.0), Stage("COMPLETED", None))
    outline, bar = ET.fromstring(markup).iter("rect")
    assert (outline.get("fill"), bar.get("stroke")) == ("none", None)
    assert "unknown" in texts(markup)


def test_a_date_is_shown_only_where_it_changes() -> None:
    shown = texts(
        draw(
            Stage("PENDING", before(86_400 * 2), 1.0),
            Stage("RUNNING", before(86_400 * 2 - 1), 5.0),
            Stage("FAILED", before(1)),
        )
    )
    assert [text for text in shown if text.startswith("2026")] == ["2026-11-28", "2026-11-30"]


@pytest.mark.parametrize("stages", [ENDED, ENDED * 4])
def test_everything_is_inside_the_drawing(stages: tuple[Stage, ...]) -> None:
    root = ET.fromstring(draw(*stages))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in root.iter("rect"):
        assert 0 <= float(rect.attrib["x"]) <= width - float(rect.attrib["width"])
    (circle,) = root.iter("circle")
    assert float(circle.attrib["cx"]) + len("Insufficient credits") * 6 < width
    assert all(float(text.attrib["y"]) < height for text in root.iter("text"))


def test_times_have_room_beside_each_other() -> None:
    root = ET.fromstring(draw(*ENDED * 4))
    times = [float(text.attrib["x"]) for text in root.iter("text") if ":" in (text.text or "")]
    assert all(right - left >= 86 for left, right in pairwise(times))


def test_no_stages_are_no_timeline() -> None:
    assert draw() == ""


def test_texts_are_escaped() -> None:
    markup = timeline(HOSTILE, HOSTILE, [Stage(HOSTILE, NOW, 1.0)] * 2, has_ended=True, now=NOW)
    root = ET.fromstring(markup)
    assert "script" not in {element.tag for element in root.iter()}
    assert "\x1b" not in markup
    assert all("style" not in element.attrib for element in root.iter())
