"""The files in a folder with certificates, and what has happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qiskit_qoro.local.workers.cluster.certificate_folder import (
    CLUSTER_AUTHORITY,
    CLUSTER_CERTIFICATE,
    CLUSTER_KEY,
)

__all__ = ["CLUSTER", "HTTPS", "Change", "Made", "PairFiles"]


class Change(StrEnum):
    """What has happened to a certificate."""

    MADE = "made"
    RENEWED = "renewed"
    KEPT = "kept"


@dataclass(frozen=True)
class Made:
    """A certificate in the folder.

    Attributes:
        path: Its file.
        change: What has happened to it.
        hosts: The host names and addresses that it is for. An authority has none.
        ends_s: The Unix time at which it expires.
    """

    path: Path
    change: Change
    hosts: tuple[str, ...]
    ends_s: float


@dataclass(frozen=True)
class PairFiles:
    """The names of the files of a pair, and what its certificate is for.

    Attributes:
        title: The name of the certificate's subject.
        authority: The certificate of the authority.
        authority_key: Its private key.
        certificate: The certificate.
        key: Its private key.
        is_for_clients: Whether clients authenticate themselves with the certificate, as servers do.
    """

    title: str
    authority: str
    authority_key: str
    certificate: str
    key: str
    is_for_clients: bool


CLUSTER = PairFiles(
    "Qoro cluster",
    CLUSTER_AUTHORITY,
    "cluster-authority.key",
    CLUSTER_CERTIFICATE,
    CLUSTER_KEY,
    is_for_clients=True,
)
"""The files of the cluster."""

HTTPS = PairFiles(
    "HTTPS of a Qoro service",
    "https-authority.pem",
    "https-authority.key",
    "https.pem",
    "https.key",
    is_for_clients=False,
)
"""The files of the HTTPS of the service."""
