"""The directive ``extras``: the optional parts of the package, from ``pyproject.toml``."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table

PROJECT = Path(__file__).parents[3] / "pyproject.toml"

PURPOSES = {
    "local": "the local service with its simulator: run circuits on your own machine, without an account",
    "visualization": "Qiskit's plots and drawings: histograms, circuits, states, maps of devices",
    "qasm3": "read programs in OpenQASM 3",
    "web": "the web pages of your jobs, on a machine without the local service",
    "cluster": "a local service whose circuits run on several machines",
    "metrics": "a local service that Prometheus can watch",
}
"""What each extra is for, in the order of the table."""


class ExtrasTable(Table):
    """Print the extras with their packages."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each extra. An extra without a purpose here is an error."""
        packages = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
        if set(packages) != set(PURPOSES):
            raise self.error(f"the extras are {', '.join(packages)}: describe each in {Path(__file__).name}")
        yield "Extra", "What it is for", "Packages"
        for name, purpose in PURPOSES.items():
            yield f"`{name}", purpose, ", ".join(packages[name])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("extras", ExtrasTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
