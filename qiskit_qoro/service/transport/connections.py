"""The connections of a client: over the network, or directly to a service in the same process.

Each process has a pool of connections of its own. A forked child inherits the sockets of its parent; if both
used them, each would receive answers to the requests of the other.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import qiskit
import requests
from requests.structures import CaseInsensitiveDict

from qiskit_qoro._version import __version__
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.service.transport.authorities import authorities_file, tls_settings
from qiskit_qoro.service.transport.exchange import Exchange, current_exchange
from qiskit_qoro.service.transport.http_adapter import LimitedAdapter
from qiskit_qoro.service.transport.in_process import STOPPED, InProcessAdapter, Link

__all__ = ["Connections"]


class Connections:
    """The connections of a client to one service.

    Several threads may use them. Forked processes, copies and pickles open connections of their own.

    Args:
        token: The authentication token.
        trust_env: Whether to use the proxies that the environment names.
        link: A way to a service in this process, which is used in place of the network as long as it is open.
    """

    def __init__(self, token: Secret, *, trust_env: bool, link: Link | None = None) -> None:
        self._token = token
        self._trust_env = trust_env
        self._link = link
        self._in_process = None if link is None else InProcessAdapter(link)
        self._sessions = ProcessLocal(lambda _inherited: _new_session(token, trust_env=trust_env))

    def __copy__(self) -> Connections:
        return Connections(self._token, trust_env=self._trust_env, link=self._link)

    def __deepcopy__(self, memo: dict[int, Any]) -> Connections:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, tuple[Secret]]:
        # A pickle may be loaded in another process, which reaches the service only by its address.
        self.open_address()
        return partial(Connections, trust_env=self._trust_env), (self._token,)

    @property
    def is_addressable(self) -> bool:
        """Whether the service is reachable at its address, as far as this process knows."""
        return self._link is None or not self._link.is_open or self._link.is_addressable

    @property
    def is_stopped(self) -> bool:
        """Whether a service in this process has stopped."""
        return self._link is not None and self._link.is_stopped

    def open_address(self) -> None:
        """Make a service in this process reachable at its address."""
        if self._link is not None:
            self._link.open_address()

    def hide_token(self, text: str) -> str:
        """Return a text without the token. One that is too short to be secret may be a part of any word."""
        token = self._token.reveal()
        return text if len(token) < _SHORTEST_HIDDEN_TOKEN else text.replace(token, "(redacted)")

    @property
    def session(self) -> requests.Session:
        """The session of this process. It is created if there is none."""
        return self._sessions.get()

    def request(
        self,
        exchange: Exchange,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> requests.Response:
        """Send a request and receive the whole answer.

        Args:
            exchange: The time limits of the request.
            method: The HTTP method.
            url: The URL.
            params: The parameters of the query.
            data: The body.
            headers: Headers besides those of every request.

        Raises:
            requests.RequestException: There was no answer, or no complete one.
        """
        timeout = (exchange.connect_timeout_s, exchange.answer_timeout_s)
        if self._in_process is not None and self._link is not None and self._link.is_open:
            request = _prepare(self._token, method, url, params, data, headers)
            return self._in_process.send(request, timeout=timeout)
        if self.is_stopped:
            # Its address may belong to another program by now.
            exchange.is_connecting = True  # nothing is sent
            raise requests.ConnectionError(STOPPED)
        outer = current_exchange.set(exchange)
        try:
            return self.session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                timeout=timeout,
                verify=authorities_file(os.environ),
                # Following a redirect would send a request that changes something a second time.
                allow_redirects=method == "GET",
            )
        finally:
            current_exchange.reset(outer)

    def close(self) -> None:
        """Close the connections of this process. The next request opens a new one."""
        session = self._sessions.peek()
        if session is not None:
            session.close()


_SHORTEST_HIDDEN_TOKEN = 8
_USER_AGENT = f"qiskit-qoro/{__version__} qiskit/{qiskit.__version__} python/{platform.python_version()}"


def _prepare(
    token: Secret,
    method: str,
    url: str,
    params: Mapping[str, Any] | None,
    data: bytes | None,
    headers: Mapping[str, str],
) -> requests.PreparedRequest:
    """Build the request that a session would send.

    A session also looks for cookies, redirects, proxies and hooks. That takes longer than all the rest of a
    request within a process, which has none of these.
    """
    request = requests.PreparedRequest()
    request.method = method
    request.url = f"{url}?{urlencode(params)}" if params else url
    request.headers = CaseInsensitiveDict({"User-Agent": _USER_AGENT, "Accept": "*/*", **headers})
    request.headers["Authorization"] = f"Bearer {token.reveal()}"
    request.body = data
    if data is not None:
        request.headers["Content-Length"] = str(len(data))
    return request


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
    session.headers["User-Agent"] = _USER_AGENT
    session.auth = _BearerToken(token)
    # A proxy from the environment cannot reach a service on this machine.
    session.trust_env = trust_env
    adapter = LimitedAdapter(tls=tls_settings(os.environ), pool_connections=2, pool_maxsize=32)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
