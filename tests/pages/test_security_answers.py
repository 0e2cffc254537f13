"""What the pages send: protective headers with every answer, escaped texts, a report that can do nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from qiskit_qoro.errors import QoroConnectionError
from qiskit_qoro.pages.handlers.routes import ROUTES
from qiskit_qoro.pages.protection import FRAME_HEADERS
from qiskit_qoro.pages.sign_in import MAX_ATTEMPTS
from qiskit_qoro.pages.views import CircuitView, JobFilter, JobsPage, JobView

from .hostile import HostileSource, Outline, variants
from .raw import Answer, cookie_of, csrf_of, post, send
from .sample import SampleSource, job_id
from .serving import Served, serve_pages

ENDED = job_id(2)
GETS = ["/pages" + path for path, handlers in ROUTES.items() if "GET" in handlers]
PAGES = [path for path in GETS if path not in ("/pages/", "/pages/jobs/{job_id}/report")]


def filled(pattern: str, job: str = ENDED) -> str:
    """A path with a job, and with 0 for everything else."""
    return re.sub(r"\{\w+\}", "0", pattern.replace("{job_id}", quote(job, safe="")))


class BrokenSource(SampleSource):
    """A source that fails if it is asked for the tag ``bug`` or ``error``."""

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        if condition.tag == "bug":
            raise ZeroDivisionError
        if condition.tag == "error":
            raise QoroConnectionError("the service cannot be reached")
        return super().jobs(condition, limit=limit, offset=offset)


@pytest.fixture
def served() -> Iterator[Served]:
    with serve_pages({"alice": SampleSource()}) as served:
        yield served


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """An answer of each kind, with the status code in its name. All of them but the report."""
    with serve_pages({"alice": BrokenSource()}) as served:
        return collect_answers(served)


def collect_answers(served: Served) -> dict[str, Answer]:
    browser = served.browser()
    cookie = {"Cookie": cookie_of(browser)}
    csrf = csrf_of(served, browser)
    part = {**cookie, "HX-Request": "true"}

    def get(path: str, headers: dict[str, str] = cookie) -> Answer:
        return send(served.url, "GET", path, headers)

    found = {f"200 {path}": get(filled(path)) for path in PAGES}
    found |= {f"200 part of {path}": get(filled(path), part) for path in PAGES}
    digest = re.search(r'"X-Seen": "(\w+)"|X-Seen&#34;: &#34;(\w+)', found["200 part of /pages/workers"].text)
    assert digest is not None
    found |= {
        "204 unchanged part": get("/pages/workers", {**part, "X-Seen": digest[1] or digest[2]}),
        "303 to the first page": get("/pages/"),
        "303 after an action": post(served, browser, f"/pages/jobs/{ENDED}/delete", {"csrf": csrf}),
        "401 not signed in": get("/pages/jobs", {}),
        "401 part": get("/pages/jobs", {"HX-Request": "true"}),
        "403 no token": post(served, browser, f"/pages/jobs/{ENDED}/delete", {}),
        "403 another site": get("/pages/jobs", {**cookie, "Sec-Fetch-Site": "cross-site"}),
        "404 no page": get("/pages/no-page"),
        "404 no job": get("/pages/jobs/no-job"),
        "404 no file": get("/pages/static/no-file"),
        "405 method": send(served.url, "DELETE", "/pages/jobs", cookie),
        "413 body": post(served, browser, "/pages/sign-out", {"csrf": csrf, "padding": "x" * 20_000}),
        "500 bug": get("/pages/jobs?tag=bug"),
        "502 error": get("/pages/jobs?tag=error"),
        "200 static file": get("/pages/static/pages.css", {}),
        "200 form": get("/pages/sign-in", {}),
        "200 signed in": get(served.address().removeprefix(served.url), {}),
    }
    for number in range(MAX_ATTEMPTS):
        found["401 wrong code"] = get(f"/pages/sign-in?code=wrong-{number}", {})
    found["429 too many attempts"] = get("/pages/sign-in?code=wrong", {})
    found["303 signed out"] = post(served, browser, "/pages/sign-out", {"csrf": csrf})
    return found


class TestHeaders:
    def test_there_is_an_answer_of_each_kind(self, answers):
        for name, answer in answers.items():
            assert f"{answer.status}" == name[:3], name
        assert {answer.status for answer in answers.values()} == {
            200, 204, 303, 401, 403, 404, 405, 413, 429, 500, 502,
        }  # fmt: skip

    def test_every_answer_has_a_content_security_policy(self, answers):
        for name, answer in answers.items():
            policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
            assert policy[0] == "default-src 'self'", name
            assert {"base-uri 'none'", "form-action 'self'", "object-src 'none'"} <= set(policy), name
            assert "unsafe" not in str(policy), name
            assert "*" not in str(policy), name

    def test_no_answer_may_be_framed(self, answers):
        for name, answer in answers.items():
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], name
            assert answer.headers["x-frame-options"] == "DENY", name

    def test_the_type_of_no_answer_may_be_guessed(self, answers):
        for name, answer in answers.items():
            assert answer.headers["x-content-type-options"] == "nosniff", name
            assert (
                answer.status == 204 or not answer.body or "charset=utf-8" in answer.headers["content-type"]
            )

    def test_no_answer_but_a_file_is_stored(self, answers):
        for name, answer in answers.items():
            expected = "public, max-age=31536000, immutable" if name == "200 static file" else "no-store"
            assert answer.headers["cache-control"] == expected, name

    def test_no_other_site_gets_an_address_or_an_answer(self, answers):
        for name, answer in answers.items():
            assert answer.headers["referrer-policy"] == "same-origin", name
            assert answer.headers["cross-origin-resource-policy"] == "same-origin", name
            assert answer.headers["cross-origin-opener-policy"] == "same-origin", name
            assert answer.headers["access-control-allow-origin"] is None, name

    def test_no_answer_names_the_server(self, answers):
        for name, answer in answers.items():
            assert answer.headers["server"] is None, name

    def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline(self, answers):
        for name, answer in answers.items():
            if not (answer.headers["content-type"] or "").startswith("text/html"):
                continue
            outline = Outline(answer.text)
            for tag, attributes in outline.elements:
                assert tag not in ("style", "base", "object", "embed"), name
                assert tag != "script" or "src" in attributes, name
                assert not [key for key in attributes if key == "style" or key.startswith("on")], name
            for address in outline.values_of("src", "href", "action", "hx-get", "hx-post", "formaction"):
                assert re.match(r"(/pages[/?]|/docs$|#|\?)", address), (name, address)


class TestReport:
    @pytest.fixture
    def report(self, served: Served) -> Answer:
        browser = served.browser()
        return send(served.url, "GET", f"/pages/jobs/{ENDED}/report", {"Cookie": cookie_of(browser)})

    def test_it_is_sent_as_it_is_with_a_policy_of_its_own(self, report):
        assert "<script>alert(1)</script>" in report.text
        policy = {part.strip() for part in report.headers["content-security-policy"].split(";")}
        # A sandbox without `allow-scripts` and `allow-same-origin`, also if the report is opened by itself.
        assert {"default-src 'none'", "sandbox", "form-action 'none'", "frame-ancestors 'self'"} <= policy
        assert not [part for part in policy if part.startswith(("script-src", "connect-src", "sandbox "))]
        assert report.headers["x-frame-options"] == "SAMEORIGIN"
        for name in FRAME_HEADERS:
            assert report.headers[name] is not None

    def test_every_frame_is_a_sandbox(self, served):
        browser = served.browser()
        frames = []
        for number in range(1, 8):
            for pattern in PAGES:
                page = browser.get(served.url + filled(pattern, job_id(number))).text
                frames += [attributes for tag, attributes in Outline(page).elements if tag == "iframe"]
        assert frames
        for attributes in frames:
            assert attributes["sandbox"] in (None, "")  # nothing is allowed
            assert re.fullmatch(r"/pages/jobs/[^/]+/report", attributes["src"])


MARKUP = (
    "<x-injected onclick=x1>\"'><x-injected x='1'></script></style></textarea></title></select>-->]]>&lt;"
)
CONTROL = "\x1b[31m\x00\x07\u202e\u2066\u200f\x85\u2028\ufeff"
TEXTS = {
    "markup": MARKUP,
    "quotes": "\" onmouseover=x-injected y=\" ' onfocus=x-injected z='",
    "address": "javascript:alert(1)//x-injected",
    "template": "~{{ 7 * 191 }}~{% raw %}x-injected",
    "control characters": f"x-injected{CONTROL}end",
    "a long word": "x-injected" * 20,  # a list has no link that filters by a longer tag
    "a path": "../../x-injected?a=b&c=d#e",
}
# JSON can contain it, but an address cannot.
STORED_TEXTS = {**TEXTS, "half of a surrogate pair": "x-injected\ud800"}


@pytest.fixture(scope="module")
def harmless() -> Iterator[Served]:
    with serve_pages({"local": HostileSource("harmless")}) as served:
        yield served


class TestEscaping:
    """Every text of every value is hostile. The page has the same elements as with harmless texts."""

    @pytest.mark.parametrize("text", STORED_TEXTS.values(), ids=STORED_TEXTS)
    def test_no_text_becomes_markup(self, harmless, text):
        with serve_pages({"local": HostileSource(text)}) as served:
            browser, other = served.browser(), harmless.browser()
            num_variants = max(len(variants(kind, "x")) for kind in (JobView, CircuitView))
            num_shown = 0
            for pattern in PAGES:
                for number in range(num_variants):
                    path = filled(pattern, f"job{number}")
                    if number and path == filled(pattern, "job0"):
                        break
                    found, expected = browser.get(served.url + path), other.get(harmless.url + path)
                    assert (found.status_code, expected.status_code) == (200, 200), path
                    outline = Outline(found.text)
                    assert outline.shape == Outline(expected.text).shape, path
                    self._check(outline, found.text, path)
                    num_shown += found.text.count("x-injected")
            assert num_shown > 100

    def _check(self, outline: Outline, html: str, path: str) -> None:
        assert not [tag for tag, _ in outline.elements if "x-injected" in tag], path
        for _, attributes in outline.elements:
            assert not [name for name in attributes if name.startswith("on") or "injected" in name], path
        for address in outline.values_of("src", "href", "action", "hx-get", "hx-post", "formaction"):
            assert not re.match(r"\s*javascript:", address, re.IGNORECASE), path
            # A text never ends the segment of a path or the value of a parameter.
            assert "../" not in address, (path, address)
        assert "~1337~" not in html, path
        seen = set(outline.visible)
        unsafe = {c for c in seen if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t"}
        assert unsafe == set(), (path, unsafe)

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_no_parameter_of_an_address_becomes_markup(self, served, text):
        browser = served.browser()
        names = ("status", "tag", "text", "kind", "page", "rows", "circuit", "back", "wanted", "code", "x")
        for pattern in (*PAGES, "/pages/sign-in"):
            path = filled(pattern)
            plain, hostile = (
                browser.get(f"{served.url}{path}", params=dict.fromkeys(names, value))
                for value in ("harmless", text)
            )
            assert plain.status_code == hostile.status_code
            outline = Outline(hostile.text)
            assert outline.shape == Outline(plain.text).shape, path
            self._check(outline, hostile.text, path)

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_no_path_becomes_markup(self, served, text):
        answer = served.browser().get(f"{served.url}/pages/jobs/{quote(text, safe='')}")
        assert answer.status_code == 404
        self._check(Outline(answer.text), answer.text, "an unknown job")

    @pytest.mark.parametrize("text", STORED_TEXTS.values(), ids=STORED_TEXTS)
    def test_no_message_becomes_markup_or_a_header(self, text):
        with serve_pages({"local": HostileSource(f"{text}\r\nX-Injected: 1")}) as served:
            browser = served.browser()
            csrf = csrf_of(served, browser)
            for action in ("cancel", "delete", "resubmit"):
                answer = post(served, browser, f"/pages/jobs/job0/{action}", {"csrf": csrf, "number": "0"})
                assert answer.status == 303
                assert answer.headers["x-injected"] is None
                assert answer.headers["location"].startswith("/pages/jobs")
                assert "../" not in answer.headers["location"]
                page = browser.get(f"{served.url}/pages/systems").text
                assert "message good" in page
                self._check(Outline(page), page, action)
