"""The table of protections in the documentation: it names existing tests, and all tests of the security."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/explanation/protections.toml"
TEST = re.compile(r"(tests/[\w/]+\.py)::((?:Test\w+::)?test_\w+)")
# The words of the list that the pages were built to.
PROTECTIONS = (
    "one-time code",
    "HttpOnly",
    "SameSite=Strict",
    "sent for `/pages` only",
    "never appears in an address",
    "Host",
    "Origin",
    "CSRF token",
    "default-src 'self'",
    "framed",
    "guessed",
    "Labels, tags, programs",
    "sandboxed frame",
    "only its own jobs",
    "attempts to sign in",
    "off unless",
)


def rows() -> dict[str, list[tuple[str, str]]]:
    """Protection to the tests that check it."""
    found = {}
    for group in tomllib.loads(TABLE.read_text(encoding="utf-8")).values():
        for row in group:
            matches = [TEST.fullmatch(test) for test in row["tests"]]
            found[row["protection"]] = [(match[1], match[2]) for match in matches if match is not None]
            assert len(found[row["protection"]]) == len(matches), row
    return found


@cache
def named_tests(path: str) -> dict[str, ast.FunctionDef]:
    """Name to test. The name of a test in a class begins with that of the class."""
    found = {}
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{one.name}": one for one in node.body if isinstance(one, ast.FunctionDef)
            }
    return {name: node for name, node in found.items() if node.name.startswith("test_")}


@pytest.mark.parametrize("protection", rows())
def test_a_protection_has_tests_that_exist_and_check_something(protection: str) -> None:
    named = rows()[protection]
    assert named
    for path, name in named:
        assert name in named_tests(path), f"{path} has no {name}"
        code = ast.unparse(named_tests(path)[name])
        assert re.search(r"\bassert\b|\bexpect\(", code)  # `expect` is the assertion of a browser
        assert not re.search(r"mark\.(skip|xfail)", code)


def test_every_test_of_the_security_is_in_the_table() -> None:
    listed = {test for tests in rows().values() for test in tests}
    paths = [f"tests/pages/{path.name}" for path in sorted(Path(__file__).parent.glob("test_security_*.py"))]
    existing = {
        (path, name) for path in paths if not path.endswith("_table.py") for name in named_tests(path)
    }
    assert existing - listed == set()


@pytest.mark.parametrize("words", PROTECTIONS)
def test_every_protection_is_in_the_table(words: str) -> None:
    assert [protection for protection in rows() if words in protection]
