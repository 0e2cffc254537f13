"""Requests and responses: retries, headers, redirects, and the translation of errors."""

import pickle
import platform
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import qiskit
import requests
import responses
from qiskit.exceptions import QiskitError

import qiskit_qoro
from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroTimeoutError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service.transport import CONNECT_TIMEOUT_S, MAX_ATTEMPTS, Transport, json_of
from qiskit_qoro.wire.endpoints import CANCEL_JOB, ENDPOINTS, GET_STATUS, INIT_JOB, PING

HTML = "<html><body><h1>Bad gateway</h1> nginx</body></html>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


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


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize(
    "failure",
    [
        {"body": requests.exceptions.ConnectionError("connection reset")},
        {"body": requests.exceptions.ReadTimeout("too slow")},
        {"status": 429},
        {"status": 502},
        {"status": 503},
        {"status": 504},
    ],
    ids=["lost", "slow", "429", "502", "503", "504"],
)
def test_only_repeatable_requests_are_retried_and_not_forever(cloud, transport, url, endpoint, failure):
    scripted(cloud, url, endpoint, **failure)
    with pytest.raises((QoroAPIError, QoroConnectionError)):
        send(transport, endpoint)
    assert len(cloud.calls) == (MAX_ATTEMPTS if endpoint.repeatable else 1)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 500])
def test_a_permanent_error_is_not_retried(cloud, transport, url, endpoint, status):
    scripted(cloud, url, endpoint, status=status)
    with pytest.raises(QoroAPIError):
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
    with pytest.raises(QoroAPIError):
        transport.send(PING)
    assert clock.waits == [0.25, 0.5, 1.0, 2.0]


def test_jitter_extends_the_backoff(cloud, clock, url, token):
    scripted(cloud, url, PING, status=503)
    with pytest.raises(QoroAPIError):
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
def test_a_retry_after_beyond_the_limit_is_an_error_with_that_time(cloud, transport, clock, url, value):
    scripted(cloud, url, PING, status=429, headers={"Retry-After": value})
    with pytest.raises(RateLimitError, match="asks to wait") as caught:
        transport.send(PING)
    assert caught.value.retry_after_s > 60
    assert clock.waits == []


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
    with pytest.raises(requests.exceptions.HTTPError) as caught:
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
        (401, "No.", "43de", "401 Unauthorized: No. Check QORO_API_KEY or auth_token"),
        (
            401,
            "",
            "43de",
            "401 Unauthorized: the token is unknown or deactivated. Check QORO_API_KEY or auth_token",
        ),
        (402, "no credits", "43de", "402 Payment Required: no credits"),
    ],
)
def test_an_error_names_the_job_and_the_reason_once(cloud, transport, url, status, detail, job, message):
    cloud.add("POST", f"{url}/job/43de/cancel/", status=status, json={"error": detail} if detail else {})
    with pytest.raises(QoroAPIError) as caught:
        transport.send(CANCEL_JOB, job_id="43de")
    assert str(caught.value) == f"POST /job/{job}/cancel/: {message}"
    assert caught.value.job_id == "43de"


@pytest.mark.parametrize("base_url", ["https://qoro.test", "https://qoro.test:8000"])
def test_a_404_at_a_base_url_without_a_path_explains_the_expected_form(cloud, clock, token, base_url):
    transport = Transport(base_url, token, clock=clock)
    for endpoint in (GET_STATUS, INIT_JOB):
        cloud.add(endpoint.method, endpoint.url(base_url, job_id="j1"), status=404)
        with pytest.raises(NotFoundError) as caught:
            transport.send(endpoint, job_id="j1" if endpoint is GET_STATUS else None)
        assert "the service does not know this job" not in str(caught.value)
        assert f"The base URL {base_url} has no path, expected one such as {base_url}/api" in str(
            caught.value
        )


def test_a_404_that_concerns_no_job_does_not_blame_one(cloud, transport, url):
    cloud.add("POST", f"{url}/job/init/", status=404)
    with pytest.raises(NotFoundError, match="nothing at this address: check the base URL"):
        transport.send(INIT_JOB)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 502])
def test_a_page_of_html_is_not_quoted(cloud, transport, url, status):
    scripted(cloud, url, INIT_JOB, status=status, body=HTML, content_type="text/html")
    with pytest.raises(QoroAPIError) as caught:
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
        (["x"], ""),
        ("x", ""),
        (None, ""),
    ],
)
def test_the_detail_is_read_from_every_shape_of_error_body(cloud, transport, url, body, detail):
    scripted(cloud, url, PING, status=400, json=body)
    with pytest.raises(QoroAPIError) as caught:
        transport.send(PING)
    assert caught.value.detail == detail


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_after_a_server_error_it_is_not_known_whether_an_unrepeatable_request_was_acted_on(
    cloud, transport, url, status
):
    scripted(cloud, url, INIT_JOB, status=status)
    with pytest.raises(QoroAPIError, match="not known whether the service acted"):
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
    with pytest.raises(requests.exceptions.Timeout) as caught:
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
    from qiskit_qoro.service import QoroService

    service = QoroService(local_service.token, base_url=local_service.url)
    first, second = service.test_connection(), service.test_connection()
    pools = service._transport._session.get_adapter(first.url).poolmanager.pools
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - not a dict
    assert second.ok
    service.close()


def test_a_job_id_cannot_lead_to_another_path(cloud, service, url):
    cloud.add(responses.GET, f"{url}/job/a%2F..%2Fb/status/", json={"status": "PENDING"})
    assert service.poll_job_status(ExecutionResult(job_id="a/../b")) == "PENDING"
