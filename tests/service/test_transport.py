"""Requests and responses: retries, headers, redirects, and the translation of errors."""

import gzip
import math
import pickle
import platform
import random
import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import qiskit
import requests
import responses
from qiskit.exceptions import QiskitError
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as RefusedTLSError

import qiskit_qoro
from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroInputError,
    QoroTimeoutError,
    QubitLimitError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import GRACE_S, SYSTEM_CLOCK, Deadline
from qiskit_qoro.service.transport import (
    CONNECT_TIMEOUT_S,
    MAX_ATTEMPTS,
    DeadlineError,
    Transport,
    json_of,
)
from qiskit_qoro.service.transport.http_adapter import MAX_EXPANSION, MAX_INFLATED_BYTES
from qiskit_qoro.wire.endpoints import (
    ADD_CIRCUITS,
    CANCEL_JOB,
    DELETE_JOB,
    ENDPOINTS,
    GET_RESULTS,
    GET_STATUS,
    INIT_JOB,
    PING,
    SUBMIT_QUBO,
    VALIDATION_REPORT,
)
from qiskit_qoro.wire.fields import MAX_JSON_DEPTH

HTML = "<html><body><h1>Bad gateway</h1> nginx</body></html>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

CHECK_TOKEN = "Check QORO_API_KEY, auth_token or account"


def http_date(seconds_from_now):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds_from_now), usegmt=True)


@pytest.fixture
def transport(cloud, clock, url, token):
    return Transport(url, token, clock=clock, jitter=lambda: 0.0)


def scripted(cloud, url, endpoint, **answer):
    cloud.add(endpoint.method, endpoint.url(url, job_id="j1"), **answer)


def send(transport, endpoint):
    return transport.send(endpoint, job_id="j1", body=b"{}" if endpoint.method == "POST" else None)


# --- retries ------------------------------------------------------------------------------------------


LOST = [
    {"body": requests.exceptions.ConnectionError("connection reset")},
    {"body": requests.exceptions.ReadTimeout("too slow")},
]
TEMPORARY = [408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize(
    "failure", LOST + [{"status": status} for status in TEMPORARY], ids=["lost", "slow", *map(str, TEMPORARY)]
)
def test_only_repeatable_requests_are_retried_and_not_forever(cloud, transport, url, endpoint, failure):
    scripted(cloud, url, endpoint, **failure)
    with pytest.raises((QoroAPIError, QoroConnectionError), match=r"no answer|: the service "):
        send(transport, endpoint)
    assert len(cloud.calls) == (MAX_ATTEMPTS if endpoint.repeatable else 1)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
def test_any_request_is_retried_after_too_many_requests(cloud, transport, clock, url, endpoint):
    scripted(cloud, url, endpoint, status=429, headers={"Retry-After": "3"})
    scripted(cloud, url, endpoint, json={})
    assert send(transport, endpoint).json() == {}
    assert (len(cloud.calls), clock.waits) == (2, [3.0])
    cloud.replace(endpoint.method, endpoint.url(url, job_id="j1"), status=429)
    with pytest.raises(RateLimitError, match=r"429 Too Many Requests: too many requests$"):
        send(transport, endpoint)
    assert len(cloud.calls) == 2 + MAX_ATTEMPTS


def unsent(kind):
    """The errors of the HTTP library if no connection can be established."""
    pool = HTTPConnectionPool("qoro.test")
    if kind == "timeout":
        return requests.exceptions.ConnectTimeout(
            MaxRetryError(pool, "/", ConnectTimeoutError(pool, "timed out"))
        )
    reason = NewConnectionError(pool, "Name or service not known" if kind == "dns" else "refused")
    if kind == "proxy":
        return requests.exceptions.ProxyError(MaxRetryError(pool, "/", ProxyError("no proxy", reason)))
    return requests.exceptions.ConnectionError(MaxRetryError(pool, "/", reason))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize("kind", ["refused", "dns", "timeout", "proxy"])
def test_any_request_that_was_certainly_not_sent_is_retried(cloud, transport, url, endpoint, kind):
    scripted(cloud, url, endpoint, body=unsent(kind))
    scripted(cloud, url, endpoint, json={})
    assert send(transport, endpoint).json() == {}
    cloud.replace(endpoint.method, endpoint.url(url, job_id="j1"), body=unsent(kind))
    with pytest.raises(QoroConnectionError, match="was not sent") as caught:
        send(transport, endpoint)
    assert not caught.value.was_sent
    assert len(cloud.calls) == 2 + MAX_ATTEMPTS


def test_a_request_is_sent_once_the_service_accepts_connections(raw_server, clock):
    server = raw_server()
    server.answers = [OK]
    transport = Transport("http://127.0.0.1:1/api", "the-token", clock=clock)
    clock.during_wait = lambda: setattr(transport, "base_url", server.url)
    assert transport.send(INIT_JOB, body=b"{}").json() == {}
    assert (len(server.seen), len(clock.waits)) == (1, 1)


def test_a_connection_that_breaks_while_tls_is_set_up_has_sent_nothing(raw_server, clock):
    server = raw_server()  # it does not know TLS, and answers the handshake with nothing
    server.answers = [b""]
    transport = Transport(server.url.replace("http:", "https:"), "the-token", clock=clock)
    with pytest.raises(QoroConnectionError, match="was not sent") as caught:
        transport.send(INIT_JOB, body=b"{}")
    assert not caught.value.was_sent
    assert len(clock.waits) == MAX_ATTEMPTS - 1


def test_a_refused_certificate_is_not_tried_again(cloud, transport, url):
    refused = RefusedTLSError(ssl.SSLCertVerificationError(1, "certificate verify failed"))
    error = requests.exceptions.SSLError(MaxRetryError(None, url, refused))
    scripted(cloud, url, PING, body=error)
    with pytest.raises(QoroConnectionError, match=r"verify failed.*set QORO_CA_BUNDLE to"):
        transport.send(PING)
    assert len(cloud.calls) == 1


def test_a_lost_answer_may_have_been_sent(cloud, transport, url):
    scripted(cloud, url, INIT_JOB, **LOST[0])
    with pytest.raises(
        QoroConnectionError, match=r"connection reset\. It was sent once and not repeated"
    ) as caught:
        transport.send(INIT_JOB, body=b"{}")
    assert caught.value.was_sent


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 501, 505])
def test_a_permanent_error_is_not_retried(cloud, transport, url, endpoint, status):
    scripted(cloud, url, endpoint, status=status)
    with pytest.raises(QoroAPIError, match=f"{endpoint.method} /.*: {status} "):
        send(transport, endpoint)
    assert len(cloud.calls) == 1


