"""Protection of the pages: the headers of each answer, and the checks of each request."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.requests import Request

__all__ = [
    "FRAME_HEADERS",
    "HEADERS",
    "is_from_elsewhere",
    "is_link_of_other_site",
    "is_same_origin",
    "is_token_valid",
]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every page."""

FRAME_HEADERS: Mapping[str, str] = {
    **HEADERS,
    # The report has styles of its own. It must not run, load, send or frame anything.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""The headers of a report, which is shown in a frame."""


def is_from_elsewhere(request: Request) -> bool:
    """Whether a page of another site or of another port has made the browser send a request.

    Following a link to a page is allowed. Frames, images, scripts and requests of scripts are not. Browsers
    say in the headers ``Sec-Fetch-*`` what a request is for. Old ones, and other programs, do not send them.
    """
    if request.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    purpose = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
    return purpose != ("navigate", "document")


def is_link_of_other_site(request: Request) -> bool:
    """Whether a link of another site has led to a page. The browser sends no cookie then."""
    return request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site"


def is_same_origin(request: Request) -> bool:
    """Whether a page of this server has sent a form. A request without ``Origin`` comes from elsewhere."""
    own = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
    return request.headers.getlist("origin") == [own]


def is_token_valid(expected: str, received: str) -> bool:
    """Whether a CSRF token is the expected one. The time that this takes tells nothing about it."""
    return hmac.compare_digest(expected.encode(), received.encode())
