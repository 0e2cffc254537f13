"""Check which name a request uses for the service.

A page of another site can make a browser send requests to this machine under the site's own name, by letting
the name resolve to a loopback address (DNS rebinding). The browser then lets the page read the answers. So a
request is refused unless its ``Host`` header has a name that nobody else controls: a loopback name, or a name
or address that belongs to this service.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.wire.payloads import error_to_json

__all__ = ["AllowedHosts", "HostCheck"]

_HOST = re.compile(r"(?P<name>\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
_NAME = re.compile(r"[^\s:/@\[\]]+")
_LOOPBACK_NAME = "localhost"
_MAX_SHOWN = 80
_MAX_KNOWN = 100


@dataclass(frozen=True)
class AllowedHosts:
    """The names of a service.

    Attributes:
        names: Names and addresses in the form of :func:`_normalize`, in addition to loopback names.
        is_any_address: Whether the service listens on all addresses of this machine. Then the address that a
            client has connected to is allowed too.
    """

    names: frozenset[str] = frozenset()
    is_any_address: bool = False

    @classmethod
    def of(cls, *, host: str, address: str, machine: str, further: Iterable[str] = ()) -> Self:
        """Build the names of a service.

        Args:
            host: The name or address that was passed as the one to listen on.
            address: The address that it listens on.
            machine: The name of this machine. It is allowed if the service listens on all addresses.
            further: Further names, without a port.

        Raises:
            QoroInputError: A further name is not a host name or address.
        """
        is_any_address = ipaddress.ip_address(address).is_unspecified
        names = {_normalize(host), _normalize(address)}
        if is_any_address:
            names.add(_normalize(machine))
        for name in further:
            normalized = _normalize(name)
            if not (_NAME.fullmatch(normalized) or _is_address(normalized)):
                raise QoroInputError(
                    f"allowed host {name!r}: expected a host name or an address without scheme and port"
                )
            names.add(normalized)
        return cls(frozenset(names), is_any_address)

    def allow(self, header: str, connected_to: str | None) -> bool:
        """Whether a request with this ``Host`` header is for this service.

        Args:
            header: The header.
            connected_to: The address of this machine that the client has connected to, if known.
        """
        match = _HOST.fullmatch(header.strip())
        if match is None:
            return False
        name = _normalize(match["name"])
        if name == _LOOPBACK_NAME or name in self.names or _is_loopback(name):
            return True
        return self.is_any_address and connected_to is not None and name == _normalize(connected_to)


class HostCheck:
    """Refuses requests for other hosts, before anything else happens.

    Args:
        app: Handles all other requests.
        allowed: The names of this service.
    """

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app = app
        self._allowed = allowed
        # Header and address of requests that were allowed. A client sends the same ones again and again.
        self._known: set[tuple[str, str | None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            server = scope.get("server")
            for header in _host_headers(scope):
                if not self._is_allowed(header, server[0] if server else None):
                    await _refusal(header)(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    def _is_allowed(self, header: str, connected_to: str | None) -> bool:
        if (header, connected_to) in self._known:
            return True
        is_allowed = self._allowed.allow(header, connected_to)
        if is_allowed and len(self._known) < _MAX_KNOWN:
            self._known.add((header, connected_to))
        return is_allowed


def _host_headers(scope: Scope) -> list[str]:
    # Old clients send none. The server refuses HTTP/1.1 requests that do not have exactly one.
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]


def _refusal(header: str) -> JSONResponse:
    shown = header if len(header) <= _MAX_SHOWN else f"{header[:_MAX_SHOWN]}..."
    message = (
        f"the request is for the host {shown!r}, expected localhost, a loopback address or the host that the "
        "service was started with; start it with --allowed-host if this is its name"
    )
    # The body has not been read, so the connection cannot be used again.
    return JSONResponse(error_to_json(message), 421, {"Connection": "close"})


def _normalize(name: str) -> str:
    """Return a name in lower case, or an address in its standard form without brackets and zone."""
    name = name.strip().lower().removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name.removesuffix(".")
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback
