"""Which ``Host`` headers the service accepts, and what it answers to the others."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.web_server.allowed_hosts import AllowedHosts

LOOPBACK = AllowedHosts.of(host="127.0.0.1", address="127.0.0.1", machine="lab1")
EVERYWHERE = AllowedHosts.of(host="0.0.0.0", address="0.0.0.0", machine="Lab1", further=["Qoro.Example"])
EVERYWHERE_6 = AllowedHosts.of(host="::", address="::", machine="lab1")
ONE_ADDRESS = AllowedHosts.of(host="Lab1.example", address="192.0.2.7", machine="lab1")


@pytest.mark.parametrize(
    ("hosts", "header"),
    [
        (LOOPBACK, "127.0.0.1:8000"),
        (LOOPBACK, "127.0.0.1"),
        (LOOPBACK, "127.8.9.10:1"),
        (LOOPBACK, "localhost"),
        (LOOPBACK, "LocalHost:65535"),
        (LOOPBACK, "localhost.:8000"),
        (LOOPBACK, "[::1]:8000"),
        (LOOPBACK, "[::1]"),
        (LOOPBACK, "[0:0:0:0:0:0:0:1]"),
        (LOOPBACK, "[::ffff:127.0.0.1]:80"),
        (LOOPBACK, "localhost:"),
        (EVERYWHERE, "localhost:8000"),
        (EVERYWHERE, "0.0.0.0:8000"),
        (EVERYWHERE, "192.0.2.7:8000"),
        (EVERYWHERE, "lab1:8000"),
        (EVERYWHERE, "qoro.example"),
        (EVERYWHERE, "QORO.EXAMPLE.:443"),
        (EVERYWHERE_6, "192.0.2.7:8000"),
        (EVERYWHERE_6, "[::]:8000"),
        (ONE_ADDRESS, "lab1.EXAMPLE:8000"),
        (ONE_ADDRESS, "192.0.2.7"),
        (ONE_ADDRESS, "127.0.0.1"),
    ],
)
def test_names_of_the_service_are_allowed_with_any_port(hosts: AllowedHosts, header: str) -> None:
    # A socket for both versions of IP reports an IPv4 address in this form.
    connected_to = "::ffff:192.0.2.7" if hosts is EVERYWHERE_6 else "192.0.2.7"
    assert hosts.allow(header, connected_to)


@pytest.mark.parametrize(
    ("hosts", "header"),
    [
        (LOOPBACK, "evil.example"),
        (LOOPBACK, "evil.example:8000"),
        (LOOPBACK, "localhost.evil.example"),
        (LOOPBACK, "127.0.0.1.evil.example:8000"),
        (LOOPBACK, "evil.example#localhost"),
        (LOOPBACK, "evil.example@localhost"),
        (LOOPBACK, "localhost@evil.example"),
        (LOOPBACK, "localhost:8000.evil.example"),
        (LOOPBACK, "localhost:8000:9000"),
        (LOOPBACK, "::1"),
        (LOOPBACK, "[::1"),
        (LOOPBACK, "[::1]x"),
        (LOOPBACK, ""),
        (LOOPBACK, ":8000"),
        (LOOPBACK, "lab1"),
        (LOOPBACK, "192.0.2.7"),
        (LOOPBACK, "0.0.0.0:8000"),
        (LOOPBACK, "128.0.0.1"),
        (EVERYWHERE, "evil.example"),
        (EVERYWHERE, "192.0.2.8"),
        (EVERYWHERE, "other.lab1"),
        (ONE_ADDRESS, "lab1"),
        (ONE_ADDRESS, "192.0.2.8"),
    ],
)
def test_other_names_are_refused(hosts: AllowedHosts, header: str) -> None:
    assert not hosts.allow(header, "192.0.2.7" if hosts is EVERYWHERE else "127.0.0.1")


@pytest.mark.parametrize("name", ["", "http://lab1", "lab1:8000", "lab1/api", "lab 1"])
def test_a_further_name_has_neither_scheme_nor_port(name: str) -> None:
    with pytest.raises(QoroInputError, match="expected a host name or an address without scheme and port"):
        AllowedHosts.of(host="127.0.0.1", address="127.0.0.1", machine="lab1", further=[name])


@pytest.mark.parametrize("name", ["::1", "[2001:db8::7]", "2001:DB8:0::7"])
def test_a_further_name_may_be_an_address(name: str) -> None:
    hosts = AllowedHosts.of(host="127.0.0.1", address="127.0.0.1", machine="lab1", further=[name])
    assert hosts.allow("[2001:db8::7]:80", None) == (name != "::1")


def answer(service: LocalService, path: str, *headers: str, method: str = "GET") -> tuple[int, str]:
    """Send a request with exactly these headers. Returns the status code and the body."""
    address = urlsplit(service.url)
    request = "\r\n".join((f"{method} {path} HTTP/1.0", *headers, "", ""))
    with socket.create_connection((address.hostname or "", address.port or 0), 30) as connection:
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = received.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


PATHS = ["/api/", "/api", "/", "/docs", "/api/openapi.json", "/api/job/x/status/", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_a_request_for_another_host_is_refused_at_every_path(local_service: LocalService, path: str) -> None:
    token = f"Authorization: Bearer {local_service.token}"
    status, body = answer(local_service, path, "Host: evil.example", token)
    assert status == 421
    error = json.loads(body)["error"]
    assert "'evil.example'" in error
    assert "--allowed-host" in error


@pytest.mark.parametrize("path", ["/docs", "/api/openapi.json", "/api/"])
@pytest.mark.parametrize("headers", [["Host: localhost:1"], ["Host: [::1]"], []])
def test_a_request_for_this_service_is_answered(
    local_service: LocalService, path: str, headers: list[str]
) -> None:
    token = f"Authorization: Bearer {local_service.token}"
    assert answer(local_service, path, *headers, token)[0] == 200


def test_a_long_host_is_shortened_in_the_message(local_service: LocalService) -> None:
    status, body = answer(local_service, "/docs", f"Host: {'x' * 10_000}")
    assert status == 421
    assert len(body) < 500


def test_a_request_with_two_hosts_is_refused(local_service: LocalService) -> None:
    status, _ = answer(local_service, "/docs", "Host: localhost", "Host: evil.example")
    assert 400 <= status < 500


@pytest.fixture(scope="module")
def open_service() -> Iterator[LocalService]:
    with serve(host="0.0.0.0", workers=1, allowed_hosts=["qoro.example"]) as service:
        yield service


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", 200),
        (socket.gethostname(), 200),
        ("qoro.example:80", 200),
        ("0.0.0.0:80", 200),
        ("evil.example", 421),
        ("192.0.2.1", 421),
    ],
)
def test_a_service_on_all_addresses_accepts_names_of_this_machine(
    open_service: LocalService, host: str, expected: int
) -> None:
    assert answer(open_service, "/docs", f"Host: {host}")[0] == expected