def test_requests_that_open_append_cancel_delete_or_bill_are_not_repeatable():
    once = {row.name for row in ENDPOINTS if not row.repeatable}
    opening = {"init_job", "create_failed_job"}
    assert once == opening | {"add_circuits", "cancel_job", "delete_job", "submit_qubo"}


def test_a_request_that_succeeds_after_retries_returns_its_response(cloud, transport, clock, url):
    scripted(cloud, url, PING, body=requests.exceptions.ConnectionError("reset"))
    scripted(cloud, url, PING, status=503)
    scripted(cloud, url, PING, json={"fine": True})
    assert transport.send(PING).json() == {"fine": True}
    assert len(clock.waits) == 2


def test_the_backoff_doubles(cloud, transport, clock, url):
    scripted(cloud, url, PING, status=503)
    with pytest.raises(QoroAPIError, match=r"503 Service Unavailable"):
        transport.send(PING)
    assert clock.waits == [0.25, 0.5, 1.0, 2.0]


def test_jitter_extends_the_backoff(cloud, clock, url, token):
    scripted(cloud, url, PING, status=503)
    with pytest.raises(QoroAPIError, match=r"503 Service Unavailable"):
        Transport(url, token, clock=clock).send(PING)
    assert all(
        least <= pause <= 2 * least for pause, least in zip(clock.waits, (0.25, 0.5, 1, 2), strict=True)
    )
    assert clock.waits != [0.25, 0.5, 1.0, 2.0]


def test_retry_after_in_seconds_is_respected(cloud, transport, clock, url):
    scripted(cloud, url, PING, status=429, headers={"Retry-After": "7"})
    scripted(cloud, url, PING, status=200)
    transport.send(PING)
    assert clock.waits == [7.0]


def test_retry_after_as_a_date_is_respected(cloud, transport, clock, url):
    scripted(cloud, url, PING, status=503, headers={"Retry-After": http_date(30)})
    scripted(cloud, url, PING, status=200)
    transport.send(PING)
    assert clock.waits == [pytest.approx(29.5, abs=1.5)]


@pytest.mark.parametrize(
    "value",
    ["soon", "", "-5", "1e9", "Wed, 99 Foo 2026 00:00:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000", "0"],
)
def test_an_invalid_or_past_retry_after_is_ignored(cloud, transport, clock, url, value):
    scripted(cloud, url, PING, status=503, headers={"Retry-After": value})
    scripted(cloud, url, PING, status=200)
    transport.send(PING)
    assert clock.waits == [0.25]


@pytest.mark.parametrize(
    "value",
    # The date has an id of its own: processes that collect the tests a second apart have to agree on the ids.
    ["61", "86400", "9" * 400, pytest.param(http_date(3600), id="date")],
)
@pytest.mark.parametrize("endpoint", [PING, INIT_JOB], ids=lambda row: row.name)
def test_a_retry_after_beyond_the_limit_is_an_error_with_that_time(
    cloud, transport, clock, url, value, endpoint
):
    scripted(cloud, url, endpoint, status=429, headers={"Retry-After": value})
    with pytest.raises(RateLimitError, match="asks to wait") as caught:
        transport.send(endpoint)
    assert caught.value.retry_after_s > 60
    assert clock.waits == []


