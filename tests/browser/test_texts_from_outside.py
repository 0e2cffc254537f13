"""Texts that users or services choose stay texts."""

from __future__ import annotations

from pictured_jobs import ghz
from playwright.sync_api import expect

from qiskit_qoro import JobConfig, characterize

from .conftest import OpenBrowser
from .services import run_service

# The last part is what a second template engine would replace.
MARKUP = """<img src=x onerror="alert(1)"><script>alert(2)</script></td></table>'"&amp;{{7*7}}"""


def test_markup_in_a_tag_a_name_and_a_program_stays_text(open_browser: OpenBrowser) -> None:
    with run_service() as running:
        circuit = ghz(2)
        circuit.name = MARKUP
        job = running.backend.run([circuit, ghz(3)], shots=10, tag=MARKUP)
        job.result()
        analysis = characterize({(0, 1): 2.0, 0: -1.0}, service=running.provider.service, tag=MARKUP)
        program = (
            f'OPENQASM 2.0;\ninclude "qelib1.inc";\n// {MARKUP}\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n'
        )
        submitted = running.provider.service.submit_circuits(
            {MARKUP: program}, override_job_config=JobConfig(shots=10, tag=MARKUP)
        )

        browser = open_browser(running.site.url)
        page = running.site.sign_in(browser.page())
        for path in (
            "/pages/jobs",
            f"/pages/jobs?text={'%3Cimg'}",
            f"/pages/jobs/{job.job_id()}",
            f"/pages/jobs/{submitted.job_id}",
            f"/pages/jobs/{analysis.job_id}",
            "/pages/characterizations",
            "/pages/credits",
        ):
            page.goto(running.site.url + path)
            expect(page.locator("main img, main script")).to_have_count(0)
        assert browser.dialogs == []
        page.goto(f"{running.site.url}/pages/jobs/{job.job_id()}")
        expect(page.get_by_text(MARKUP).first).to_be_visible()
