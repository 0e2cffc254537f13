"""The web pages that a provider opens."""

from __future__ import annotations

import pickle
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro import PagesLink, QoroJob, QoroProvider
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local import LocalService, serve


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(workers=1) as running:
        yield running


@pytest.fixture
def remote(service: LocalService, tmp_path: Path) -> Iterator[QoroProvider]:
    """A provider of a service that runs independently."""
    with QoroProvider(service.token, base_url=service.url, journal=tmp_path / "journal.db") as provider:
        yield provider


def run(provider: QoroProvider, tag: str) -> QoroJob:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    job = provider.get_backend().run(circuit, shots=10, job_tags=[tag])
    job.result()
    return job


def base_of(link: PagesLink) -> str:
    return link.address.partition("/pages/")[0]


def refuse_connection(browser: requests.Session, base: str) -> None:
    with pytest.raises(requests.ConnectionError, match=r"refused|reset"):
        browser.get(f"{base}/pages/")


class TestLocalProvider:
    def test_the_pages_show_its_jobs(self, browser: requests.Session) -> None:
        with QoroProvider.local(workers=1) as provider:
            link = provider.open(browser=False)
            job = run(provider, "my-tag")
            assert browser.get(str(link)).status_code == 200
            page = browser.get(f"{base_of(link)}/pages/jobs").text
            assert job.job_id()[:8] in page
            assert "my-tag" in page
            page = browser.get(f"{base_of(link)}/pages/jobs/{job.job_id()}").text
            assert "QoroProvider.local(workers=1).retrieve_job" in page.replace("&#39;", "'")

    def test_another_call_gives_another_address_of_the_same_pages(self, browser: requests.Session) -> None:
        with QoroProvider.local(workers=1) as provider:
            links = [provider.open(browser=False) for _ in range(2)]
            assert base_of(links[0]) == base_of(links[1])
            assert links[0] != links[1]
            for link in links:
                browser.cookies.clear()
                assert browser.get(str(link)).status_code == 200

    def test_the_pages_end_with_the_last_provider_of_the_service(self, browser: requests.Session) -> None:
        with QoroProvider.local(workers=1) as last:
            with QoroProvider.local(workers=1) as first:
                base = base_of(first.open(browser=False))
                assert base_of(last.open(browser=False)) == base
            assert browser.get(f"{base}/pages/").status_code == 401
        refuse_connection(browser, base)

    def test_a_provider_that_is_used_again_has_new_pages(self, browser: requests.Session) -> None:
        provider = QoroProvider.local(workers=1)
        provider.open(browser=False)
        provider.close()
        with provider:
            assert browser.get(str(provider.open(browser=False))).status_code == 200

    def test_a_copy_leaves_the_pages_to_the_original(self) -> None:
        with QoroProvider.local(workers=1) as provider:
            _ = provider.service
            copied = pickle.loads(pickle.dumps(provider))
            with pytest.raises(QoroError, match=r"copied or forked from: call open\(\) of that provider"):
                copied.open(browser=False)


class TestOtherProviders:
    def test_the_pages_show_the_jobs_in_the_journal(
        self, remote: QoroProvider, browser: requests.Session
    ) -> None:
        job = run(remote, "in-journal")
        link = remote.open(browser=False)
        assert browser.get(str(link)).status_code == 200
        page = browser.get(f"{base_of(link)}/pages/jobs").text
        assert job.job_id()[:8] in page
        assert "in-journal" in page

    def test_another_call_gives_another_address_of_the_same_server(self, remote: QoroProvider) -> None:
        links = [remote.open(browser=False) for _ in range(2)]
        assert base_of(links[0]) == base_of(links[1])
        assert links[0] != links[1]

    def test_the_pages_are_not_those_of_the_service(
        self, remote: QoroProvider, service: LocalService, browser: requests.Session
    ) -> None:
        link = remote.open(browser=False)
        assert base_of(link) != service.url.removesuffix("/api")
        assert browser.get(f"{service.url.removesuffix('/api')}/pages/").status_code == 404

    def test_the_pages_end_with_the_provider(self, remote: QoroProvider, browser: requests.Session) -> None:
        base = base_of(remote.open(browser=False))
        remote.close()
        remote.close()
        refuse_connection(browser, base)

    def test_a_copy_has_pages_of_its_own(self, remote: QoroProvider) -> None:
        link = remote.open(browser=False)
        with pickle.loads(pickle.dumps(remote)) as copied:
            assert base_of(copied.open(browser=False)) != base_of(link)

    def test_without_a_journal_there_is_nothing_to_show(self, service: LocalService) -> None:
        with (
            QoroProvider(service.token, base_url=service.url, journal=False) as provider,
            pytest.raises(QoroInputError, match="keeps no journal of jobs"),
        ):
            provider.open(browser=False)


def test_the_browser_of_the_user_gets_a_code_of_its_own(
    remote: QoroProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: requests.Session
) -> None:
    script = tmp_path / "browser.py"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script.write_text(
            "import socket, sys\n"
            f"with socket.create_connection({listening.getsockname()!r}) as connection:\n"
            "    connection.sendall(sys.argv[1].encode())\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
        link = remote.open()
        connection, _ = listening.accept()  # waits for the browser
        with connection, connection.makefile() as stream:
            address = stream.read()
    assert link.note == ""
    assert base_of(link) == address.partition("/pages/")[0]
    for each in (address, str(link)):
        browser.cookies.clear()
        assert browser.get(each).status_code == 200


def test_the_link_says_why_no_browser_was_opened(
    remote: QoroProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "w3m")
    assert remote.open().note == "No browser was opened, because w3m would need this terminal."


def test_a_link_is_its_address_and_a_card_with_a_link(parse_html: Callable[[str], Any]) -> None:
    address = "http://127.0.0.1:8000/pages/sign-in?code=abc&next=%2F"
    link = PagesLink(address, "No browser was opened.")
    assert str(link) == address
    assert repr(link) == f"<PagesLink {address}>"
    markup = link._repr_html_()
    assert 'href="http://127.0.0.1:8000/pages/sign-in?code=abc&amp;next=%2F"' in markup
    assert "signs in once, within 15 minutes" in parse_html(markup).text
    assert "No browser was opened." in parse_html(markup).text
