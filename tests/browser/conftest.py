"""One browser for all tests, and the pages that it opens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.append(str(Path(__file__).parents[2] / "docs"))  # what draws the pictures of the guides
from chromium import chromium_arguments, find_chromium
from pictured_jobs import JOBS

from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.source import JournalSource
from qiskit_qoro.pages.opening import start_pages_server
from tests.pages.machines import ClusterSource, cluster
from tests.pages.sample import SampleSource
from tests.pages.serving import serve_pages

from .services import Running, run_service
from .sites import SECTIONS, Site
from .watching import Watched

# What a user waits for takes a few seconds. A machine that is busy with something else takes longer.
LIMIT_MS = 30_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser. Its tests use contexts, which share nothing."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=LIMIT_MS)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
        yield browser
        browser.close()


OpenBrowser = Callable[..., Watched]
FindViolations = Callable[..., list[str]]


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
def violations() -> FindViolations:
    """What axe-core finds on a page: with all of its rules, or with some."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def run(page: Page, *rules: str) -> list[str]:
        # The developer tools run it, so the Content-Security-Policy of the page stays as it is.
        if page.evaluate("() => !window.axe"):
            page.evaluate(source)
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        found = page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{violation['id']}: {violation['help']}: {node['html']} ({node['failureSummary']})"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that has run a job of each kind, and whose client has recorded them."""
    with run_service(journal=tmp_path_factory.mktemp("journal") / "journal.sqlite3") as running:
        for submit in JOBS:
            submit(running.provider)
        yield running


@pytest.fixture(scope="session")
def local_site(lab: Running) -> Site:
    """The pages of the local service."""
    with lab.service.parts.database.read() as connection:
        jobs = connection.execute("SELECT tag, job_id FROM jobs ORDER BY number").fetchall()
    return replace(
        lab.site, pages={**SECTIONS, **{f"job {tag}": f"/pages/jobs/{name}" for tag, name in jobs}}
    )


@pytest.fixture(scope="session")
def journal_site(lab: Running, local_site: Site) -> Iterator[Site]:
    """The pages of the journal with the same jobs."""
    provider = lab.provider
    assert provider.journal is not None
    client = JournalClient(lambda: provider.service, provider.retrieve_job)
    source = JournalSource.of_service(provider.journal, provider.service.base_url, client)
    with start_pages_server(lambda _account: source) as server:
        paths = {name: path for name, path in local_site.pages.items() if name != "workers"}
        yield Site(server.url.removesuffix("/pages/"), server.address, paths)


@pytest.fixture(scope="session")
def sample_site() -> Iterator[Site]:
    """Pages with sample values: a job in each status, and texts that are long or contain markup."""
    source = SampleSource()
    with serve_pages({"local": source}) as served:
        jobs = {f"job {row.kind}, {row.status}": f"/pages/jobs/{row.job_id}" for row in source.rows[:6]}
        # The sample of a report has a script.
        blocked = ("/report' because the document's frame is sandboxed",)
        yield Site(served.url, served.address, {**SECTIONS, **jobs}, blocked)


@pytest.fixture(scope="session")
def cluster_site() -> Iterator[Site]:
    """Pages of a service with a hundred machines, which no job can run on now."""
    source = ClusterSource(cluster(100, "no worker answers"), waiting_reason="no worker answers")
    with serve_pages({"local": source}) as served:
        yield Site(served.url, served.address, {**SECTIONS})


@pytest.fixture(scope="session", params=["local", "journal", "sample", "cluster"])
def site(request: pytest.FixtureRequest) -> Site:
    """Each of the sites."""
    return request.getfixturevalue(f"{request.param}_site")