@pytest.mark.parametrize(
    ("limit", "value", "is_retried"),
    [
        (60, "60", True),
        (0, "0", True),
        (0, "1", False),
        (5, "5", True),
        (5, "6", False),
        (math.inf, "86400", True),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_limit_of_retry_after_can_be_set(cloud, clock, url, token, status, limit, value, is_retried):
    service = QoroService(token, base_url=url, clock=clock, max_retry_after_s=limit)
    assert pickle.loads(pickle.dumps(service)).max_retry_after_s == limit
    scripted(cloud, url, PING, status=status, headers={"Retry-After": value})
    scripted(cloud, url, PING, json={})
    if is_retried:
        assert service.test_connection().ok
        assert clock.waits == [pytest.approx(max(float(value), 0.375), abs=0.126)]
    else:
        with pytest.raises(QoroAPIError, match="asks to wait"):
            service.test_connection()
        assert clock.waits == []


@pytest.mark.parametrize("limit", [-1, math.nan, "60", None, True])
def test_an_invalid_limit_of_retry_after_is_refused(url, token, limit):
    with pytest.raises(QoroInputError, match=r"max_retry_after_s is .*, expected 0 seconds or more"):
        QoroService(token, base_url=url, max_retry_after_s=limit)


# --- what is sent -------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
def test_every_request_has_the_time_limits_of_its_endpoint(cloud, transport, url, endpoint):
    scripted(cloud, url, endpoint, json={})
    send(transport, endpoint)
    assert cloud.calls[0].request.req_kwargs["timeout"] == (CONNECT_TIMEOUT_S, endpoint.timeout_s)


def test_token_and_versions_are_sent_as_headers(raw_server, clock):
    server = raw_server()
    server.answers = [OK]
    Transport(server.url, "the-token", clock=clock).send(PING)
    headers = server.seen[0].headers
    assert headers["Authorization"] == "Bearer the-token"
    assert headers["User-Agent"].split() == [
        f"qiskit-qoro/{qiskit_qoro.__version__}",
        f"qiskit/{qiskit.__version__}",
        f"python/{platform.python_version()}",
    ]


def test_bodies_are_sent_as_json(cloud, transport, url):
    scripted(cloud, url, INIT_JOB, json={})
    transport.send(INIT_JOB, body=b'{"tag":"x"}')
    assert cloud.calls[0].request.headers["Content-Type"] == "application/json"
    assert cloud.calls[0].request.body == b'{"tag":"x"}'


def test_a_netrc_file_does_not_replace_the_token(raw_server, clock, tmp_path, monkeypatch):
    server = raw_server()
    server.answers = [OK]
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    transport = Transport(server.url.replace("127.0.0.1", "localhost"), "the-token", clock=clock)
    transport.send(PING)
    assert server.seen[0].headers["Authorization"] == "Bearer the-token"


def test_a_proxy_is_not_used_for_a_service_on_this_machine(raw_server, clock, monkeypatch):
    server, proxy = raw_server(), raw_server()
    server.answers = proxy.answers = [OK]
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    Transport(server.url, "the-token", clock=clock).send(PING)
    assert (len(server.seen), len(proxy.seen)) == (1, 0)


def test_a_proxy_is_used_for_a_remote_service(raw_server, clock, monkeypatch):
    proxy = raw_server()
    proxy.answers = [OK]
    monkeypatch.setenv("http_proxy", proxy.url)
    Transport("http://qoro.test/api", "the-token", clock=clock).send(PING)
    assert [request.path for request in proxy.seen] == ["http://qoro.test/api/"]


# --- redirects and malformed responses ----------------------------------------------------------------


def redirect_to(url):
    return (
        f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()


def test_a_get_follows_a_redirect_on_the_same_server_with_the_token(raw_server, clock):
    server = raw_server()
    server.answers = [redirect_to("/api/elsewhere/"), OK]
    answer = Transport(server.url, "the-token", clock=clock).send(PING)
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer the-token"] * 2
    assert "the-token" not in repr([answer.request.headers, answer.history[0].request.headers])


def test_the_token_is_not_sent_to_another_server_after_a_redirect(raw_server, clock):
    server, other = raw_server(), raw_server()
    other.answers = [OK]
    server.answers = [redirect_to(other.url.replace("127.0.0.1", "localhost"))]
    Transport(server.url, "the-token", clock=clock).send(PING)
    assert "Authorization" not in other.seen[0].headers


def test_a_post_follows_no_redirect(raw_server, clock):
    server = raw_server()
    server.answers = [redirect_to("/api/elsewhere/")]
    with pytest.raises(QoroAPIError, match=r"302 Found: .*check the base URL") as caught:
        Transport(server.url, "the-token", clock=clock).send(INIT_JOB, body=b"{}")
    assert len(server.seen) == 1
    assert "the-token" not in repr(caught.value.response.next.headers)


def test_endless_redirects_are_an_error_without_the_token(raw_server, clock):
    server = raw_server()
    server.answers = [redirect_to("/api/")]
    with pytest.raises(WireError, match="endlessly: check the base URL") as caught:
        Transport(server.url, "the-token", clock=clock).send(PING)
    assert clock.waits == []
    cause = caught.value.__cause__
    held = [cause.request, cause.response.request, *(answer.request for answer in cause.response.history)]
    assert all("the-token" not in repr(request.headers) for request in held)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: applica",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
        b"HTTP/1.1 204 No Content\r\nServer: x\r\n",
    ],
)
def test_a_response_that_ends_within_its_header_counts_as_lost(raw_server, clock, start):
    server = raw_server()
    server.answers = [start, OK]
    assert Transport(server.url, "the-token", clock=clock).send(PING).json() == {}
    server.answers = [start]
    for endpoint in (INIT_JOB, ADD_CIRCUITS, CANCEL_JOB, DELETE_JOB):
        with pytest.raises(QoroConnectionError, match="not known whether the service acted") as caught:
            Transport(server.url, "the-token", clock=clock).send(endpoint, job_id="j1")
        assert caught.value.was_sent
    assert len(server.seen) == 2 + 4


def test_a_response_without_header_fields_and_body_is_complete(raw_server, clock):
    server = raw_server()
    server.answers = [b"HTTP/1.0 204 No Content\r\n\r\n"]
    assert Transport(server.url, "the-token", clock=clock).send(DELETE_JOB, job_id="j1").content == b""


def compressed(body, content_type="application/json"):
    data = gzip.compress(body, 9)
    head = f"Content-Encoding: gzip\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}"
    return f"HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n".encode() + data


def test_a_compressed_response_may_inflate_to_the_limit(raw_server, clock):
    server = raw_server()
    server.answers = [compressed(bytes(MAX_INFLATED_BYTES)), compressed(bytes(MAX_INFLATED_BYTES + 1))]
    transport = Transport(server.url, "the-token", clock=clock)
    assert len(transport.send(PING).content) == MAX_INFLATED_BYTES
    with pytest.raises(
        WireError, match=f"inflates to more than {MAX_INFLATED_BYTES} bytes and 100"
    ) as caught:
        transport.send(GET_STATUS, job_id="j1")
    assert caught.value.job_id == "j1"
    assert len(server.seen) == 2


def test_a_large_response_may_inflate_beyond_the_limit_if_it_is_not_much_smaller(raw_server, clock):
    server = raw_server()
    noise = random.Random(1).randbytes(MAX_INFLATED_BYTES // MAX_EXPANSION + 10_000)
    server.answers = [compressed(noise + bytes(MAX_INFLATED_BYTES))]
    size = len(noise) + MAX_INFLATED_BYTES
    assert len(Transport(server.url, "the-token", clock=clock).send(PING).content) == size


def test_the_body_of_a_redirect_is_limited_too(raw_server, clock):
    server = raw_server()
    bomb = compressed(bytes(MAX_INFLATED_BYTES + 1))
    server.answers = [bomb.replace(b"200 OK", b"302 Found\r\nLocation: /api/elsewhere/")]
    with pytest.raises(WireError, match="inflates to more than"):
        Transport(server.url, "the-token", clock=clock).send(PING)


@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH + 1, 900, 100_000])
def test_json_that_is_nested_too_deeply_is_an_error(cloud, service, url, depth):
    body = '{"detail":' * depth + "0" + "}" * depth
    scripted(cloud, url, GET_STATUS, body=body, content_type="application/json")
    with pytest.raises(WireError, match=r"the JSON has more than 100 levels|expected JSON") as caught:
        service.get_job_state(ExecutionResult(job_id="j1"))
    assert caught.value.job_id == "j1"
    assert "/job/j1/status/" in str(caught.value)


