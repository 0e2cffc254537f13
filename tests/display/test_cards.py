"""Cards for notebooks."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from qiskit_qoro.display.cards import Badge, Card, CardTable, Picture, level_of_status

ParseHtml = Callable[[str], Any]

FULL = Card(
    "Job",
    "4f38a1c2",
    badge=Badge("RUNNING", level_of_status("RUNNING")),
    progress=0.25,
    pictures=[Picture("<svg><title>plot</title></svg>", "a plot")],
    rows=[("backend", "qoro_maestro"), ("tag", "vqe")],
    tables=[
        CardTable(["job", "shots"], [["a1", "10"]], title="first", numbers=[1]),
        CardTable(["status"], [["FAILED"]], title="second", is_folded=True, statuses=[0]),
    ],
    code="line_1()\nline_2()",
    note="a remark",
)


def test_a_card_shows_all_of_its_content_in_reading_order(parse_html: ParseHtml) -> None:
    assert parse_html(FULL.to_html()).text == (
        "Job 4f38a1c2 RUNNING plot a plot backend qoro_maestro tag vqe "
        "first job shots a1 10 second status FAILED line_1() line_2() a remark"
    )


def test_only_columns_with_texts_take_several_lines() -> None:
    html = Card("x", tables=[CardTable(["n", "job", "reason"], [["1", "a", "b c"]], numbers=[0], texts=[2])])
    assert '<td class="qoro-number">1</td><td>a</td><td class="qoro-text">b c</td>' in html.to_html()


def test_a_card_leaves_out_what_is_empty(parse_html: ParseHtml) -> None:
    html = parse_html(Card("Provider").to_html())
    assert html.text == "Provider"
    assert html.tags == ["div", "style", "div", "span"]


def test_a_card_is_self_contained_and_has_no_script(parse_html: ParseHtml) -> None:
    html = parse_html(FULL.to_html())
    assert not {"script", "link", "iframe", "img"} & set(html.tags)
    assert not [name for name, _ in html.attributes if name.startswith("on") or name in {"src", "href"}]
    assert "url(" not in FULL.to_html()
    assert "@import" not in FULL.to_html()


HOSTILE = '<script>alert("1")</script>\x1b[31m{{ card }}\u202e'
SHOWN = r'<script>alert("1")</script>\x1b[31m{{ card }}\u202e'


@pytest.mark.parametrize(
    "card",
    [
        Card(HOSTILE),
        Card("t", HOSTILE),
        Card("t", badge=Badge(HOSTILE)),
        Card("t", rows=[(HOSTILE, "value")]),
        Card("t", rows=[("name", HOSTILE)]),
        Card("t", tables=[CardTable([HOSTILE], [["cell"]])]),
        Card("t", tables=[CardTable(["heading"], [[HOSTILE]])]),
        Card("t", tables=[CardTable(["heading"], [[HOSTILE]], statuses=[0])]),
        Card("t", tables=[CardTable(["heading"], [["cell"]], title=HOSTILE)]),
        Card("t", tables=[CardTable(["heading"], [["cell"]], title=HOSTILE, is_folded=True)]),
        Card("t", pictures=[Picture("<svg></svg>", HOSTILE)]),
        Card("t", code=HOSTILE),
        Card("t", note=HOSTILE),
    ],
)
def test_hostile_text_stays_text(card: Card, parse_html: ParseHtml) -> None:
    html = parse_html(card.to_html())
    assert SHOWN in html.text
    assert "script" not in html.tags


@pytest.mark.parametrize(
    ("status", "level"),
    [("COMPLETED", "good"), ("FAILED", "bad"), ("RUNNING", "active"), ("NEW_IN_2030", "neutral")],
)
def test_a_status_has_a_level(status: str, level: str) -> None:
    assert level_of_status(status) == level


def test_the_templates_are_package_data() -> None:
    assert (files("qiskit_qoro.display") / "templates" / "card.html").is_file()
