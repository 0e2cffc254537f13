"""The checks of the files of a certificate."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.web_server.certificate_files import CertificateFiles, is_private_key, read_certificate


def test_a_certificate_says_what_it_is_for_and_how_long(https_files: Any) -> None:
    https_files.issue("qoro.lab.example", "*.lab.example", "192.0.2.7", "2001:db8::7", days=10.5)

    [facts] = read_certificate(CertificateFiles(https_files.certificate, https_files.key))

    assert facts.names == ("qoro.lab.example", "*.lab.example", "192.0.2.7", "2001:db8::7")
    now = datetime.now(UTC)
    assert facts.days_left(now.timestamp()) == 10
    assert facts.time_problem(now.timestamp()) is None
    end = now + timedelta(days=10.5)
    assert f"expired on {end:%Y-%m-%d}" in str(facts.time_problem(end.timestamp() + 5))
    assert "check the clock" in str(facts.time_problem((now - timedelta(days=31)).timestamp()))


def test_the_authority_is_read_too_if_it_is_given(https_files: Any) -> None:
    _, authority = read_certificate(
        CertificateFiles(https_files.certificate, https_files.key, https_files.authority)
    )

    assert authority.path == https_files.authority
    assert authority.names == ()


def test_a_certificate_of_another_authority_is_refused(https_files: Any) -> None:
    key, certificate = https_files.key.read_bytes(), https_files.certificate.read_bytes()
    https_files.issue()
    https_files.key.write_bytes(key)
    https_files.certificate.write_bytes(certificate)

    with pytest.raises(QoroInputError, match=r"https\.pem was not issued by the authority .*authority\.pem"):
        read_certificate(CertificateFiles(https_files.certificate, https_files.key, https_files.authority))


def test_a_certificate_of_a_server_is_no_authority(https_files: Any) -> None:
    files = CertificateFiles(https_files.certificate, https_files.key, https_files.certificate)

    with pytest.raises(
        QoroInputError, match=r"https\.pem (was not issued|is no certificate of an authority)"
    ):
        read_certificate(files)


def test_the_key_of_another_certificate_is_refused(https_files: Any) -> None:
    files = CertificateFiles(https_files.certificate, https_files.key)
    certificate, key = https_files.certificate.read_bytes(), https_files.key.read_bytes()
    https_files.issue()
    https_files.certificate.write_bytes(certificate)

    with pytest.raises(QoroInputError, match=r"https\.key does not belong to the certificate .*https\.pem"):
        read_certificate(files)
    https_files.key.write_bytes(key)
    assert read_certificate(files)


@pytest.mark.parametrize("name", ["https.pem", "https.key"])
def test_a_missing_or_damaged_file_is_named(https_files: Any, name: str) -> None:
    files = CertificateFiles(https_files.certificate, https_files.key)
    (https_files.folder / name).write_text("damaged")
    with pytest.raises(QoroInputError, match=rf"{name}.* PEM format .*: check which file is which"):
        read_certificate(files)

    (https_files.folder / name).unlink()
    with pytest.raises(QoroInputError, match=rf"{name} does not exist, expected .* make certificates with"):
        read_certificate(files)


def test_a_key_that_others_can_read_is_refused_with_the_command_that_helps(https_files: Any) -> None:
    files = CertificateFiles(https_files.certificate, https_files.key)
    https_files.key.chmod(0o644)

    with pytest.raises(QoroInputError, match=r"mode is 644, expected 600; run chmod 600 .*https\.key"):
        read_certificate(files)
    https_files.key.chmod(0o600)
    assert read_certificate(files)


@pytest.mark.parametrize(
    ("owner", "mode", "is_private"),
    [
        (1000, 0o600, True),
        (1000, 0o400, True),
        (1000, 0o640, False),
        (1000, 0o604, False),
        # The group of a system for keys, and access control lists of systemd.
        (0, 0o640, True),
        (0, 0o440, True),
        (0, 0o660, False),
        (0, 0o644, False),
    ],
)
def test_the_group_may_read_a_key_of_root_only(owner: int, mode: int, is_private: bool) -> None:
    status = os.stat_result((stat.S_IFREG | mode, 1, 1, 1, owner, 1000, 100, 0, 0, 0))

    assert is_private_key(status) == is_private
