"""Find the address at which other machines reach this one. Nothing here needs Dask."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable

import psutil

__all__ = ["own_address"]

# Public addresses, to ask which of its own addresses this machine would use. Nothing is sent to them.
_FAR = {socket.AF_INET: "8.8.8.8", socket.AF_INET6: "2001:4860:4860::8888"}
_PORT = 53


def _of_default_route(family: socket.AddressFamily) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((_FAR[family], _PORT))
        return str(asking.getsockname()[0])


def _of_interfaces(family: socket.AddressFamily) -> list[str]:
    working = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        found.address
        for name, addresses in psutil.net_if_addrs().items()
        if name in working
        for found in addresses
        if found.family == family
    ]


def own_address(
    family: socket.AddressFamily,
    *,
    of_default_route: Callable[[socket.AddressFamily], str] = _of_default_route,
    of_interfaces: Callable[[socket.AddressFamily], Iterable[str]] = _of_interfaces,
    name: Callable[[], str] = socket.gethostname,
) -> str:
    """Return the address of this machine for others, or its name if it has none but loopback.

    Args:
        family: IPv4 or IPv6.
        of_default_route: Returns the address in the network of the default route. Raises ``OSError`` if there
            is no such route.
        of_interfaces: Returns the addresses of all networks.
        name: Returns the name of this machine.
    """
    try:
        first = [of_default_route(family)]
    except OSError:  # no default route, or no IPv6
        first = []
    return next(filter(_is_usable, [*first, *of_interfaces(family)]), None) or name()


def _is_usable(text: str) -> bool:
    """Whether other machines may use an address. One of the link has a zone, which is different on each."""
    address = ipaddress.ip_address(text)
    return not (address.is_loopback or address.is_unspecified or address.is_link_local)
