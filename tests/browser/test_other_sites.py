"""What a page of another site or port can do in a browser that is signed in: link to pages, and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from qiskit_qoro.pages.sign_in import MAX_ATTEMPTS
from tests.pages.sample import SampleSource, job_id
from tests.pages.serving import Served, serve_pages

# Under the name `localhost` it is another site, under the address only another origin.
HOSTS = ["localhost", "127.0.0.1"]
JOB = job_id(2)


@contextmanager
def attacker(html: str = "", requested: list[str] | None = None) -> Iterator[int]:
    """Serve a page on a port of its own, and return the port. The paths that are requested are added."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if requested is not None:
                requested.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class SourceOfReport(SampleSource):
    """A source whose reports are chosen by somebody else."""

    html = ""

    def report(self, job_id: str) -> str | None:
        return self.html


@pytest.fixture
def source() -> SourceOfReport:
    return SourceOfReport()


@pytest.fixture
def served(source: SourceOfReport) -> Iterator[Served]:
    with serve_pages({"local": source}) as served:
        yield served


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    """A tab of a browser that is signed in. It may load what other sites offer, so it is not watched."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.address())
    page.wait_for_url("**/pages/jobs")
    yield page
    context.close()


@pytest.mark.parametrize("host", HOSTS)
def test_a_link_leads_to_the_page_and_the_session_continues(page: Page, served: Served, host: str) -> None:
    with attacker(f'<a href="{served.url}/pages/systems">link</a>') as port:
        page.goto(f"http://{host}:{port}/")
        page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Systems", level=1)).to_be_visible()


@pytest.mark.parametrize("host", HOSTS)
def test_an_address_signs_in_from_a_link(chromium: Browser, served: Served, host: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    with attacker(f'<a href="{served.address()}">link</a>') as port:
        page.goto(f"http://{host}:{port}/")
        page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    context.close()


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_framed_loaded_or_read(
    page: Page, served: Served, source: SourceOfReport, host: str
) -> None:
    html = f"""
        <iframe src="{served.url}/pages/jobs"></iframe>
        <iframe src="{served.url}/pages/jobs/{JOB}/report"></iframe>
        <script>
          window.done = Promise.all([
            ["GET", "cors", "jobs"], ["GET", "no-cors", "jobs"], ["POST", "no-cors", "jobs/{JOB}/delete"],
          ].map(([method, mode, path]) =>
            fetch(`{served.url}/pages/${{path}}`, {{method, mode, credentials: "include"}})
              .then(answer => "read", () => "blocked")));
        </script>"""
    with attacker(html) as port:
        page.goto(f"http://{host}:{port}/")
        assert page.evaluate("window.done") == ["blocked"] * 3
        page.wait_for_load_state("load")
        for frame in page.frames[1:]:
            assert frame.url.startswith("chrome-error:")
    assert source.actions == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_form_is_refused(page: Page, served: Served, source: SourceOfReport, host: str) -> None:
    form = f'<form method="post" action="{served.url}/pages/jobs/{JOB}/delete"><button>send</button></form>'
    with attacker(form) as port:
        page.goto(f"http://{host}:{port}/")
        page.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Forbidden")).to_be_visible()
    assert source.actions == []


@pytest.mark.parametrize("host", HOSTS)
def test_images_do_not_use_up_the_attempts_to_sign_in(page: Page, served: Served, host: str) -> None:
    images = "".join(
        f'<img src="{served.url}/pages/sign-in?code=wrong-{number}">' for number in range(MAX_ATTEMPTS + 1)
    )
    with attacker(images) as port:
        page.goto(f"http://{host}:{port}/", wait_until="load")
    page.goto(served.address())
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


# Ways to load something by itself, and after a click.
LOADING = """
    <meta http-equiv="refresh" content="0; url={0}/refresh">
    <style>@import url({0}/import); body {{ background: url({0}/background) }}</style>
    <link rel="stylesheet" href="{0}/sheet"><link rel="prefetch" href="{0}/prefetch">
    <link rel="preload" as="image" href="{0}/preload"><script src="{0}/script"></script>
    <img src="{0}/image"><iframe src="{0}/frame"></iframe><object data="{0}/object"></object>
    <embed src="{0}/embed"><video src="{0}/video" autoplay></video><svg><image href="{0}/svg"></image></svg>
    <script>fetch("{0}/fetch"); location = "{0}/location"; new Image().src = "{0}/new-image"</script>
    <img src="x" onerror="fetch('{0}/onerror')">
    <form action="{0}/form"><button>form</button></form>
    <a href="{0}/self">self</a> <a href="{0}/top" target="_top">top</a>
    <a href="{0}/new" target="_blank">new</a>
"""


def test_a_report_runs_nothing_and_loads_nothing(page: Page, served: Served, source: SourceOfReport) -> None:
    requested: list[str] = []
    with attacker(requested=requested) as port:
        source.html = LOADING.format(f"http://localhost:{port}")
        characterized = next(row for row in source.rows if row.kind == "characterization")
        job = f"{served.url}/pages/jobs/{characterized.job_id}"
        for name in ("form", "self", "top", "new"):
            page.goto(job, wait_until="load")
            page.frame_locator("iframe").first.get_by_text(name, exact=True).click()
            expect(page.locator("iframe")).to_have_count(1)
        assert page.url == job
        assert len(page.context.pages) == 1
        # What the browser has sent before it answers this request has arrived, too.
        page.goto(f"http://localhost:{port}/end", wait_until="load")
    assert [path for path in requested if path != "/favicon.ico"] == ["/end"]
