"""Signing in and out: one-time codes, tokens, the cookie, the limit of attempts, and the end of a session."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.pages.opening import mount_pages
from qiskit_qoro.pages.sign_in import (
    ATTEMPTS_PERIOD_S,
    CODE_LIFETIME_S,
    MAX_ATTEMPTS,
    MAX_CODES,
    MAX_MESSAGES,
    MAX_SESSIONS,
    SESSION_LIFETIME_S,
    SignIn,
)

from .raw import cookie_of, csrf_in, csrf_of, post, send
from .sample import SampleSource, job_id
from .serving import Served, serve_pages

TOKENS = {"token-of-alice": "alice", "token-of-bob": "bob"}


class Clock:
    """A clock that goes only if it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    sources = {"alice": SampleSource(), "bob": SampleSource()}
    with serve_pages(sources, TOKENS, clock=clock) as served:
        yield served


def is_signed_in(served: Served, browser: requests.Session) -> bool:
    answer = browser.get(f"{served.url}/pages/jobs")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def fill_in(
    served: Served, browser: requests.Session, given: str, wanted: str | None = None
) -> requests.Response:
    """Load the form for signing in, and send it."""
    csrf = csrf_in(browser.get(f"{served.url}/pages/sign-in").text)
    fields = {"csrf": csrf, "code": given} | ({} if wanted is None else {"wanted": wanted})
    return browser.post(f"{served.url}/pages/sign-in", data=fields, headers={"Origin": served.url})


def fail(served: Served, times: int) -> list[int]:
    """Sign in with wrong codes; return the status codes."""
    return [send(served.url, "GET", f"/pages/sign-in?code=wrong-{number}").status for number in range(times)]


class TestCode:
    def test_an_address_signs_in_once(self, served):
        address = served.address()
        first, second = served.visitor(), served.visitor()
        assert first.get(address).status_code == 200
        assert is_signed_in(served, first)
        assert second.get(address).status_code == 401
        assert not is_signed_in(served, second)

    def test_a_code_in_the_form_signs_in_once(self, served):
        code = served.sign_in.new_code("alice")
        assert fill_in(served, served.visitor(), code).status_code == 200
        assert fill_in(served, served.visitor(), code).status_code == 401

    def test_an_address_that_was_used_leads_a_signed_in_browser_to_the_pages(self, served):
        address = served.address()
        browser = served.visitor()
        browser.get(address)
        again = browser.get(address)
        assert (again.status_code, 'url=/pages/jobs"' in again.text) == (200, True)
        assert "Set-Cookie" not in again.headers

    def test_looking_whether_there_is_a_page_does_not_use_up_the_code(self, served):
        address = served.address()
        assert served.visitor().head(address).status_code == 200
        browser = served.visitor()
        browser.get(address)
        assert is_signed_in(served, browser)

    @pytest.mark.parametrize(("age_s", "status"), [(CODE_LIFETIME_S - 0.01, 200), (CODE_LIFETIME_S, 401)])
    def test_a_code_expires(self, served, clock, age_s, status):
        address = served.address()
        clock.now += age_s
        assert served.visitor().get(address).status_code == status

    def test_twenty_browsers_that_use_a_code_at_once_start_one_session(self, served):
        address = served.address().removeprefix(served.url)
        barrier = threading.Barrier(20)

        def use(_number: int) -> int:
            barrier.wait()
            return send(served.url, "GET", address).status

        with ThreadPoolExecutor(20) as threads:
            statuses = list(threads.map(use, range(20)))
        assert statuses.count(200) == 1

    def test_the_codes_that_a_server_keeps_are_bounded(self, served):
        codes = [served.sign_in.new_code("alice") for _ in range(MAX_CODES + 1)]
        assert served.visitor().get(f"{served.url}/pages/sign-in?code={codes[0]}").status_code == 401
        for code in (codes[1], codes[-1]):
            assert served.visitor().get(f"{served.url}/pages/sign-in?code={code}").status_code == 200


