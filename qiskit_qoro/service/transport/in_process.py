"""Requests to a service in the same process, without a socket.

:class:`InProcessAdapter` is an adapter of ``requests``. It hands a prepared request to a :class:`Link`, and
makes a response of the answer. Broken connections and timeouts raise the errors that a socket would raise, so
that everything above the adapter stays the same.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from http.client import RemoteDisconnected, responses
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import IncompleteRead, ProtocolError

__all__ = ["STOPPED", "InProcessAdapter", "Link", "LinkAnswer"]

STOPPED = "the local service has been stopped"
"""Why there is no answer from a service that has stopped."""

_LONGEST_S = 1e6  # stands for no timeout


class LinkAnswer(Protocol):
    """What a service in the same process has sent."""

    @property
    def status(self) -> int:
        """The status code; 0 if the connection ended before the answer."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Names and values."""

    @property
    def body(self) -> bytes:
        """The body, as far as it was sent."""

    @property
    def is_complete(self) -> bool:
        """Whether the body is complete."""

    @property
    def is_reset(self) -> bool:
        """Whether the connection was reset."""


class Link(Protocol):
    """A way to a service in the same process. Several threads may use it."""

    @property
    def is_open(self) -> bool:
        """Whether the service can be called. If not, the client tries its address."""

    @property
    def is_stopped(self) -> bool:
        """Whether the service is known to have stopped, so that it is not at its address either."""

    @property
    def is_addressable(self) -> bool:
        """Whether the service is reachable at its address too."""

    def open_address(self) -> None:
        """Make the service reachable at its address too, for other processes."""

    def call(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes, timeout_s: float
    ) -> LinkAnswer:
        """Call the service.

        Args:
            method: The HTTP method.
            target: The path with its query.
            headers: Names and values.
            body: The body.
            timeout_s: Seconds to wait for the answer.

        Raises:
            TimeoutError: There was no answer in time.
        """


class InProcessAdapter(BaseAdapter):
    """Sends the requests of a session to a service in the same process.

    Args:
        link: The way to the service.
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the signature of the base class
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: ARG002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Send a request and return its response.

        Args:
            request: The request.
            stream: Ignored: the answer is complete when it arrives.
            timeout: Seconds to wait for the answer, or a pair with them in second place; ``None`` for ever.
            verify: Ignored: there is no certificate.
            cert: Ignored.
            proxies: Ignored.

        Raises:
            requests.ConnectionError: The service ended the connection.
            requests.ReadTimeout: There was no answer in time.
        """
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        parts = urlsplit(request.url or "")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        # A body may also consist of parts, which a socket would send one by one.
        body: Any = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = b"".join(body)
        headers = [("host", parts.netloc), *request.headers.items()]
        try:
            answer = self._link.call(
                request.method or "GET",
                target or "/",
                headers,
                body,
                _LONGEST_S if seconds is None else seconds,
            )
        except TimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        if not answer.is_complete:
            raise _broken(answer, request, is_stopped=self._link.is_stopped)
        return _response(answer, request)

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _broken(
    answer: LinkAnswer, request: requests.PreparedRequest, *, is_stopped: bool
) -> requests.RequestException:
    """Return the error that ``requests`` raises if a service ends a connection in this way."""
    reason: Exception
    if answer.is_reset:
        reason = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    elif answer.status:
        announced = int(CaseInsensitiveDict(answer.headers)["content-length"])
        reason = IncompleteRead(len(answer.body), announced - len(answer.body))
    else:
        reason = RemoteDisconnected(
            STOPPED if is_stopped else "Remote end closed connection without response"
        )
    error: requests.RequestException
    if answer.status:
        cause = ProtocolError(f"Connection broken: {reason!r}", reason)
        error = requests.exceptions.ChunkedEncodingError(cause, request=request)
    else:
        cause = ProtocolError("Connection aborted.", reason)
        error = requests.ConnectionError(cause, request=request)
    cause.__cause__ = reason
    error.__cause__ = cause
    return error


def _response(answer: LinkAnswer, request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.reason = responses.get(answer.status, "")
    response.headers = CaseInsensitiveDict(answer.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.url = request.url or ""
    response.request = request
    # `requests` has no public way to set the body that it returns as `content`.
    response._content = answer.body  # noqa: SLF001
    return response
