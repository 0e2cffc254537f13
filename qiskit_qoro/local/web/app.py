"""The web application: one route for each path of the endpoint table, and the processing of every request.

The steps are, in this order: check the host (else 421), find the path (else 404) and the method (else 405),
authenticate the token (else 401), limit the body (else 413), find the handler (else 501), run it. All errors
are answered in JSON.

:mod:`~qiskit_qoro.local.web.execution` decides where a handler runs and how a request waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import cache, partial
from types import MappingProxyType
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.local.engine.fake_backends import FAKE_BACKEND_PREFIX
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.store.store_errors import (
    AccessDeniedError,
    BalanceTooLowError,
    JobConflictError,
    JobNotFoundError,
    PageNotFoundError,
    QuotaExceededError,
    StorageError,
)
from qiskit_qoro.local.web.accounts import Account, Accounts
from qiskit_qoro.local.web.answered_requests import (
    OTHER_ENDPOINT,
    AnsweredRequest,
    RequestObserver,
)
from qiskit_qoro.local.web.calls import Answer, Call, Deferred, HandlerContext
from qiskit_qoro.local.web.docs_page import HEADERS, render_page
from qiskit_qoro.local.web.execution import EXECUTION, Execution, LoopExecution
from qiskit_qoro.local.web.fault_responses import FaultInjector
from qiskit_qoro.local.web.handlers import HANDLERS
from qiskit_qoro.local.web.openapi import build_document
from qiskit_qoro.local.web.preferences import requested_wait_s
from qiskit_qoro.local.web.request_body import BODY_LIMIT_BYTES
from qiskit_qoro.web_server.allowed_hosts import AllowedHosts, HostCheck
from qiskit_qoro.web_server.request_body import read_body
from qiskit_qoro.wire.endpoints import (
    ENDPOINTS,
    GET_RESULTS,
    INIT_JOB,
    PING,
    SET_EXECUTION_CONFIG,
    SUBMIT_QUBO,
    Endpoint,
)
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["PREFIX", "build_app"]

PREFIX = "/api"
"""The prefix of every path, as on the cloud."""

# Where the web pages are mounted, if they are on.
_PAGES = "/pages"

# The key of the name of the account in the scope of a request with a valid token.
_ACCOUNT = "qoro_account"

_THREADED_ENDPOINTS = frozenset({GET_RESULTS, SUBMIT_QUBO})
_CONFIGURING_ENDPOINTS = frozenset({INIT_JOB, SET_EXECUTION_CONFIG})
_THREADED_BODY_BYTES = 1 << 14  # longer bodies are handled in a thread for every endpoint

# The status code for each error of a handler.
_STATUS_CODES: Mapping[type[Exception], int] = {
    WireError: 400,
    QoroInputError: 400,
    BalanceTooLowError: 402,
    AccessDeniedError: 403,
    JobNotFoundError: 404,
    PageNotFoundError: 404,
    JobConflictError: 409,
    QuotaExceededError: 429,
    StorageError: 507,
}

_Answer = TypeVar("_Answer", Answer, Answer | Deferred)

_logger = logging.getLogger(__name__)


def build_app(
    context: HandlerContext,
    accounts: Accounts,
    threads: Executor,
    allowed_hosts: AllowedHosts = AllowedHosts(),  # noqa: B008 - frozen
    mounts: Mapping[str, ASGIApp] = MappingProxyType({}),
    observers: Sequence[RequestObserver] = (),
) -> ASGIApp:
    """Build the application that answers all calls of the endpoint table.

    Args:
        context: What the handlers use.
        accounts: The accounts that may call.
        threads: Runs the calls that take long. The caller shuts it down. An executor of the event loop would
            need a new thread for its shutdown, and Python starts no threads while the interpreter exits.
        allowed_hosts: The names of the service. By default only loopback names.
        mounts: Further applications by the first segment of their paths, such as ``/pages``. The one of ``/``
            answers browsers instead of the description of the API. The mapping may change later.
        observers: Are told of each request of the API that was answered.
    """
    injector = FaultInjector(context.fault_injection)
    on_loop = LoopExecution(threads)
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(PREFIX + endpoint.path, {})[endpoint.method] = endpoint
    by_path[PREFIX] = {PING.method: PING}  # a ping works without the final slash too
    paths: dict[str, ASGIApp] = {
        path: _ApiPath(by_method, context, accounts, injector, on_loop, observers)
        for path, by_method in by_path.items()
    }
    documented = _documentation_paths(context.fault_injection, mounts)
    return HostCheck(_Paths({**documented, **paths}, mounts), allowed_hosts)


def _documentation_paths(
    fault_injection: FaultInjection, mounts: Mapping[str, ASGIApp]
) -> dict[str, ASGIApp]:
    """The documentation pages, which need no token."""

    # All are built when they are first requested. Most embedded services are never asked for them. Their
    # modules are imported before, because a service may have no free file descriptors by then.
    @cache
    def document() -> dict[str, Any]:
        return build_document(PREFIX, fault_injection)

    @cache
    def document_response() -> Response:
        return JSONResponse(document())

    @cache
    def page_response(pages_path: str | None) -> Response:
        page = render_page(document(), is_warning=fault_injection.is_on, pages_path=pages_path)
        return HTMLResponse(page, headers=dict(HEADERS))

    page = _StaticPath(lambda: page_response(_PAGES if _PAGES in mounts else None))
    return {"/": page, "/docs": page, f"{PREFIX}/openapi.json": _StaticPath(document_response)}


class _Paths:
    """Finds what answers a path. As on the cloud, final slashes matter.

    Args:
        apps: What answers each path. ``{job_id}`` stands for one segment that is not empty.
        mounts: What answers all paths that begin with a segment. That of ``/`` answers only ``/``, and only
            browsers.
    """

    _JOB, _ID = f"{PREFIX}/job/", "{job_id}"

    def __init__(self, apps: Mapping[str, ASGIApp], mounts: Mapping[str, ASGIApp]) -> None:
        self._mounts = mounts
        self._fixed = {path: app for path, app in apps.items() if self._ID not in path}
        self._by_suffix = {
            path.removeprefix(self._JOB + self._ID): app for path, app in apps.items() if self._ID in path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        app = self._fixed.get(path)
        if path == "/" and _accepts_html(scope):
            app = self._mounts.get("/", app)
        if app is None and path.startswith(self._JOB):
            job_id, slash, suffix = path.removeprefix(self._JOB).partition("/")
            if job_id:
                app = self._by_suffix.get(slash + suffix)
                scope["path_params"] = {"job_id": job_id}
        if app is None:
            app = self._mounts.get("/" + path.split("/", 2)[1]) if path.startswith("/") else None
        await (app or _unknown_path)(scope, receive, send)


def _accepts_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


class _StaticPath:
    """Answers a path with a response that needs no handler.

    Args:
        get_response: Returns the response, which may be the same one each time.
    """

    def __init__(self, get_response: Callable[[], Response]) -> None:
        self._get_response = get_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method in {"GET", "HEAD"}:
            response = self._get_response()
        else:
            response = _error(405, f"expected GET, got {method}", {"Allow": "GET, HEAD"})
        await response(scope, receive, send)


class _ApiPath:
    """Answers all calls of one path of the API."""

    def __init__(
        self,
        by_method: Mapping[str, Endpoint],
        context: HandlerContext,
        accounts: Accounts,
        injector: FaultInjector,
        execution: Execution,
        observers: Sequence[RequestObserver],
    ) -> None:
        self._by_method = by_method
        self._context = context
        self._accounts = accounts
        self._injector = injector
        self._execution = execution
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        start = time.perf_counter()
        try:
            response = await self._handle(request)
        except ClientDisconnect:
            return
        except Exception:
            _logger.exception("%s %s failed", request.method, request.url.path)
            response = _error(500, "the local service failed: see its log")
        self._tell_observers(request, response.status_code, start)
        await response(scope, receive, send)

    def _tell_observers(self, request: Request, status: int, start: float) -> None:
        if not self._observers:
            return
        endpoint = self._by_method.get(request.method)
        answered = AnsweredRequest(
            endpoint=OTHER_ENDPOINT if endpoint is None else endpoint.name,
            status=status,
            duration_s=time.perf_counter() - start,
            account=request.scope.get(_ACCOUNT),
            client=None if request.client is None else request.client.host,
        )
        for observe in self._observers:
            observe(answered)

    async def _handle(self, request: Request) -> Response:
        """Handle a request and apply any injected fault."""
        endpoint = self._by_method.get(request.method)
        if endpoint is None:
            allowed = ", ".join(self._by_method)
            return _error(405, f"expected {allowed}, got {request.method}", {"Allow": allowed})
        # Read the body even if the request is going to be refused, so that the connection can be used again.
        body = await read_body(request, BODY_LIMIT_BYTES)
        fault = self._injector.next_fault(endpoint)
        refusal = self._injector.refusal(fault)
        if refusal is not None:
            return refusal
        execution: Execution = request.scope.get("state", {}).get(EXECUTION, self._execution)
        response = await self._respond(request, endpoint, body, execution)
        return await self._injector.apply(fault, response, execution)

    async def _respond(
        self, request: Request, endpoint: Endpoint, body: bytes | None, execution: Execution
    ) -> Response:
        account = self._accounts.authenticate(request.headers.get("authorization"))
        if account is None:
            return _error(401, "missing or unknown token", {"WWW-Authenticate": "Bearer"})
        request.scope[_ACCOUNT] = account.name
        if body is None:
            return _error(413, f"the body is longer than {BODY_LIMIT_BYTES} bytes: send several shorter ones")
        call = _call(request, account, body)
        takes_long = _takes_long(endpoint, body)
        answer = await execution.run(
            partial(_run_handler, endpoint, self._context, call), takes_long=takes_long
        )
        if isinstance(answer, Deferred):
            await execution.wait(partial(self._context.store.call_at_end, answer.number), answer.timeout_s)
            answer = await execution.run(
                partial(_answer_or_error, answer.build_answer), takes_long=takes_long
            )
        return _response(answer)


def _takes_long(endpoint: Endpoint, body: bytes) -> bool:
    """Whether handling a request could keep other requests waiting, so that it needs a thread."""
    # Rendering results and checking a problem can take long, however short the request is. So can the first
    # use of a fake backend, because its package has to be imported.
    return (
        endpoint in _THREADED_ENDPOINTS
        or len(body) > _THREADED_BODY_BYTES
        or (endpoint in _CONFIGURING_ENDPOINTS and FAKE_BACKEND_PREFIX.encode() in body)
    )


def _run_handler(endpoint: Endpoint, context: HandlerContext, call: Call) -> Answer | Deferred | Response:
    handler = HANDLERS.get(endpoint)
    if handler is None:
        return _error(501, f"the local service does not implement this call: {endpoint.summary}")
    return _answer_or_error(lambda: handler(context, call))


def _answer_or_error(function: Callable[[], _Answer]) -> _Answer | Response:
    """Call a function, and turn the errors that handlers raise into responses."""
    try:
        return function()
    except tuple(_STATUS_CODES) as error:
        status = next(status for kind, status in _STATUS_CODES.items() if isinstance(error, kind))
        retry = {"Retry-After": str(error.retry_after_s)} if isinstance(error, QuotaExceededError) else {}
        return _error(status, str(error), retry)


def _call(request: Request, account: Account, body: bytes) -> Call:
    return Call(
        account=account,
        job_id=request.path_params.get("job_id", ""),
        query=request.query_params,
        body=body,
        find_url=lambda: str(request.url.replace(query="")),
        wait_s=requested_wait_s(request.headers.getlist("prefer")),
    )


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    await _error(404, f"there is nothing at {scope['path']}")(scope, receive, send)


def _response(answer: Answer | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    headers = dict(answer.headers)
    if answer.text is None:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.text, answer.status, headers, answer.media_type)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(error_to_json(message), status, headers)