class TestCookie:
    def test_scripts_and_other_sites_do_not_get_it_and_it_expires(self, served):
        (cookie,) = send(served.url, "GET", served.address().removeprefix(served.url)).cookies
        name, value = re.fullmatch(r"([^=]+)=([\w-]{43});.*", cookie).groups()
        assert name == f"qoro-pages-{served.url.rpartition(':')[2]}"
        assert value not in served.address()
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert attributes == {
            "httponly",
            "samesite=strict",
            "path=/pages",
            f"max-age={SESSION_LIFETIME_S:.0f}",
        }

    def test_it_is_secure_if_the_scheme_is_https(self, served):
        # A proxy on this machine says which scheme the browser has used.
        target = served.address().removeprefix(served.url)
        (cookie,) = send(served.url, "GET", target, {"X-Forwarded-Proto": "https"}).cookies
        assert "; Secure" in cookie

    def test_it_is_limited_to_the_pages(self, served):
        browser = served.browser()
        assert {cookie.path for cookie in browser.cookies} == {"/pages"}

    def test_signing_in_changes_it(self, served):
        browser = served.visitor()
        browser.get(f"{served.url}/pages/sign-in")
        visit = cookie_of(browser)
        fill_in(served, browser, "token-of-alice")
        first = cookie_of(browser)
        browser.get(served.address())
        second = cookie_of(browser)
        assert len({visit, first, second}) == 3
        # Neither the visit nor the session before is signed in.
        for cookie in (visit, first):
            assert send(served.url, "GET", "/pages/jobs", {"Cookie": cookie}).status == 401
        assert send(served.url, "GET", "/pages/jobs", {"Cookie": second}).status == 200

    def test_an_identifier_that_somebody_has_chosen_is_never_signed_in(self, served):
        name = f"qoro-pages-{served.url.rpartition(':')[2]}"
        chosen = f"{name}={'A' * 43}"
        target = served.address().removeprefix(served.url)
        assert send(served.url, "GET", target, {"Cookie": chosen}).status == 200
        assert send(served.url, "GET", "/pages/jobs", {"Cookie": chosen}).status == 401

    @pytest.mark.parametrize("value", ['"a\\012b"', "x" * 5000, "é", "a\tb", '""', "{}"])
    def test_any_other_value_is_replaced(self, served, value):
        name = f"qoro-pages-{served.url.rpartition(':')[2]}"
        answer = send(served.url, "GET", "/pages/jobs", {"Cookie": f"{name}={value}"})
        assert answer.status == 401
        (cookie,) = answer.cookies
        assert re.match(rf"{name}-visit=[\w-]{{43}};", cookie)


LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class TestLinkOfOtherSite:
    """The browser sends no cookie if a link of another site has led to a page."""

    @pytest.mark.parametrize("path", ["/pages/jobs?tag=a%26b&text=c", "/pages/sign-in", "/pages/"])
    def test_the_page_is_loaded_again_with_the_cookie(self, served, path):
        answer = send(served.url, "GET", path, LINK)
        assert f'content="0; url={path.replace("&", "&amp;")}"' in answer.text
        assert answer.cookies == []

    def test_a_code_is_used_by_the_second_request(self, served):
        target = served.address().removeprefix(served.url)
        assert send(served.url, "GET", target, LINK).cookies == []
        again = send(served.url, "GET", target, {**LINK, "Sec-Fetch-Site": "same-origin"})
        assert "You are signed in." in again.text

    @pytest.mark.parametrize("path", ["/pages/jobs", "/pages/sign-in", "/pages/sign-in?code=wrong"])
    def test_it_never_replaces_the_cookie_of_a_session(self, served, path):
        # A browser that does not say where a request comes from.
        (cookie,) = send(served.url, "GET", path).cookies
        assert cookie.startswith(f"qoro-pages-{served.url.rpartition(':')[2]}-visit=")

    def test_the_cookie_of_a_session_counts_more_than_that_of_a_visit(self, served):
        browser = served.browser()
        session = cookie_of(browser)
        visit = send(served.url, "GET", "/pages/sign-in").cookies[0].partition(";")[0]
        for cookies in (f"{session}; {visit}", f"{visit}; {session}"):
            assert send(served.url, "GET", "/pages/jobs", {"Cookie": cookies}).status == 200


