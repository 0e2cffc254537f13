"""The application of the pages: find the handler of a path, check the request, render the answer.

The steps are, in this order: for a POST check the origin and the CSRF token (else 403); find the session
(else show the form for signing in); find the path (else 404) and the method (else 405); run the handler in a
thread; render the page. Every answer has the headers of :mod:`~qiskit_qoro.pages.protection`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroError
from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.handlers.routes import find_handler
from qiskit_qoro.pages.protection import FRAME_HEADERS, HEADERS, is_same_origin, is_token_valid
from qiskit_qoro.pages.rendering import Page, digest_of, render_frame, render_part
from qiskit_qoro.pages.sign_in import Session, SignIn, TooManyAttemptsError
from qiskit_qoro.pages.source import MissingError, RefusedError, Source
from qiskit_qoro.pages.static_files import static_response, version_of

__all__ = ["PREFIX", "build_pages"]

PREFIX = "/pages"
"""The prefix of every path, and the path of the cookie."""

_BODY_LIMIT_BYTES = 16_384

_logger = logging.getLogger(__name__)


def build_pages(
    sign_in: SignIn,
    open_source: Callable[[str], Source],
    threads: Executor,
    *,
    cookie_name: str,
    now: Callable[[], datetime] = local_now,
) -> ASGIApp:
    """Build the application.

    Args:
        sign_in: The sessions.
        open_source: Returns what the account with a name may see and do.
        threads: Runs the handlers. The caller shuts it down.
        cookie_name: The name of the cookie. Browsers do not separate the cookies of different ports, so two
            servers on one machine need different names.
        now: Returns the present, in the time zone of the dates that are shown.
    """
    return _Pages(sign_in, open_source, threads, cookie_name, now)


class _Pages:
    def __init__(
        self,
        sign_in: SignIn,
        open_source: Callable[[str], Source],
        threads: Executor,
        cookie_name: str,
        now: Callable[[], datetime],
    ) -> None:
        self._sign_in = sign_in
        self._open_source = open_source
        self._threads = threads
        self._cookie_name = cookie_name
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(PREFIX) or "/"
        if path.startswith("/static/") and (file := static_response(path.removeprefix("/static/"))):
            return file
        cookie = request.cookies.get(self._cookie_name, "")
        form: Mapping[str, str] = {}
        if request.method == "POST":
            form = dict(parse_qsl((await _read_body(request)).decode(errors="replace")))
            expected = self._sign_in.csrf_token(cookie)
            if not is_same_origin(request) or not is_token_valid(expected, form.get("csrf", "")):
                return self._message("This form is out of date. Load the page again.", 403)
        if path == "/sign-in":
            return self._handle_sign_in(request, form)
        session = self._sign_in.session(cookie)
        if session is None:
            return self._sign_in_form(request, status=401)
        if path == "/sign-out" and request.method == "POST":
            self._sign_in.sign_out(cookie)
            return self._sign_in_form(request)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(self._show, request, path, session, cookie)
        )

    def _show(self, request: Request, path: str, session: Session, cookie: str) -> Response:
        """Answer a request of a signed-in account, in a thread."""
        source = self._open_source(session.account)
        found = find_handler(path)
        if found is None:
            return self._error(source, cookie, "There is no such page.", 404)
        handlers, variables = found
        handler = handlers.get(request.method)
        if handler is None:
            return self._error(source, cookie, f"Expected {', '.join(handlers)}.", 405)
        query = request.query_params
        page_request = PageRequest(
            source,
            self._now(),
            PREFIX,
            variables,
            dict(query),
            {name: tuple(query.getlist(name)) for name in query},
            is_part=request.headers.get("hx-request") == "true",
        )
        try:
            answer = handler(page_request)
            if isinstance(answer, Redirect):
                if answer.message:
                    session.messages.append((answer.level, answer.message))
                return RedirectResponse(PREFIX + answer.path, 303, HEADERS)
            if isinstance(answer, Page):
                return self._page(request, source, session, cookie, answer, page_request)
            return HTMLResponse(answer.html, headers=dict(FRAME_HEADERS))
        except MissingError as error:
            return self._error(source, cookie, str(error), 404)
        except RefusedError as error:
            return self._error(source, cookie, str(error), 409)
        except QoroError as error:
            return self._error(source, cookie, str(error), 502)
        except Exception:
            _logger.exception("%s %s failed", request.method, request.url.path)
            return self._error(source, cookie, "The page cannot be shown: see the log of the service.", 500)

    def _page(
        self,
        request: Request,
        source: Source,
        session: Session,
        cookie: str,
        page: Page,
        page_request: PageRequest,
    ) -> Response:
        now = self._now()
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        values = {**self._values(cookie, source), "address": address}
        live = render_part(page.live, {**values, **page.values}, now)
        if page_request.is_part:
            if request.headers.get("x-seen") == digest_of(live):
                return Response(status_code=204, headers=dict(HEADERS))
            part = {"page": page, "live": live, "digest": digest_of(live)}
            return HTMLResponse(render_part("live.html", {**values, **part}, now), headers=dict(HEADERS))
        messages, session.messages = session.messages, []
        text = render_frame(page, live, {**values, "messages": messages}, now)
        return HTMLResponse(text, page.status, dict(HEADERS))

    def _values(self, cookie: str, source: Source | None) -> dict[str, Any]:
        return {
            "prefix": PREFIX,
            "csrf": self._sign_in.csrf_token(cookie),
            "facts": None if source is None else source.facts,
            "version_of": version_of,
        }

    def _error(self, source: Source, cookie: str, message: str, status: int) -> Response:
        page = Page("Error", "error.html", {"message": message}, status=status)
        values = {**self._values(cookie, source), "address": "", "messages": []}
        live = render_part(page.live, {**values, **page.values}, self._now())
        return HTMLResponse(render_frame(page, live, values, self._now()), status, dict(HEADERS))

    # --- signing in -----------------------------------------------------------------------------------

    def _handle_sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        """Use the code in the address, or the code or token in the form."""
        given = form.get("code") if request.method == "POST" else request.query_params.get("code")
        if not given:
            return self._sign_in_form(request)
        try:
            session_id = self._sign_in.sign_in(given.strip())
        except TooManyAttemptsError as error:
            return self._sign_in_form(request, f"{error}", 429, {"Retry-After": str(error.retry_after_s)})
        if session_id is None:
            return self._sign_in_form(request, "This code or token is wrong or has been used.", 401)
        # If another site has led to this address, a redirect would not send the cookie. This page leads on.
        values = {**self._values(session_id, None), "address": ""}
        response = HTMLResponse(render_part("signed_in.html", values, self._now()), headers=dict(HEADERS))
        self._set_cookie(response, session_id)
        return response

    def _sign_in_form(
        self,
        request: Request,
        message: str = "",
        status: int = 200,
        headers: Mapping[str, str] = {},
    ) -> Response:
        cookie = request.cookies.get(self._cookie_name, "")
        visit = cookie or secrets.token_urlsafe(32)
        values = {**self._values(visit, None), "message": message}
        text = render_part("sign_in.html", values, self._now())
        response = HTMLResponse(text, status, {**HEADERS, **headers})
        if visit != cookie:
            self._set_cookie(response, visit)
        return response

    def _message(self, message: str, status: int) -> Response:
        values = {**self._values("", None), "message": message}
        return HTMLResponse(render_part("sign_in.html", values, self._now()), status, dict(HEADERS))

    def _set_cookie(self, response: Response, value: str) -> None:
        response.set_cookie(self._cookie_name, value, path=PREFIX, httponly=True, samesite="strict")


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT_BYTES:
            return b""
    return body
