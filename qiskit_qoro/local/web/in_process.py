"""Calls of the application from the same process, without a socket.

The application gets the same request as from the web server and cannot tell the difference: only the socket,
the HTTP parser and the change to the thread of the event loop are left out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from qiskit_qoro.local.web.execution import EXECUTION, BlockingExecution, Waits
from qiskit_qoro.web_server.connection import CONNECTION
from qiskit_qoro.web_server.port import Port

__all__ = ["InProcessAnswer", "InProcessLink"]

_CLIENT = ("127.0.0.1", 0)


@dataclass
class InProcessAnswer:
    """What the application has sent.

    Attributes:
        status: The status code; 0 if the connection ended before the answer.
        headers: Names and values.
        body: The body, as far as it was sent.
        is_complete: Whether the connection stayed open until the end of the body.
        is_reset: Whether the connection was reset.
    """

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    is_complete: bool = False
    is_reset: bool = False


class InProcessLink:
    """Calls an application in the calling thread. Several threads may use one link.

    Args:
        app: The application.
        threads: Runs its handlers.
        port: Makes the application reachable at its address too.
    """

    def __init__(self, app: ASGIApp, threads: Executor, port: Port) -> None:
        self._app = app
        self._threads = threads
        self._port = port
        self._waits = Waits()
        self._pid = os.getpid()

    @property
    def is_open(self) -> bool:
        """Whether the application can be called. It cannot in a forked child, nor when the service stops."""
        return os.getpid() == self._pid and not self._waits.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether the service is known to have stopped. A forked child cannot know.

        While the interpreter exits, it is not said either: only daemon threads still wait then. They are to
        try again, and end silently with the process, instead of printing an error.
        """
        is_exiting = not threading.main_thread().is_alive()
        return os.getpid() == self._pid and self._waits.is_stopped and not is_exiting

    @property
    def is_addressable(self) -> bool:
        """Whether the application is reachable at its address too."""
        return self._port.is_open

    def open_address(self) -> None:
        """Make the application reachable at its address too, for other processes."""
        if self.is_open:
            self._port.open()

    def stop(self) -> None:
        """Refuse further calls, and end the waits of the present ones."""
        self._waits.stop()

    def call(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
    ) -> InProcessAnswer:
        """Call the application and return its answer.

        Args:
            method: The HTTP method.
            target: The path with its query.
            headers: Names and values.
            body: The body.
            timeout_s: Seconds to wait for the answer.

        Raises:
            TimeoutError: There was no answer in time. The handler continues.
        """
        execution = BlockingExecution(self._threads, self._waits, timeout_s)
        exchange = _Exchange(body)
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "root_path": "",
            "query_string": query.encode("ascii"),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": _CLIENT,
            "server": self._port.address,
            "state": {EXECUTION: execution, CONNECTION: exchange},
        }
        _run(self._app(scope, exchange.receive, exchange.send))
        if not exchange.answer.is_complete and execution.is_over:
            raise TimeoutError("timed out")
        return exchange.answer


class _Exchange:
    """The request that an application receives, and the answer that it sends."""

    def __init__(self, body: bytes) -> None:
        self.answer = InProcessAnswer()
        self._body: bytes | None = body
        self._is_open = True

    async def receive(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if not self._is_open:
            return
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            ]
        else:
            self.answer.body += message.get("body", b"")
            self.answer.is_complete = not message.get("more_body", False)

    def close(self) -> None:
        self._is_open = False

    def reset(self) -> None:
        self._is_open = False
        self.answer.is_reset = True


def _run(call: Awaitable[None]) -> None:
    """Run a call that never suspends itself, because everything in it blocks instead."""
    try:
        next(call.__await__())
    except StopIteration:
        return
    raise AssertionError("unreachable: a blocking execution never suspends")  # pragma: no cover
