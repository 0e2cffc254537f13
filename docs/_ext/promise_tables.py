"""The directive ``promise-tables``: what the client promises, and the tests that check it.

The promises come from ``reference/promises.toml``. The names of tests are sentences, so they are printed as
text, which can be wrapped.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

PROMISES = Path(__file__).parents[1] / "reference/promises.toml"


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


def text(promises: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return a section with a table for each heading."""
    lines = []
    for heading, rows in promises.items():
        lines += [f"## {heading}", "", "| Promise | Tests |", "|---|---|"]
        lines += [f"| {cell(row['promise'])} | {cell(sentences(row['tests']))} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


class PromiseTables(SphinxDirective):
    """Print all promises."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each heading."""
        self.env.note_dependency(str(PROMISES))
        promises = tomllib.loads(PROMISES.read_text(encoding="utf-8"))
        return self.parse_text_to_nodes(text(promises), allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("promise-tables", PromiseTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
