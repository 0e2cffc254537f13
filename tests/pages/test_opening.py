"""The pages of a running local service, and pages on a port of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.pages.opening import PagesServer, mount_pages, open_local_pages, start_pages_server
from qiskit_qoro.pages.source import Source

from .sample import SampleSource


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(workers=1, accounts={"other-token": Account("other")}) as running:
        yield running


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def _open_source(account: str) -> Source:
    return SampleSource()


def test_a_service_has_no_pages_unless_they_are_requested(browser):
    with serve(workers=1) as service:
        base = service.url.removesuffix("/api")
        assert browser.get(f"{base}/pages/").status_code == 404
        assert browser.get(f"{base}/pages/sign-in").status_code == 404


def test_the_address_signs_in_once(service, browser):
    address = mount_pages(service, _open_source).address()
    assert browser.get(address).status_code == 200
    base = service.url.removesuffix("/api")
    assert browser.get(f"{base}/pages/jobs").status_code == 200
    browser.cookies.clear()
    assert browser.get(address).status_code == 401


def test_a_second_call_gives_another_code_for_the_same_pages(service, browser):
    first, second = (mount_pages(service, _open_source) for _ in range(2))
    assert first is second
    addresses = [first.address(), second.address()]
    assert len(set(addresses)) == 2
    for address in addresses:
        browser.cookies.clear()
        assert browser.get(address).status_code == 200


def test_the_pages_of_a_local_service_show_its_jobs(browser):
    with serve(workers=1) as service:
        browser.get(open_local_pages(service).address()).raise_for_status()
        with QoroProvider(service.token, base_url=service.url, journal=False) as provider:
            job = provider.get_backend().run(bell(), shots=10, job_tags=["from-python"])
            job.result()
        page = browser.get(f"{service.url.removesuffix('/api')}/pages/jobs").text
    assert job.job_id()[:8] in page
    assert "from-python" in page


def test_an_address_is_for_the_account_of_the_service_only(browser):
    with serve(workers=1, accounts={"other-token": Account("other")}) as service:
        with QoroProvider("other-token", base_url=service.url, journal=False) as provider:
            job = provider.get_backend().run(bell(), shots=10, job_tags=["of-other"])
            job.result()
        browser.get(open_local_pages(service).address()).raise_for_status()
        base = service.url.removesuffix("/api")
        assert "of-other" not in browser.get(f"{base}/pages/jobs").text
        assert browser.get(f"{base}/pages/jobs/{job.job_id()}").status_code == 404


def test_the_pages_end_with_the_service(browser):
    with serve(workers=1) as service:
        pages = open_local_pages(service)
        assert browser.get(pages.url).status_code == 401
    with pytest.raises(requests.ConnectionError, match=r"refused|reset"):
        browser.get(pages.url)


@pytest.fixture
def server() -> Iterator[PagesServer]:
    with start_pages_server(_open_source) as running:
        yield running


def test_the_address_signs_in(server, browser):
    assert browser.get(server.address()).status_code == 200
    assert browser.get(f"{server.url}jobs").status_code == 200


def test_the_root_leads_to_the_pages(server, browser):
    browser.get(server.address())
    assert browser.get(server.url.removesuffix("pages/")).url == f"{server.url}jobs"


def test_there_is_nothing_else(server, browser):
    browser.get(server.address())
    assert browser.get(server.url.removesuffix("pages/") + "jobs").status_code == 404
    assert browser.get(server.url.removesuffix("/") + "x/jobs").status_code == 404


def test_a_request_for_another_host_is_refused(server, browser):
    assert browser.get(server.url, headers={"Host": "example.org"}).status_code == 421


def test_nobody_answers_after_close(browser):
    server = start_pages_server(_open_source)
    server.close()
    server.close()
    with pytest.raises(requests.ConnectionError, match=r"refused|reset"):
        browser.get(server.url)
