"""Read the pages that execute code first, so that all processes of a parallel build have some of them.

Sphinx divides the list of pages into pieces, and gives each process a piece. In alphabetical order one
process would execute all tutorials at the end, while the others have nothing to do.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.parallel import make_chunks
from sphinx.util.typing import ExtensionMetadata

_EXECUTED = ("{code-cell}", "{terminal")


def _reorder(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    """Change the order of the pages in place."""
    pages = {name: Path(env.doc2path(name)).read_text(encoding="utf-8") for name in names}
    slow = [name for name, text in pages.items() if any(mark in text for mark in _EXECUTED)]
    others = [name for name in names if name not in slow]
    size = max(map(len, make_chunks(names, app.parallel)), default=0)
    ordered: list[str] = []
    for first in range(app.parallel):
        # Neighbours are in different pieces, because tutorials take longer than guides.
        piece = slow[first :: app.parallel]
        space = max(0, size - len(piece))
        ordered += [*piece, *others[:space]]
        del others[:space]
    names[:] = [*ordered, *others]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the order before the pages are read."""
    app.connect("env-before-read-docs", _reorder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
