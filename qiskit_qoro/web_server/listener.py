"""The web server, in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from qiskit_qoro.errors import QoroError
from qiskit_qoro.web_server.connection import CONNECTION

__all__ = ["Listener", "LoopErrorHandler"]

_START_TIMEOUT_S = 30.0
_KEEP_ALIVE_S = 120  # long, because a request sent on a connection that is just being closed gets no answer
_GRACE_S = 2  # for answers in progress when the service stops
_TLS_CLOSE_S = 0.2  # for what has been sent to an idle connection with TLS, when the service stops
# The number of connections that may wait to be accepted. asyncio also tries to accept this many in a row. If
# there are no file descriptors, all of these attempts fail, and it repeats them every second.
_BACKLOG = 128
_WARNING_INTERVAL_S = 60.0
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_logger = logging.getLogger(__name__)


class Listener:
    """Serves an application on a socket.

    Args:
        app: The application.
        listening: A bound, listening socket. The caller owns it, but the server closes it too.
        tls: The settings of TLS for HTTPS, or ``None`` for HTTP.
    """

    def __init__(self, app: ASGIApp, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(
            _Config(
                app,
                tls=tls,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="qoro-listener", daemon=True
        )

    def start(self) -> None:
        """Start the server and return when it is ready for requests.

        Raises:
            QoroError: The server did not start in time.
        """
        self._thread.start()
        if not self._server.ready.wait(_START_TIMEOUT_S):
            raise QoroError(f"the web server did not start within {_START_TIMEOUT_S:.0f} s")

    def stop(self) -> None:
        """Stop the server and return when its thread has ended."""
        self._server.stop()
        if self._thread.ident is not None:
            self._thread.join()


class _Config(uvicorn.Config):
    """Settings with a context of TLS. uvicorn itself would build one from the names of files."""

    def __init__(self, app: ASGIApp, *, tls: ssl.SSLContext | None, **options: Any) -> None:
        super().__init__(app, **options)
        self._tls = tls

    def load(self) -> None:
        super().load()
        self.ssl = self._tls


class _SocketConnection:
    """A connection that an injected fault can end."""

    # SO_LINGER with zero seconds: closing the socket resets the connection. Its integers are shorter on
    # Windows.
    _NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, self._NO_LINGER)
        self._transport.abort()  # drops what is still buffered


class _Protocol(H11Protocol):
    """HTTP/1.1 that stores the connection where an injected fault can find it, and logs no addresses."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # An address may contain a one-time code. The option of the server only removes the handlers that the
        # logger has at the start.
        self.access_log = False
        self._is_encrypted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_encrypted = transport.get_extra_info("ssl_object") is not None
        self.app_state = {**self.app_state, CONNECTION: _SocketConnection(transport)}

    def shutdown(self) -> None:
        # asyncio forgets the connection below TLS when it is closed twice.
        if not (self._is_encrypted and self.transport.is_closing()):
            super().shutdown()
        # With TLS, closing a connection waits until the client closes it too, which an idle one does not.
        if self._is_encrypted and self.transport.is_closing():
            self.loop.call_later(_TLS_CLOSE_S, self.transport.abort)


class LoopErrorHandler:
    """Handles errors of the event loop. Logs at most once a minute that no connection can be accepted.

    Args:
        clock: Returns seconds from an arbitrary start.

    Attributes:
        is_stopping: Whether the server is about to close its sockets.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_warning = -float("inf")
        self.is_stopping = False

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle an error, as :meth:`asyncio.loop.set_exception_handler` describes."""
        if self.is_stopping and isinstance(context.get("exception"), ValueError):
            # One second after it could not accept a connection, asyncio tries again: here on a closed socket.
            return
        if getattr(context.get("exception"), "errno", None) not in _OUT_OF_RESOURCES:
            loop.default_exception_handler(context)
        elif self._clock() >= self._next_warning:
            self._next_warning = self._clock() + _WARNING_INTERVAL_S
            _logger.warning(
                "cannot accept connections (%s): they wait until others are closed; allow more open files, "
                "for example with ulimit -n",
                context["exception"],
            )


class _Server(uvicorn.Server):
    """A server that signals when it is ready, and stops at once.

    uvicorn's own main loop checks every 100 ms whether it should stop.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._errors = LoopErrorHandler()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._errors)
        self._stopped = asyncio.Event()
        self.ready.set()
        # `stop` may have been called before the event existed.
        if not self.should_exit:
            await self._stopped.wait()
        await self._finish_accepting(self._loop)

    async def _finish_accepting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept no more connections, and let those that have just been accepted reach their protocols.

        If the server were closed before, asyncio would fail to set them up and leave their sockets open.
        """
        self._errors.is_stopping = True
        for server in self.servers:
            for listening in server.sockets:
                with suppress(NotImplementedError):  # the loop of Windows
                    loop.remove_reader(listening)
        await asyncio.sleep(0)

    def stop(self) -> None:
        """Stop the server, from any thread."""
        self.should_exit = True
        # Not running yet: then `main_loop` sees `should_exit`.
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
