"""A directive that prints a table from values of the code."""

from collections.abc import Iterable

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def cell(text: str) -> nodes.entry:
    """Return a table cell. A text that begins with a backtick is a name."""
    content = nodes.literal(text=text[1:]) if text.startswith("`") else nodes.Text(text)
    return nodes.entry("", nodes.paragraph("", "", content))


class Table(SphinxDirective):
    """Prints a table whose first row is its heading."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """The rows of the table."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Build the table."""
        heading, *rest = (nodes.row("", *map(cell, texts)) for texts in self.rows())
        group = nodes.tgroup(cols=len(heading))
        group += [nodes.colspec(colwidth=1) for _ in heading]
        group += nodes.thead("", heading)
        group += nodes.tbody("", *rest)
        return [nodes.table("", group)]