class TestToken:
    def test_a_token_in_the_form_signs_in_to_its_account(self, served):
        browser = served.visitor()
        assert fill_in(served, browser, "token-of-bob").status_code == 200
        assert is_signed_in(served, browser)

    @pytest.mark.parametrize("name", ["code", "token", "access_token", "api_key"])
    def test_a_token_in_an_address_is_not_accepted(self, served, name):
        browser = served.visitor()
        browser.get(f"{served.url}/pages/sign-in?{name}=token-of-alice")
        assert not is_signed_in(served, browser)

    @pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie"])
    def test_a_token_in_a_header_is_not_accepted(self, served, header):
        values = {"Authorization": "Bearer token-of-alice", "Cookie": "token=token-of-alice"}
        sent = {header: values.get(header, "token-of-alice")}
        assert send(served.url, "GET", "/pages/jobs", sent).status == 401

    def test_every_form_that_takes_a_code_or_a_token_is_a_post(self, served):
        html = served.visitor().get(f"{served.url}/pages/sign-in").text
        assert re.findall(r"<form[^>]*>", html) == ['<form method="post" action="/pages/sign-in">']
        assert 'type="password"' in html

    def test_it_is_in_no_address_no_page_no_header_and_no_log(self, served, caplog):
        caplog.set_level(logging.DEBUG)
        browser = served.visitor()
        answers = [fill_in(served, browser, "token-of-alice-"), fill_in(served, browser, "token-of-alice")]
        answers += [browser.get(f"{served.url}/pages/{page}") for page in ("jobs", "systems", "no-page")]
        answers.append(browser.get(f"{served.url}/pages/jobs/{job_id(1)}"))
        answers.append(fill_in(served, browser, "token-of-bob"))
        assert [answer.status_code for answer in answers] == [401, 200, 200, 200, 404, 200, 200]
        for answer in answers:
            for one in (*answer.history, answer):
                assert "token-of" not in one.url + one.text + str(one.headers)
        assert "token-of" not in cookie_of(browser)
        ours = [record for record in caplog.records if record.name.startswith(("qiskit_qoro", "uvicorn"))]
        assert "token-of" not in " ".join(record.getMessage() for record in ours)

    def test_no_log_contains_a_code(self, served, caplog):
        caplog.set_level(logging.DEBUG)
        address = served.address()
        code = address.partition("code=")[2]
        for _ in range(2):
            send(served.url, "GET", address.removeprefix(served.url))
        ours = [record for record in caplog.records if record.name.startswith(("qiskit_qoro", "uvicorn"))]
        assert code not in " ".join(record.getMessage() for record in ours)


class TestWantedPage:
    @pytest.mark.parametrize(
        "wanted", ["/pages/systems", f"/pages/jobs/{job_id(1)}", "/pages/jobs?tag=a%26b"]
    )
    def test_signing_in_leads_to_the_page_that_was_asked_for(self, served, wanted):
        browser = served.visitor()
        form = browser.get(served.url + wanted).text
        shown = wanted.replace("&", "&amp;")
        assert f'name="wanted" value="{shown}"' in form
        answer = fill_in(served, browser, "token-of-alice", wanted)
        assert f'content="0; url={shown}"' in answer.text

    @pytest.mark.parametrize(
        "wanted",
        [
            "",
            "https://example.org/",
            "//example.org/pages/jobs",
            "/\\example.org",
            "/pages/..//example.org",
            "/pages/jobs/../../docs",
            "/pages/jobs/x\\..\\..\\..\\docs",
            "/pagesx/jobs",
            "/docs",
            "/pages/sign-out",
            f"/pages/jobs/{job_id(1)}/delete",
            "/pages/jobs\n\n",
            "/pages/jobs?x=\n",
            "javascript:alert(1)",
            " /pages/jobs",
        ],
    )
    def test_it_leads_nowhere_else(self, served, wanted):
        form = fill_in(served, served.visitor(), "token-of-alice", wanted)
        address = served.visitor().get(served.address(), params={"wanted": wanted})
        for answer in (form, address):
            assert answer.status_code == 200
            assert re.findall(r'content="0; url=([^"]*)"', answer.text) == ["/pages/jobs"]

    def test_a_failed_attempt_does_not_forget_it(self, served):
        answer = fill_in(served, served.visitor(), "wrong", "/pages/systems")
        assert 'name="wanted" value="/pages/systems"' in answer.text


