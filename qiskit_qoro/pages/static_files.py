"""The files that pages load: the style sheet and the scripts. They are part of this package."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from starlette.responses import Response

from qiskit_qoro.pages.protection import HEADERS

__all__ = ["static_response", "version_of"]

_MEDIA_TYPES = {
    "htmx.min.js": "text/javascript",
    "pages.js": "text/javascript",
    "pages.css": "text/css",
    "icon.svg": "image/svg+xml",
}
# An address contains the version of the file, so that browsers may keep it.
_CACHING = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def _content(name: str) -> bytes:
    return files("qiskit_qoro.pages").joinpath("static", name).read_bytes()


@cache
def version_of(name: str) -> str:
    """Return a text that changes with the content of a file."""
    return hashlib.sha256(_content(name)).hexdigest()[:12]


def static_response(name: str) -> Response | None:
    """Return the answer with a file, or ``None`` if there is no such file."""
    if name not in _MEDIA_TYPES:
        return None
    return Response(_content(name), headers={**HEADERS, **_CACHING}, media_type=_MEDIA_TYPES[name])
