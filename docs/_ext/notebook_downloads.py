"""Write each page with code cells as a notebook too, and show a link to it below the title of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath

import nbformat
from docutils import nodes
from page_notebooks import notebook_of_page
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.typing import ExtensionMetadata

_LINK = '<p class="notebook-download"><a href="{name}.ipynb" download>Download this notebook</a></p>'


def _notebooks(app: Sphinx) -> Iterator[str]:
    """The names of the pages with code cells, except for the first page.

    Other builders than that of HTML pages write no notebooks.
    """
    if app.builder.format == "html":
        for name, facts in app.env.metadata.items():
            if facts.get("file_format") == "mystnb" and name != app.config.root_doc:
                yield name


def _title(env: BuildEnvironment, page: str, target: str) -> str:
    """The title of another page, or of a heading of it.

    Args:
        env: Knows the titles.
        page: The name of the page with the link.
        target: The target, for example ``../guides/jobs.md#many-jobs``.
    """
    path, _, heading = target.partition("#")
    name = normpath(PurePosixPath(page).parent / PurePosixPath(path).with_suffix("")) if path else page
    slugs = env.metadata.get(name, {}).get("myst_slugs", {})
    if heading in slugs:
        return slugs[heading][2]
    return env.titles[name].astext() if name in env.titles else target


def _write_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Write the notebooks, from those that MyST-NB has executed and keeps beside the output folder."""
    for name in () if error else _notebooks(app):
        executed = nbformat.read(Path(app.env.mystnb_config.output_folder) / f"{name}.ipynb", as_version=4)
        try:
            notebook = notebook_of_page(
                executed,
                Path(app.env.doc2path(name)).parent,
                lambda target, page=name: _title(app.env, page, target),
            )
        except ValueError as problem:
            raise ExtensionError(f"{name}: {problem}") from problem
        target = Path(app.outdir) / f"{name}.ipynb"
        # If only some pages are built, the folders of others do not exist.
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


def _add_link(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Add the link to the notebook below the first title."""
    title = next(iter(tree.findall(nodes.title)), None)
    if title is not None and name in _notebooks(app):
        link = nodes.raw("", _LINK.format(name=name.rpartition("/")[2]), format="html")
        title.parent.insert(title.parent.index(title) + 1, link)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect both steps."""
    app.connect("doctree-resolved", _add_link)
    app.connect("build-finished", _write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
