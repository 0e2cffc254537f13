"""The pictures of the documentation, and the commands whose screens the build shows."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qiskit_qoro import __version__
from qiskit_qoro.cli.program import build_parser

DOCS = Path(__file__).parent.parent / "docs"
RUNNER = DOCS / "_ext/terminal_runner.py"
LINK = re.compile(r"!\[(?P<text>[^]]*)\]\((?P<picture>[^)]+)\)")
TERMINAL = re.compile(r"^(`{3,}|:{3,})\{terminal\}\n(?P<content>.*?)^\1$", re.MULTILINE | re.DOTALL)


def texts() -> Iterator[tuple[Path, str]]:
    """Each page and its text."""
    for page in sorted(DOCS.rglob("*.md")):
        yield page, page.read_text(encoding="utf-8")


def links() -> list[tuple[Path, str, str]]:
    """Each picture of a page: the page, the text for people who do not see it, and its path."""
    return [(page, link["text"], link["picture"]) for page, text in texts() for link in LINK.finditer(text)]


def commands() -> list[tuple[str, str]]:
    """The commands of the directives ``terminal``, with the names of their pages.

    The commands that are wrong on purpose are left out.
    """
    return [
        (page.name, line)
        for page, text in texts()
        for block in TERMINAL.finditer(text)
        if ":exit-code:" not in block["content"]
        for line in block["content"].splitlines()
        if line.strip() and not line.startswith(":")
    ]


def screens(*runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Run commands as the build does."""
    done = subprocess.run(
        [sys.executable, RUNNER], input=json.dumps(runs), capture_output=True, encoding="utf-8", check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    """The program that runs the commands."""
    spec = importlib.util.spec_from_file_location("terminal_runner", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("page", "text", "picture"), links())
def test_a_picture_exists_and_is_described_in_words(page: Path, text: str, picture: str) -> None:
    assert (page.parent / picture).is_file()
    assert len(text.split()) >= 3


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {(page.parent / picture).resolve() for page, _, picture in links()}
    kept = {path.resolve() for path in DOCS.rglob("pictures/*") if path.suffix in {".png", ".svg"}}
    assert kept == shown


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_terminal_shows_a_command_that_exists(page: str, command: str) -> None:
    name, *arguments = shlex.split(command)
    assert name == "qiskit-qoro", page
    if arguments != ["--version"]:  # ends the program
        build_parser().parse_args(arguments)  # ends the test if an option is unknown


def test_a_terminal_is_on_a_page() -> None:
    assert commands()


def test_a_screen_shows_lines_that_were_replaced_as_they_are_at_the_end(runner: ModuleType) -> None:
    screen = runner.Screen()
    screen.feed("RUNNING 1/2\r\x1b[KRUNNING 2/2\r\x1b[K\x1b[32mdone\x1b[0m\nnext\n")
    assert screen.text == "done\nnext\n"
    assert screen.lines[0] == "\x1b[32mdone\x1b[0m"


def test_a_screen_shows_a_table_that_is_written_again(runner: ModuleType) -> None:
    screen = runner.Screen()
    screen.feed("a 1\nb 1\n\x1b[2A\x1b[Ka 2\n\x1b[Kb 2\n")
    assert screen.text == "a 2\nb 2\n"


def test_the_screen_of_a_command_has_its_output_and_exit_code(runner: ModuleType) -> None:
    version, missing = screens({"arguments": ["--version"]}, {"arguments": ["run", "missing.qasm"]})
    assert version == {"lines": [f"qiskit-qoro {__version__}"], "exit_code": 0}
    assert missing["exit_code"] == 2
    assert "missing.qasm: No such file or directory" in missing["lines"][0]
    assert runner.run_without_terminal(["--version"]) == version


def test_a_command_is_interrupted_at_a_moment(runner: ModuleType) -> None:
    (screen,) = screens({"arguments": ["serve", "--workers", "1"], "stop": "QORO_API_KEY"})
    assert screen["exit_code"] == 0
    if runner.HAS_TERMINALS:
        assert "QORO_API_URL=" in "".join(screen["lines"])
    else:
        assert screen["lines"] == []


def test_a_word_with_a_star_means_files(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.qasm", "a.qasm", "c.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert runner.expanded("*.qasm") == ["a.qasm", "b.qasm"]
    for word in ("a.qasm", "0.5*ZZ"):
        assert runner.expanded(word) == [word]
