"""The directives ``promise-tables`` and ``protection-tables``: what is promised, and the tests that check it.

The promises of the client come from ``reference/promises.toml``, the protections of the web pages from
``explanation/protections.toml``. The names of tests are sentences, so they are printed as text, which can be
wrapped.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

DOCS = Path(__file__).parents[2]


def sentences(tests: Iterable[str]) -> str:
    """Return the tests of each file: the name of the file, and the names of its tests as sentences."""
    files: dict[str, list[str]] = {}
    for test in tests:
        path, _, name = test.partition("::")
        files.setdefault(path, []).append(name.removeprefix("test_").replace("_", " "))
    return "<br>".join(f"`{path}`: {'; '.join(names)}" for path, names in files.items())


def cell(text: str) -> str:
    """Return the Markdown of a table cell."""
    return text.replace("|", "\\|")


def text(promises: Mapping[str, list[dict[str, Any]]], key: str, level: int) -> str:
    """Return a section with a table for each heading.

    Args:
        promises: The rows by their headings.
        key: What a row calls its promise.
        level: The level of the headings.
    """
    lines = []
    for heading, rows in promises.items():
        lines += [f"{'#' * level} {heading}", "", f"| {key.capitalize()} | Tests |", "|---|---|"]
        lines += [f"| {cell(row[key])} | {cell(sentences(row['tests']))} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


class PromiseTables(SphinxDirective):
    """Print the promises of the client."""

    file, key, level = "reference/promises.toml", "promise", 2

    def run(self) -> list[nodes.Node]:
        """Build a section for each heading."""
        path = DOCS / self.file
        self.env.note_dependency(str(path))
        promises = tomllib.loads(path.read_text(encoding="utf-8"))
        return self.parse_text_to_nodes(text(promises, self.key, self.level), allow_section_headings=True)


class ProtectionTables(PromiseTables):
    """Print the protections of the web pages."""

    file, key, level = "explanation/protections.toml", "protection", 3


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("promise-tables", PromiseTables)
    app.add_directive("protection-tables", ProtectionTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
