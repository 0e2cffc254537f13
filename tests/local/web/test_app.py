"""The web application where the contract tests cannot reach: several accounts, and a service that breaks."""

from __future__ import annotations

import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests
from starlette.types import Receive, Scope, Send

from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.accounts import Account, Accounts
from qiskit_qoro.local.web.app import PREFIX, build_app
from qiskit_qoro.local.web.calls import HandlerContext
from qiskit_qoro.local.web.handlers import HANDLERS
from qiskit_qoro.web_server.listener import Listener
from qiskit_qoro.wire import endpoints

INIT = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}


class NoRunner:
    def stop_job(self, number: int) -> None:
        pass


@dataclass(frozen=True)
class Api:
    url: str
    database: Database

    def call(self, token: str, method: str, path: str, **options: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.url + path, headers=headers, timeout=60, **options)  # type: ignore[arg-type]


@pytest.fixture
def api() -> Iterator[Api]:
    """The API of two accounts, without a runner."""
    with (
        closing(open_database()) as database,
        socket.socket(proto=socket.IPPROTO_TCP) as listening,
        ThreadPoolExecutor() as threads,
    ):
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{PREFIX}"
        accounts = Accounts({"alice-token": Account("alice"), "bob-token": Account("bob")})
        context = HandlerContext(JobStore(database), NoRunner())
        listener = Listener(build_app(context, accounts, threads), listening)
        listener.start()
        yield Api(url, database)
        listener.stop()


JOB_ENDPOINTS = [
    endpoint for endpoint in HANDLERS if "{job_id}" in endpoint.path and endpoint is not endpoints.CANCEL_JOB
]


@pytest.mark.parametrize("endpoint", JOB_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_job_of_another_account_is_not_found(api: Api, endpoint: endpoints.Endpoint) -> None:
    job_id = api.call("alice-token", "POST", "/job/init/", json=INIT).json()["job_id"]
    path = endpoint.path.format(job_id=job_id)
    answer = api.call("bob-token", endpoint.method, path, json={})
    assert answer.status_code == 404
    assert answer.json() == {"error": f"there is no job '{job_id}'"}
    assert api.call("alice-token", "GET", f"/job/{job_id}/status/").json() == {"status": "PENDING"}


def test_every_endpoint_has_a_handler() -> None:
    assert set(endpoints.ENDPOINTS) == set(HANDLERS)


def test_a_job_of_another_account_cannot_be_cancelled(api: Api) -> None:
    job_id = api.call("alice-token", "POST", "/job/init/", json=INIT).json()["job_id"]
    answer = api.call("bob-token", "POST", f"/job/{job_id}/cancel/")
    assert answer.status_code == 403
    assert "belongs to another account" in answer.json()["error"]
    assert api.call("alice-token", "GET", f"/job/{job_id}/status/").json() == {"status": "PENDING"}


def test_an_internal_error_is_logged_and_answered_in_json(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.database.close()
    with caplog.at_level(logging.ERROR):
        answer = api.call("alice-token", "POST", "/job/init/", json=INIT)
    assert answer.status_code == 500
    assert "see its log" in answer.json()["error"]
    assert "POST /api/job/init/ failed" in caplog.text
    assert "alice-token" not in caplog.text


def test_a_listener_that_was_never_started_can_be_stopped(make_listener: Callable[[], Listener]) -> None:
    threads = threading.enumerate()
    listener = make_listener()
    listener.stop()
    assert threading.enumerate() == threads


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_connections_that_were_accepted_just_before_the_stop_are_closed() -> None:
    unclosed: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda error: unclosed.append(error.exc_value))
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as listening:
                listener = Listener(app, listening)
                listener.start()
                socket.create_connection(listening.getsockname()).close()
                listener.stop()
            del listener
            gc.collect()
    assert unclosed == []


@pytest.fixture
def make_listener() -> Iterator[Callable[[], Listener]]:
    with closing(open_database()) as database, socket.socket() as listening, ThreadPoolExecutor() as threads:
        context = HandlerContext(JobStore(database), NoRunner())
        yield lambda: Listener(build_app(context, Accounts({}), threads), listening)
