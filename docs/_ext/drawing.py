"""The directive ``drawing``, a drawn figure with its caption, and tables of the facts in some figures.

The drawing is part of the page, so that its colours follow the theme. ``drawn`` has the figures.
"""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from drawn import DRAWINGS
from drawn.bit_orders import ORDERS
from drawn.layers import inner_layers
from generated_tables.table import Table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

# The layers are listed in the project file.
_SOURCES = (*Path(__file__).parent.glob("drawn/*.py"), Path(__file__).parents[2] / "pyproject.toml")


class Drawing(SphinxDirective):
    """Insert a figure. The argument is its name in ``DRAWINGS``, the content its caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"name": directives.unchanged}  # noqa: RUF012  docutils expects a plain dictionary

    def run(self) -> list[nodes.Node]:
        """Draw the figure."""
        name = self.arguments[0]
        if name not in DRAWINGS:
            raise self.error(f"unknown drawing {name!r}, expected one of {', '.join(sorted(DRAWINGS))}")
        svg = DRAWINGS[name]().svg(f"drawing-{self.env.new_serialno('drawing')}")
        figure = nodes.figure("", classes=["drawing-figure"])
        self.add_name(figure)
        figure += nodes.raw("", f'<div class="drawing-frame" tabindex="0">{svg}</div>', format="html")
        if self.content:
            caption = nodes.caption()
            found = self.parse_content_to_nodes()
            for paragraph in found:
                caption += paragraph.children
            figure += caption
        for source in _SOURCES:
            self.env.note_dependency(str(source))
        return [figure]


class BitOrders(Table):
    """Print the facts of the figure of the bit orders."""

    def rows(self):
        """One row for each kind of text."""
        yield "where", "position of qubit or bit 0", "if only number 0 is set"
        for order in ORDERS:
            side = "the rightmost" if order.rightmost else "the leftmost"
            yield order.what, f"{side} {'letter' if order.is_pauli else 'character'}", f"`{order.example}"


class InnerLayers(Table):
    """Print the layers within packages."""

    def rows(self):
        """One row for each package."""
        yield "package", "layers, from top to bottom"
        for name, found in sorted(inner_layers().items()):
            yield f"`{name}", " → ".join(", ".join(layer) for layer in found)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives, and the style of the figures."""
    app.add_directive("drawing", Drawing)
    app.add_directive("bit-orders", BitOrders)
    app.add_directive("inner-layers", InnerLayers)
    app.add_css_file("drawings.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
