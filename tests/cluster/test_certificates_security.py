"""The certificates of a cluster, as Dask uses them."""

from __future__ import annotations

import datetime as dt
import logging
import os
import ssl
from pathlib import Path

import pytest
import trustme
from distributed.security import Security

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.cluster.certificate_folder import find_certificates
from qiskit_qoro.local.workers.cluster.security import load_security


def _write_folder(folder: Path, authority: trustme.CA, *, days: int = 365) -> Path:
    folder.mkdir(exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue_cert("cluster", not_before=now, not_after=now + dt.timedelta(days=days))
    authority.cert_pem.write_to_path(folder / "cluster-authority.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cluster.pem")
    leaf.private_key_pem.write_to_path(folder / "cluster.key")
    (folder / "cluster.key").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority."""
    return trustme.CA()


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    """A folder with the certificate of a cluster."""
    return _write_folder(tmp_path / "certificates", authority)


def _shake_hands(connecting: ssl.SSLContext, listening: ssl.SSLContext) -> str | None:
    """Let a client and a server shake hands in memory, and return the version of TLS."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = connecting.wrap_bio(to_client, to_server)
    server = listening.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return server.version()


def _connect(security: Security, role: str) -> str | None:
    """Connect as Dask does."""
    return _shake_hands(
        security.get_connection_args("client")["ssl_context"],
        security.get_listen_args(role)["ssl_context"],
    )


@pytest.mark.parametrize("role", ["scheduler", "worker"])
def test_members_of_a_cluster_accept_each_other(folder: Path, role: str) -> None:
    security = load_security(folder)

    assert _connect(security, role) in {"TLSv1.2", "TLSv1.3"}
    assert security.get_connection_args(role)["require_encryption"] is True


def test_the_certificate_of_another_authority_is_refused(folder: Path, tmp_path: Path) -> None:
    stranger = load_security(_write_folder(tmp_path / "other", trustme.CA()))
    # It does not even ask who the other one is.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(stranger.tls_client_cert, stranger.tls_client_key)
    listening = load_security(folder).get_listen_args("scheduler")["ssl_context"]

    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        _shake_hands(context, listening)


def test_a_client_without_a_certificate_is_refused(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        _shake_hands(context, load_security(folder).get_listen_args("scheduler")["ssl_context"])


def test_the_folder_is_named_by_an_argument_or_the_variable(folder: Path, tmp_path: Path) -> None:
    environ = {"QISKIT_QORO_CERTIFICATES": str(folder)}

    assert find_certificates(None, environ=environ) == folder
    assert find_certificates(tmp_path, environ=environ) == tmp_path
    with pytest.raises(QoroInputError, match=r"certificates DIR.*QISKIT_QORO_CERTIFICATES"):
        find_certificates(None, environ={})
    with pytest.raises(QoroInputError, match="absent is no folder"):
        find_certificates(tmp_path / "absent", environ={})


@pytest.mark.parametrize("name", ["cluster-authority.pem", "cluster.pem", "cluster.key"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(QoroInputError, match=rf"{name} does not exist, expected .* PEM format"):
        load_security(folder)


@pytest.mark.parametrize("name", ["cluster-authority.pem", "cluster.pem", "cluster.key"])
def test_a_file_with_another_content_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("something else")

    with pytest.raises(QoroInputError, match=rf"{name}.* PEM format .*: check which file is which"):
        load_security(folder)


def test_a_file_that_is_a_folder_is_named(folder: Path) -> None:
    (folder / "cluster.pem").unlink()
    (folder / "cluster.pem").mkdir()

    with pytest.raises(QoroInputError, match=r"cluster\.pem cannot be read"):
        load_security(folder)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644])
def test_a_key_that_other_users_can_use_is_refused(folder: Path, mode: int) -> None:
    (folder / "cluster.key").chmod(mode)

    with pytest.raises(
        QoroInputError, match=rf"mode is {mode:o}, expected 600; run chmod 600 .*cluster\.key"
    ):
        load_security(folder)


def test_the_key_of_another_certificate_is_refused(folder: Path, authority: trustme.CA) -> None:
    (folder / "cluster.key").write_bytes(authority.issue_cert("other").private_key_pem.bytes())

    with pytest.raises(QoroInputError, match=r"cluster\.key does not belong to .*cluster\.pem"):
        load_security(folder)


def test_a_certificate_of_another_authority_in_the_same_folder_is_refused(folder: Path) -> None:
    trustme.CA().cert_pem.write_to_path(folder / "cluster-authority.pem")

    with pytest.raises(QoroInputError, match=r"cluster\.pem was not issued by .*cluster-authority\.pem"):
        load_security(folder)


def test_a_certificate_is_refused_once_it_has_expired(folder: Path) -> None:
    expiry = dt.datetime.now(dt.UTC) + dt.timedelta(days=365)

    load_security(folder, clock=lambda: expiry.timestamp() - 60)
    with pytest.raises(QoroInputError, match=rf"cluster\.pem expired on {expiry:%Y-%m-%d}: make a new one"):
        load_security(folder, clock=lambda: expiry.timestamp() + 60)


def test_a_certificate_of_the_future_points_to_the_clock(folder: Path) -> None:
    with pytest.raises(QoroInputError, match=r"cluster\.pem is valid from .* only: check the clock"):
        load_security(folder, clock=lambda: dt.datetime(2020, 1, 1).timestamp())


def test_a_certificate_that_expires_soon_is_logged(
    tmp_path: Path, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _write_folder(tmp_path / "soon", authority, days=10)

    with caplog.at_level(logging.WARNING):
        load_security(folder)

    [record] = caplog.records
    assert record.message == (
        f"the certificate {folder / 'cluster.pem'} expires in 9 days: make a new one with qiskit-qoro "
        "certificates, and copy cluster.pem to every machine"
    )


def test_configuration_files_of_dask_change_nothing(folder: Path) -> None:
    import dask

    with dask.config.set(
        {"distributed.comm.tls.ciphers": "NULL", "distributed.comm.require-encryption": False}
    ):
        security = load_security(folder)

    assert security.require_encryption is True
    assert security.tls_ciphers is None


def test_a_key_with_a_passphrase_is_refused_without_a_question(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key((folder / "cluster.key").read_bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (folder / "cluster.key").write_bytes(encrypted)

    with pytest.raises(QoroInputError, match=r"cluster\.key has a passphrase, expected a key without one"):
        load_security(folder)


def test_paths_stay_valid_when_the_process_changes_its_folder(folder: Path, tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(folder.parent)
    try:
        security = load_security(Path(folder.name))
        os.chdir(tmp_path)
        assert _connect(security, "worker")
    finally:
        os.chdir(before)
