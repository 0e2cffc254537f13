"""Make and renew the certificates of a cluster and of the HTTPS of its service."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.workers.cluster.certificate_folder import CLUSTER_HOST
from qiskit_qoro.local.workers.cluster.certificates.authority import AUTHORITY_LIFETIME, Authority, build_key
from qiskit_qoro.local.workers.cluster.certificates.files import CLUSTER, HTTPS, Made
from qiskit_qoro.local.workers.cluster.certificates.pair import Pair, write_cluster
from qiskit_qoro.user_files import shown_path

__all__ = ["make_certificates", "make_temporary"]

_HOST = re.compile(r"(\*\.)?(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.IGNORECASE)
_MAX_HOST = 253
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CLUSTER_HOSTS = (CLUSTER_HOST,)


def _machine_names() -> tuple[str, ...]:
    return socket.gethostname(), socket.getfqdn()


def make_certificates(
    folder: Path,
    hosts: Sequence[str] = (),
    *,
    renew: bool = False,
    clock: Callable[[], float] = time.time,
    machine_names: Callable[[], Sequence[str]] = _machine_names,
) -> list[Made]:
    """Make or renew the certificates of a cluster and of the HTTPS of its service.

    A certificate that exists is renewed if it expires within a month or if the service gets other host names.
    An authority is never replaced.

    Args:
        folder: The folder. It is created if it does not exist, and then only its owner may use it.
        hosts: Host names and addresses by which clients reach the service, in addition to loopback and the
            names of this machine. If empty, those of an existing certificate are kept.
        renew: Whether to renew the certificates in any case.
        clock: Returns the Unix time.
        machine_names: Returns the names of this machine.

    Returns:
        The certificates in the folder.

    Raises:
        QoroInputError: A host is no host name or address; a file in the folder is damaged or does not fit the
            others; other users can write into the folder or read a key; the folder is a copy without the keys
            of the authorities; or an authority has expired.
        QoroError: A file cannot be written.
    """
    further = [_check_host(host) for host in hosts]
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    if folder.exists():
        _check_folder(folder)
    cluster, https = Pair(folder, CLUSTER, now), Pair(folder, HTTPS, now)
    # Both are checked before anything is written.
    cluster.read()
    found = https.read()
    if found is None or further:
        own = [name.lower() for name in machine_names() if _is_host(name)]
        # Programs that need one name show the first that other machines can use: that of the user.
        names = tuple(dict.fromkeys([*_LOOPBACK, *further, *own]))
    else:
        names = found.names
    with _errors_of(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [*cluster.write(_CLUSTER_HOSTS, renew=renew), *https.write(names, renew=renew)]


def make_temporary(folder: Path, *, clock: Callable[[], float] = time.time) -> Path:
    """Make the certificate of a cluster on this machine that exists as long as a service.

    Nobody else can become a member, because the key of its authority is not kept. The certificate is valid as
    long as an authority, because it cannot be renewed.

    Args:
        folder: An existing folder that only its owner may use.
        clock: Returns the Unix time.

    Returns:
        The folder, for ``load_security``.

    Raises:
        QoroError: A file cannot be written.
    """
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    title = "temporary Qoro cluster"
    authority, key = Authority.create(f"authority of the {title}", build_key(), now=now), build_key()
    certificate = authority.issue(
        title, key, hosts=_CLUSTER_HOSTS, is_for_clients=True, now=now, lifetime=AUTHORITY_LIFETIME
    )
    with _errors_of(folder):
        write_cluster(folder, authority, certificate, key)
    return folder


def _check_folder(folder: Path) -> None:
    """Refuse a folder in which another user could put an authority of his own."""
    if os.name == "posix" and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        shown = shown_path(folder)
        raise QoroInputError(f"other users can write into the folder {shown}: run chmod 700 {shown}")


@contextmanager
def _errors_of(folder: Path) -> Iterator[None]:
    """Translate the errors of reading and writing files."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise QoroError(
            f"cannot write {error.filename or folder} ({reason}): choose a folder that you may write"
        ) from error
    except ValueError as error:
        if isinstance(error, QoroError):
            raise
        raise QoroInputError(
            f"a private key in {shown_path(folder)} is not one of qiskit-qoro certificates ({error}): make "
            "certificates in another folder"
        ) from error


def _check_host(host: str) -> str:
    """Return a host name or an address in its standard form."""
    name = host.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not _is_host(name):
        raise QoroInputError(
            f"host {host!r}: expected a host name such as qoro.lab.example, or an address such as 192.0.2.7, "
            "without scheme and port; write other alphabets in the form xn--..."
        )
    return name.lower()


def _is_host(name: str) -> bool:
    return len(name) <= _MAX_HOST and _HOST.fullmatch(name) is not None
