"""Answer requests for ``/metrics``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.local.metrics.access import METRICS_PATH
from qiskit_qoro.local.web.answered_requests import AnsweredRequest, RequestObserver
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["build_metrics_app"]

_ENDPOINT = "metrics"
_METHODS = ("GET", "HEAD")

_logger = logging.getLogger(__name__)


def build_metrics_app(
    registry: CollectorRegistry,
    may_read: Callable[[str | None], bool],
    threads: Executor,
    observers: Sequence[RequestObserver] = (),
) -> ASGIApp:
    """Build the application.

    Args:
        registry: The metrics.
        may_read: Whether a request with a header ``Authorization`` may read them.
        threads: Reads the metrics. The caller shuts it down.
        observers: Are told of each request. Its endpoint is ``metrics``.
    """

    async def respond(request: Request) -> Response:
        if request.url.path != METRICS_PATH:
            return _error(404, f"there is nothing at {request.url.path}")
        if request.method not in _METHODS:
            allowed = ", ".join(_METHODS)
            return _error(405, f"expected {allowed}, got {request.method}", {"Allow": allowed})
        if not may_read(request.headers.get("authorization")):
            message = "missing or unknown token, expected that of the service's own account or of the metrics"
            return _error(401, message, {"WWW-Authenticate": "Bearer"})
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        try:
            # Reading the database may have to wait for its lock.
            text = await asyncio.get_running_loop().run_in_executor(threads, encode, registry)
        except Exception:  # the database cannot be read, for example
            _logger.exception("the metrics cannot be read")
            return _error(500, "the metrics cannot be read: see the log of the service")
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        start = time.perf_counter()
        response = await respond(request)
        answered = AnsweredRequest(
            endpoint=_ENDPOINT,
            status=response.status_code,
            duration_s=time.perf_counter() - start,
            account=None,
            client=None if request.client is None else request.client.host,
        )
        for observe in observers:
            observe(answered)
        await response(scope, receive, send)

    return app


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(error_to_json(message), status, headers)
