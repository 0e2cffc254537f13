"""The adapter of ``requests`` for connections over the network, with our time and size limits.

The connections notice two things that ``requests`` does not report: whether a request failed before the
connection was established, so that nothing was sent, and whether an answer ended within its header.
"""

from __future__ import annotations

import io
import socket
import ssl
from http.client import HTTPResponse, RemoteDisconnected
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from qiskit_qoro.errors import WireError
from qiskit_qoro.service.transport.exchange import current_exchange

__all__ = ["MAX_EXPANSION", "MAX_INFLATED_BYTES", "LimitedAdapter"]

MAX_INFLATED_BYTES = 2**26
"""A compressed answer may inflate to this many bytes, or to :data:`MAX_EXPANSION` times its size."""

MAX_EXPANSION = 100
"""How much larger than what was received a large answer may be. A small one must not exhaust the memory."""

_CHUNK_BYTES = 2**16


class _Reader(io.RawIOBase):
    """Reads an answer from a socket within the time of its exchange.

    Attributes:
        is_at_end: Whether the other side has closed the connection.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._exchange = current_exchange.get()
        self._begin = self._exchange.now() if self._exchange is not None else 0.0
        self._num_bytes = 0
        self.is_at_end = False

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        if self._exchange is not None:
            self._exchange.limit_read(self._sock, self._begin, self._num_bytes)
        length = self._raw.readinto(buffer)
        self.is_at_end = length == 0
        self._num_bytes += length or 0
        return length

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer. Its end within the header is an error, not the end of the header."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = _Reader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        # The blank line at the end of the header is found before the end of the connection is read.
        if self._reader.is_at_end:
            raise RemoteDisconnected("the connection was closed within the header of the answer")


class _Connection(HTTPConnection):
    response_class = _Response

    def connect(self) -> None:
        exchange = current_exchange.get()
        if exchange is None:
            super().connect()
            return
        # This stays set if an error is raised, also while TLS or a tunnel is set up.
        exchange.is_connecting = True
        super().connect()
        exchange.is_connecting = False

    def _new_conn(self) -> socket.socket:
        """Connect to one of the addresses of the host.

        The base class gives each address the whole time. Here they share the time until the deadline.
        """
        exchange = current_exchange.get()
        if exchange is None or not exchange.has_deadline:
            return super()._new_conn()
        host = self._dns_host
        try:
            for left, address in _count_down(_addresses(host, self.port)):
                self._dns_host = address
                self.timeout = exchange.connect_share_s(left)
                try:
                    return super()._new_conn()
                except (ConnectTimeoutError, NewConnectionError):
                    if left == 1:
                        raise
        finally:
            # The name of the host is needed to check the certificate.
            self._dns_host = host
        raise AssertionError("unreachable: there is at least one address")  # pragma: no cover

    def send(self, data: Any) -> None:
        exchange = current_exchange.get()
        # A connection that has been used before still has the timeout of its last read.
        if exchange is not None and self.sock is not None:
            exchange.limit_write(self.sock)
        super().send(data)


def _addresses(host: str, port: int | None) -> list[str]:
    """Return the addresses of a host; the host itself if it is unknown, to get the usual error."""
    try:
        found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [host]
    return list(dict.fromkeys(str(address[0]) for *_, address in found)) or [host]


def _count_down(items: list[str]) -> list[tuple[int, str]]:
    """Return each item with the number of items from there on."""
    return [(len(items) - index, item) for index, item in enumerate(items)]


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class LimitedAdapter(HTTPAdapter):
    """Uses the connections of this module, also through proxies, but not through those of the type SOCKS.

    It reads the bodies of the answers itself, because ``requests`` decompresses them without a limit.

    Args:
        tls: The settings of TLS, or ``None`` for the usual ones. The authorities of a request are added.
        **options: The arguments of the base class.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        # The base class builds its pool of connections at once.
        self._tls: dict[str, Any] = {} if tls is None else {"ssl_context": tls}
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **(kwargs | self._tls))
        self._use_our_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **(kwargs | self._tls))
        if not proxy.lower().startswith("socks"):
            self._use_our_connections(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        _read_body(response)
        return response

    @staticmethod
    def _use_our_connections(manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def _read_body(response: requests.Response) -> None:
    """Receive and decompress the body of an answer.

    Raises:
        WireError: It is large, and much larger than what was received.
    """
    chunks, size = [], 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > max(MAX_INFLATED_BYTES, MAX_EXPANSION * response.raw.tell()):
            response.close()
            url = response.url.partition("?")[0]
            raise WireError(
                f"the answer from {url} inflates to more than {MAX_INFLATED_BYTES} bytes and {MAX_EXPANSION} "
                "times its size: check the base URL"
            )
    # `requests` has no public way to set the body that it returns as `content`.
    response._content = b"".join(chunks)  # noqa: SLF001
