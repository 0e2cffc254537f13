"""A local service with HTTPS, and its clients."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider, QoroService
from qiskit_qoro.errors import QoroConnectionError, QoroInputError
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.pages.opening import open_local_pages


@pytest.fixture
def service(https_files: Any) -> Iterator[LocalService]:
    """A service with HTTPS."""
    with serve(certificate=https_files.certificate, key=https_files.key, workers=1) as service:
        yield service


@pytest.fixture
def trust(https_files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all clients trust the authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(https_files.authority))


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the authorities of the machine that runs the tests."""
    for name in ("QORO_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def x_circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.measure_all()
    return circuit


@pytest.mark.usefixtures("trust")
def test_a_provider_runs_circuits_over_https(service: LocalService) -> None:
    assert service.url.startswith("https://127.0.0.1:")
    with QoroProvider(service.token, base_url=service.url) as provider:
        job = provider.backends()[0].run(x_circuit(), shots=10)
        assert job.result().get_counts() == {"1": 10}


def test_a_client_in_the_same_process_needs_no_certificate(service: LocalService) -> None:
    with closing(QoroService(service.token, base_url=service.address, link=service.link)) as client:
        assert client.test_connection()


def test_a_client_that_does_not_trust_the_authority_says_what_to_do(service: LocalService) -> None:
    with (
        closing(QoroService(service.token, base_url=service.url)) as client,
        pytest.raises(QoroConnectionError, match=r"unable to get local issuer .*set QORO_CA_BUNDLE to"),
    ):
        client.test_connection()


@pytest.mark.parametrize("other", [None, "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_our_own_variable_is_trusted_in_addition(
    service: LocalService,
    https_files: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: str | None,
) -> None:
    # Only the clients of this package know the variable.
    monkeypatch.setenv("QORO_CA_BUNDLE", str(https_files.authority))
    with pytest.raises(requests.exceptions.SSLError, match="verify failed"):
        requests.get(service.url, timeout=20)

    if other is not None:
        second = type(https_files)(tmp_path / "second")
        second.folder.mkdir()
        second.issue()
        monkeypatch.setenv(other, str(second.authority))
    with closing(QoroService(service.token, base_url=service.url)) as client:
        assert client.test_connection()
        if other is not None:
            with (
                serve(certificate=second.certificate, key=second.key, workers=1) as another,
                closing(QoroService(another.token, base_url=another.url)) as client_of_another,
            ):
                assert client_of_another.test_connection()


def test_a_file_of_settings_does_not_decide_which_authorities_are_trusted(
    service: LocalService, https_files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("QORO_API_KEY", "QORO_API_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "QORO_API_URL": service.url,
        "QORO_API_KEY": service.token,
        "QORO_CA_BUNDLE": https_files.authority,
    }
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    with closing(QoroService()) as client, pytest.raises(QoroConnectionError, match="verify failed"):
        client.test_connection()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_variable_that_names_no_authority_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("QORO_CA_BUNDLE", str(path))
    with (
        closing(QoroService("token", base_url="https://127.0.0.1:1/api")) as client,
        pytest.raises(QoroInputError, match=r"QORO_CA_BUNDLE is .*authority\.pem', expected a file with"),
    ):
        client.test_connection()


def test_plain_http_to_the_port_of_https_says_what_to_do(service: LocalService) -> None:
    with (
        closing(QoroService(service.token, base_url=service.url.replace("https:", "http:"))) as client,
        pytest.raises(QoroConnectionError, match="if the service uses HTTPS, its URL begins with https:"),
    ):
        client.test_connection()


@pytest.mark.usefixtures("trust")
def test_pickled_clients_and_forked_processes_trust_the_authority_too(service: LocalService) -> None:
    with closing(QoroService(service.token, base_url=service.url)) as client:
        assert client.test_connection()
        with closing(pickle.loads(pickle.dumps(client))) as copy:
            assert copy.test_connection()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(client.test_connection).result(60).status_code == 200


@pytest.mark.usefixtures("trust")
def test_the_names_in_the_certificate_are_names_of_the_service(service: LocalService) -> None:
    for name, status in (("qoro.lab.example", 200), ("other.lab.example", 421)):
        answer = requests.get(
            f"{service.url}/credits/",
            headers={"Host": name, "Authorization": f"Bearer {service.token}"},
            timeout=20,
        )
        assert answer.status_code == status


@pytest.mark.usefixtures("trust")
def test_the_cookie_of_the_pages_is_secure_and_forms_need_the_origin_with_https(
    service: LocalService,
) -> None:
    pages = open_local_pages(service)
    assert pages.url == f"{service.url.removesuffix('/api')}/pages/"
    with requests.Session() as browser:
        answer = browser.get(pages.address(), timeout=20)
        assert answer.url.startswith(pages.url)
        (cookie,) = browser.cookies
        assert cookie.secure
        # Everything else on the same host name, on other ports too, would have to use HTTPS from then on.
        assert "Strict-Transport-Security" not in answer.headers
        jobs = browser.get(f"{pages.url}jobs", timeout=20)
        (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', jobs.text))
        origin = pages.url.removesuffix("/pages/")
        statuses = [
            browser.post(
                f"{pages.url}sign-out",
                data={"csrf": csrf},
                headers={"Origin": sender},
                allow_redirects=False,
                timeout=20,
            ).status_code
            for sender in (origin.replace("https:", "http:"), origin)
        ]
        assert statuses == [403, 303]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"certificate": "https.pem"}, "HTTPS needs a certificate and its private key"),
        ({"certificate": "absent.pem", "key": "https.key"}, r"absent\.pem does not exist"),
        ({"certificate": "https.key", "key": "https.pem"}, "check which file is which"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused_before_anything_starts(
    https_files: Any, tmp_path: Path, options: dict[str, str], said: str
) -> None:
    https_files.certificate.chmod(0o600)
    paths = {name: https_files.folder / file for name, file in options.items()}

    with pytest.raises(QoroInputError, match=said):
        serve(database=tmp_path / "jobs.db", **paths)  # type: ignore[arg-type]
    assert not (tmp_path / "jobs.db").exists()


def test_an_expired_certificate_is_used_with_a_warning(
    https_files: Any, caplog: pytest.LogCaptureFixture
) -> None:
    https_files.issue(days=-1)
    with (
        caplog.at_level(logging.WARNING),
        serve(certificate=https_files.certificate, key=https_files.key, workers=1, opens_port=False),
    ):
        assert "expired on" in caplog.text
