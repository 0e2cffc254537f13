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
def attacker(html: str) -> Iterator[int]:
    """Serve a page on a port of its own, and return the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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


@pytest.fixture
def source() -> SampleSource:
    return SampleSource()


@pytest.fixture
def served(source: SampleSource) -> Iterator[Served]:
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
    page: Page, served: Served, source: SampleSource, host: str
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
def test_a_form_is_refused(page: Page, served: Served, source: SampleSource, host: str) -> None:
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