@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH + 1, 900, 100_000])
def test_an_error_body_that_is_nested_too_deeply_gives_no_detail(cloud, transport, url, depth):
    body = '{"detail":' * depth + "0" + "}" * depth
    scripted(cloud, url, PING, status=400, body=body, content_type="application/json")
    with pytest.raises(QoroAPIError, match="400 Bad Request: the service refused the request") as caught:
        transport.send(PING)
    assert caught.value.detail == ""


def test_a_truncated_response_counts_as_lost(raw_server, clock):
    server = raw_server()
    whole = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"status": "COMP'
    server.answers = [whole, OK]
    assert Transport(server.url, "the-token", clock=clock).send(PING).json() == {}
    server.answers = [whole]
    with pytest.raises(QoroConnectionError, match="not known whether the service acted"):
        Transport(server.url, "the-token", clock=clock).send(INIT_JOB, body=b"{}")
    assert len(server.seen) == 3


@pytest.mark.parametrize("body", [HTML, "", "{", "[" * 100_000, '"' + "x" * 9, "1" * 5000])
def test_a_response_that_is_not_json_is_an_error_that_does_not_quote_it(cloud, transport, url, body):
    scripted(cloud, url, PING, body=body, content_type="text/html")
    with pytest.raises(
        WireError, match=rf"expected JSON from .*, got {len(body)} bytes of text/html"
    ) as caught:
        json_of(transport.send(PING))
    assert "nginx" not in str(caught.value)


