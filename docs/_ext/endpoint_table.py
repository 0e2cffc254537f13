"""The directive ``endpoint-table``: the calls of the service, from the table that the code uses."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.wire.endpoints import ENDPOINTS, Endpoint

HEADINGS = ("Call", "Request", "Time limit", "Sent again after a lost answer", "Description")


def cells(endpoint: Endpoint) -> tuple[nodes.Node, ...]:
    """Return the cells of one call, one for each heading."""
    request = f"{endpoint.method} {endpoint.path}"
    return (
        nodes.literal(text=endpoint.name),
        nodes.literal(text=request),
        nodes.Text(f"{endpoint.timeout_s:g} s"),
        nodes.Text("yes" if endpoint.repeatable else "never"),
        nodes.Text(endpoint.summary),
    )


def row(contents: tuple[nodes.Node, ...]) -> nodes.row:
    """Return a table row with one paragraph for each cell."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", content)) for content in contents))


class EndpointTable(SphinxDirective):
    """Print :data:`qiskit_qoro.wire.endpoints.ENDPOINTS`."""

    def run(self) -> list[nodes.Node]:
        """Build the table."""
        group = nodes.tgroup(cols=len(HEADINGS))
        group += [nodes.colspec(colwidth=1) for _ in HEADINGS]
        group += nodes.thead("", row(tuple(nodes.Text(heading) for heading in HEADINGS)))
        group += nodes.tbody("", *(row(cells(endpoint)) for endpoint in ENDPOINTS))
        return [nodes.table("", group)]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("endpoint-table", EndpointTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
