"""A user submits jobs from Python and follows them in the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pictured_jobs import ghz, slow_circuits
from playwright.sync_api import Page, expect

from qiskit_qoro import QoroEstimator
from qiskit_qoro.local import FaultInjection

from .conftest import OpenBrowser
from .services import Running, run_service

SHOTS = 1000


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A service whose jobs run long enough to be seen."""
    with run_service(fault_injection=FaultInjection(running_time_s=3.0)) as running:
        yield running


@pytest.fixture
def page(running: Running, open_browser: OpenBrowser) -> Page:
    """The list of jobs. It is marked, so that a test can tell whether it was loaded again."""
    page = running.site.sign_in(open_browser(running.site.url).page())
    page.evaluate("() => { window.isMarked = true; }")
    return page


def was_never_reloaded(page: Page) -> bool:
    """Whether a page is the one that was marked."""
    return bool(page.evaluate("() => window.isMarked === true"))


def test_a_job_appears_runs_and_finishes_without_reloading(running: Running, page: Page) -> None:
    job = running.backend.run(ghz(2), shots=SHOTS, tag="appears")
    row = page.get_by_role("row").filter(has_text=job.job_id()[:8])
    expect(row).to_contain_text("RUNNING")
    expect(row).to_contain_text("COMPLETED")
    expect(row).to_contain_text("1 of 1")
    assert was_never_reloaded(page)


def test_the_page_of_a_job_follows_it_to_its_histogram(running: Running, page: Page) -> None:
    job = running.backend.run(ghz(3), shots=SHOTS, tag="histogram")
    page.get_by_role("link", name=job.job_id()[:8]).click()
    page.evaluate("() => { window.isMarked = true; }")
    life = page.get_by_role("list", name="Life of the job").get_by_role("listitem")
    expect(life).to_have_count(2)
    expect(life.last).to_contain_text("Running")
    expect(life).to_have_count(3)
    expect(life.last).to_contain_text("Completed")
    counts = job.result().get_counts()
    table = page.get_by_role("table").filter(has_text="most frequent outcomes")
    for outcome, count in counts.items():
        expect(table.get_by_role("row").filter(has_text=outcome)).to_contain_text(f"{count:,}")
    # The histogram has a bar for each outcome, and says the same in words.
    histogram = page.get_by_role("img").filter(has_text="111")
    assert histogram.locator("rect").count() >= len(counts)
    for outcome, count in counts.items():
        expect(histogram).to_contain_text(outcome)
        expect(histogram).to_contain_text(f"{count:,}")
    assert was_never_reloaded(page)


def test_expectation_values_are_shown_as_a_table_and_as_a_chart(running: Running, page: Page) -> None:
    circuit = ghz(2).remove_final_measurements(inplace=False)
    estimator = QoroEstimator(running.backend, options={"show_progress": False})
    job = estimator.run([(circuit, ["ZZ", "XX", "ZI"])])
    job.result()
    page.goto(f"{running.site.url}/pages/jobs/{job.job_ids[0]}")
    table = page.get_by_role("table").filter(has_text="Expectation values")
    for pauli, value in {"ZZ": "1", "XX": "1", "ZI": "0"}.items():
        row = table.get_by_role("row").filter(has_text=pauli)
        expect(row.get_by_role("cell").first).to_have_text(value)
        expect(page.get_by_role("img").filter(has_text="XX")).to_contain_text(pauli)


def test_the_code_of_a_job_fetches_it(running: Running, page: Page) -> None:
    job = running.backend.run(ghz(2), shots=SHOTS)
    page.goto(f"{running.site.url}/pages/jobs/{job.job_id()}")
    code = page.get_by_role("group", name="the program").inner_text()
    assert job.job_id() in code
    assert running.service.token not in page.content()
    compile(code, "the program", "exec")


def test_a_job_with_circuits_that_take_a_while_shows_its_progress(running: Running, page: Page) -> None:
    job = running.backend.run(slow_circuits(40), shots=SHOTS, tag="progress")
    page.goto(f"{running.site.url}/pages/jobs/{job.job_id()}")
    bar = page.get_by_role("progressbar", name="Finished circuits")
    expect(bar).not_to_have_attribute("value", "0")
    expect(bar).to_have_attribute("max", "40")
    expect(page.get_by_role("region", name="Circuits", exact=True)).to_contain_text("layers-00")
    job.cancel()
