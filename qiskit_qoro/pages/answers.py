"""Build the answers of the pages: a page in the frame, its live part, a small page, a redirect, a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from qiskit_qoro.pages.protection import HEADERS
from qiskit_qoro.pages.rendering import Page, digest_of, render_frame, render_part
from qiskit_qoro.pages.sign_in import Session
from qiskit_qoro.pages.static_files import version_of
from qiskit_qoro.pages.views import SourceFacts

__all__ = [
    "PREFIX",
    "RefusedRequestError",
    "Visitor",
    "address_of",
    "error_page",
    "framed_page",
    "is_part",
    "lead_on",
    "live_part",
    "redirect",
    "small_page",
]

PREFIX = "/pages"
"""The prefix of every path, and the path of the cookie."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Visitor:
    """The browser that has sent a request.

    Attributes:
        request: The request.
        cookie: The identifier of its session or its visit, from its cookies; a new one if it has none.
        is_new: Whether the identifier is a new one.
        csrf: The token that its forms contain.
        session: Its session, or ``None`` if it is not signed in.
        now: The present, in the time zone of the dates that are shown.
    """

    request: Request
    cookie: str
    is_new: bool
    csrf: str
    session: Session | None
    now: datetime

    @property
    def method(self) -> str:
        """The method. ``HEAD`` counts as ``GET``: the server leaves out the body of the answer."""
        return "GET" if self.request.method == "HEAD" else self.request.method


class RefusedRequestError(Exception):
    """A request that is not answered with what it asks for.

    Attributes:
        status: The status code.
        headers: Headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] = _NOTHING) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def address_of(request: Request) -> str:
    """Return the path and the query of a request, with their percent signs."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def is_part(request: Request) -> bool:
    """Whether the browser only replaces the live part of a page that it shows."""
    return request.headers.get("hx-request") == "true"


def framed_page(visitor: Visitor, facts: SourceFacts, page: Page) -> Response:
    """Show a page in the frame, with the messages of the session."""
    values = _values(visitor, facts=facts)
    live = render_part(page.live, {**values, **page.values}, visitor.now)
    is_shown = visitor.session is not None and visitor.request.method != "HEAD"
    messages = visitor.session.take_messages() if visitor.session and is_shown else []
    return _html(render_frame(page, live, {**values, "messages": messages}, visitor.now), page.status)


def live_part(visitor: Visitor, facts: SourceFacts, page: Page) -> Response:
    """Send the live part of a page, or 204 if the browser shows the same one."""
    values = _values(visitor, facts=facts)
    live = render_part(page.live, {**values, **page.values}, visitor.now)
    digest = digest_of(live)
    if visitor.request.headers.get("x-seen") == digest:
        return Response(status_code=204, headers=dict(HEADERS))
    part = {"page": page, "live": live, "digest": digest}
    return _html(render_part("live.html", {**values, **part}, visitor.now))


def small_page(
    visitor: Visitor,
    template: str,
    values: Mapping[str, Any] = _NOTHING,
    *,
    status: int = 200,
    headers: Mapping[str, str] = _NOTHING,
) -> Response:
    """Show a page without the frame, which needs no session."""
    return _html(render_part(template, {**_values(visitor), **values}, visitor.now), status, headers)


def error_page(
    visitor: Visitor,
    status: int,
    message: str,
    *,
    facts: SourceFacts | None = None,
    headers: Mapping[str, str] = _NOTHING,
) -> Response:
    """Say why a request is not answered.

    Args:
        visitor: The browser.
        status: The status code.
        message: The reason.
        facts: For an error page in the frame.
        headers: Headers of the answer.
    """
    title = _TITLES.get(status) or HTTPStatus(status).phrase.capitalize()
    values = {"title": title, "message": message}
    if facts is not None:
        return framed_page(visitor, facts, Page(title, "error.html", values, status=status))
    return small_page(visitor, "small_error.html", values, status=status, headers=headers)


# What the user sees here is an error of what stands behind the pages, such as a service or a file.
_TITLES = {502: "This cannot be shown now"}


def lead_on(visitor: Visitor, address: str, reason: str) -> Response:
    """Let the browser load another page of this server, or the same one again.

    If another site has led to this page, the browser sends no cookie, and it would send none after a redirect
    either. It does if this page leads on.
    """
    return small_page(visitor, "lead_on.html", {"target": address, "reason": reason})


def redirect(address: str) -> Response:
    """Lead the browser to another page of this server."""
    return RedirectResponse(address, 303, HEADERS)


def _values(visitor: Visitor, **further: Any) -> dict[str, Any]:
    return {
        "prefix": PREFIX,
        "csrf": visitor.csrf,
        "address": address_of(visitor.request),
        "version_of": version_of,
        "submissions": None if visitor.session is None else visitor.session.submissions,
        **further,
    }


def _html(text: str, status: int = 200, headers: Mapping[str, str] = _NOTHING) -> Response:
    return HTMLResponse(text, status, {**HEADERS, **headers})
