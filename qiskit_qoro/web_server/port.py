"""The port of a service. It is opened when somebody needs it.

Clients in the same process do not need it. Until it is open, the socket is bound, so that the address is
known and no other program gets it, but the system refuses connections.
"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

if TYPE_CHECKING:
    from qiskit_qoro.web_server.listener import Listener

__all__ = ["Port"]

# The number of connections that may wait to be accepted.
_BACKLOG = 128


class Port:
    """Serves an application on a socket once it is opened. Several threads may use it.

    Args:
        app: The application.
        bound: A bound socket. The caller owns it, but the server closes it too.
        tls: The settings of TLS for HTTPS, or ``None`` for HTTP.

    Attributes:
        address: The address and the port that the socket is bound to.
    """

    def __init__(self, app: ASGIApp, bound: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._tls = tls
        self._bound = bound
        self.address: tuple[str, int] = bound.getsockname()[:2]
        # Guards the listener, and is held while it starts or stops.
        self._lock = threading.Lock()
        self._listener: Listener | None = None
        self._is_stopped = False

    @property
    def is_open(self) -> bool:
        """Whether the port accepts connections."""
        return self._listener is not None and not self._is_stopped

    def open(self) -> None:
        """Accept connections. Does nothing if the port is open, or if it has been stopped.

        Raises:
            QoroError: The web server did not start in time.
            OSError: Another program listens on the address.
        """
        # The web server is imported only if it is needed.
        from qiskit_qoro.web_server.listener import Listener  # noqa: PLC0415

        with self._lock:
            if self._listener is None and not self._is_stopped:
                self._bound.listen(_BACKLOG)
                listener = Listener(self._app, self._bound, self._tls)
                try:
                    listener.start()
                except BaseException:
                    listener.stop()
                    raise
                self._listener = listener

    def stop(self) -> None:
        """Stop the web server, if it is running, and return when its thread has ended."""
        with self._lock:
            self._is_stopped = True
            if self._listener is not None:
                self._listener.stop()
