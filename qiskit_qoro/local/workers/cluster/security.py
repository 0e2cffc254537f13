"""Encrypt and authenticate every connection of a cluster.

A Dask cluster runs whatever a client sends it. So all its members hold a certificate of the cluster's own
authority, and both ends of a connection ask for the other's. Dask compares the authority and no names:
whoever has a certificate of this authority is a member.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from distributed.security import Security

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.cluster.certificate_folder import (
    CLUSTER_AUTHORITY,
    CLUSTER_CERTIFICATE,
    CLUSTER_KEY,
)
from qiskit_qoro.user_files import shown_path
from qiskit_qoro.web_server.certificate_files import CertificateFacts, CertificateFiles, read_certificate

__all__ = ["load_security"]

_WARN_DAYS = 30

_logger = logging.getLogger(__name__)


def load_security(folder: Path, *, clock: Callable[[], float] = time.time) -> Security:
    """Check the certificate of the cluster, and build what Dask needs to use it.

    The result serves a scheduler, a worker and a client. Certificates that expire within a month are logged.

    Args:
        folder: The folder with the files, as ``certificate_folder`` finds it.
        clock: Returns the Unix time.

    Raises:
        QoroInputError: A file is missing, cannot be read or has expired, does not fit the others, or is a key
            that other users can read.
    """
    authority = folder / CLUSTER_AUTHORITY
    files = CertificateFiles(folder / CLUSTER_CERTIFICATE, folder / CLUSTER_KEY, authority)
    now_s = clock()
    for facts in read_certificate(files):
        _check_time(facts, now_s)
    certificate, key = str(files.certificate.absolute()), str(files.key.absolute())
    # All fields are given: Dask fills the others from configuration files of the user.
    return Security(  # type: ignore[no-untyped-call]
        require_encryption=True,
        tls_ca_file=str(authority.absolute()),
        tls_ciphers=None,
        tls_min_version=ssl.TLSVersion.TLSv1_2,
        tls_max_version=None,
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
    )


def _check_time(facts: CertificateFacts, now_s: float) -> None:
    renewal = f"make a new one with qiskit-qoro certificates, and copy {CLUSTER_CERTIFICATE} to every machine"
    problem = facts.time_problem(now_s)
    if problem is not None:
        raise QoroInputError(f"{problem}: {renewal}")
    days = facts.days_left(now_s)
    if days < _WARN_DAYS:
        _logger.warning("the certificate %s expires in %d days: %s", shown_path(facts.path), days, renewal)