# --- pages instead of answers -------------------------------------------------------------------------

LOGIN = "\n <!DOCTYPE html><html><form>Log in</form></html>"
WITHOUT_READER = [PING, ADD_CIRCUITS, CANCEL_JOB, DELETE_JOB, SUBMIT_QUBO]


@pytest.mark.parametrize(
    "endpoint", [row for row in ENDPOINTS if not row.answers_html], ids=lambda row: row.name
)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (LOGIN, "text/html; charset=utf-8"),
        (LOGIN, "application/json"),
        (LOGIN.encode("utf-16"), "text/html"),
        (b"\xef\xbb\xbf" + LOGIN.encode(), "text/plain"),
        ("Please log in", "text/html"),
    ],
    ids=["html", "as json", "utf-16", "mark", "text"],
)
def test_a_page_with_status_200_is_an_error_that_names_the_job(
    cloud, transport, url, endpoint, body, content_type
):
    scripted(cloud, url, endpoint, status=200, body=body, content_type=content_type)
    with pytest.raises(WireError, match="login page answers instead") as caught:
        send(transport, endpoint)
    assert caught.value.job_id == "j1"
    assert "Log in" not in str(caught.value)
    assert len(cloud.calls) == 1


@pytest.mark.parametrize("endpoint", WITHOUT_READER, ids=lambda row: row.name)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", ["", "{}", "null", "OK", "\ufeff{}"])
def test_any_success_is_accepted_if_nobody_reads_the_body(cloud, transport, url, endpoint, status, body):
    # By definition a response with 204 has no body.
    scripted(
        cloud, url, endpoint, status=status, body="" if status == 204 else body, content_type="text/plain"
    )
    assert send(transport, endpoint).status_code == status


def test_json_with_the_content_type_of_a_page_is_accepted(cloud, transport, url):
    scripted(cloud, url, CANCEL_JOB, body='{"status": "cancelled"}', content_type="text/html")
    assert send(transport, CANCEL_JOB).json() == {"status": "cancelled"}


def test_a_report_is_a_page(cloud, transport, url):
    scripted(cloud, url, VALIDATION_REPORT, body="<div>ü</div>".encode(), content_type="text/html")
    assert send(transport, VALIDATION_REPORT).text == "<div>ü</div>"


@pytest.mark.parametrize("status", [300, 304])
def test_a_redirect_that_leads_nowhere_is_an_error(cloud, transport, url, status):
    scripted(cloud, url, ADD_CIRCUITS, status=status)
    with pytest.raises(QoroAPIError, match="redirects to another address"):
        send(transport, ADD_CIRCUITS)


# --- encodings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("declared", [None, "utf-8", '"UTF-8"', "utf8", "iso-8859-1", "unknown", ""])
def test_json_is_read_whatever_charset_is_declared(cloud, transport, url, encoding, declared):
    content_type = "application/json" + ("" if declared is None else f"; charset={declared}")
    body = '{"status": "größer"}'.encode(encoding)
    scripted(cloud, url, GET_STATUS, body=body, content_type=content_type)
    answer = send(transport, GET_STATUS)
    assert json_of(answer) == answer.json() == {"status": "größer"}
    cloud.replace("GET", GET_STATUS.url(url, job_id="j1"), body=body, status=400, content_type=content_type)
    with pytest.raises(QoroAPIError, match=r"400 Bad Request: status: größer$") as caught:
        send(transport, GET_STATUS)
    assert caught.value.detail == "status: größer"


def test_json_that_is_not_in_unicode_is_read_with_its_charset(cloud, transport, url):
    body = '{"status": "größer"}'.encode("latin-1")
    scripted(cloud, url, GET_STATUS, body=body, content_type="application/json; charset=iso-8859-1")
    assert json_of(send(transport, GET_STATUS)) == {"status": "größer"}


# --- errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, QoroAPIError),
        (401, AuthenticationError),
        (402, InsufficientCreditsError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, QoroAPIError),
        (418, QoroAPIError),
        (429, RateLimitError),
        (500, QoroAPIError),
        (502, QoroAPIError),
        (599, QoroAPIError),
    ],
)
def test_each_status_code_has_its_error_class(cloud, transport, url, status, kind):
    scripted(cloud, url, GET_STATUS, status=status, json={"detail": "what the service says"})
    with pytest.raises(requests.exceptions.HTTPError, match=r"what the service says") as caught:
        transport.send(GET_STATUS, job_id="j1")
    error = caught.value
    assert type(error) is kind
    assert isinstance(error, QiskitError)
    assert (error.status_code, error.response.status_code, error.job_id) == (status, status, "j1")
    assert error.detail == "what the service says"
    assert re.match(rf"GET /job/j1/status/: {status}.*: what the service says", str(error))


