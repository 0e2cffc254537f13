"""Resolve links of the pages that include a file of the repository, such as ``CONTRIBUTING.md``.

Such a file links to others from the top of the repository. If one of them has a page, the link leads there.
Otherwise the link becomes text, because the file is not part of the documentation.
"""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

TOP = Path(__file__).parents[2]
INCLUDING = {"development/changelog", "development/contributing"}
PAGES = {
    "CHANGELOG.md": "development/changelog",
    "CONTRIBUTING.md": "development/contributing",
    "README.md": "index",
}


def redirect(app: Sphinx, doctree: nodes.document) -> None:
    """Change the links of a page to files of the repository. Unknown links remain, and are reported."""
    if app.env.docname not in INCLUDING:
        return
    for link in list(doctree.findall(pending_xref)):
        target = link["reftarget"]
        if target in PAGES:
            link["refdomain"], link["reftarget"], link["reftargetid"] = "doc", PAGES[target], None
        elif link["refdomain"] is None and (TOP / target).exists():
            link.replace_self(link.children)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Handle each page when it has been read."""
    app.connect("doctree-read", redirect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
