"""Apply the faults of a :class:`FaultInjection` to the answers of the service.

A refusal replaces the real answer. A late answer delays no other answer. A broken answer sends the first half
of the real answer and then closes or resets the connection. Starlette has no access to the connection, so the
state of each request contains it, under :data:`CONNECTION`.
"""

from __future__ import annotations

import threading
from collections import Counter

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from qiskit_qoro.local.fault_injection import FaultInjection, FaultKind
from qiskit_qoro.local.web.execution import Execution
from qiskit_qoro.web_server.connection import CONNECTION, Connection
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["FaultInjector"]

_PROXY_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body>
</html>
"""


class FaultInjector:
    """Decides which fault happens to each call and applies it. Several threads may use it.

    Args:
        fault_injection: The configured faults.
    """

    def __init__(self, fault_injection: FaultInjection) -> None:
        self._fault_injection = fault_injection
        self._counting = threading.Lock()
        self._num_calls: Counter[str] = Counter()  # by the name of the endpoint

    def next_fault(self, endpoint: Endpoint) -> FaultKind | None:
        """Count a call and return the fault that happens to it, or ``None`` for no fault."""
        if not self._fault_injection.faults:
            return None
        with self._counting:
            index = self._num_calls[endpoint.name]
            self._num_calls[endpoint.name] += 1
        return self._fault_injection.fault_for(endpoint, index)

    def refusal(self, fault: FaultKind | None) -> Response | None:
        """The answer that replaces the real one, if the fault prevents the request from taking effect."""
        if fault is FaultKind.BAD_GATEWAY:
            return JSONResponse(error_to_json("injected fault: bad gateway"), 502)
        if fault is FaultKind.HTML:
            return HTMLResponse(_PROXY_PAGE, 502)
        if fault is FaultKind.TOO_MANY:
            headers = {"Retry-After": str(self._fault_injection.retry_after_s)}
            return JSONResponse(error_to_json("injected fault: too many requests"), 429, headers)
        return None

    async def apply(self, fault: FaultKind | None, response: Response, execution: Execution) -> Response:
        """Delay or break the real answer, if the fault is of such a kind."""
        if fault is FaultKind.SLOW:
            await execution.sleep(self._fault_injection.slow_s)
        if fault in {FaultKind.RESET, FaultKind.TRUNCATED}:
            return _BrokenResponse(response, is_reset=fault is FaultKind.RESET)
        return response


class _BrokenResponse(Response):
    """Sends the first half of a response and ends the connection. Without a body nothing is sent at all."""

    def __init__(self, whole: Response, *, is_reset: bool) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._is_reset = is_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"][CONNECTION]
        if self.body:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            # The headers still announce the whole body, with its Content-Length.
            half = bytes(self.body[: len(self.body) // 2])
            await send(start)
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._is_reset:
            connection.reset()
        else:
            connection.close()
        # If this returned while the connection is open, uvicorn would log an incomplete response as an error.
        while (await receive())["type"] != "http.disconnect":
            pass
