"""Apply the faults of a :class:`FaultInjection` to the answers of the service.

A refusal replaces the real answer. A late answer waits for a timer of the event loop, so it delays no other
answer. A broken answer sends the first half of the real answer and then closes or resets the connection.
Starlette has no access to the connection, so the listener stores its transport in the state of each request,
under :data:`TRANSPORT`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from qiskit_qoro.local.fault_injection import FaultInjection, FaultKind
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["TRANSPORT", "FaultInjector"]

TRANSPORT = "transport"
"""The key of the connection's transport in the state of a request."""

# SO_LINGER with zero seconds: closing the socket resets the connection. Its integers are shorter on Windows.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

_PROXY_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body>
</html>
"""


class FaultInjector:
    """Decides which fault happens to each call and applies it. For the thread of the event loop only.

    Args:
        fault_injection: The configured faults.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self, fault_injection: FaultInjection, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._fault_injection = fault_injection
        self._sleep = sleep
        self._num_calls: Counter[str] = Counter()  # by the name of the endpoint

    def next_fault(self, endpoint: Endpoint) -> FaultKind | None:
        """Count a call and return the fault that happens to it, or ``None`` for no fault."""
        if not self._fault_injection.faults:
            return None
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

    async def apply(self, fault: FaultKind | None, response: Response) -> Response:
        """Delay or break the real answer, if the fault is of such a kind."""
        if fault is FaultKind.SLOW:
            await self._sleep(self._fault_injection.slow_s)
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
        transport: asyncio.Transport = scope["state"][TRANSPORT]
        if self.body:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            # The headers still announce the whole body, with its Content-Length.
            half = bytes(self.body[: len(self.body) // 2])
            await send(start)
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._is_reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()  # drops what is still buffered
        else:
            transport.close()
        # If this returned while the connection is open, uvicorn would log an incomplete response as an error.
        while (await receive())["type"] != "http.disconnect":
            pass
