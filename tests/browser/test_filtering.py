"""Find jobs: by status, tag, kind and text, page by page, with the keyboard, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pictured_jobs import fail, ghz
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenBrowser
from .services import Running, run_service

TAGS = ("monday", "tuesday", "wednesday")
PER_TAG = 20


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A service with more jobs than a page has, one of which has failed."""
    with run_service() as running:
        for tag in TAGS:
            for _ in range(PER_TAG):
                running.backend.run(ghz(2), shots=10, tag=tag)
        fail(running.provider)
        assert running.service.wait_idle(60)
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, running: Running, open_browser: OpenBrowser) -> Page:
    """The list of jobs."""
    browser = open_browser(running.site.url, java_script_enabled=request.param)
    page = running.site.sign_in(browser.page())
    page.has_scripts = request.param  # type: ignore[attr-defined]
    return page


def rows(page: Page) -> Locator:
    """The rows of the list of jobs, without its headings."""
    return page.get_by_role("table").first.locator("tbody").get_by_role("row")


def apply_filter(page: Page) -> None:
    """Press the button, which is needed without JavaScript only."""
    if not page.has_scripts:  # type: ignore[attr-defined]
        page.get_by_role("button", name="Filter").click()


def test_by_status(page: Page) -> None:
    page.get_by_role("link", name="Failed").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("FAILED")
    expect(rows(page)).to_contain_text("44 qubits")
    page.get_by_role("link", name="Failed").click()
    expect(rows(page)).to_have_count(50)


def test_by_tag(page: Page) -> None:
    page.get_by_label("Tag", exact=True).select_option("tuesday")
    apply_filter(page)
    expect(rows(page)).to_have_count(PER_TAG)
    assert all("tuesday" in text for text in rows(page).all_inner_texts())
    # The address of the filter can be kept.
    expect(page).to_have_url(re.compile("tag=tuesday"))
    page.reload()
    expect(rows(page)).to_have_count(PER_TAG)
    page.get_by_role("link", name="Remove the filter tag").click()
    expect(rows(page)).to_have_count(50)


def test_by_text(page: Page) -> None:
    page.get_by_role("searchbox").fill("QUBITS is too LARGE")
    apply_filter(page)
    expect(rows(page)).to_have_count(1)
    page.get_by_role("searchbox").fill("no such job")
    apply_filter(page)
    expect(page.get_by_text("No job meets the filter")).to_be_visible()
    page.get_by_role("link", name="show all jobs").click()
    expect(rows(page)).to_have_count(50)


def test_page_by_page(page: Page) -> None:
    pager = page.get_by_role("navigation", name="Pages of jobs")
    expect(pager).to_contain_text("1–50 of 61")
    pager.get_by_role("link", name="Older").click()
    expect(pager).to_contain_text("51–61 of 61")
    expect(rows(page)).to_have_count(11)
    pager.get_by_role("link", name="First").click()
    expect(rows(page)).to_have_count(50)


def test_with_the_keyboard_from_the_filter_to_a_job_and_back(
    running: Running, open_browser: OpenBrowser
) -> None:
    page = running.site.sign_in(open_browser(running.site.url).page())
    focus_with_tab(page, page.get_by_role("searchbox"))
    page.keyboard.type("monday")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(PER_TAG)
    link = rows(page).first.get_by_role("rowheader").get_by_role("link")
    name = link.inner_text()
    focus_with_tab(page, link)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.go_back()
    expect(rows(page)).to_have_count(PER_TAG)
    expect(page.get_by_role("searchbox")).to_have_value("monday")


def focus_with_tab(page: Page, target: Locator) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {target}")


def test_the_focus_stays_where_it_is_when_the_list_refreshes(
    running: Running, open_browser: OpenBrowser
) -> None:
    page = running.site.sign_in(open_browser(running.site.url).page())
    link = rows(page).nth(3).get_by_role("rowheader").get_by_role("link")
    name = link.inner_text()
    link.focus()
    job = running.backend.run(ghz(2), shots=10, tag="refresh")
    expect(page.get_by_role("link", name=job.job_id()[:8])).to_be_visible()
    expect(page.locator(":focus")).to_have_text(name)


def test_a_page_without_javascript_reloads_itself(running: Running, open_browser: OpenBrowser) -> None:
    page = running.site.sign_in(open_browser(running.site.url, java_script_enabled=False).page())
    job = running.backend.run(ghz(2), shots=10, tag="reload")
    expect(page.get_by_role("link", name=job.job_id()[:8])).to_be_visible()
