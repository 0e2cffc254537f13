"""Warn about a picture that is not described in words, such as the figure of a cell without ``alt``."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

MIN_WORDS = 3

_LOGGER = logging.getLogger(__name__)


def check(_app: Sphinx, tree: nodes.document, name: str) -> None:
    """Check the pictures of a page, after its cells have been executed."""
    for picture in tree.findall(nodes.image):
        if len(picture.get("alt", "").split()) < MIN_WORDS:
            _LOGGER.warning(
                "%s: describe the picture %s in words: add alt", name, picture["uri"], location=picture
            )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Check each page when its outputs have been chosen."""
    app.connect("doctree-resolved", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
