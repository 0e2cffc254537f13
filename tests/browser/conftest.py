"""One browser for all tests, and the pages that it opens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.sample import SampleSource
from tests.pages.serving import serve_pages

from .sites import SECTIONS, Site
from .watching import Watched

sys.path.append(str(Path(__file__).parents[2] / "docs"))
from chromium import chromium_arguments, find_chromium

# What a user waits for takes a few seconds. A machine that is busy with something else takes longer.
LIMIT_MS = 30_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser. Its tests use contexts, which share nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
        yield browser
        browser.close()


OpenBrowser = Callable[..., Watched]


@pytest.fixture
def open_browser(chromium: Browser) -> Iterator[OpenBrowser]:
    """Open a browser at a site, with the arguments of ``Browser.new_context``. Each is checked at the end."""
    with ExitStack() as stack:

        def open_context(origin: str, **options: Any) -> Watched:
            return stack.enter_context(watched_context(chromium, origin, **options))

        yield open_context


@contextmanager
def watched_context(browser: Browser, origin: str, **options: Any) -> Iterator[Watched]:
    """A context that is checked when it is closed."""
    context = browser.new_context(**options)
    context.set_default_timeout(LIMIT_MS)
    watched = Watched(context, origin)
    try:
        yield watched
    finally:
        context.close()
    watched.check()


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[str]]:
    """What axe-core finds on a page."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        # The developer tools run it, so the Content-Security-Policy of the page stays as it is.
        page.evaluate(source)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {violation['help']}: {node['html']} ({node['failureSummary']})"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Pages with sample values of every kind."""
    source = SampleSource()
    with serve_pages({"local": source}) as served:
        jobs = {f"job, {row.kind}, {row.status}": f"/pages/jobs/{row.job_id}" for row in source.rows[:18]}
        yield Site(served.url, served.address, {**SECTIONS, **jobs})
