"""The application of the pages: check a request, find its handler, and show what the handler returns.

The steps are, in this order:

1. Refuse what another site loads (403). Let a page that another site links to load itself again, with its
   cookie.
2. Find the path (else 404) and the method (else 405).
3. For a POST, limit the body (else 413), and check the origin and the CSRF token (else 403).
4. Find the session. Without one, show the form for signing in (401).
5. Run the handler in a thread, and show its page.

Every answer has the headers of :mod:`~qiskit_qoro.pages.protection`. The server that mounts the application
has checked the host.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroError
from qiskit_qoro.pages.answers import (
    PREFIX,
    RefusedRequestError,
    Visitor,
    address_of,
    error_page,
    framed_page,
    is_part,
    lead_on,
    live_part,
    redirect,
)
from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.handlers.routes import Handler, find_handler
from qiskit_qoro.pages.protection import (
    FRAME_HEADERS,
    is_from_elsewhere,
    is_link_of_other_site,
    is_same_origin,
    is_token_valid,
)
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.sign_in import Session, SignIn, is_identifier, new_identifier
from qiskit_qoro.pages.sign_in_answers import SIGN_IN_PATHS, SignInAnswers
from qiskit_qoro.pages.source import MissingError, Source
from qiskit_qoro.pages.static_files import static_response
from qiskit_qoro.web_server.request_body import read_body

__all__ = ["PREFIX", "build_pages"]

_BODY_LIMIT_BYTES = 1 << 14
_STATIC = "/static/"

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
        self._now = now
        self._sign_in_answers = SignInAnswers(sign_in, cookie_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        visitor = self._visitor(request)
        try:
            response = await self._respond(visitor)
        except ClientDisconnect:
            return
        except RefusedRequestError as error:
            response = error_page(visitor, error.status, str(error), headers=error.headers)
        except Exception:
            _logger.exception("%s %s failed", request.method, _raw_path(request))
            response = error_page(visitor, 500, "The page cannot be shown: see the log of the service.")
        if is_part(request) and response.status_code in (401, 404):
            # The browser is to show this answer as a page, not to go on with the page that it shows.
            response.headers["HX-Refresh"] = "true"
        await response(scope, receive, send)

    def _visitor(self, request: Request) -> Visitor:
        cookies = (request.cookies.get(name, "") for name in self._sign_in_answers.cookie_names)
        known = next(filter(is_identifier, cookies), "")
        cookie = known or new_identifier()
        csrf = self._sign_in.csrf_token(cookie)
        return Visitor(request, cookie, not known, csrf, self._sign_in.session(cookie), self._now())

    async def _respond(self, visitor: Visitor) -> Response:
        request = visitor.request
        if is_from_elsewhere(request):
            raise RefusedRequestError(403, "Another site has sent this request.")
        path = _path_below_prefix(request)
        if visitor.is_new and is_link_of_other_site(request):
            return lead_on(visitor, address_of(request), "A link of another site has led to this page.")
        if path.startswith(_STATIC) and (file := static_response(path.removeprefix(_STATIC))) is not None:
            await _checked_form(visitor, ("GET",))
            return file
        if path in SIGN_IN_PATHS:
            form = await _checked_form(visitor, SIGN_IN_PATHS[path])
            return self._sign_in_answers.answer(path, visitor, form)
        found = find_handler(path)
        if found is None:
            raise RefusedRequestError(404, "There is no such page.")
        handlers, variables = found
        form = await _checked_form(visitor, handlers)
        if visitor.session is None:
            return self._sign_in_answers.form_instead(visitor)
        show = partial(self._show, visitor, visitor.session, handlers[visitor.method], variables, form)
        return await asyncio.get_running_loop().run_in_executor(self._threads, show)

    def _show(
        self,
        visitor: Visitor,
        session: Session,
        handler: Handler,
        variables: Mapping[str, str],
        form: Mapping[str, str],
    ) -> Response:
        """Answer a request of a signed-in account, in a thread."""
        source = self._open_source(session.account)
        query = visitor.request.query_params
        request = PageRequest(
            source,
            visitor.now,
            PREFIX,
            variables,
            dict(query),
            {name: tuple(query.getlist(name)) for name in query},
            is_part=is_part(visitor.request),
            form=form,
            submissions=session.submissions,
        )
        try:
            answer = handler(request)
        except MissingError as error:
            return error_page(visitor, 404, str(error), facts=source.facts)
        except QoroError as error:
            return error_page(visitor, 502, str(error), facts=source.facts)
        if isinstance(answer, Page):
            show = live_part if request.is_part else framed_page
            return show(visitor, source.facts, answer)
        if isinstance(answer, Redirect):
            if answer.message:
                session.messages.append((answer.level, answer.message))
            return redirect(PREFIX + answer.path)
        return HTMLResponse(answer.html, headers=dict(FRAME_HEADERS))


def _raw_path(request: Request) -> str:
    # Without the decoding of percent signs, an encoded slash does not separate anything.
    return address_of(request).partition("?")[0]


def _path_below_prefix(request: Request) -> str:
    path = _raw_path(request)
    if path == PREFIX:
        return "/"
    if not path.startswith(f"{PREFIX}/"):
        raise RefusedRequestError(404, "There is no such page.")
    return path.removeprefix(PREFIX)


async def _checked_form(visitor: Visitor, methods: Collection[str]) -> Mapping[str, str]:
    """Check the method. For a POST, check that a page of this server has sent it.

    Returns:
        The fields of the form; nothing unless it is a POST.
    """
    if visitor.method not in methods:
        allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
        raise RefusedRequestError(405, f"Expected {allowed}, got {visitor.method}.", {"Allow": allowed})
    if visitor.method != "POST":
        return {}
    body = await read_body(visitor.request, _BODY_LIMIT_BYTES)
    if body is None:
        raise RefusedRequestError(413, f"Expected a form of at most {_BODY_LIMIT_BYTES} bytes.")
    form = dict(parse_qsl(body.decode(errors="replace")))
    if not is_same_origin(visitor.request) or not is_token_valid(visitor.csrf, form.get("csrf", "")):
        raise RefusedRequestError(
            403, "This form is out of date, or the browser accepts no cookies. Load its page again."
        )
    return form
