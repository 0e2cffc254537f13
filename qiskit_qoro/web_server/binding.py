"""Bind the socket of a server, and name its address."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from qiskit_qoro.errors import QoroError

__all__ = ["base_url_of", "bind_port", "port_error", "refuse_connections"]

# An address that means "all interfaces", and the address to connect to from this machine.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def bind_port(host: str, port: int) -> socket.socket:
    """Bind a socket, without listening.

    Args:
        host: The address.
        port: The port; 0 for a free one.

    Raises:
        QoroError: The port is taken, or the address is not one of this machine.
    """
    # asyncio disables Nagle's algorithm only if the socket's protocol is IPPROTO_TCP. socket.create_server
    # leaves it at 0, and then every answer is 40 ms late.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Allow a restart on the same port at once. On Windows the option would let two services share a port.
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise port_error(host, port, error) from error
    return bound


def port_error(host: str, port: int, error: Exception) -> QoroError:
    """Build the error for a port that cannot be used."""
    reason = str(error).rstrip(".")
    return QoroError(f"cannot listen on {host} port {port}: {reason}. Choose another port; 0 is a free one")


def refuse_connections(listening: socket.socket) -> None:
    """Stop listening, also if a forked child of this process has inherited the socket.

    Closing the socket is not enough then: the system would accept connections that nobody serves.

    Args:
        listening: A duplicate of the socket, because the web server closes the original.
    """
    with suppress(OSError):  # some systems refuse to shut down a socket that listens
        listening.shutdown(socket.SHUT_RDWR)


def base_url_of(bound: socket.socket, certified: Sequence[str] | None = None) -> str:
    """Return scheme, host and port of a server, as a client on this machine reaches it.

    Args:
        bound: The socket of the server.
        certified: The host names and addresses in the certificate of the server, or ``None`` for HTTP. If the
            address of the socket is not among them, the first name that is takes its place.
    """
    host, port = bound.getsockname()[:2]
    host = _LOOPBACK.get(host, host)
    if certified is not None:
        host = _certified(host, certified)
    scheme = "http" if certified is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _certified(host: str, names: Sequence[str]) -> str:
    """Return a name of a server that its certificate is for."""
    if host in names:
        return host
    return "localhost" if "localhost" in names else next(iter(names), host)
