"""Read the address of a cluster, as a user writes it.

There are three forms::

    tls://HOST:PORT  tcp://127.0.0.1:PORT    the scheduler of a cluster that runs
    local:N                                  a cluster on this machine, with N workers
    FILE.yaml                                a cluster whose workers are jobs of a queueing system

An address without TLS is accepted only if it cannot leave this machine: whoever reaches a scheduler can run
programs on all machines of its cluster. This module does not import Dask.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import shown

__all__ = [
    "DEFAULT_PORT",
    "ClusterFile",
    "ClusterPlace",
    "LocalWorkers",
    "SchedulerAddress",
    "bracketed",
    "is_loopback",
    "parse_cluster",
    "parse_scheduler_address",
]

DEFAULT_PORT = 8786
"""The port of a scheduler whose address names none. It is Dask's own."""

_LOCAL = "local:"
_FILES = (".yaml", ".yml")
_MAX_LOCAL_WORKERS = 256

_FORMS = "tls://HOST:PORT, tcp://127.0.0.1:PORT, local:N or the path of a YAML file"
_UNENCRYPTED = (
    "the address {} is not encrypted, and not one of this machine: anybody who reaches the scheduler could "
    "run programs on all its machines. Use tls://{}, with certificates that 'qiskit-qoro certificates DIR' "
    "creates"
)


@dataclass(frozen=True)
class SchedulerAddress:
    """The address of a scheduler.

    Attributes:
        host: The name or the address of its machine, without brackets.
        port: Its port.
        is_encrypted: Whether connections use TLS.
    """

    host: str
    port: int
    is_encrypted: bool

    def __str__(self) -> str:
        return f"{'tls' if self.is_encrypted else 'tcp'}://{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True)
class LocalWorkers:
    """A cluster on this machine, which starts and ends with the service.

    Attributes:
        count: The number of its workers.
    """

    count: int

    def __str__(self) -> str:
        return f"{_LOCAL}{self.count}"


@dataclass(frozen=True)
class ClusterFile:
    """A file that describes a cluster whose workers are jobs of a queueing system.

    Attributes:
        path: The file.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)


ClusterPlace = SchedulerAddress | LocalWorkers | ClusterFile


def parse_cluster(text: str) -> ClusterPlace:
    """Read what a user passes as the cluster of a service.

    Raises:
        QoroInputError: It has none of the forms, or is an address without TLS of another machine.
    """
    if text.startswith(_LOCAL):
        return LocalWorkers(_parse_count(text))
    if text.lower().endswith(_FILES):
        return ClusterFile(Path(text))
    if "://" in text:
        return parse_scheduler_address(text)
    raise QoroInputError(f"the cluster is {shown(text)}, expected {_FORMS}{_advice(text)}")


def parse_scheduler_address(text: str) -> SchedulerAddress:
    """Read the address of a scheduler, such as ``tls://lab:8786``. The default port is :data:`DEFAULT_PORT`.

    Raises:
        QoroInputError: It is no such address, or one without TLS of another machine.
    """
    expected = f"expected tls://HOST:PORT or tcp://127.0.0.1:PORT{_advice(text)}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:  # a port that is no number, or brackets that do not match
        raise QoroInputError(f"the address of the scheduler is {shown(text)}: {error}, {expected}") from error
    has_rest = bool(parts.path or parts.query or parts.fragment or parts.username or parts.password)
    is_open = parts.netloc.endswith(":") or port == 0
    if parts.scheme not in {"tls", "tcp"} or not host or has_rest or is_open or not _is_name(host):
        raise QoroInputError(f"the address of the scheduler is {shown(text)}, {expected}")
    address = SchedulerAddress(host, DEFAULT_PORT if port is None else port, parts.scheme == "tls")
    if not address.is_encrypted and not is_loopback(host):
        raise QoroInputError(_UNENCRYPTED.format(address, str(address).removeprefix("tcp://")))
    return address


def bracketed(host: str) -> str:
    """Return a host as it is written in an address: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host: ``localhost``, or an address such as 127.0.0.1 and ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which other machines might resolve in another way
        return host.lower() == "localhost"


def _parse_count(text: str) -> int:
    digits = text.removeprefix(_LOCAL)
    count = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0
    if not 1 <= count <= _MAX_LOCAL_WORKERS:
        raise QoroInputError(
            f"the cluster is {shown(text)}, expected local:N with a number of workers from 1 to "
            f"{_MAX_LOCAL_WORKERS}"
        )
    return count


def _is_name(host: str) -> bool:
    """Whether this may be a name or an address: not two of them, and no characters that names cannot have."""
    return host.isascii() and all(letter.isalnum() or letter in ".-_:%" for letter in host)


def _advice(text: str) -> str:
    """Return what the user may have meant, for the end of a message."""
    if text.lower().startswith(("http://", "https://")):
        return ". This is the address of a web page; a scheduler has another port"
    if "://" not in text and ":" in text and not text.startswith(_LOCAL):
        return f". Did you mean tls://{text}?"
    return ""