@pytest.mark.parametrize(
    ("status", "detail", "job", "message"),
    [
        (409, "job 43de is COMPLETED", "…", "409 Conflict: job 43de is COMPLETED"),
        (409, "it has ended.", "43de", "409 Conflict: it has ended"),
        (409, "", "43de", "409 Conflict: the status of the job does not allow this"),
        (404, "Not Found", "43de", "404 Not Found: the service does not know this job or resource"),
        (401, "No.", "43de", f"401 Unauthorized: No. {CHECK_TOKEN}"),
        (
            401,
            "",
            "43de",
            f"401 Unauthorized: the token is unknown or deactivated. {CHECK_TOKEN}",
        ),
        (402, "no credits", "43de", "402 Payment Required: no credits"),
    ],
)
def test_an_error_names_the_job_and_the_reason_once(cloud, transport, url, status, detail, job, message):
    cloud.add("POST", f"{url}/job/43de/cancel/", status=status, json={"error": detail} if detail else {})
    with pytest.raises(QoroAPIError, match=r"POST /job/") as caught:
        transport.send(CANCEL_JOB, job_id="43de")
    assert str(caught.value) == f"POST /job/{job}/cancel/: {message}"
    assert caught.value.job_id == "43de"


@pytest.mark.parametrize("base_url", ["https://qoro.test", "https://qoro.test:8000"])
def test_a_404_at_a_base_url_without_a_path_explains_the_expected_form(cloud, clock, token, base_url):
    transport = Transport(base_url, token, clock=clock)
    for endpoint in (GET_STATUS, INIT_JOB):
        cloud.add(endpoint.method, endpoint.url(base_url, job_id="j1"), status=404)
        with pytest.raises(NotFoundError, match=r"there is nothing at this address") as caught:
            transport.send(endpoint, job_id="j1" if endpoint is GET_STATUS else None)
        assert "the service does not know this job" not in str(caught.value)
        assert f"The base URL {base_url} has no path, expected one such as {base_url}/api" in str(
            caught.value
        )


def test_a_404_that_concerns_no_job_does_not_blame_one(cloud, transport, url):
    cloud.add("POST", f"{url}/job/init/", status=404)
    with pytest.raises(NotFoundError, match="nothing at this address: check the base URL"):
        transport.send(INIT_JOB)


@pytest.mark.parametrize("endpoint", [INIT_JOB, ADD_CIRCUITS, SUBMIT_QUBO], ids=lambda row: row.name)
@pytest.mark.parametrize(
    ("detail", "limit"), [("your account is limited to 30 qubits", 30), ("over the qubit limit", None)]
)
def test_a_refusal_because_of_the_qubit_limit_has_an_error_with_the_number(
    cloud, transport, url, endpoint, detail, limit
):
    scripted(cloud, url, endpoint, status=400, json={"error": detail})
    with pytest.raises(QubitLimitError, match=rf"400 Bad Request: {detail}\. Use fewer qubits") as caught:
        send(transport, endpoint)
    assert (caught.value.limit_qubits, caught.value.status_code) == (limit, 400)
    assert pickle.loads(pickle.dumps(caught.value)).limit_qubits == limit


@pytest.mark.parametrize(("endpoint", "status"), [(GET_RESULTS, 400), (INIT_JOB, 403)])
def test_other_errors_that_mention_a_qubit_limit_are_no_refusal_of_a_job(
    cloud, transport, url, endpoint, status
):
    scripted(cloud, url, endpoint, status=status, json={"error": "job failed: qubit limit of 30"})
    with pytest.raises(QoroAPIError, match=r"job failed: qubit limit of 30$") as caught:
        send(transport, endpoint)
    assert not isinstance(caught.value, QubitLimitError)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 502])
def test_a_page_of_html_is_not_quoted(cloud, transport, url, status):
    scripted(cloud, url, INIT_JOB, status=status, body=HTML, content_type="text/html")
    with pytest.raises(QoroAPIError, match=f"POST /job/init/: {status} ") as caught:
        transport.send(INIT_JOB, body=b"{}")
    assert "<" not in str(caught.value)
    assert "nginx" not in str(caught.value)
    assert caught.value.detail == ""


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": "e"}, "e"),
        ({"detail": "d"}, "d"),
        ({"error": ["a", "b"]}, "a; b"),
        ({"tag": ["too long"], "shots": "negative"}, "tag: too long; shots: negative"),
        ({}, ""),
        (["x", {"tag": "y"}], "x; tag: y"),
        ("x", "x"),
        ({"error": {"code": 7, "message": "m"}}, "m"),
        (None, ""),
    ],
)
def test_the_detail_is_read_from_every_shape_of_error_body(cloud, transport, url, body, detail):
    scripted(cloud, url, PING, status=400, json=body)
    with pytest.raises(QoroAPIError, match=r"400 Bad Request") as caught:
        transport.send(PING)
    assert caught.value.detail == detail


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_after_a_server_error_it_is_not_known_whether_an_unrepeatable_request_was_acted_on(
    cloud, transport, url, status
):
    scripted(cloud, url, INIT_JOB, status=status)
    with pytest.raises(QoroAPIError, match="not known whether the service acted"):
        transport.send(INIT_JOB, body=b"{}")


