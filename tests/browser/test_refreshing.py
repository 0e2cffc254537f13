"""Pages that refresh themselves: they do not disturb the user, and report a lost connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, expect

from qiskit_qoro.pages.views import Action
from tests.pages.sample import SampleSource, job_id, sample_row
from tests.pages.serving import serve_pages

from .conftest import OpenBrowser
from .sites import Site

ENDED = frozenset({Action.DELETE, Action.RESUBMIT})


@dataclass
class Pages:
    """Pages of jobs that a test changes.

    Attributes:
        source: The jobs. The first one runs.
        url: Scheme, host and port.
        page: A tab with the list of jobs.
    """

    source: SampleSource
    url: str
    page: Page

    def finish(self, number: int) -> None:
        """Let a job end."""
        row = next(row for row in self.source.rows if row.job_id == job_id(number))
        ended = replace(row, status="COMPLETED", num_finished=row.num_circuits, actions=ENDED)
        self.source.rows[self.source.rows.index(row)] = ended

    def wait_for_answer(self, status: int) -> None:
        """Wait until the page has asked again and received an answer."""
        with self.page.expect_response(lambda answer: answer.status == status):
            pass

    def badge(self, number: int) -> str:
        """The selector of the status of a job in the list."""
        return f"tr:has([id='job-{job_id(number)}']) .badge"


@pytest.fixture
def pages(open_browser: OpenBrowser) -> Iterator[Pages]:
    rows = [sample_row(number, "RUNNING", kind="run", num_circuits=1) for number in range(1, 9)]
    source = SampleSource([replace(row, num_finished=0) for row in rows])
    with serve_pages({"local": source}) as served:
        page = open_browser(served.url).page()
        Site(served.url, served.address).sign_in(page)
        yield Pages(source, served.url, page)


def test_the_list_shows_a_change_by_itself_and_keeps_the_focus(pages: Pages) -> None:
    link = pages.page.locator(f"[id='job-{job_id(5)}']")
    link.focus()
    pages.wait_for_answer(204)
    pages.finish(3)
    expect(pages.page.locator(pages.badge(3))).to_have_text("COMPLETED")
    expect(link).to_be_focused()


def test_a_job_shows_its_result_when_it_ends_and_does_not_ask_any_more(pages: Pages) -> None:
    page = pages.page
    page.goto(f"{pages.url}/pages/jobs/{job_id(2)}")
    expect(page.get_by_text("The result appears here")).to_be_visible()
    pages.finish(2)
    expect(page.get_by_role("cell", name="503")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("The job is completed")
    assert page.locator("#live").get_attribute("hx-get") is None


def test_an_open_question_stays_where_it_is_until_it_is_closed(pages: Pages) -> None:
    question = pages.page.locator(f"[id='delete-{job_id(4)}']")
    question.locator("summary").click()
    pages.finish(3)
    pages.wait_for_answer(200)
    pages.wait_for_answer(200)
    expect(pages.page.locator(pages.badge(3))).to_have_text("RUNNING")
    expect(question.get_by_role("button")).to_be_visible()
    question.locator("summary").click()
    expect(pages.page.locator(pages.badge(3))).to_have_text("COMPLETED")


def test_a_program_that_was_opened_stays_open(pages: Pages) -> None:
    page = pages.page
    pages.source.rows[0] = replace(pages.source.rows[0], num_circuits=9, num_finished=3)
    page.goto(f"{pages.url}/pages/jobs/{job_id(1)}")
    page.get_by_text("OpenQASM program").click()
    expect(page.locator("#program-text")).to_be_visible()
    pages.source.rows[0] = replace(pages.source.rows[0], num_finished=4)
    expect(page.get_by_text("4 of 9 circuits done")).to_be_visible()
    expect(page.locator("#program-text")).to_be_visible()


def test_the_filter_applies_while_typing_and_keeps_its_text(pages: Pages) -> None:
    page = pages.page
    search = page.get_by_label("Search")
    search.press_sequentially("vqe", delay=20)
    expect(page).to_have_url(f"{pages.url}/pages/jobs?text=vqe")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(search).to_be_focused()
    expect(page.locator("#announcement")).to_have_text("3 jobs meet the filter")
    pages.finish(1)
    expect(page.locator(pages.badge(1))).to_have_text("COMPLETED")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(search).to_have_value("vqe")
    search.fill("")
    expect(page.locator("tbody tr")).to_have_count(8)
    expect(page).to_have_url(f"{pages.url}/pages/jobs")


def test_a_hidden_tab_does_not_ask(pages: Pages) -> None:
    page = pages.page
    pages.wait_for_answer(204)
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}) }"
    page.evaluate(hide, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # htmx would ask now. What it does at this event is what it does every few seconds.
    for _ in range(3):
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    assert asked == []
    page.evaluate(hide, False)
    with page.expect_response(re.compile("/pages/jobs")):
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def test_a_lost_connection_is_reported_until_it_is_back(pages: Pages, open_browser: OpenBrowser) -> None:
    browser = open_browser(pages.url)
    browser.expect_messages("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
    page = browser.page()
    page.context.add_cookies(pages.page.context.cookies())
    page.goto(f"{pages.url}/pages/jobs")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    expect(page.locator("tbody tr")).to_have_count(8)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()


def test_a_session_that_has_ended_leads_to_the_form_for_signing_in(
    pages: Pages, open_browser: OpenBrowser
) -> None:
    browser = open_browser(pages.url)
    browser.expect_messages("401")
    page = browser.page()
    page.context.add_cookies(pages.page.context.cookies())
    page.goto(f"{pages.url}/pages/jobs")
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_text_is_copied_with_its_button(open_browser: OpenBrowser) -> None:
    with serve_pages({"local": SampleSource([sample_row(1, kind="run")])}) as served:
        browser = open_browser(served.url, permissions=["clipboard-read", "clipboard-write"])
        page = Site(served.url, served.address).sign_in(browser.page())
        page.goto(f"{served.url}/pages/jobs/{job_id(1)}")
        page.get_by_role("button", name="Copy the identifier").click()
        expect(page.locator("#announcement")).to_have_text("Copied")
        assert page.evaluate("() => navigator.clipboard.readText()") == job_id(1)


def test_the_pages_of_jobs_work_without_scripts(open_browser: OpenBrowser) -> None:
    source = SampleSource([sample_row(number, kind="run") for number in range(1, 9)])
    with serve_pages({"local": source}) as served:
        page = open_browser(served.url, java_script_enabled=False).page()
        Site(served.url, served.address).sign_in(page)
        page.get_by_label("Search").fill("vqe")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(3)
        question = page.locator(f"[id='delete-{job_id(1)}']")
        question.locator("summary").click()
        question.get_by_role("button").click()
        expect(page.get_by_text("The job and its results are deleted.")).to_be_visible()
        assert source.actions == [("delete", job_id(1))]
        expect(page.locator("tbody tr")).to_have_count(3)
        assert page.locator("[data-copy]:visible").count() == 0