class TestLimit:
    def test_after_the_last_allowed_attempt_none_is_accepted(self, served):
        codes = [served.address().removeprefix(served.url) for _ in range(2)]
        assert fail(served, MAX_ATTEMPTS - 1) == [401] * (MAX_ATTEMPTS - 1)
        assert send(served.url, "GET", codes[0]).status == 200
        assert fail(served, 1) == [401]
        refused = send(served.url, "GET", codes[1])
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) in (59, 60, 61)
        assert refused.cookies != []  # that of a visit
        assert send(served.url, "GET", "/pages/jobs", {"Cookie": refused.cookies[0]}).status == 401

    def test_a_correct_token_is_refused_too(self, served):
        fail(served, MAX_ATTEMPTS)
        browser = served.visitor()
        assert fill_in(served, browser, "token-of-alice").status_code == 429
        assert not is_signed_in(served, browser)

    @pytest.mark.parametrize(
        ("wait_s", "status"), [(ATTEMPTS_PERIOD_S - 0.01, 429), (ATTEMPTS_PERIOD_S, 200)]
    )
    def test_attempts_are_accepted_again_after_the_period(self, served, clock, wait_s, status):
        target = served.address().removeprefix(served.url)
        fail(served, MAX_ATTEMPTS)
        clock.now += wait_s
        assert send(served.url, "GET", target).status == status

    def test_waiting_as_long_as_the_answer_says_is_enough(self, served, clock):
        fail(served, 3)
        clock.now += 20.5
        fail(served, MAX_ATTEMPTS - 3)
        clock.now += int(send(served.url, "GET", "/pages/sign-in?code=x").headers["retry-after"])
        assert served.visitor().get(served.address()).status_code == 200

    def test_a_refused_attempt_uses_up_no_code_and_does_not_count(self, served, clock):
        target = served.address().removeprefix(served.url)
        fail(served, MAX_ATTEMPTS)
        for _ in range(2 * MAX_ATTEMPTS):
            clock.now += 2
            assert send(served.url, "GET", target).status == 429
        clock.now += ATTEMPTS_PERIOD_S - 40
        assert send(served.url, "GET", target).status == 200

    def test_a_session_works_while_attempts_are_refused(self, served):
        browser = served.browser()
        fail(served, MAX_ATTEMPTS)
        assert fail(served, 1) == [429]
        assert is_signed_in(served, browser)
        sent = post(served, browser, f"/pages/jobs/{job_id(3)}/delete", {"csrf": csrf_of(served, browser)})
        assert sent.status == 303

    def test_simultaneous_attempts_cannot_exceed_it(self, served):
        barrier = threading.Barrier(40)

        def guess(number: int) -> int:
            barrier.wait()
            return send(served.url, "GET", f"/pages/sign-in?code=guess-{number}").status

        with ThreadPoolExecutor(40) as threads:
            statuses = sorted(threads.map(guess, range(40)))
        assert statuses == [401] * MAX_ATTEMPTS + [429] * (40 - MAX_ATTEMPTS)

    def test_the_form_and_the_address_share_it(self, served):
        fail(served, MAX_ATTEMPTS - 1)
        assert fill_in(served, served.visitor(), "wrong").status_code == 401
        assert fill_in(served, served.visitor(), "wrong").status_code == 429

    def test_a_form_without_a_code_is_no_attempt(self, served):
        browser = served.visitor()
        for _ in range(MAX_ATTEMPTS + 1):
            assert fill_in(served, browser, " ").status_code == 200


