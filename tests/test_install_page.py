"""The pages say how to install the package, and nothing that does not work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FROM_AN_INDEX = re.compile(r"pip install\s+(?:-\S+\s+)*[\"']?qiskit[-_]qoro")


@pytest.mark.parametrize(
    ("command", "is_from_an_index"),
    [
        ("pip install qiskit-qoro", True),
        ('pip install --upgrade "qiskit-qoro[local]"', True),
        ('pip install ".[local]"', False),
        ("pip uninstall qiskit-qoro", False),
    ],
)
def test_an_installation_from_an_index_is_recognized(command: str, is_from_an_index: bool) -> None:
    assert bool(FROM_AN_INDEX.search(command)) is is_from_an_index


def test_no_page_installs_a_release_that_does_not_exist() -> None:
    assert [page.name for page in PAGES if FROM_AN_INDEX.search(page.read_text(encoding="utf-8"))] == []


def test_the_page_names_the_lowest_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs/guides/install.md").read_text(encoding="utf-8")
    assert f"| Python | {project['requires-python'].removeprefix('>=')} or later" in page
