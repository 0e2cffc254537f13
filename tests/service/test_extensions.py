"""The extensions of a service: read from its OpenAPI document, remembered, and never an error."""

from __future__ import annotations

import json
import logging
import pickle

import pytest
import requests

from qiskit_qoro.service import QoroService
from qiskit_qoro.service.transport.transport import CONNECT_TIMEOUT_S
from qiskit_qoro.wire.endpoints import OPENAPI_DOCUMENT

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "a", "version": "1", "x-qoro-extensions": ["b", "a"]}}
PAGE = "<!DOCTYPE html><title>Sign in</title>"


def head(status: str, content_type: str, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def test_the_extensions_of_the_local_service_are_those_of_its_document(local_service, live_service):
    document = requests.get(f"{local_service.url}/openapi.json", timeout=60).json()
    announced = document["info"]["x-qoro-extensions"]
    assert announced == sorted(set(announced))
    assert live_service.extensions() == frozenset(announced)


def test_the_document_is_fetched_once(service, cloud, url):
    cloud.get(f"{url}/openapi.json", json=DOCUMENT)
    assert len(cloud.calls) == 0
    assert [service.extensions() for _ in range(3)] == [{"a", "b"}] * 3
    assert pickle.loads(pickle.dumps(service)).extensions() == {"a", "b"}
    assert len(cloud.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        head("404 Not Found", "application/json", '{"detail": "no"}'),
        head("401 Unauthorized", "application/json", '{"detail": "no"}'),
        head("200 OK", "text/html", PAGE),
        head("200 OK", "application/json", '{"info": {"x-qoro-extensions": ["a"'),
        head("200 OK", "application/json", "[" * 100_000),
        head("200 OK", "application/json", ""),
        head("200 OK", "application/json", "[]"),
        head("200 OK", "application/json", '{"openapi": "3.1.0"}'),
        head("200 OK", "application/json", '{"info": ["x-qoro-extensions"]}'),
        head("200 OK", "application/json", '{"info": {"x-qoro-extensions": "gradients"}}'),
        head("200 OK", "application/json", '{"info": {"x-qoro-extensions": {"gradients": true}}}'),
    ],
)
def test_a_service_without_a_readable_document_has_no_extensions(raw_server, answer):
    server = raw_server()
    server.answers = [answer]
    service = QoroService("t", base_url=server.url)
    assert [service.extensions() for _ in range(3)] == [frozenset()] * 3
    assert [seen.path for seen in server.seen] == ["/api/openapi.json"]


@pytest.mark.parametrize(
    "answer",
    [
        head("429 Too Many Requests", "application/json\r\nRetry-After: 1", "{}"),
        head("500 Internal Server Error", "text/html", PAGE),
        head("503 Service Unavailable", "text/plain", "later"),
        b"not HTTP at all",
        b"",
    ],
)
def test_a_service_that_is_not_available_is_asked_again(raw_server, answer):
    server = raw_server()
    server.answers = [answer, head("200 OK", "application/json", json.dumps(DOCUMENT))]
    service = QoroService("t", base_url=server.url)
    assert [service.extensions() for _ in range(3)] == [frozenset(), {"a", "b"}, {"a", "b"}]
    assert len(server.seen) == 2


def test_a_name_that_is_no_text_is_left_out(service, cloud, url):
    cloud.get(f"{url}/openapi.json", json={"info": {"x-qoro-extensions": ["a", 1, None, ["b"], "c"]}})
    assert service.extensions() == {"a", "c"}


def test_each_call_tries_a_service_that_cannot_be_reached_once(service, clock, caplog):
    caplog.set_level(logging.WARNING)
    assert [service.extensions() for _ in range(3)] == [frozenset()] * 3
    assert clock.waits == []
    assert caplog.records == []


@pytest.mark.parametrize("failure", [requests.ConnectTimeout, requests.ReadTimeout])
def test_a_document_that_does_not_arrive_in_time_announces_nothing(service, cloud, url, failure):
    cloud.get(f"{url}/openapi.json", body=failure())
    assert service.extensions() == frozenset()
    assert [call.request.req_kwargs["timeout"] for call in cloud.calls] == [
        (CONNECT_TIMEOUT_S, OPENAPI_DOCUMENT.timeout_s)
    ]
    assert OPENAPI_DOCUMENT.timeout_s <= 5
