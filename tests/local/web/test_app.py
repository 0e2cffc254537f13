"""The HTTP face where the contract tests cannot reach: several accounts, and a service that breaks."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests

from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.local.web.accounts import Account, Accounts
from qiskit_qoro.local.web.app import PREFIX, build_app
from qiskit_qoro.local.web.handlers import HANDLERS, HandlerContext
from qiskit_qoro.local.web.listener import Listener
from qiskit_qoro.wire import endpoints

INIT = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}


class NobodyRuns:
    def stop_job(self, number: int) -> None:
        pass


@dataclass(frozen=True)
class Face:
    url: str
    store: Store

    def call(self, token: str, method: str, path: str, **options: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.url + path, headers=headers, timeout=60, **options)  # type: ignore[arg-type]


@pytest.fixture
def face() -> Iterator[Face]:
    with (
        closing(open_store()) as store,
        socket.socket(proto=socket.IPPROTO_TCP) as listening,
        ThreadPoolExecutor() as threads,
    ):
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{PREFIX}"
        accounts = Accounts({"alice-token": Account("alice"), "bob-token": Account("bob")})
        listener = Listener(build_app(HandlerContext(store, NobodyRuns()), accounts, threads), listening)
        listener.start()
        yield Face(url, store)
        listener.stop()


ABOUT_A_JOB = [
    endpoint for endpoint in HANDLERS if "{job_id}" in endpoint.path and endpoint is not endpoints.CANCEL_JOB
]


@pytest.mark.parametrize("endpoint", ABOUT_A_JOB, ids=lambda endpoint: endpoint.name)
def test_somebody_else_s_job_is_not_found(face: Face, endpoint: endpoints.Endpoint) -> None:
    job_id = face.call("alice-token", "POST", "/job/init/", json=INIT).json()["job_id"]
    path = endpoint.path.format(job_id=job_id)
    answer = face.call("bob-token", endpoint.method, path, json={})
    assert answer.status_code == 404
    assert answer.json() == {"error": f"there is no job '{job_id}'"}
    assert face.call("alice-token", "GET", f"/job/{job_id}/status/").json() == {"status": "PENDING"}


def test_every_call_has_a_handler() -> None:
    assert set(endpoints.ENDPOINTS) == set(HANDLERS)


def test_somebody_else_s_job_cannot_be_cancelled(face: Face) -> None:
    job_id = face.call("alice-token", "POST", "/job/init/", json=INIT).json()["job_id"]
    answer = face.call("bob-token", "POST", f"/job/{job_id}/cancel/")
    assert answer.status_code == 403
    assert "belongs to somebody else" in answer.json()["error"]
    assert face.call("alice-token", "GET", f"/job/{job_id}/status/").json() == {"status": "PENDING"}


def test_a_failure_of_the_service_itself_is_logged_and_answered_in_json(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    face.store.close()
    with caplog.at_level(logging.ERROR):
        answer = face.call("alice-token", "POST", "/job/init/", json=INIT)
    assert answer.status_code == 500
    assert "its log tells why" in answer.json()["error"]
    assert "POST /api/job/init/ failed" in caplog.text
    assert "alice-token" not in caplog.text


def test_a_listener_that_was_never_started_stops_too(make_listener: Callable[[], Listener]) -> None:
    make_listener().stop()


@pytest.fixture
def make_listener() -> Iterator[Callable[[], Listener]]:
    with closing(open_store()) as store, socket.socket() as listening, ThreadPoolExecutor() as threads:
        yield lambda: Listener(
            build_app(HandlerContext(store, NobodyRuns()), Accounts({}), threads), listening
        )
