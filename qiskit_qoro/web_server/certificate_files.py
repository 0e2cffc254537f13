"""Check the files of a certificate before anything uses them.

OpenSSL says little about a file that it cannot use. These checks say which file is wrong and what to do. They
need the standard library alone: two ends of a connection within this process shake hands with the
certificate, and the client's end tells what the certificate says.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.user_files import shown_path

__all__ = ["CertificateFacts", "CertificateFiles", "check_private", "is_private_key", "read_certificate"]

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which has no name in Python: our own checks compare the times.
_NO_CHECK_TIME = 0x200000
_INVALID_PURPOSE = 26  # X509_V_ERR_INVALID_PURPOSE of OpenSSL
_MAX_ROUNDS = 10
_DAY_S = 86_400
_ROOT = 0
_HOST_KINDS = frozenset({"DNS", "IP Address"})


@dataclass(frozen=True)
class CertificateFiles:
    """The files of a certificate, in PEM format.

    Attributes:
        certificate: The certificate, followed by those of intermediate authorities if it needs them.
        key: Its private key.
        authority: The certificate of the authority that must have issued it, or ``None`` for any.
    """

    certificate: Path
    key: Path
    authority: Path | None = None


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says.

    Attributes:
        path: Its file.
        names: The host names and addresses that it is for.
        starts_s: The Unix time at which it becomes valid.
        ends_s: The Unix time at which it expires.
    """

    path: Path
    names: tuple[str, ...]
    starts_s: float
    ends_s: float

    def time_problem(self, now_s: float) -> str | None:
        """Return why the certificate is not valid at this time, or ``None``."""
        shown = shown_path(self.path)
        if now_s >= self.ends_s:
            return f"the certificate {shown} expired on {_day(self.ends_s)}"
        if now_s < self.starts_s:
            return f"the certificate {shown} is valid from {_day(self.starts_s)} only: check the clock"
        return None

    def days_left(self, now_s: float) -> int:
        """Return for how many whole days it is still valid."""
        return int((self.ends_s - now_s) // _DAY_S)


def read_certificate(files: CertificateFiles) -> tuple[CertificateFacts, ...]:
    """Check the files of a certificate and read what it says.

    Returns:
        The facts of the certificate, and those of its authority if that is given. Their times are not
        checked.

    Raises:
        QoroInputError: A file is missing or cannot be read, has the wrong content, or does not fit the
            others, or other users can read the key.
    """
    for path, content in _contents(files):
        _check_readable(path, content)
    check_private(files.key)
    server = _server_context(files)
    client = _client_context(files)
    peer = _shake_hands(server, client, files)
    facts = _facts(files.certificate, peer)
    if files.authority is None:
        return (facts,)
    issuers = client.get_ca_certs()
    if not issuers:
        raise QoroInputError(
            f"{shown_path(files.authority)} is no certificate of an authority, expected the one that issued "
            f"{shown_path(files.certificate)}"
        )
    return (facts, *(_facts(files.authority, issuer) for issuer in issuers))


def _contents(files: CertificateFiles) -> list[tuple[Path, str]]:
    contents = [(files.certificate, "a certificate"), (files.key, "its private key")]
    if files.authority is not None:
        contents.append((files.authority, "the certificate of the authority"))
    return contents


def _check_readable(path: Path, content: str) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError as error:
        raise QoroInputError(
            f"the file {shown_path(path)} does not exist, expected {content} in PEM format: check the path, "
            "or make certificates with qiskit-qoro certificates"
        ) from error
    except OSError as error:
        raise QoroInputError(
            f"the file {shown_path(path)} cannot be read ({error.strerror or error}), expected {content} in "
            "PEM format: let the user of this process read it"
        ) from error


def check_private(key: Path) -> None:
    """Check that no other user can use a private key.

    Raises:
        QoroInputError: Another user can.
        OSError: The file does not exist.
    """
    status = key.stat()
    if os.name == "posix" and not is_private_key(status):
        shown = shown_path(key)
        raise QoroInputError(
            f"other users can use the private key {shown}: its mode is {stat.S_IMODE(status.st_mode):03o}, "
            f"expected 600; run chmod 600 {shown}"
        )


def is_private_key(status: os.stat_result) -> bool:
    """Whether no other user can use a private key, by the owner and the mode of its file.

    The group may read a key that belongs to root: some systems set up a group for keys, and an access control
    list looks like this, too.
    """
    allowed = stat.S_IRWXU | (stat.S_IRGRP if status.st_uid == _ROOT else 0)
    return not stat.S_IMODE(status.st_mode) & ~allowed


def _server_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def refuse_passphrase() -> NoReturn:
        # Without this function, OpenSSL would ask on the terminal.
        raise QoroInputError(
            f"the private key {shown_path(files.key)} has a passphrase, expected a key without one: "
            "decrypt it with openssl pkey, and set its mode to 600"
        )

    try:
        context.load_cert_chain(files.certificate, files.key, password=refuse_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise QoroInputError(
                f"the private key {shown_path(files.key)} does not belong to the certificate "
                f"{shown_path(files.certificate)}: use the two files that were made together"
            ) from error
        raise QoroInputError(
            f"{shown_path(files.certificate)} and {shown_path(files.key)} are not a certificate and its "
            f"private key in PEM format ({error.reason or error.strerror}): check which file is which"
        ) from error
    return context


def _client_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= _NO_CHECK_TIME
    if files.authority is None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # trust the certificate itself
    anchor = files.authority or files.certificate
    try:
        context.load_verify_locations(anchor)
    except ssl.SSLError as error:
        raise QoroInputError(
            f"{shown_path(anchor)} is no certificate in PEM format ({error.reason or error.strerror}): check "
            "which file is which"
        ) from error
    return context


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, files: CertificateFiles) -> dict[str, Any]:
    """Connect both ends in memory, and return what the client learns about the server."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    try:
        for _ in range(_MAX_ROUNDS):
            is_client_done, is_server_done = (_step(end) for end in ends)
            if is_client_done and is_server_done:
                break
    except ssl.SSLCertVerificationError as error:
        shown = shown_path(files.certificate)
        if error.verify_code == _INVALID_PURPOSE or files.authority is None:
            raise QoroInputError(
                f"the certificate {shown} is not for a server ({error.verify_message}): use the certificate "
                "of the service, not that of an authority or a client"
            ) from error
        raise QoroInputError(
            f"the certificate {shown} was not issued by the authority {shown_path(files.authority)} "
            f"({error.verify_message}): use files that were made together"
        ) from error
    except ssl.SSLError as error:
        raise QoroInputError(
            f"the certificate {shown_path(files.certificate)} cannot be used for TLS "
            f"({error.reason or error.strerror}): make another one with qiskit-qoro certificates"
        ) from error
    return ends[0].getpeercert() or {}


def _step(end: ssl.SSLObject) -> bool:
    """Do what is possible of a handshake. Return whether it is complete."""
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _facts(path: Path, said: dict[str, Any]) -> CertificateFacts:
    return CertificateFacts(
        path,
        tuple(_host(kind, name) for kind, name in said.get("subjectAltName", ()) if kind in _HOST_KINDS),
        ssl.cert_time_to_seconds(said["notBefore"]),
        ssl.cert_time_to_seconds(said["notAfter"]),
    )


def _host(kind: str, name: str) -> str:
    # OpenSSL writes all groups of an IPv6 address.
    return name if kind == "DNS" else str(ipaddress.ip_address(name.strip()))


def _day(time_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time_s))
