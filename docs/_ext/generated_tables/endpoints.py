"""The directive ``endpoint-table``: the calls of the service, from the table that the code uses."""

from collections.abc import Iterable

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table
from qiskit_qoro.wire.endpoints import ENDPOINTS


class EndpointTable(Table):
    """Print :data:`qiskit_qoro.wire.endpoints.ENDPOINTS`."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each call."""
        yield "Call", "Request", "Time limit", "Sent again after a lost answer", "Description"
        for endpoint in ENDPOINTS:
            yield (
                f"`{endpoint.name}",
                f"`{endpoint.method} {endpoint.path}",
                f"{endpoint.timeout_s:g} s",
                "yes" if endpoint.repeatable else "never",
                endpoint.summary,
            )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("endpoint-table", EndpointTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