def test_a_service_that_cannot_store_a_request_has_not_acted_on_it(cloud, transport, url):
    scripted(cloud, url, INIT_JOB, status=507, json={"error": "disk full"})
    with pytest.raises(QoroAPIError, match=r"507 .*: disk full$"):
        transport.send(INIT_JOB, body=b"{}")


def test_a_refused_connection_is_reported_with_the_message_of_the_system(clock, raw_server):
    transport = Transport("http://127.0.0.1:1/api", "the-token", clock=clock)
    with pytest.raises(requests.exceptions.ConnectionError, match=r"refused.*was not sent") as caught:
        transport.send(INIT_JOB, body=b"{}")
    assert type(caught.value) is QoroConnectionError
    assert isinstance(caught.value, QiskitError)
    assert caught.value.response is None


def test_the_error_does_not_repeat_the_reason_of_an_error_that_the_caller_is_handling(clock):
    transport = Transport("http://127.0.0.1:1/api", "the-token", clock=clock)
    try:
        raise KeyError("the cause of something else")
    except KeyError:
        with pytest.raises(QoroConnectionError, match=r"no connection to .*refused.*was not sent") as caught:
            transport.send(INIT_JOB, body=b"{}")
    assert "something else" not in str(caught.value)


@pytest.mark.parametrize(
    "failure",
    [{"body": requests.exceptions.ConnectionError("reset by peer")}, {"status": 503}],
    ids=["lost", "503"],
)
def test_each_retry_is_logged_with_its_reason(cloud, transport, url, caplog, failure):
    scripted(cloud, url, PING, **failure)
    scripted(cloud, url, PING, **failure)
    scripted(cloud, url, PING, json={})
    transport.send(PING)
    messages = [record.getMessage() for record in caplog.records]
    assert [message[-28:] for message in messages] == [
        ". Attempt 2 of 5 is in 0.2 s",
        ". Attempt 3 of 5 is in 0.5 s",
    ]
    assert all("reset by peer" in message or "503" in message for message in messages)


@pytest.mark.parametrize(
    "low", [requests.exceptions.ReadTimeout("slow"), requests.exceptions.ConnectTimeout("slow")]
)
def test_a_timeout_is_also_a_connection_error(cloud, transport, url, low):
    scripted(cloud, url, PING, body=low)
    with pytest.raises(
        requests.exceptions.Timeout, match=r"no answer from .* to GET / within 10 s"
    ) as caught:
        transport.send(PING)
    assert isinstance(caught.value, QoroTimeoutError)
    assert isinstance(caught.value, requests.exceptions.ConnectionError)
    assert caught.value.__cause__ is low


def test_the_error_of_a_lost_answer_says_whether_anything_may_have_changed(cloud, transport, url):
    for endpoint in (PING, INIT_JOB):
        scripted(cloud, url, endpoint, body=requests.exceptions.ConnectionError("reset"))
    with pytest.raises(QoroConnectionError, match="Nothing was changed;"):
        transport.send(PING)
    with pytest.raises(QoroConnectionError, match="sent once and not repeated"):
        transport.send(INIT_JOB, body=b"{}")


# --- deadlines ----------------------------------------------------------------------------------------

OPEN = b'{"tag": "x", "job_type": "EXECUTE", "simulator_cluster": "qoro_maestro"}'
COMPLETE = OK.replace(b"Content-Length: 2", b"Content-Length: 40").replace(b"{}", b"{" + b" " * 38 + b"}")


def seconds_until_deadline(server, timeout_s):
    """Send a request that is not answered completely. Returns how long it took to give up."""
    begin = time.monotonic()
    with pytest.raises(DeadlineError, match=f"GET / within the time limit of {timeout_s:g} s"):
        Transport(server.url, "the-token").send(PING, deadline=Deadline.after(timeout_s, SYSTEM_CLOCK))
    return time.monotonic() - begin


def test_a_silent_server_is_waited_for_until_the_deadline_only(raw_server):
    starts = {
        "nothing": b"",
        "status": b"HTTP/1.1 ",
        "header": b"HTTP/1.1 200 OK\r\nContent-Le",
        "no body": COMPLETE[:-50],
        "half a body": COMPLETE[:-20],
    }
    servers = [raw_server() for _ in starts]
    for server, start in zip(servers, starts.values(), strict=True):
        server.answers, server.is_silent = [start], True
    with ThreadPoolExecutor(len(servers)) as pool:
        waited_s = list(pool.map(seconds_until_deadline, servers, [1.2] * len(servers)))
    assert [start for start, s in zip(starts, waited_s, strict=True) if not 1.2 <= s < 2.2] == []
    assert [len(server.seen) for server in servers] == [1] * len(servers)


