"""Warn if a built page loads something from another host: a script, a style, a font, a picture or a frame.

The site works without a network, and tells no other host who reads it. Links to other sites are fine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

_LOGGER = logging.getLogger(__name__)
_OTHER_HOST = r"(?:https?:|wss?:)?//[\w.-]+[^\s\"'<>)]*"
_IN_PAGES = (
    # An address in a list of addresses follows a space.
    rf"<(?!a\b)[^<>]*\s(?:src|srcset|data|poster|action)=\"(?:[^\"]*\s)?({_OTHER_HOST})",
    rf"<link\b(?![^<>]*\brel=\"(?:canonical|author|license)\")[^<>]*\shref=\"({_OTHER_HOST})",
    rf"<(?:use|image)\b[^<>]*\shref=\"({_OTHER_HOST})",
    rf"<(?:style\b[^<>]*>[^<]*|[^<>]*\sstyle=\"[^\"]*)url\(['\"]?({_OTHER_HOST})",
)
_IN_STYLES = (rf"url\(\s*['\"]?({_OTHER_HOST})", rf"@import\s+['\"]({_OTHER_HOST})")


def addresses(file: Path) -> Iterator[str]:
    """The addresses on other hosts from which a page or a style loads something."""
    text = file.read_text(encoding="utf-8")
    for pattern in _IN_PAGES if file.suffix == ".html" else _IN_STYLES:
        yield from (match[1] for match in re.finditer(pattern, text))


def _check(app: Sphinx, error: Exception | None) -> None:
    """Check all files that were built."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for file in sorted((*out.rglob("*.html"), *out.rglob("*.css"))):
        for address in sorted({*addresses(file)}):
            _LOGGER.warning("%s loads %s from another host: ship it", file.relative_to(out), address)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Check the pages at the end of the build."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
