"""What the pages refuse: other hosts, forms of other sites, wrong methods, long bodies and strange paths."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator

import pytest
import requests

from qiskit_qoro.errors import QoroConnectionError
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.pages.handlers.routes import ROUTES, find_handler
from qiskit_qoro.pages.opening import mount_pages, start_pages_server
from qiskit_qoro.pages.sign_in_answers import SIGN_IN_PATHS
from qiskit_qoro.pages.views import JobFilter, JobsPage

from .raw import FORM, cookie_of, csrf_in, csrf_of, post, send
from .sample import SampleSource, job_id
from .serving import Served, serve_pages

# The jobs of the sample allow all actions between them.
ENDED, PENDING = job_id(2), job_id(6)
OWN_POSTS = [path for path, methods in SIGN_IN_PATHS.items() if "POST" in methods]
POSTS = [
    "/pages" + path for path in [*(p for p, handlers in ROUTES.items() if "POST" in handlers), *OWN_POSTS]
]
GETS = ["/pages" + path for path, handlers in ROUTES.items() if "GET" in handlers]


def filled(pattern: str, job: str = ENDED) -> str:
    """A path with a job, and with 0 for everything else."""
    return re.sub(r"\{\w+\}", "0", pattern.replace("{job_id}", job))


@pytest.fixture
def source() -> SampleSource:
    return SampleSource()


@pytest.fixture
def served(source: SampleSource) -> Iterator[Served]:
    with serve_pages({"alice": source}, {"token-of-alice": "alice"}) as served:
        yield served


@pytest.fixture(scope="module")
def bases() -> Iterator[dict[str, str]]:
    """The addresses of pages on the local service, and on a port of their own."""
    with (
        serve(workers=1) as service,
        start_pages_server(lambda _account: SampleSource()) as server,
    ):
        pages = mount_pages(service, lambda _account: SampleSource())
        yield {
            "service": pages.url.removesuffix("/pages/"),
            "server": server.url.removesuffix("/pages/"),
        }


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    """A service without pages."""
    with serve(workers=1) as running:
        yield running


class TestHost:
    OTHERS = ("example.org", "example.org:80", "localhost.example.org", "127.0.0.1.example.org", "")

    @pytest.mark.parametrize("where", ["service", "server"])
    @pytest.mark.parametrize("host", OTHERS)
    @pytest.mark.parametrize("path", ["/pages/jobs", "/pages/sign-in?code=x", "/pages/static/pages.css"])
    def test_a_request_for_another_host_is_refused(self, bases, where, host, path):
        assert send(bases[where], "GET", path, {"Host": host}).status == 421
        assert send(bases[where], "POST", path, {"Host": host}, b"csrf=x").status == 421

    @pytest.mark.parametrize("where", ["service", "server"])
    def test_a_loopback_name_is_accepted(self, bases, where):
        port = bases[where].rpartition(":")[2]
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert send(bases[where], "GET", "/pages/sign-in", {"Host": host}).status == 200


class TestForms:
    @pytest.mark.parametrize("pattern", POSTS)
    def test_a_form_of_another_origin_is_refused(self, served, source, pattern):
        browser = served.browser()
        port = served.url.rpartition(":")[2]
        fields = {"csrf": csrf_of(served, browser), "code": "token-of-alice"}
        for origin in (
            None,
            "null",
            "",
            "http://127.0.0.1:1",
            "http://127.0.0.1",
            f"https://127.0.0.1:{port}",
            f"http://localhost:{port}",
            "http://example.org",
            f"http://example.org:{port}",
            f"http://127.0.0.1:{port}.example.org",
            f"http://127.0.0.1:{port}/",
            f"HTTP://127.0.0.1:{port}",
        ):
            for job in (ENDED, PENDING):
                answer = post(served, browser, filled(pattern, job), fields, origin=origin)
                assert (origin, answer.status) == (origin, 403)
        assert source.actions == []
        assert browser.get(f"{served.url}/pages/jobs").status_code == 200  # still signed in

    @pytest.mark.parametrize("pattern", POSTS)
    def test_two_origins_are_refused(self, served, source, pattern):
        browser = served.browser()
        body = f"csrf={csrf_of(served, browser)}".encode()
        host, _, port = served.url.removeprefix("http://").partition(":")
        head = (
            f"POST {filled(pattern)} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {served.url}\r\n"
            f"Origin: http://example.org\r\nCookie: {cookie_of(browser)}\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        assert b" 403 " in exchange(served, head.encode() + body).splitlines()[0]
        assert source.actions == []

    @pytest.mark.parametrize("pattern", POSTS)
    def test_a_form_without_the_token_of_its_session_is_refused(self, served, source, pattern):
        visit = csrf_in(served.visitor().get(f"{served.url}/pages/sign-in").text)
        other = csrf_of(served, served.browser())
        browser = served.visitor()
        before = csrf_in(browser.get(f"{served.url}/pages/sign-in").text)
        browser.get(served.address())
        own = csrf_of(served, browser)
        assert len({visit, other, before, own}) == 4
        wrong = ({}, {"csrf": ""}, {"csrf": own[:-1]}, {"csrf": own.upper()}, {"csrf": "é"}, {"token": own})
        for fields in (*wrong, {"csrf": visit}, {"csrf": other}, {"csrf": before}):
            assert post(served, browser, filled(pattern), {"code": "token-of-alice", **fields}).status == 403
        assert source.actions == []
        assert browser.get(f"{served.url}/pages/jobs").status_code == 200

    @pytest.mark.parametrize("pattern", POSTS)
    def test_the_token_is_not_accepted_in_an_address(self, served, source, pattern):
        browser = served.browser()
        target = f"{filled(pattern)}?csrf={csrf_of(served, browser)}"
        assert post(served, browser, target, {"code": "token-of-alice"}).status == 403
        assert source.actions == []

    @pytest.mark.parametrize("pattern", [path for path in POSTS if path != "/pages/sign-in"])
    def test_a_browser_that_is_not_signed_in_changes_nothing(self, served, source, pattern):
        browser = served.visitor()
        csrf = csrf_in(browser.get(f"{served.url}/pages/sign-in").text)
        assert post(served, browser, filled(pattern), {"csrf": csrf}).status in (303, 401)
        assert source.actions == []

    def test_a_form_of_this_server_is_accepted(self, served, source):
        browser = served.browser()
        csrf = csrf_of(served, browser)
        for action, job in (("cancel", PENDING), ("delete", ENDED), ("resubmit", ENDED)):
            answer = post(served, browser, f"/pages/jobs/{job}/{action}", {"csrf": csrf, "number": "0"})
            assert answer.status == 303
        assert source.actions == [("cancel", PENDING), ("delete", ENDED), ("resubmit", ENDED)]

    @pytest.mark.parametrize("pattern", GETS)
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_loading_a_page_changes_nothing(self, served, source, pattern, method):
        browser = served.browser()
        headers = {"Cookie": cookie_of(browser), "Origin": "http://example.org"}
        assert send(served.url, method, filled(pattern), headers).status in (200, 303)
        assert source.actions == []


class TestOtherSites:
    PURPOSES = (("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe"))

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    @pytest.mark.parametrize("path", ["/pages/jobs", "/pages/static/pages.js", "/pages/sign-in?code=wrong"])
    def test_they_load_nothing(self, served, site, path):
        cookie = cookie_of(served.browser())
        for mode, dest in self.PURPOSES:
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
            assert send(served.url, "GET", path, {**headers, "Cookie": cookie}).status == 403

    def test_they_cannot_use_up_the_attempts_to_sign_in(self, served):
        image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        for _ in range(20):
            send(served.url, "GET", "/pages/sign-in?code=wrong", image)
        assert served.visitor().get(served.address()).status_code == 200

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
    def test_a_link_is_followed(self, served, site):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        headers["Cookie"] = cookie_of(served.browser())
        assert send(served.url, "GET", "/pages/jobs", headers).status == 200


class TestMethods:
    def test_head_answers_like_get_without_a_body(self, served):
        headers = {"Cookie": cookie_of(served.browser())}
        paths = [filled(path) for path in GETS]
        for path in (*paths, "/pages/static/pages.css", "/pages/sign-in", "/pages/no-page"):
            get, head = (send(served.url, method, path, headers) for method in ("GET", "HEAD"))
            assert (head.status, head.body) == (get.status, b"")
            assert head.headers["content-type"] == get.headers["content-type"]

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/pages/jobs", "GET, HEAD"),
            (f"/pages/jobs/{ENDED}/delete", "POST"),
            ("/pages/sign-in", "GET, POST, HEAD"),
            ("/pages/sign-out", "POST"),
            ("/pages/static/pages.css", "GET, HEAD"),
        ],
    )
    def test_another_method_is_refused(self, served, source, path, allowed):
        for browser in (served.browser(), served.visitor()):
            headers = {"Cookie": cookie_of(browser), "X-Secret": "echo"}
            for method in ("OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "get"):
                answer = send(served.url, method, path, headers)
                assert (method, answer.status, answer.headers["allow"]) == (method, 405, allowed)
                assert b"echo" not in answer.body
        assert source.actions == []

    def test_an_action_needs_a_post(self, served, source):
        browser = served.browser()
        for pattern in (path for path in POSTS if path != "/pages/sign-in"):
            answer = send(served.url, "GET", filled(pattern), {"Cookie": cookie_of(browser)})
            assert (answer.status, answer.headers["allow"]) == (405, "POST")
        assert source.actions == []


class TestBodies:
    LIMIT = 1 << 14

    def test_a_form_of_the_longest_allowed_length_is_read(self, served):
        browser = served.browser()
        csrf = csrf_of(served, browser)
        padding = "x" * (self.LIMIT - len(f"csrf={csrf}&padding="))
        target = f"/pages/jobs/{ENDED}/delete"
        assert post(served, browser, target, {"csrf": csrf, "padding": padding}).status == 303
        assert post(served, browser, target, {"csrf": csrf, "padding": padding + "x"}).status == 413

    def test_a_body_that_is_much_too_long_is_not_read(self, served):
        head = (
            f"POST /pages/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {served.url}\r\n"
            "Content-Length: 10000000000\r\n\r\n"
        )
        assert b" 413 " in exchange(served, head.encode()).splitlines()[0]

    def test_a_body_without_a_length_is_limited_too(self, served):
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        head = b"POST /pages/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert b" 413 " in exchange(served, head + 17 * chunk).splitlines()[0]

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"csrf=%ff%00", b"&&&==", b"{}", b"csrf[]=x"])
    def test_a_body_that_is_not_a_form_is_refused(self, served, body):
        headers = {"Origin": served.url, "Cookie": cookie_of(served.browser())}
        assert send(served.url, "POST", f"/pages/jobs/{ENDED}/delete", headers, body).status == 403


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/pages/jobs/%2e%2e%2f%2e%2e%2fdocs",
            "/pages/static/../app.py",
            "/pages/static/%2e%2e/app.py",
            "/pages/static/..%2fapp.py",
            "/pages/static/",
            "/pages/static//etc/passwd",
            "/pages/static/pages.css/",
            "/pages//jobs",
            "/pages/jobs/",
            "//pages/jobs",
            "/pages/../api/",
            "/pages/jobs/../systems",
            "/pages%2fjobs",
            "/pages/jobs%2f" + ENDED,
            f"/pages/jobs/{ENDED}%2freport",
            "/pages/jobs/%ff%fe",
            "/pages/jobs/%00",
            "/pages/jobs/" + "x" * 20_000,
            "/pages/jobs/%",
            "/pages/" + "/" * 1000,
            "/pagesx",
            "/jobs",
            "/",
        ],
    )
    def test_a_strange_path_leads_to_nothing(self, served, path):
        answer = send(served.url, "GET", path, {"Cookie": cookie_of(served.browser())})
        assert answer.status == 404

    @pytest.mark.parametrize("query", ["%ff=%fe", "page=" + "9" * 400, "tag=%00", "&&=", "a=1&a=2", "?"])
    def test_a_strange_query_does_no_harm(self, served, query):
        headers = {"Cookie": cookie_of(served.browser())}
        for pattern in GETS:
            assert send(served.url, "GET", f"{filled(pattern)}?{query}", headers).status in (200, 303, 404)

    def test_a_variable_part_never_contains_a_slash(self):
        assert find_handler("/jobs/a%2Fb") is None
        found = find_handler("/jobs/%C3%A9%20%3F")
        assert found is not None
        assert found[1] == {"job_id": "é ?"}

    @pytest.mark.parametrize("path", ["/pages/jobs", f"/pages/jobs/{ENDED}", "/pages/credits", "/pages/"])
    def test_a_browser_that_is_not_signed_in_sees_the_form_only(self, served, path):
        answer = send(served.url, "GET", path)
        assert answer.status == 401
        assert "One-time code" in answer.text
        assert "bell" not in answer.text


class FailingSource(SampleSource):
    """A source that cannot list jobs."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        raise self._error


