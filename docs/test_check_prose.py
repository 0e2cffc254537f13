"""The linter of the prose finds what it should. `tox -e docs` runs this, because it installs proselint."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from check_prose import RULES, check_docstrings, check_page, main


@pytest.mark.parametrize(
    ("text", "line", "rule", "message"),
    [
        ("Good.\n\nYou can utilize it.\n", 3, "qoro.words", "instead of 'utilize', write: use"),
        ("Do this in order\nto see it.\n", 1, "qoro.words", "instead of 'in order to', write: to"),
        ("The behavior.\n", 1, "qoro.spelling", "instead of 'behavior', write: behaviour"),
        ("Two Pauli words.\n", 1, "qoro.terms", "instead of 'Pauli words', write: Pauli strings"),
        ("Read it. Never is a job lost.\n", 1, "qoro.patterns", "an inversion: begin with the subject"),
        ("This is is wrong.\n", 1, "qoro.patterns", "'is is': a word is repeated"),
        ("# Run Many Jobs\n", 1, "qoro.headings", "write Many, Jobs in small letters, or"),
        ("It was, at the end of the day, late.\n", 1, "cliches.misc.garner", "at the end of the day"),
    ],
)  # fmt: skip
def test_bad_prose_is_found(tmp_path: Path, text: str, line: int, rule: str, message: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)

    assert [
        found
        for found in check_page(page)
        if (found.line, found.rule) == (line, rule) and message in found.message
    ]


def test_a_sentence_that_is_too_long_is_found_and_one_that_is_not_passes(tmp_path: Path) -> None:
    limit = RULES["limits"]["words_in_a_sentence"]
    page = tmp_path / "page.md"

    page.write_text(f"A{' word,' * (limit - 2)} word. This one is short, and the next one too.\n")
    assert list(check_page(page)) == []

    page.write_text(f"Short.\n\nA{' word,' * (limit - 1)} word. This one is short.\n")
    (found,) = check_page(page)
    assert (found.line, found.rule) == (3, "qoro.sentences")
    assert f"{limit + 1} words, at most {limit}" in found.message


def test_the_line_of_a_docstring_is_that_in_its_module(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""A module."""\n\n\ndef function():\n    """Do.\n\n    Simply do it.\n    """\n')

    (found,) = check_docstrings(module)
    assert (found.line, found.rule) == (7, "qoro.words")


def test_code_and_links_are_no_prose(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# `Run` it with [Qiskit](utilize.md)\n\n```python\nutilize = 'simply'\n```\n\nThe color `color`.\n"
    )

    assert [found.message for found in check_page(page)] == ["instead of 'color', write: colour"]


def test_findings_are_printed_with_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("Simply run it.\n")

    assert main([str(page)]) == 1
    assert capsys.readouterr().out == f"{page}:1: qoro.words: instead of 'Simply', write: nothing\n"
    page.write_text("Run it.\n")
    assert main([str(page)]) == 0
