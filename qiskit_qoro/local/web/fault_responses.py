"""Makes the faults of a :class:`FaultInjection` happen to answers.

Refusals are ordinary responses that stand in for the real one. A broken answer begins like the real one
and ends in the middle, by closing the connection or by resetting it; for that the listener leaves the
connection's transport in the request's state, under :data:`TRANSPORT`. A late answer waits on a timer of the
event loop, so that it holds up nobody else.
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
"""Where the state of a request holds the transport of its connection."""

# Zero seconds of lingering: closing the socket resets the connection. Windows has shorter integers here.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body>
</html>
"""


class FaultInjector:
    """Decides the fate of each call and carries it out. For the thread of the event loop only.

    Args:
        fault_injection: What goes wrong.
        sleep: Lets seconds pass.
    """

    def __init__(
        self, fault_injection: FaultInjection, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._fault_injection = fault_injection
        self._sleep = sleep
        self._seen: Counter[str] = Counter()

    def fate(self, endpoint: Endpoint) -> FaultKind | None:
        """What happens to the next call of a kind; each question counts as a call."""
        if not self._fault_injection.faults:
            return None
        self._seen[endpoint.name] += 1
        return self._fault_injection.fate(endpoint, self._seen[endpoint.name] - 1)

    def refusal(self, fault: FaultKind | None) -> Response | None:
        """The answer in place of the real one, where the fault is that the request has no effect."""
        if fault is FaultKind.BAD_GATEWAY:
            return JSONResponse(error_to_json("injected fault: bad gateway"), 502)
        if fault is FaultKind.HTML:
            return HTMLResponse(_PAGE, 502)
        if fault is FaultKind.TOO_MANY:
            wait = {"Retry-After": str(self._fault_injection.retry_after_s)}
            return JSONResponse(error_to_json("injected fault: too many requests"), 429, wait)
        return None

    async def spoil(self, fault: FaultKind | None, response: Response) -> Response:
        """The real answer as the fault leaves it."""
        if fault is FaultKind.SLOW:
            await self._sleep(self._fault_injection.slow_s)
        if fault in {FaultKind.RESET, FaultKind.TRUNCATED}:
            return _Broken(response, is_reset=fault is FaultKind.RESET)
        return response


class _Broken(Response):
    """The first half of an answer; one without a body is not even begun."""

    def __init__(self, whole: Response, *, is_reset: bool) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._is_reset = is_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = scope["state"][TRANSPORT]
        if self.body:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            half = bytes(self.body[: len(self.body) // 2])
            await send(start)
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._is_reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        else:
            transport.close()
        # To return before the connection is gone would be taken for a mistake of the application.
        while (await receive())["type"] != "http.disconnect":
            pass