class TestErrors:
    def _load(self, error: Exception) -> requests.Response:
        with serve_pages({"local": FailingSource(error)}) as served:
            return served.browser().get(f"{served.url}/pages/jobs")

    def test_a_bug_is_logged_once_and_not_shown(self, caplog):
        answer = self._load(ZeroDivisionError("secret detail"))
        assert answer.status_code == 500
        assert "secret detail" not in answer.text
        assert "Traceback" not in answer.text
        (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.getMessage() == "GET /pages/jobs failed"
        assert record.exc_info is not None

    def test_an_error_of_a_service_is_shown(self, caplog):
        answer = self._load(QoroConnectionError("the service cannot be reached <b>"))
        assert answer.status_code == 502
        assert "the service cannot be reached &lt;b&gt;" in answer.text
        assert caplog.records == []

    def test_a_missing_job_is_named(self, served):
        answer = send(served.url, "GET", "/pages/jobs/x%3Cb%3E", {"Cookie": cookie_of(served.browser())})
        assert answer.status == 404
        assert "x&lt;b&gt;" in answer.text

    def test_a_job_that_refuses_an_action_leads_back_and_says_why(self, served):
        browser = served.browser()
        path = f"/pages/jobs/{ENDED}"
        answer = post(served, browser, f"{path}/cancel", {"csrf": csrf_of(served, browser)})
        assert (answer.status, answer.headers["location"]) == (303, path)
        assert "does not allow cancel" in browser.get(served.url + path).text

    def test_a_message_is_shown_to_its_own_session_only(self, served):
        one, other = served.browser(), served.browser()
        post(served, one, f"/pages/jobs/{ENDED}/delete", {"csrf": csrf_of(served, one)})
        one.head(f"{served.url}/pages/jobs")
        message = "The job and its results are deleted."
        assert message not in other.get(f"{served.url}/pages/jobs").text
        assert message in one.get(f"{served.url}/pages/jobs").text
        assert message not in one.get(f"{served.url}/pages/jobs").text

    def test_a_live_part_of_a_job_that_was_deleted_leads_to_the_error(self, served):
        headers = {"Cookie": cookie_of(served.browser()), "HX-Request": "true"}
        answer = send(served.url, "GET", "/pages/jobs/unknown", headers)
        assert (answer.status, answer.headers["hx-refresh"]) == (404, "true")


class TestOffUnlessRequested:
    @pytest.mark.parametrize("path", ["", "/", "/jobs", "/sign-in", "/sign-in?code=x", "/static/pages.css"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_service_has_no_pages(self, service, method, path):
        base = service.url.removesuffix("/api")
        answer = send(base, method, f"/pages{path}")
        assert answer.status == 404
        assert answer.cookies == []


def exchange(served: Served, data: bytes) -> bytes:
    """Send bytes, and return the answer."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = connection.recv(65_536)
            if not received:
                break
            answer += received
        return answer
