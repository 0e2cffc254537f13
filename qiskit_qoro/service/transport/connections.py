"""The HTTP connections of a client, and the time limits of a request on them.

Each process has a pool of connections of its own. A forked child inherits the sockets of its parent; if both
used them, each would receive answers to the requests of the other.

``requests`` limits the time of each single read, so that an answer that arrives byte by byte may take
forever. Here an :class:`Exchange` limits the total time of a request and its answer: the connections of the
pool call it before they connect, send and read. They find it in a context variable, because ``requests``
passes nothing on to them.

The connections also notice two things that ``requests`` does not report: whether a request failed before the
connection was established, so that nothing was sent, and whether an answer ended within its header.
"""

from __future__ import annotations

import io
import math
import platform
import socket
from contextvars import ContextVar
from functools import partial
from http.client import HTTPResponse, RemoteDisconnected
from typing import Any

import qiskit
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import WireError
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.service.clock import Deadline

__all__ = ["MAX_EXPANSION", "MAX_INFLATED_BYTES", "Connections", "Exchange"]

MAX_INFLATED_BYTES = 2**26
"""A compressed answer may inflate to this many bytes, or to :data:`MAX_EXPANSION` times its size."""

MAX_EXPANSION = 100
"""How much larger than what was received a large answer may be. A small one must not exhaust the memory."""

_CHUNK_BYTES = 2**16
_SHORTEST_TIMEOUT_S = 0.001  # a socket with a timeout of 0 does not wait at all
_LEAST_BYTES_PER_S = 1000  # an answer that arrives more slowly has the usual time limit


class Exchange:
    """One request and its answer.

    Args:
        connect_timeout_s: Seconds to wait for a connection at most.
        answer_timeout_s: Seconds that an answer may take, and one more for each thousand bytes of it.
        deadline: When the whole answer must have arrived.

    Attributes:
        is_connecting: Whether a connection is being established for the request, or could not be established.
            Then nothing of it has been sent.
    """

    def __init__(self, connect_timeout_s: float, answer_timeout_s: float, deadline: Deadline) -> None:
        self._clock = deadline.clock
        self._end = deadline.end_of_request()
        self.connect_timeout_s = self._limit(connect_timeout_s)
        self.answer_timeout_s = self._limit(answer_timeout_s)
        self.is_connecting = False

    @property
    def has_deadline(self) -> bool:
        """Whether there is a time by which the whole answer must have arrived."""
        return self._end < math.inf

    @property
    def is_over(self) -> bool:
        """Whether that time has passed."""
        return self._clock.now() >= self._end

    def connect_share_s(self, num_addresses: int) -> float:
        """Return the seconds in which to connect to the next of several addresses."""
        return max(_SHORTEST_TIMEOUT_S, min(self.connect_timeout_s, self._left_s() / num_addresses))

    def now(self) -> float:
        """The present, on the clock of the deadline."""
        return self._clock.now()

    def limit_write(self, sock: socket.socket) -> None:
        """Limit the next write to a socket.

        Raises:
            TimeoutError: The time is over.
        """
        self._limit_step(sock, self.answer_timeout_s)

    def limit_read(self, sock: socket.socket, begin: float, num_bytes: int) -> None:
        """Limit the next read from a socket.

        Args:
            sock: The socket.
            begin: When the answer began to be read.
            num_bytes: How much of it has been read.

        Raises:
            TimeoutError: The time is over.
        """
        most_s = self.answer_timeout_s + num_bytes / _LEAST_BYTES_PER_S
        self._limit_step(sock, min(self.answer_timeout_s, begin + most_s - self._clock.now()))

    def _limit_step(self, sock: socket.socket, timeout_s: float) -> None:
        if timeout_s <= 0 or self.is_over:
            raise TimeoutError("the time limit of the request is over")
        sock.settimeout(self._limit(timeout_s))

    def _limit(self, timeout_s: float) -> float:
        return max(_SHORTEST_TIMEOUT_S, min(timeout_s, self._left_s()))

    def _left_s(self) -> float:
        return self._end - self._clock.now() if self.has_deadline else math.inf


# The current exchange of this thread.
_exchange: ContextVar[Exchange | None] = ContextVar("_exchange", default=None)


class Connections:
    """The connections of a client to one service.

    Several threads may use them. Forked processes, copies and pickles open connections of their own.

    Args:
        token: The authentication token.
        trust_env: Whether to use the proxies that the environment names.
    """

    def __init__(self, token: Secret, *, trust_env: bool) -> None:
        self._token = token
        self._trust_env = trust_env
        self._sessions = ProcessLocal(lambda _inherited: _new_session(token, trust_env=trust_env))

    def __reduce__(self) -> tuple[Any, tuple[Secret]]:
        # A copy is a new object with the same arguments.
        return partial(Connections, trust_env=self._trust_env), (self._token,)

    @property
    def session(self) -> requests.Session:
        """The session of this process. It is created if there is none."""
        return self._sessions.get()

    def request(self, exchange: Exchange, method: str, url: str, **arguments: Any) -> requests.Response:
        """Send a request and receive the whole answer.

        Args:
            exchange: The time limits of the request.
            method: The HTTP method.
            url: The URL.
            arguments: Further arguments of :meth:`requests.Session.request`.

        Raises:
            requests.RequestException: There was no answer, or no complete one.
        """
        outer = _exchange.set(exchange)
        try:
            timeout = (exchange.connect_timeout_s, exchange.answer_timeout_s)
            return self.session.request(method, url, timeout=timeout, **arguments)
        finally:
            _exchange.reset(outer)

    def close(self) -> None:
        """Close the connections of this process. The next request opens a new one."""
        session = self._sessions.peek()
        if session is not None:
            session.close()


class _BearerToken(requests.auth.AuthBase):
    """Adds the token to a request.

    A header of the session would not be enough: ``requests`` replaces it with credentials from ``.netrc`` if
    the session has no ``auth`` object.
    """

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


def _new_session(token: Secret, *, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = (
        f"qiskit-qoro/{__version__} qiskit/{qiskit.__version__} python/{platform.python_version()}"
    )
    session.auth = _BearerToken(token)
    # A proxy from the environment cannot reach a service on this machine.
    session.trust_env = trust_env
    adapter = _Adapter(pool_connections=2, pool_maxsize=32)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


# --- connections that respect an exchange -------------------------------------------------------------


class _Reader(io.RawIOBase):
    """Reads an answer from a socket within the time of its exchange.

    Attributes:
        is_at_end: Whether the other side has closed the connection.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._exchange = _exchange.get()
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
        exchange = _exchange.get()
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
        exchange = _exchange.get()
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
        exchange = _exchange.get()
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


class _Adapter(HTTPAdapter):
    """Uses the connections of this module, also through proxies, but not through those of the type SOCKS.

    It reads the bodies of the answers itself, because ``requests`` decompresses them without a limit.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._use_our_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
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
