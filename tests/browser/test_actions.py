"""Cancel, delete and resubmit jobs, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pictured_jobs import ghz
from playwright.sync_api import Page, expect

from qiskit_qoro.local import FaultInjection
from qiskit_qoro.models.jobs import JobStatus

from .conftest import OpenBrowser
from .services import Running, run_service

SHOTS = 100


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A service whose jobs end at once."""
    with run_service() as running:
        yield running


@pytest.fixture(scope="module")
def busy() -> Iterator[Running]:
    """A service whose jobs run until they are cancelled."""
    with run_service(fault_injection=FaultInjection(running_time_s=600.0)) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def has_scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def finished_job(running: Running, tag: str) -> str:
    """Run a job to its end, and return its identifier."""
    job = running.backend.run(ghz(2), shots=SHOTS, tag=tag)
    job.result()
    return str(job.job_id())


def open_job(running: Running, open_browser: OpenBrowser, job_id: str, *, has_scripts: bool) -> Page:
    """Open the page of a job, in a browser in which it may be missing later."""
    browser = open_browser(running.site.url, java_script_enabled=has_scripts)
    browser.expect_messages("404 (Not Found)")
    page = running.site.sign_in(browser.page())
    page.goto(f"{running.site.url}/pages/jobs/{job_id}")
    return page


def test_a_running_job_is_cancelled(busy: Running, open_browser: OpenBrowser, has_scripts: bool) -> None:
    job_id = busy.backend.run(ghz(2), shots=SHOTS).job_id()
    assert busy.service.wait_status(job_id, JobStatus.RUNNING, timeout_s=30)
    page = open_job(busy, open_browser, job_id, has_scripts=has_scripts)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("main")).to_contain_text("CANCELLED")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert busy.service.parts.store.state("local", job_id).status is JobStatus.CANCELLED


def test_a_finished_job_is_resubmitted(
    running: Running, open_browser: OpenBrowser, has_scripts: bool
) -> None:
    job_id = finished_job(running, "again")
    page = open_job(running, open_browser, job_id, has_scripts=has_scripts)
    page.get_by_role("button", name="Resubmit").click()
    page.wait_for_url(lambda address: job_id not in address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    again = page.get_by_role("group", name="Identifier").inner_text()
    assert again != job_id
    assert sum(running.provider.retrieve_job(again).result().get_counts().values()) == SHOTS


def test_a_finished_job_is_deleted_after_a_confirmation(
    running: Running, open_browser: OpenBrowser, has_scripts: bool
) -> None:
    job_id = finished_job(running, "delete")
    page = open_job(running, open_browser, job_id, has_scripts=has_scripts)
    final = page.get_by_role("button", name="for good")
    expect(final).to_be_hidden()
    page.locator("summary").filter(has_text="Delete").click()
    final.click()
    page.wait_for_url("**/pages/jobs")
    expect(page.get_by_role("link", name=job_id[:8])).to_have_count(0)
    expect(page.locator("main")).to_contain_text("deleted")
    assert page.goto(f"{running.site.url}/pages/jobs/{job_id}").status == 404
