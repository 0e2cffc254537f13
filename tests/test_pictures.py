"""The pictures of the documentation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from qiskit_qoro.cli.program import build_parser

DOCS = Path(__file__).parent.parent / "docs"
LINK = re.compile(r"!\[(?P<text>[^]]*)\]\((?P<picture>[^)]+)\)")
SVG = "{http://www.w3.org/2000/svg}"


def links() -> list[tuple[Path, str, str]]:
    """Each picture of a page: the page, the text for people who do not see it, and its path."""
    return [
        (page, link["text"], link["picture"])
        for page in sorted(DOCS.rglob("*.md"))
        for link in LINK.finditer(page.read_text(encoding="utf-8"))
    ]


def screens() -> list[Path]:
    """The pictures of terminals."""
    return sorted((DOCS / "guides" / "pictures").glob("*.svg"))


@pytest.mark.parametrize(("page", "text", "picture"), links())
def test_a_picture_exists_and_is_described_in_words(page: Path, text: str, picture: str) -> None:
    assert (page.parent / picture).is_file()
    assert len(text.split()) >= 3


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {(page.parent / picture).resolve() for page, _, picture in links()}
    kept = {path.resolve() for path in DOCS.rglob("pictures/*") if path.suffix in {".png", ".svg"}}
    assert kept == shown


@pytest.mark.parametrize("path", screens(), ids=lambda path: path.stem)
def test_a_picture_of_a_terminal_shows_commands_that_exist_and_no_error(path: Path) -> None:
    lines: dict[str, str] = {}
    for piece in ET.parse(path).iter(f"{SVG}text"):
        y = piece.get("y", "")
        lines[y] = lines.get(y, "") + (piece.text or "").replace("\xa0", " ")
    commands = [line.removeprefix("$ ") for line in lines.values() if line.startswith("$ ")]
    assert commands
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "qiskit-qoro"
        build_parser().parse_args(arguments)  # ends the test if an option is unknown
    assert not [line for line in lines.values() if line.startswith(("error", "usage", "Traceback"))]


@pytest.mark.parametrize("path", screens(), ids=lambda path: path.stem)
def test_a_picture_of_a_terminal_loads_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "url(http" not in text
    assert "@font-face" not in text