def test_a_server_that_sends_byte_by_byte_is_read_until_the_deadline_only(raw_server):
    timeouts = [1.2, 0.1, 0]
    servers = [raw_server() for _ in timeouts]
    for server in servers:
        server.answers, server.pause_s = [COMPLETE], 0.05
    with ThreadPoolExecutor(len(servers)) as pool:
        waited_s = list(pool.map(seconds_until_deadline, servers, timeouts))
    assert [t for t, s in zip(timeouts, waited_s, strict=True) if not s < t + GRACE_S + 1] == []


def test_an_answer_byte_by_byte_has_the_time_limit_of_its_endpoint(raw_server):
    server = raw_server()
    server.answers, server.pause_s = [COMPLETE], 0.05
    begin = time.monotonic()
    with pytest.raises(QoroTimeoutError, match=r"within 0\.5 s"):
        Transport(server.url, "the-token").send(replace(INIT_JOB, timeout_s=0.5), body=b"{}")
    assert 0.5 <= time.monotonic() - begin < 2


def test_a_large_answer_may_take_longer_than_the_time_limit_as_long_as_it_arrives(raw_server):
    server = raw_server()
    body = b" " * 20_000 + b"{}"
    server.answers = [
        OK.replace(b"Content-Length: 2", b"Content-Length: %d" % len(body)).replace(b"{}", body)
    ]
    server.pause_s, server.piece_bytes = 0.05, 1000
    begin = time.monotonic()
    assert Transport(server.url, "the-token").send(replace(PING, timeout_s=0.4)).json() == {}
    assert time.monotonic() - begin > 0.8


def test_a_connection_is_usable_again_after_a_request_with_a_deadline(local_service, clock):
    transport = Transport(local_service.url, local_service.token)
    transport.send(PING, deadline=Deadline.after(0.001, SYSTEM_CLOCK))
    assert transport.send(INIT_JOB, body=OPEN).status_code == 201
    transport.close()


def test_a_request_after_the_deadline_has_a_grace_but_no_more(cloud, clock, transport, url):
    scripted(cloud, url, PING, json={})
    deadline = Deadline.after(5, clock)
    for now, timeout in [(0, 5), (3.9, 1.1), (4.5, 1), (5, 1), (5.5, 0.5)]:
        clock.time = now
        transport.send(PING, deadline=deadline)
        assert cloud.calls[-1].request.req_kwargs["timeout"] == (
            pytest.approx(timeout),
            pytest.approx(timeout),
        )
    clock.time = 5 + GRACE_S
    num_sent = len(cloud.calls)
    with pytest.raises(DeadlineError, match=r"within the time limit of 5 s"):
        transport.send(PING, deadline=deadline)
    assert len(cloud.calls) == num_sent


@pytest.mark.parametrize("failure", [*LOST, {"status": 503}], ids=["lost", "slow", "503"])
def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for(cloud, clock, transport, url, failure):
    scripted(cloud, url, PING, **failure)
    with pytest.raises(
        DeadlineError, match=r"no answer from .* to GET / within the time limit of 0\.75 s"
    ) as caught:
        transport.send(PING, deadline=Deadline.after(0.75, clock))
    # The second retry comes exactly at the deadline, the third one would come after it.
    assert clock.waits == [0.25, 0.5]
    assert isinstance(caught.value.__cause__, QoroConnectionError | QoroAPIError)


def test_the_addresses_of_a_host_share_the_time_until_the_deadline(clock, monkeypatch):
    # Addresses for documentation: nobody answers there, or the network refuses them at once.
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{k}", 80)) for k in (1, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_args: addresses if host == "qoro.test" else [
        entry for entry in addresses if entry[4][0] == host
    ])  # fmt: skip
    begin = time.monotonic()
    with pytest.raises(QoroConnectionError, match=r"no answer from .* within the time limit of 1\.5 s"):
        Transport("http://qoro.test/api", "the-token").send(
            INIT_JOB, body=b"{}", deadline=Deadline.after(1.5, SYSTEM_CLOCK)
        )
    assert time.monotonic() - begin < 1.5 + GRACE_S


# --- copies -------------------------------------------------------------------------------------------


def test_a_pickled_client_works_and_does_not_contain_a_random_state(cloud, service, url):
    scripted(cloud, url, PING, json={})
    raw = pickle.dumps(service)
    copy = pickle.loads(raw)
    assert copy.test_connection().status_code == 200
    assert copy.base_url == url
    assert len(raw) < 3000  # a random state alone has more than 3,000 bytes


def test_a_closed_client_can_still_be_used(cloud, service, url):
    scripted(cloud, url, PING, json={})
    service.close()
    assert service.test_connection().ok


def test_one_client_keeps_its_connection_open(local_service):
    service = QoroService(local_service.token, base_url=local_service.url)
    first, second = service.test_connection(), service.test_connection()
    pools = service._transport._connections.session.get_adapter(first.url).poolmanager.pools
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - not a dict
    assert second.ok
    service.close()


def test_a_job_id_cannot_lead_to_another_path(cloud, service, url):
    cloud.add(responses.GET, f"{url}/job/a%2F..%2Fb/status/", json={"status": "PENDING"})
    assert service.poll_job_status(ExecutionResult(job_id="a/../b")) == "PENDING"
