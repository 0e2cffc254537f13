"""The list of characterizations, their figures on the page of the job, and their reports in a frame."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import QoroProvider, characterize
from qiskit_qoro.errors import QoroConnectionError
from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.protection import FRAME_HEADERS
from qiskit_qoro.pages.results.characterization_view import characterization_view
from qiskit_qoro.pages.views import CharacterizationView, JobFilter, JobsPage
from qiskit_qoro.qubo.characterization import CharacterizationResult

from .sample import CHARACTERIZATION, SampleSource, job_id, sample_row
from .visiting import Visit, open_visit

QUBO = np.array([[-1.0, 2, 0, 0], [0, -1, 2, 0], [0, 0, -1, 2], [0, 0, 0, -1]])


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(
        workers=1, accounts={"other-token": Account("other"), "third-token": Account("third")}
    ) as service:
        yield service


@pytest.fixture(scope="module")
def result(service: LocalService) -> CharacterizationResult:
    with QoroProvider(service.token, base_url=service.address, link=service.link) as provider:
        return characterize(
            QUBO, service=provider.service, target_states=["1010"], options={"preset": "deep"}, tag="<i>"
        )


@pytest.fixture
def visit(service: LocalService) -> Iterator[Visit]:
    code = f"QoroProvider({service.token!r}, base_url={service.url!r})"
    with open_visit(LocalSource(service.parts, "local", code)) as visit:
        yield visit


def characterizations(*statuses: str) -> list[Any]:
    return [
        sample_row(number, status, kind="characterization") for number, status in enumerate(statuses, start=1)
    ]


class Answered(SampleSource):
    """A source with one characterization."""

    def __init__(self, view: CharacterizationView | None) -> None:
        super().__init__(characterizations("COMPLETED"))
        self._view = view

    def characterization(self, job_id: str) -> CharacterizationView | None:
        return self._view


def test_the_empty_list_has_a_program_that_submits_the_first_one(service: LocalService) -> None:
    code = f"QoroProvider('third-token', base_url={service.url!r})"
    with open_visit(LocalSource(service.parts, "third", code)) as visit:
        _submit_the_first_one(visit)


def _submit_the_first_one(visit: Visit) -> None:
    assert "There are no characterizations yet" in visit.get("/pages/characterizations").text
    found = re.search(r"<code>(from qiskit_qoro.*?)</code>", visit.answer.text, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(compile(html.unescape(found[1]), "<page>", "exec"), names)
    names["provider"].close()
    page = visit.get("/pages/characterizations")
    assert [row[1:4] for row in page.tables[0].rows] == [
        [names["result"].job_id[:8], "COMPLETED", "characterize"]
    ]


def test_the_list_has_characterizations_only_with_links_to_job_and_report() -> None:
    other = sample_row(9, "COMPLETED", kind="sampler")
    rows = [*characterizations("COMPLETED", "RUNNING", "FAILED"), other]
    with open_visit(SampleSource(rows)) as visit:
        page = visit.get("/pages/characterizations")
    (table,) = page.tables
    assert table.headings == ["Submitted", "Job", "Status", "Tag", "Duration", "Report"]
    assert [row[1] for row in table.rows] == ["00000001", "00000002", "00000003"]
    assert table.rows[2][2].startswith("FAILED")
    reports = [address for _, address in page.links if address.endswith("/report")]
    assert reports == [f"/pages/jobs/{job_id(1)}/report"]


def test_the_list_says_why_statuses_may_be_out_of_date() -> None:
    class Late(SampleSource):
        def refresh(self) -> None:
            raise QoroConnectionError("there was <no> answer")

        def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
            return replace(super().jobs(condition, limit=limit, offset=offset), note="Asked <long> ago.")

    with open_visit(Late(characterizations("RUNNING"))) as visit:
        page = visit.get("/pages/characterizations")
    assert "The statuses may be out of date: there was <no> answer" in page.text
    assert "Asked <long> ago." in page.text


def test_a_long_list_has_pages() -> None:
    with open_visit(SampleSource(characterizations(*["COMPLETED"] * 60))) as visit:
        assert len(visit.get("/pages/characterizations").tables[0].rows) == 50
        assert len(visit.get("/pages/characterizations?page=2").tables[0].rows) == 10


def test_the_page_of_the_job_has_the_figures_that_a_client_gets(
    visit: Visit, result: CharacterizationResult
) -> None:
    page = visit.get(f"/pages/jobs/{result.job_id}")
    facts = page.facts
    assert facts["Variables"] == "4"
    assert facts["Difficulty"] == result.difficulty
    for name, value in (
        ("Approximation ratio", result.approximation_ratio),
        ("Quality", result.quality_score),
        ("Gain of target states", result.concentration_ratio),
        ("Spectral gap of the matrix", result.spectral_gap),
        ("Best cost angle γ", (result.best_parameters or {})["gamma"]),
    ):
        assert facts[name] == f"{value:.6g}", name
    for advice in result.recommendations:
        assert advice.text in page.text
    assert (3, "Mean cost over the angles of the circuit") in page.headings
    assert (3, "Likeliest states") in page.headings
    assert len([tag for tag, _ in page.tags if tag == "svg"]) >= 3
    all_figures = {row[0]: row[1] for table in page.tables for row in table.rows if len(row) == 3}
    assert all_figures["Treewidth"] == "1"
    assert all_figures["Lowest cost"] == facts["Lowest cost"]


def test_the_report_is_in_a_frame_that_runs_nothing(visit: Visit, result: CharacterizationResult) -> None:
    page = visit.get(f"/pages/jobs/{result.job_id}")
    (frame,) = (attributes for tag, attributes in page.tags if tag == "iframe")
    assert frame["sandbox"] == ""
    assert frame["title"] == "Report"
    assert frame["src"] == f"/pages/jobs/{result.job_id}/report"
    assert ("Show the report alone", frame["src"]) in page.links
    report = visit.browser.get(visit.url + frame["src"])
    assert result.html in report.text
    assert report.text.startswith('<!doctype html>\n<html lang="en">')
    for name, value in FRAME_HEADERS.items():
        assert report.headers[name] == value


def test_another_account_sees_neither_the_figures_nor_the_report(
    service: LocalService, result: CharacterizationResult
) -> None:
    with open_visit(LocalSource(service.parts, "other", "QoroProvider()")) as visit:
        for path in (f"/pages/jobs/{result.job_id}", f"/pages/jobs/{result.job_id}/report"):
            visit.get(path)
            assert visit.answer.status_code == 404
        assert "There are no characterizations yet" in visit.get("/pages/characterizations").text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("RUNNING", "The characterization is not finished"),
        ("FAILED", "There is no result"),
        ("CANCELLED", "There is no result"),
        ("COMPLETED", "The result is not known"),
    ],
)
def test_a_characterization_without_a_result_says_so(status: str, text: str) -> None:
    source = Answered(None)
    source.rows = characterizations(status)
    with open_visit(source) as visit:
        page = visit.get(f"/pages/jobs/{job_id(1)}")
    assert text in page.text
    assert not [tag for tag, _ in page.tags if tag == "iframe"]


def test_recommendations_have_their_level_as_a_word_and_are_escaped() -> None:
    with open_visit(Answered(characterization_view(CHARACTERIZATION, has_report=False))) as visit:
        page = visit.get(f"/pages/jobs/{job_id(1)}")
        assert "<b>check" not in visit.answer.text
    assert "action Increase the penalty weight to 4." in page.text
    assert "warning Few states are feasible: <b>check</b> the constraints." in page.text
    assert "info The problem is easy for classical computers." in page.text
    assert "style" not in {name for _, attributes in page.tags for name in attributes}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"hardness": None, "report": None, "recommendations": None},
        {"hardness": [], "report": "text", "recommendations": 7},
        {
            "report": {
                "energy_landscape": {"gamma": "x"},
                "state_probabilities": [1],
                "sensitivity": {"a": "b"},
            }
        },
        {"recommendations": [{"level": 3}, "Do <it>.", {"text": "x\u202ey", "level": "<b>"}]},
        {"report": {"num_qubits": "<script>", "regime": {"a": [1, 2]}}},
    ],
)
def test_the_answer_of_another_service_may_lack_everything(answer: dict[str, Any]) -> None:
    with open_visit(Answered(characterization_view(answer, has_report=False))) as visit:
        visit.get(f"/pages/jobs/{job_id(1)}")
        assert visit.answer.status_code == 200
        for markup in ("<script>", "<it>", "<b>", "\u202e"):
            assert markup not in visit.answer.text


def test_a_job_without_a_report_has_no_page_for_it(visit: Visit) -> None:
    class WithoutReport(SampleSource):
        def report(self, job_id: str) -> str | None:
            return None

    with open_visit(WithoutReport(characterizations("FAILED"))) as other:
        other.get(f"/pages/jobs/{job_id(1)}/report")
        assert other.answer.status_code == 404
        assert "The job has no report." in other.answer.text
    visit.get("/pages/jobs/nothing/report")
    assert visit.answer.status_code == 404