class TestEndOfSession:
    def test_signing_out_ends_it_for_everybody_who_knows_the_cookie(self, served):
        browser = served.browser()
        cookie = cookie_of(browser)
        answer = post(served, browser, "/pages/sign-out", {"csrf": csrf_of(served, browser)})
        assert (answer.status, answer.headers["location"]) == (303, "/pages/sign-in")
        assert "Max-Age=0" in answer.cookies[0]
        assert send(served.url, "GET", "/pages/jobs", {"Cookie": cookie}).status == 401

    def test_signing_out_does_not_end_another_session_of_the_account(self, served):
        one, other = served.browser(), served.browser()
        post(served, one, "/pages/sign-out", {"csrf": csrf_of(served, one)})
        assert is_signed_in(served, other)

    @pytest.mark.parametrize(
        ("age_s", "is_usable"), [(SESSION_LIFETIME_S - 0.01, True), (SESSION_LIFETIME_S, False)]
    )
    def test_it_expires(self, served, clock, age_s, is_usable):
        browser = served.browser()
        clock.now += age_s
        cookie = cookie_of(browser)
        status = send(served.url, "GET", "/pages/jobs", {"Cookie": cookie}).status
        assert status == (200 if is_usable else 401)

    def test_a_live_part_leads_the_browser_to_the_form(self, served):
        browser = served.browser()
        cookie = cookie_of(browser)
        csrf = csrf_of(served, browser)
        part = {"Cookie": cookie, "HX-Request": "true"}
        assert send(served.url, "GET", "/pages/jobs", part).headers["hx-refresh"] is None
        post(served, browser, "/pages/sign-out", {"csrf": csrf})
        answer = send(served.url, "GET", "/pages/jobs", part)
        assert (answer.status, answer.headers["hx-refresh"]) == (401, "true")

    def test_the_sessions_of_an_account_are_bounded_and_it_cannot_end_those_of_another(self, served):
        first, of_bob = served.browser(), served.visitor()
        fill_in(served, of_bob, "token-of-bob")
        second = served.browser()
        for _ in range(MAX_SESSIONS - 1):
            send(served.url, "GET", served.address().removeprefix(served.url))
        assert not is_signed_in(served, first)
        assert is_signed_in(served, second)
        assert is_signed_in(served, of_bob)

    def test_the_messages_of_a_session_are_bounded(self, served):
        browser = served.browser()
        csrf = csrf_of(served, browser)
        for _ in range(MAX_MESSAGES + 5):
            target = f"/pages/jobs/{job_id(2)}/delete"
            assert post(served, browser, target, {"csrf": csrf}).status == 303
        html = browser.get(f"{served.url}/pages/jobs").text
        assert html.count('<p class="message ') == MAX_MESSAGES
        assert '<p class="message ' not in browser.get(f"{served.url}/pages/jobs").text

    def test_visits_are_not_stored(self, served):
        for _ in range(200):
            send(served.url, "GET", "/pages/jobs")
        browser = served.browser()
        assert is_signed_in(served, browser)


class TestRevokedToken:
    @pytest.fixture
    def service(self) -> Iterator[LocalService]:
        accounts = {name: Account("alice") for name in ("alice-1", "alice-2")}
        with serve(workers=1, accounts=accounts, token="own-token") as running:
            yield running

    def test_its_sessions_end_and_those_of_another_token_continue(self, service):
        pages = mount_pages(service, lambda _account: SampleSource())
        base = pages.url.removesuffix("/pages/")
        served = Served(base, SignIn(lambda _token: None, clock=lambda: 0.0))
        first, second, own = served.visitor(), served.visitor(), served.visitor()
        try:
            fill_in(served, first, "alice-1")
            fill_in(served, second, "alice-2")
            own.get(pages.address())
            assert [is_signed_in(served, one) for one in (first, second, own)] == [True, True, True]
            service.deactivate("alice-1")
            assert [is_signed_in(served, one) for one in (first, second, own)] == [False, True, True]
            assert fill_in(served, first, "alice-1").status_code == 401
            unused = pages.address()
            service.deactivate("own-token")
            assert [is_signed_in(served, one) for one in (first, second, own)] == [False, True, False]
            assert own.get(unused).status_code == 401
        finally:
            for browser in served.browsers:
                browser.close()
