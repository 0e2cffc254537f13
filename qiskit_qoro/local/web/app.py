"""The HTTP face: one route for each path of the endpoint table, one function that every request goes through.

In this order: does the path exist (404), does it take the method (405), is the token known (401), is the
body short enough (413), does the local service do this (501), and then the handler. Whatever happens, the
answer is JSON. Short requests are handled on the event loop, since they take less time than handing them to
a thread; long ones in a thread, so that they do not hold up the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.store.store_errors import (
    AccessDeniedError,
    BalanceTooLowError,
    JobConflictError,
    JobNotFoundError,
    PageNotFoundError,
)
from qiskit_qoro.local.web.accounts import Account, Accounts
from qiskit_qoro.local.web.docs_page import render_page
from qiskit_qoro.local.web.fault_responses import FaultInjector
from qiskit_qoro.local.web.handlers import HANDLERS, Answer, Call, Deferred, HandlerContext
from qiskit_qoro.local.web.openapi import build_document
from qiskit_qoro.local.web.request_body import BODY_LIMIT_BYTES
from qiskit_qoro.wire.endpoints import ENDPOINTS, GET_RESULTS, PING, SUBMIT_QUBO, Endpoint
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["PREFIX", "build_app"]

PREFIX = "/api"
"""What every path begins with, as on the cloud."""

_SLOW = frozenset({GET_RESULTS, SUBMIT_QUBO})
_EARLIER_S = 5  # a client that gives up should have heard before that it is not done yet
_INLINE_BYTES = 1 << 14  # a longer body is worth a thread
_DRAIN_BYTES = (
    64 * BODY_LIMIT_BYTES
)  # how much of a body that is too long is read, so that the sender hears why

# What went wrong -> the status that says so.
_STATUS_OF: Mapping[type[Exception], int] = {
    WireError: 400,
    QoroInputError: 400,
    BalanceTooLowError: 402,
    AccessDeniedError: 403,
    JobNotFoundError: 404,
    PageNotFoundError: 404,
    JobConflictError: 409,
}

_Answer = TypeVar("_Answer", Answer, Answer | Deferred)

_logger = logging.getLogger(__name__)


def build_app(context: HandlerContext, accounts: Accounts, threads: Executor) -> ASGIApp:
    """The application that answers all calls of the endpoint table.

    Args:
        context: What the handlers work with.
        accounts: Who may call.
        threads: What answers calls that take long. It is the caller's: one that belonged to the event loop
            would need a new thread to end, which Python refuses to start while it ends itself.
    """
    saboteur = FaultInjector(context.fault_injection)
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(PREFIX + endpoint.path, {})[endpoint.method] = endpoint
    by_path[PREFIX] = {PING.method: PING}  # a base URL without its slash still answers a ping
    return Router(
        routes=[
            *_documentation(context.fault_injection),
            *(
                Route(path, _Resource(rows, context, accounts, saboteur, threads))
                for path, rows in by_path.items()
            ),
        ],
        redirect_slashes=False,
        default=_unknown_path,
    )


def _documentation(fault_injection: FaultInjection) -> list[Route]:
    """What is there for everyone, without a token."""
    document = build_document(PREFIX, fault_injection)
    page = _Document(HTMLResponse(render_page(document, is_fault_injection=fault_injection.is_on)))
    return [
        Route("/", page),
        Route("/docs", page),
        Route(f"{PREFIX}/openapi.json", _Document(JSONResponse(document))),
    ]


class _Document:
    """A text that is always the same."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        response = self._response
        if method not in {"GET", "HEAD"}:
            response = _error(405, f"expected GET, got {method}", {"Allow": "GET, HEAD"})
        await response(scope, receive, send)


class _Resource:
    """The calls that share one path."""

    def __init__(
        self,
        rows: Mapping[str, Endpoint],
        context: HandlerContext,
        accounts: Accounts,
        saboteur: FaultInjector,
        threads: Executor,
    ) -> None:
        self._rows = rows
        self._desk = context
        self._accounts = accounts
        self._saboteur = saboteur
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._handle(request)
        except ClientDisconnect:
            return
        except Exception:
            _logger.exception("%s %s failed", request.method, request.url.path)
            response = _error(500, "the local service failed: see its log")
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        """The answer, or what an injected fault makes of it."""
        endpoint = self._rows.get(request.method)
        if endpoint is None:
            allowed = ", ".join(self._rows)
            return _error(405, f"expected {allowed}, got {request.method}", {"Allow": allowed})
        body = await _read_body(request)
        fault = self._saboteur.fate(endpoint)
        refusal = self._saboteur.refusal(fault)
        if refusal is not None:
            return refusal
        return await self._saboteur.spoil(fault, await self._respond(request, endpoint, body))

    async def _respond(self, request: Request, endpoint: Endpoint, body: bytes | None) -> Response:
        account = self._accounts.authenticate(request.headers.get("authorization"))
        if account is None:
            return _error(401, "missing or unknown token", {"WWW-Authenticate": "Bearer"})
        if body is None:
            return _error(413, f"the body is longer than {BODY_LIMIT_BYTES} bytes: send less at once")
        call = _call(request, account, body)
        if endpoint in _SLOW or len(body) > _INLINE_BYTES:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._threads, _handle, endpoint, self._desk, call)
        else:
            answer = _handle(endpoint, self._desk, call)
        if isinstance(answer, Deferred):
            await self._ended(answer.number, endpoint.timeout_s - _EARLIER_S)
            answer = _checked(answer.answer)
        return _response(answer)

    async def _ended(self, number: int, timeout_s: float) -> None:
        """Wait for a job to come to an end, without holding up anything."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        self._desk.store.call_at_end(number, tell)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout_s)


def _handle(endpoint: Endpoint, context: HandlerContext, call: Call) -> Answer | Deferred | Response:
    handler = HANDLERS.get(endpoint)
    if handler is None:
        return _error(501, f"the local service does not do this yet: {endpoint.summary}")
    return _checked(lambda: handler(context, call))


def _checked(answer: Callable[[], _Answer]) -> _Answer | Response:
    try:
        return answer()
    except tuple(_STATUS_OF) as error:
        status = next(status for kind, status in _STATUS_OF.items() if isinstance(error, kind))
        return _error(status, str(error))


def _call(request: Request, account: Account, body: bytes) -> Call:
    return Call(
        account=account,
        job_id=request.path_params.get("job_id", ""),
        query=request.query_params,
        body=body,
        url=str(request.url.replace(query="")),
    )


async def _read_body(request: Request) -> bytes | None:
    """The body, ``None`` where it is too long.

    A sender that is still writing does not read: what is too long is read on and dropped, within reason.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > _DRAIN_BYTES:
        return None
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= BODY_LIMIT_BYTES:
            chunks.append(chunk)
        elif length > _DRAIN_BYTES:
            break
        else:
            chunks.clear()
    return b"".join(chunks) if length <= BODY_LIMIT_BYTES else None


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    await _error(404, f"there is nothing at {scope['path']}")(scope, receive, send)


def _response(answer: Answer | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    if answer.text is None:
        return Response(status_code=answer.status)
    return Response(answer.text, answer.status, media_type=answer.media_type)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(error_to_json(message), status, headers)
