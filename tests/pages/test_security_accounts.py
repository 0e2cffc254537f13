"""Each account sees and changes only its own jobs: on a real service with two accounts, by every route."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from qiskit_qoro.local import Account, serve
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.pages.handlers.routes import ROUTES
from qiskit_qoro.pages.local_source.source import local_sources
from qiskit_qoro.pages.opening import mount_pages
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.service import QoroService

from .raw import Answer, cookie_of, csrf_in, csrf_of, post, send
from .sample import PROGRAM
from .serving import Served

TAG, LABEL = "tag-of-alice", "label-of-alice"
WITH_JOB = [
    (method, "/pages" + path)
    for path, handlers in ROUTES.items()
    for method in handlers
    if "{job_id}" in path
]
WITHOUT_JOB = ["/pages" + path for path, handlers in ROUTES.items() if "{" not in path and "GET" in handlers]


@dataclass
class World:
    """A service on which Alice has jobs.

    Attributes:
        served: Its pages.
        alice: A browser of Alice.
        bob: A browser of Bob.
        job_ids: A job of circuits and a characterization of Alice.
        service: The service as Alice uses it in Python.
    """

    served: Served
    alice: requests.Session
    bob: requests.Session
    job_ids: list[str]
    service: QoroService


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    accounts = {"token-of-alice": Account("alice"), "token-of-bob": Account("bob")}
    with serve(workers=1, accounts=accounts) as service:
        client = QoroService(
            "token-of-alice",
            JobConfig(simulator_cluster="qoro_maestro", tag=TAG, shots=10),
            polling_interval=0.05,
            base_url=service.url,
        )
        job = client.submit_circuits({LABEL: PROGRAM})
        report = client.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})
        service.wait_idle(60)
        pages = mount_pages(service, local_sources(service.parts, "QoroProvider()"))
        served = Served(pages.url.removesuffix("/pages/"), SignIn(lambda _token: None, clock=lambda: 0.0))
        alice, bob = (signed_in(served, f"token-of-{name}") for name in ("alice", "bob"))
        yield World(served, alice, bob, [job.job_id, report["job_id"]], client)
        for browser in served.browsers:
            browser.close()


def signed_in(served: Served, token: str) -> requests.Session:
    """A browser that has signed in with a token."""
    browser = served.visitor()
    csrf = csrf_in(browser.get(f"{served.url}/pages/sign-in").text)
    answer = browser.post(
        f"{served.url}/pages/sign-in", data={"csrf": csrf, "code": token}, headers={"Origin": served.url}
    )
    answer.raise_for_status()
    return browser


def ask(world: World, browser: requests.Session, method: str, pattern: str, job_id: str) -> Answer:
    """Request a path of a job, as a page or as a form of the browser does."""
    path = re.sub(r"\{\w+\}", "0", pattern.replace("{job_id}", job_id))
    if method == "POST":
        form = {"csrf": csrf_of(world.served, browser), "number": "0"}
        return post(world.served, browser, path, form)
    return send(world.served.url, method, path, {"Cookie": cookie_of(browser)})


@pytest.mark.parametrize(("method", "pattern"), WITH_JOB)
def test_a_job_of_another_account_looks_like_a_job_that_does_not_exist(world, method, pattern):
    for job_id in world.job_ids:
        unknown = str(uuid.uuid4())
        others, missing = (ask(world, world.bob, method, pattern, one) for one in (job_id, unknown))
        assert (others.status, missing.status) == (404, 404)
        assert others.text.replace(job_id, unknown) == missing.text
        assert TAG not in others.text
        assert LABEL not in others.text
        names = {name for name in missing.headers if name != "content-length"}
        assert {name: others.headers[name] for name in names} == {
            name: missing.headers[name] for name in names
        }


@pytest.mark.parametrize("path", WITHOUT_JOB)
def test_no_list_shows_jobs_of_another_account(world, path):
    query = {"tag": TAG, "text": LABEL}
    for parameters in ({}, {"kind": "run"}, {"status": "COMPLETED"}):
        text = world.bob.get(world.served.url + path, params=parameters).text
        for secret in (TAG, LABEL, *world.job_ids, *(one[:8] for one in world.job_ids)):
            assert secret not in text, (path, secret)
    filtered = world.bob.get(world.served.url + path, params=query).text
    assert not [job_id for job_id in world.job_ids if job_id in filtered or job_id[:8] in filtered]


def test_the_owner_sees_them_and_nobody_has_changed_them(world):
    html = world.alice.get(f"{world.served.url}/pages/jobs").text
    assert TAG in html
    for job_id in world.job_ids:
        assert job_id in html
        assert ask(world, world.alice, "GET", "/pages/jobs/{job_id}", job_id).status == 200
    report = ask(world, world.alice, "GET", "/pages/jobs/{job_id}/report", world.job_ids[1])
    assert report.status == 200
    circuit = ask(world, world.alice, "GET", "/pages/jobs/{job_id}", world.job_ids[0])
    assert LABEL in circuit.text


def test_an_action_of_the_owner_is_done(world):
    """The forms above would have had an effect if the jobs were Bob's."""
    answer = ask(world, world.alice, "POST", "/pages/jobs/{job_id}/resubmit", world.job_ids[0])
    assert answer.status == 303
    new = answer.headers["location"].removeprefix("/pages/jobs/")
    assert ask(world, world.bob, "GET", "/pages/jobs/{job_id}", new).status == 404
    assert ask(world, world.alice, "POST", "/pages/jobs/{job_id}/delete", new).status == 303
    assert ask(world, world.alice, "GET", "/pages/jobs/{job_id}", new).status == 404
