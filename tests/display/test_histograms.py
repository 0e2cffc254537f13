"""Histograms of counts as pictures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import matplotlib as mpl

from qiskit_qoro.display.histograms import MAX_OUTCOMES, MAX_PANELS, draw_histograms

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(content: bytes) -> list[str]:
    """The texts of an SVG picture."""
    return ["".join(element.itertext()).strip() for element in ET.fromstring(content).iter(f"{SVG}text")]


def test_each_circuit_has_a_panel_with_its_name_outcomes_and_counts() -> None:
    texts = texts_of(draw_histograms({"bell": {"11": 3, "00": 5}, "one": {"1": 7}}, kind="svg"))
    for expected in ("bell", "one", "00", "11", "1", "5", "3", "7"):
        assert expected in texts
    assert texts.index("00") < texts.index("11")
    assert texts.count("count") == 2


def test_the_most_frequent_of_many_outcomes_are_shown() -> None:
    counts = {f"{number:06b}": number + 1 for number in range(64)}
    texts = texts_of(draw_histograms({"wide": counts}, kind="svg"))
    shown = [text for text in texts if len(text) == 6 and not text.strip("01")]
    assert shown == [f"{number:06b}" for number in range(64 - MAX_OUTCOMES, 64)]
    assert "without 32 more outcomes, 25.4% of the shots" in texts


def test_a_name_is_neither_a_formula_nor_markup() -> None:
    texts = texts_of(draw_histograms({"$x^2$ <b>\x1b[1m": {"$0$": 1}}, kind="svg"))
    assert "$0$" in texts
    assert r"$x^2$ <b>\x1b[1m" in texts


def test_the_same_counts_give_the_same_picture_whatever_the_user_has_set() -> None:
    counts = {"bell": {"11": 3, "00": 5}}
    for kind in ("png", "svg"):
        first = draw_histograms(counts, kind=kind)
        with mpl.rc_context({"font.size": 30, "axes.grid": True}):
            assert draw_histograms(counts, kind=kind) == first
            assert mpl.rcParams["font.size"] == 30


def test_no_outcome_is_an_empty_panel() -> None:
    assert "nothing" in texts_of(draw_histograms({"nothing": {}}, kind="svg"))


def test_long_outcomes_and_many_circuits_fit_into_the_picture() -> None:
    texts = texts_of(draw_histograms({"long": {"0" * 50 + "1" * 50: 1}}, kind="svg"))
    assert "0" * 12 + "…" + "1" * 11 in texts
    many = {f"circuit {number}": {"0": 1} for number in range(1000)}
    names = [text for text in texts_of(draw_histograms(many, kind="svg")) if text.startswith("circuit")]
    assert names == [f"circuit {number}" for number in range(MAX_PANELS)]
