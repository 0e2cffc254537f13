"""An authority and the certificate that it issues, as files of a folder."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.cluster.certificates.authority import (
    Authority,
    Key,
    build_key,
    decode_key,
    encode_key,
)
from qiskit_qoro.local.workers.cluster.certificates.files import CLUSTER, Change, Made, PairFiles
from qiskit_qoro.storage import replace_private_file
from qiskit_qoro.user_files import shown_path
from qiskit_qoro.web_server.certificate_files import (
    CertificateFacts,
    CertificateFiles,
    check_private,
    read_certificate,
)

__all__ = ["Pair", "write_cluster"]

_RENEW_DAYS = 30
_PUBLIC_MODE = 0o644


class Pair:
    """An authority and its certificate in a folder, where some or all of the files may be missing.

    Args:
        folder: The folder.
        files: The names of the files.
        now: The time, with a time zone.
    """

    def __init__(self, folder: Path, files: PairFiles, now: dt.datetime) -> None:
        self._names = files
        self._now = now
        self._authority_path = folder / files.authority
        self._authority_key_path = folder / files.authority_key
        self._path = folder / files.certificate
        self._key_path = folder / files.key

    def read(self) -> CertificateFacts | None:
        """Check the files that exist, and return the facts of the certificate, or ``None`` if there is none.

        Raises:
            QoroInputError: A file is damaged or does not fit the others, other users can read a key, the key
                of the authority is missing, or the authority has expired.
        """
        for key in (self._authority_key_path, self._key_path):
            if key.exists():
                check_private(key)
        if not self._authority_path.exists():
            self._check_orphans()
            return None
        if not self._authority_key_path.exists():
            raise QoroInputError(
                f"{shown_path(self._authority_path)} is there, but its private key "
                f"{self._authority_key_path.name} is not: make certificates on the machine that has the key, "
                "or in another folder"
            )
        self._read_authority()
        if not (self._path.exists() and self._key_path.exists()):
            return None
        files = CertificateFiles(self._path, self._key_path, authority=self._authority_path)
        return read_certificate(files)[0]

    def write(self, hosts: Sequence[str], *, renew: bool) -> list[Made]:
        """Make what is missing, and renew the certificate if needed. Call :meth:`read` first.

        Args:
            hosts: The host names and addresses that the certificate is to be for.
            renew: Whether to renew the certificate in any case.

        Raises:
            OSError: A file cannot be written.
            ValueError: A key in the folder is none of ours.
        """
        authority, authority_change = self._open_authority()
        found = self.read()
        change = self._change(found, hosts, renew=renew)
        if change is not Change.KEPT:
            self._issue(authority, hosts)
        files = CertificateFiles(self._path, self._key_path, authority=self._authority_path)
        certificate, issuer = read_certificate(files)
        return [
            Made(self._authority_path, authority_change, (), issuer.ends_s),
            Made(self._path, change, certificate.names, certificate.ends_s),
        ]

    def _read_authority(self) -> Authority:
        """Decode the authority and check it."""
        shown = shown_path(self._authority_path)
        try:
            authority = Authority.decode(
                self._authority_path.read_bytes(), self._authority_key_path.read_bytes()
            )
        except ValueError as error:
            raise QoroInputError(
                f"{shown} and its private key {self._authority_key_path.name} are not both in the PEM format "
                f"({error}): restore the two files, or make certificates in another folder"
            ) from error
        if not authority.is_complete:
            raise QoroInputError(
                f"the private key {self._authority_key_path.name} does not belong to {shown}: restore the "
                "two files, or make certificates in another folder"
            )
        end = authority.certificate.not_valid_after_utc
        if self._now >= end:
            raise QoroInputError(
                f"the authority {shown} expired on {end:%Y-%m-%d}: make certificates in another folder"
            )
        return authority

    def _check_orphans(self) -> None:
        """Refuse to replace a certificate whose authority is missing."""
        if self._path.exists():
            raise QoroInputError(
                f"{shown_path(self._path)} is there, but the certificate of its authority "
                f"{self._authority_path.name} is not: copy it back, or make certificates in another folder"
            )

    def _change(self, found: CertificateFacts | None, hosts: Sequence[str], *, renew: bool) -> Change:
        if found is None:
            return Change.MADE
        is_due = found.days_left(self._now.timestamp()) < _RENEW_DAYS
        return Change.RENEWED if renew or is_due or set(found.names) != set(hosts) else Change.KEPT

    def _open_authority(self) -> tuple[Authority, Change]:
        if self._authority_path.exists():
            return self._read_authority(), Change.KEPT
        # If this was interrupted before, the key may be there. Nobody trusts it yet.
        title = f"authority of the {self._names.title}"
        authority = Authority.create(title, _open_key(self._authority_key_path), now=self._now)
        _write_public(self._authority_path, authority.encode())
        return authority, Change.MADE

    def _issue(self, authority: Authority, hosts: Sequence[str]) -> None:
        key = _open_key(self._key_path)
        certificate = authority.issue(
            self._names.title, key, hosts=hosts, is_for_clients=self._names.is_for_clients, now=self._now
        )
        _write_public(self._path, certificate)


def write_cluster(folder: Path, authority: Authority, certificate: bytes, key: Key) -> None:
    """Write what the members of a cluster need, without the key of its authority.

    Raises:
        OSError: A file cannot be written.
    """
    _write_key(folder / CLUSTER.key, key)
    _write_public(folder / CLUSTER.certificate, certificate)
    _write_public(folder / CLUSTER.authority, authority.encode())


def _open_key(path: Path) -> Key:
    """Read a private key, or build one if it does not exist."""
    if path.exists():
        return decode_key(path.read_bytes())
    key = build_key()
    _write_key(path, key)
    return key


def _write_key(path: Path, key: Key) -> None:
    replace_private_file(path, lambda file: file.write(encode_key(key)))


def _write_public(path: Path, data: bytes) -> None:
    def write(file: BinaryIO) -> None:
        if os.name == "posix":
            os.fchmod(file.fileno(), _PUBLIC_MODE)
        file.write(data)

    replace_private_file(path, write)
