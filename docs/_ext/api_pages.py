"""Write the pages of the Python reference: one for each module in ``reference/api.toml``.

The pages are written before Sphinx looks for source files, into ``reference/api``, which Git ignores. A page
has the line that imports its names, a table of what is on it, and the docstrings. The directive
``api-overview`` prints all groups of the table.
"""

from collections.abc import Iterable
from enum import Enum

from api_table import (
    REFERENCE,
    TABLE,
    Page,
    first_line,
    import_from,
    public_name,
    read_groups,
    role_of,
)
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import qiskit_qoro

PAGES = REFERENCE / "api"

MAX_COLUMNS = 90  # Longer lines of code have to be scrolled.


def table(rows: Iterable[tuple[str, ...]], header: tuple[str, ...] = ()) -> list[str]:
    """Return the lines of a table."""
    lines = ["", ".. list-table::", "   :widths: auto", "   :align: left", "   :class: api-table"]
    lines += ["   :header-rows: 1", ""] if header else [""]
    for row in [header, *rows] if header else rows:
        lines += [f"   {'*' if index == 0 else ' '} - {cell}" for index, cell in enumerate(row)]
    return [*lines, ""]


def directive(page: Page, name: str, documented: object) -> list[str]:
    """Return the autodoc directive of a name."""
    kind = {"func": "function", "class": "class", "exc": "exception"}[role_of(documented)]
    lines = ["", f".. auto{kind}:: {public_name(page.module, name)}"]
    if kind == "function":
        return lines
    lines.append(f"   :members: {', '.join(page.members)}".rstrip())
    if page.hidden:
        lines.append(f"   :exclude-members: {', '.join(page.hidden)}")
    if kind == "exception":
        lines.append("   :show-inheritance:")
    if issubclass(documented, Enum):
        lines.append("   :undoc-members:")
    return lines


def import_lines(module: str, names: list[str]) -> list[str]:
    """Return the statement that imports names, on one line or with one line for each name."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= MAX_COLUMNS:
        return [f"   {line}"]
    return [f"   from {module} import (", *(f"       {name}," for name in names), "   )"]


def page_text(page: Page) -> str:
    """Return the source of a page."""
    objects = page.objects
    lines = [page.heading, "=" * len(page.heading), ""]
    if page.module_text:
        lines += [f".. automodule:: {page.module}", "   :no-members:", ""]
    lines += [".. code-block:: python", ""]
    by_module: dict[str, list[str]] = {}
    for name in page.names:
        by_module.setdefault(import_from(page.module, name), []).append(name)
    for module, names in by_module.items():
        lines += import_lines(module, names)
    if len(objects) > 1:
        lines += table(
            (f":py:{role_of(found)}:`~{public_name(page.module, name)}`", first_line(found))
            for name, found in objects.items()
        )
    for name, found in objects.items():
        lines += directive(page, name, found)
    for name in page.data:
        lines += ["", f".. autodata:: {page.module}.{name}"]
    return "\n".join([*lines, ""])


def origin(module: str, name: str) -> str:
    """Say where a name is imported from, if it is not the package."""
    source = import_from(module, name)
    return "" if source == qiskit_qoro.__name__ else f" Import it from ``{source}``."


def overview_text() -> str:
    """Return the source of the overview: a section for each group."""
    lines = []
    for group in read_groups():
        lines += [group.title, "-" * len(group.title), "", group.text]
        lines += table(
            (
                (
                    f":py:{role_of(found)}:`~{public_name(page.module, name)}`",
                    first_line(found) + origin(page.module, name),
                )
                for page in group.pages
                for name, found in page.objects.items()
            ),
            header=("Name", "Description"),
        )
        lines += [".. toctree::", "   :hidden:", ""]
        lines += [f"   api/{page.file_name.removesuffix('.rst')}" for page in group.pages]
        lines.append("")
    return "\n".join(lines)


class Overview(SphinxDirective):
    """Print the groups of the reference."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each group."""
        self.env.note_dependency(str(TABLE))
        return self.parse_text_to_nodes(overview_text(), allow_section_headings=True)


def write_pages(_app: Sphinx) -> None:
    """Write each page that has changed, and remove pages that are not in the table any more."""
    PAGES.mkdir(exist_ok=True)
    texts = {page.file_name: page_text(page) for group in read_groups() for page in group.pages}
    for path in PAGES.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path = PAGES / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the pages at the start, and register the directive."""
    app.connect("builder-inited", write_pages)
    app.add_directive("api-overview", Overview)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
