"""A server with HTTPS."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from starlette.responses import PlainTextResponse

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.web_server.binding import base_url_of, bind_port
from qiskit_qoro.web_server.port import Port
from qiskit_qoro.web_server.server_certificate import load_server_certificate

LOGGER = "qiskit_qoro.web_server.server_certificate"
# Far less than what a server waits for a client that does nothing.
SOON_S = 20.0


@pytest.fixture
def port(https_files: Any) -> Iterator[int]:
    """The port of a server with HTTPS that answers ``hello``."""
    https = load_server_certificate(https_files.certificate, https_files.key)
    assert https is not None
    with bind_port("127.0.0.1", 0) as bound:
        server = Port(PlainTextResponse("hello"), bound, https.context)
        server.open()
        try:
            yield server.address[1]
        finally:
            server.stop()


def connect(
    port: int, https_files: Any, *, name: str | None = "localhost", version: ssl.TLSVersion | None = None
) -> ssl.SSLSocket:
    """Connect as a client that trusts the authority."""
    context = ssl.create_default_context(cafile=https_files.authority)
    context.check_hostname = name is not None
    if version is not None:
        context.minimum_version = context.maximum_version = version
    connection = socket.create_connection(("127.0.0.1", port), SOON_S)
    try:
        return context.wrap_socket(connection, server_hostname=name)
    except OSError:
        connection.close()
        raise


def get(port: int, https_files: Any) -> str:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(https_files.authority)
        return session.get(f"https://127.0.0.1:{port}/", timeout=SOON_S).text


def serial_number(port: int, https_files: Any, name: str | None = "localhost") -> Any:
    with connect(port, https_files, name=name) as connection:
        return connection.getpeercert()["serialNumber"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_trusts_the_authority_connects(
    port: int, https_files: Any, version: ssl.TLSVersion
) -> None:
    with connect(port, https_files, version=version) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"hello")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_an_old_version_of_tls_is_refused(port: int, https_files: Any) -> None:
    with pytest.raises(ssl.SSLError):
        connect(port, https_files, version=ssl.TLSVersion.TLSv1_1)
    assert get(port, https_files) == "hello"


def test_plain_http_gets_no_answer_but_the_end_of_the_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), SOON_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            assert connection.recv(4096) == b""


def test_clients_that_do_not_finish_the_handshake_delay_nobody(port: int, https_files: Any) -> None:
    stalled = [socket.create_connection(("127.0.0.1", port), SOON_S) for _ in range(50)]
    try:
        for connection in stalled:
            connection.sendall(b"\x16\x03\x01\x02\x00")  # the header of a handshake, and no more
        assert get(port, https_files) == "hello"
    finally:
        for connection in stalled:
            connection.close()


def test_an_idle_client_does_not_delay_the_end_of_the_server(
    https_files: Any, caplog: pytest.LogCaptureFixture
) -> None:
    https = load_server_certificate(https_files.certificate, https_files.key)
    assert https is not None
    with bind_port("127.0.0.1", 0) as bound:
        server = Port(PlainTextResponse("hello"), bound, https.context)
        server.open()
        with connect(server.address[1], https_files) as idle:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(4096)
            server.stop()
    # uvicorn says this if a connection has not ended after two seconds.
    assert "timeout graceful shutdown exceeded" not in caplog.text


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_renewed_certificate_is_used_without_a_restart(
    port: int, https_files: Any, name: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = serial_number(port, https_files, name)
    https_files.issue()

    with caplog.at_level(logging.INFO, LOGGER):
        after = serial_number(port, https_files, name)
        assert get(port, https_files) == "hello"

    assert after != before
    assert [record.message for record in caplog.records if record.name == LOGGER] == [
        f"uses the new certificate {https_files.certificate}"
    ]


def test_a_new_certificate_that_cannot_be_used_leaves_the_old_one_in_use(
    port: int, https_files: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = serial_number(port, https_files)
    authority, key = https_files.authority.read_bytes(), https_files.key.read_bytes()
    # Only the certificate is new so far.
    https_files.issue()
    new_authority, new_key = https_files.authority.read_bytes(), https_files.key.read_bytes()
    https_files.authority.write_bytes(authority)
    https_files.key.write_bytes(key)

    assert serial_number(port, https_files) == before
    assert serial_number(port, https_files) == before
    [warning] = [record for record in caplog.records if record.name == LOGGER]
    assert "the new certificate is not used" in warning.message
    assert "https.key does not belong to the certificate" in warning.message

    # Now the key is, too.
    https_files.authority.write_bytes(new_authority)
    https_files.key.with_suffix(".new").write_bytes(new_key)
    https_files.key.with_suffix(".new").chmod(0o600)
    https_files.key.with_suffix(".new").replace(https_files.key)
    assert serial_number(port, https_files) != before


def test_a_certificate_without_its_key_is_refused_and_a_key_without_its_certificate(https_files: Any) -> None:
    assert load_server_certificate(None, None) is None
    with pytest.raises(QoroInputError, match="got the certificate, pass the key"):
        load_server_certificate(https_files.certificate, None)
    with pytest.raises(QoroInputError, match="got the key, pass the certificate"):
        load_server_certificate(None, https_files.key)


@pytest.mark.parametrize(
    ("days_later", "said"),
    [
        (0, None),
        (334.9, None),
        (335.1, "expires in 29 days: replace the file, which needs no restart"),
        (366, "expired on .*: clients will refuse it; replace the file"),
    ],
)
def test_a_certificate_at_the_end_of_its_time_is_used_with_a_warning(
    https_files: Any, days_later: float, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    moment = datetime.now(UTC) + timedelta(days=days_later)

    assert load_server_certificate(https_files.certificate, https_files.key, clock=moment.timestamp)

    assert len(caplog.records) == (said is not None)
    if said is not None:
        assert re.search(said, caplog.records[0].message)


@pytest.mark.parametrize(
    ("address", "certified", "host"),
    [
        ("127.0.0.1", None, "http://127.0.0.1"),
        ("127.0.0.1", ("qoro.lab", "127.0.0.1"), "https://127.0.0.1"),
        ("127.0.0.1", ("qoro.lab", "localhost"), "https://localhost"),
        ("0.0.0.0", ("qoro.lab", "other.lab"), "https://qoro.lab"),
        ("0.0.0.0", ("qoro.lab", "127.0.0.1"), "https://127.0.0.1"),
        ("0.0.0.0", (), "https://127.0.0.1"),
    ],
)
def test_the_address_of_a_server_has_a_name_that_its_certificate_is_for(
    address: str, certified: tuple[str, ...] | None, host: str
) -> None:
    with bind_port(address, 0) as bound:
        assert base_url_of(bound, certified) == f"{host}:{bound.getsockname()[1]}"
