"""The HTTPS certificate of a server.

The files are read again when they change, so that a renewed certificate needs no restart: at each handshake
OpenSSL calls back, and the callback looks whether the files are still those that it knows. If the new ones
cannot be used, the old ones stay in use, and the reason is logged once.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.user_files import shown_path
from qiskit_qoro.web_server.certificate_files import CertificateFacts, CertificateFiles, read_certificate

__all__ = ["ServerCertificate", "load_server_certificate"]

_WARN_DAYS = 30

_logger = logging.getLogger(__name__)


class ServerCertificate:
    """A certificate that has been read. All methods but the constructor run in the thread of the server.

    Args:
        files: Its files.
        facts: What it says.
        context: The settings of TLS with this certificate.
        clock: Returns the Unix time.

    Attributes:
        context: The settings of TLS for the socket that listens. They follow the files.
        hosts: The host names and addresses that the certificate was for when the server started, but none
            with a wildcard.
    """

    def __init__(
        self,
        files: CertificateFiles,
        facts: CertificateFacts,
        context: ssl.SSLContext,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.context = context
        self.hosts = tuple(name for name in facts.names if not name.startswith("*"))
        self._files = files
        self._clock = clock
        self._latest = context
        self._known = _state(files)
        context.sni_callback = self._use_latest

    def _use_latest(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Let a connection use the certificate that is in the files now."""
        state = _state(self._files)
        if state != self._known:
            self._known = state
            self._reload()
        if self._latest is not connection.context:
            connection.context = self._latest

    def _reload(self) -> None:
        try:
            [facts] = read_certificate(self._files)
            self._latest = _build_context(self._files)
        except (OSError, QoroInputError) as error:
            # Perhaps only one of the two files is new so far. The other one will change the state again.
            _logger.warning("the new certificate is not used: %s", error)
            return
        _logger.info("uses the new certificate %s", shown_path(facts.path))
        _warn_of_time(facts, self._clock())


def load_server_certificate(
    certificate: str | os.PathLike[str] | None,
    key: str | os.PathLike[str] | None,
    *,
    clock: Callable[[], float] = time.time,
) -> ServerCertificate | None:
    """Read and check the certificate of a server. One that has expired is used, with a warning.

    Args:
        certificate: The file with the certificate, and those of intermediate authorities after it. ``None``
            for a server without HTTPS.
        key: The file with its private key.
        clock: Returns the Unix time.

    Raises:
        QoroInputError: Only one of the two is given, a file cannot be used, or they do not belong together.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        given, missing = ("key", "certificate") if certificate is None else ("certificate", "key")
        raise QoroInputError(
            f"HTTPS needs a certificate and its private key: got the {given}, pass the {missing}"
        )
    files = CertificateFiles(Path(certificate).expanduser().absolute(), Path(key).expanduser().absolute())
    [facts] = read_certificate(files)
    _warn_of_time(facts, clock())
    return ServerCertificate(files, facts, _build_context(files), clock=clock)


def _build_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(files.certificate, files.key)
    return context


def _state(files: CertificateFiles) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what changes whenever a file is replaced or written."""
    return tuple(_state_of(path) for path in (files.certificate, files.key))


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _warn_of_time(facts: CertificateFacts, now_s: float) -> None:
    problem = facts.time_problem(now_s)
    days = facts.days_left(now_s)
    if problem is not None:
        _logger.warning("%s: clients will refuse it; replace the file, which needs no restart", problem)
    elif days < _WARN_DAYS:
        _logger.warning(
            "the certificate %s expires in %d days: replace the file, which needs no restart",
            shown_path(facts.path),
            days,
        )
