"""Find the folder with the certificates of a cluster, and name its files.

Nothing here needs Dask.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.user_files import shown_path

__all__ = [
    "CERTIFICATES_VARIABLE",
    "CLUSTER_AUTHORITY",
    "CLUSTER_CERTIFICATE",
    "CLUSTER_HOST",
    "CLUSTER_KEY",
    "check_https_hosts",
    "find_certificates",
]

CERTIFICATES_VARIABLE = "QISKIT_QORO_CERTIFICATES"
"""The environment variable that names the folder with the certificates of the cluster."""

CLUSTER_AUTHORITY = "cluster-authority.pem"
"""The file with the certificate of the cluster's authority."""

CLUSTER_CERTIFICATE = "cluster.pem"
"""The file with the certificate that all members of the cluster use."""

CLUSTER_KEY = "cluster.key"
"""The file with its private key."""

CLUSTER_HOST = "qiskit-qoro-cluster"
"""The name in the certificate of a cluster. Its members check no names, and no machine is called so."""


def check_https_hosts(hosts: Iterable[str]) -> None:
    """Refuse the certificate of a cluster as that of a web server, which no client would accept.

    Args:
        hosts: The names in the certificate.

    Raises:
        QoroInputError: They are those of the certificate of a cluster.
    """
    if CLUSTER_HOST in hosts:
        raise QoroInputError(
            "the certificate is that of the cluster, expected one for HTTPS: pass https.pem and https.key, "
            "which qiskit-qoro certificates has made with it"
        )


def find_certificates(
    folder: str | os.PathLike[str] | None, *, environ: Mapping[str, str] = os.environ
) -> Path:
    """Find the folder with the certificates of the cluster.

    Args:
        folder: The folder, or ``None`` for the one that the environment variable names.
        environ: The environment variables.

    Raises:
        QoroInputError: Neither names a folder.
    """
    named = os.fspath(folder) if folder is not None else environ.get(CERTIFICATES_VARIABLE, "").strip()
    if not named:
        raise QoroInputError(
            "the connections of a cluster need certificates, but no folder is given: make one with "
            f"qiskit-qoro certificates DIR, copy {CLUSTER_AUTHORITY}, {CLUSTER_CERTIFICATE} and "
            f"{CLUSTER_KEY} from it to a folder on each machine, and pass this folder with "
            "--certificates (serve: --cluster-certificates, Python: cluster_certificates=) or in the "
            f"variable {CERTIFICATES_VARIABLE}"
        )
    path = Path(named).expanduser()
    if not path.is_dir():
        raise QoroInputError(
            f"{shown_path(path)} is no folder, expected the one that qiskit-qoro certificates has made"
        )
    return path
