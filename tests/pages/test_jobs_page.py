"""The list of jobs: what a row says, filters, pages, refreshing, and actions that lead back to the list."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from qiskit_qoro.display.times import exact_time, local_now
from qiskit_qoro.errors import QoroConnectionError
from qiskit_qoro.pages.views import Action, JobRow, SourceFacts

from .reading import ReadPage
from .sample import SampleSource, job_id, sample_row
from .visiting import Visit, open_visit

SAMPLE_JOBS = 120
ACTIVE = frozenset({Action.CANCEL, Action.DELETE})


@pytest.fixture(scope="module")
def sample() -> Iterator[Visit]:
    with open_visit(SampleSource()) as visit:
        yield visit


def numbered(count: int) -> SampleSource:
    return SampleSource([sample_row(number, tag=f"tag-{number}") for number in range(1, count + 1)])


def tags_of(page: ReadPage) -> list[str]:
    """The tags of the rows."""
    return [row[4] for row in page.tables[0].rows] if page.tables else []


def pager_of(page: ReadPage) -> dict[str, str]:
    return {text: address for text, address in page.links if text in {"First", "Newer", "Older", "Last"}}


def seen_in(html: str) -> str:
    """The digest of the live part."""
    found = re.search(r"&#34;X-Seen&#34;|\"X-Seen\": \"(\w+)\"", html)
    assert found
    return found[1]


# --- rows -----------------------------------------------------------------------------------------------


def test_a_row_says_what_is_known_of_a_job() -> None:
    now = local_now()
    row = sample_row(
        1, "RUNNING", kind="run", num_circuits=2000, num_finished=1234, submitted=now - timedelta(minutes=3)
    )
    with open_visit(SampleSource([replace(row, duration_s=75.0)])) as visit:
        page = visit.get("/pages/jobs")
    table = page.tables[0]
    assert table.headings == [
        "Submitted",
        "Job",
        "Status",
        "Circuits",
        "Tag",
        "Kind",
        "Target",
        "Duration",
        "Actions",
    ]
    cells = dict(zip(table.headings, table.rows[0], strict=True))
    assert cells["Submitted"] == "3 min ago"
    assert cells["Job"] == job_id(1)[:8]
    assert cells["Status"] == "RUNNING"
    assert cells["Tag"] == "vqe"
    assert cells["Kind"] == "run"
    assert cells["Target"] == "qoro_maestro"
    assert cells["Circuits"] == "1,234 of 2,000"
    assert cells["Duration"] == "1 min 15 s"
    assert (cells["Job"], f"/pages/jobs/{job_id(1)}") in page.links
    titles = [attributes.get("title") for _, attributes in page.tags]
    assert exact_time(now - timedelta(minutes=3), now=now) in titles
    assert job_id(1) in titles
    bar = next(attributes for tag, attributes in page.tags if tag == "progress")
    assert (bar["value"], bar["max"]) == ("1234", "2000")


def test_a_row_of_which_nothing_is_known_has_neither_link_nor_actions() -> None:
    unknown = JobRow(None, "NOT_SUBMITTED", "run", "", None, None, None, None, None, "no credits")
    with open_visit(SampleSource([unknown])) as visit:
        page = visit.get("/pages/jobs")
        assert visit.forms("cancel") + visit.forms("delete") + visit.forms("resubmit") == []
    assert page.tables[0].rows == [
        ["unknown", "none", "NOT SUBMITTED no credits", "–", "–", "run", "–", "–", ""]
    ]


def test_texts_of_others_stay_texts() -> None:
    evil = "<b>bold</b><script>alert(1)</script>\x1b[31m\u202e"
    row = sample_row(1, "FAILED", tag=evil, target=evil, kind=evil, reason=evil)
    with open_visit(SampleSource([row])) as visit:
        page = visit.get("/pages/jobs")
        html = visit.answer.text
    assert "<b>bold</b><script>alert(1)</script>\\x1b[31m\\u202e" in tags_of(page)[0]
    assert all(attributes.get("src") for tag, attributes in page.tags if tag == "script")
    assert "b" not in {tag for tag, _ in page.tags}
    # The value of an option is sent back as it is. Everything that is shown is escaped.
    assert "\x1b" not in re.sub(r'(value|href)="[^"]*"', "", html)


def test_a_tag_of_spaces_can_be_seen_and_clicked() -> None:
    with open_visit(SampleSource([sample_row(1, tag="  ")])) as visit:
        page = visit.get("/pages/jobs")
    assert dict(page.links)["“ ”"] == "/pages/jobs?tag=++"


def test_a_joint_identifier_leads_to_its_job_and_is_shown_in_short_form() -> None:
    joint = "+".join(job_id(number) for number in range(1, 12))
    with open_visit(SampleSource([sample_row(1, job_id=joint)])) as visit:
        page = visit.get("/pages/jobs")
        assert page.tables[0].rows[0][1] == "00000001 +10"
        address = next(address for text, address in page.links if text == "00000001 +10")
        assert "+" not in address
        assert joint in visit.get(address).text


# --- filters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "meets"),
    [
        ("status=FAILED", lambda row: row.status == "FAILED"),
        ("status=FAILED&status=RUNNING", lambda row: row.status in ("FAILED", "RUNNING")),
        ("kind=sampler", lambda row: row.kind == "sampler"),
        ("tag=bell", lambda row: row.tag == "bell"),
        ("text=VQE", lambda row: row.tag == "vqe"),
        (f"text={job_id(7)}", lambda row: row.job_id == job_id(7)),
        ("text=%20vqe%20&status=RUNNING", lambda row: row.tag == "vqe" and row.status == "RUNNING"),
        ("status=&kind=&tag=&text=&rows=&page=", lambda row: True),
    ],
)
def test_only_jobs_that_meet_the_filter_are_shown(
    sample: Visit, query: str, meets: Callable[[JobRow], bool]
) -> None:
    expected = [row for row in SampleSource().rows if meets(row)]
    page = sample.get(f"/pages/jobs?{query}&rows=200")
    assert [row[1] for row in page.tables[0].rows] == [(row.job_id or "")[:8] for row in expected]


def test_a_status_is_added_to_the_filter_and_removed_by_its_link(sample: Visit) -> None:
    links = dict(sample.get("/pages/jobs?tag=bell&status=RUNNING").links)
    assert links["Failed 20"] == "/pages/jobs?status=FAILED&status=RUNNING&tag=bell"
    assert links["Running 0"] == "/pages/jobs?tag=bell"
    assert links["All 40"] == "/pages/jobs?tag=bell"


def test_each_condition_is_visible_and_can_be_removed(sample: Visit) -> None:
    page = sample.get("/pages/jobs?tag=bell&text=maestro&kind=sampler&page=1")
    names = {
        attributes["aria-label"]: attributes["href"]
        for tag, attributes in page.tags
        if tag == "a" and "aria-label" in attributes
    }
    assert names == {
        "Remove the filter kind: sampler": "/pages/jobs?tag=bell&text=maestro",
        "Remove the filter tag: bell": "/pages/jobs?kind=sampler&text=maestro",
        "Remove the filter text: maestro": "/pages/jobs?kind=sampler&tag=bell",
    }
    assert ("Clear all", "/pages/jobs") in page.links


def test_the_form_keeps_the_filter(sample: Visit) -> None:
    page = sample.get("/pages/jobs?tag=bell&text=a%26b&kind=sampler&status=RUNNING&rows=25")
    chosen = {
        attributes["value"] for tag, attributes in page.tags if tag == "option" and "selected" in attributes
    }
    assert chosen == {"bell", "sampler", "25"}
    form = next(form for form in sample.forms("/jobs") if form.method == "get")
    assert form.fields == [("status", "RUNNING"), ("text", "a&b")]


def test_a_tag_that_no_job_has_is_still_chosen_in_the_form(sample: Visit) -> None:
    page = sample.get("/pages/jobs?tag=gone&kind=gone")
    assert "No job meets the filter" in page.text
    chosen = [
        attributes["value"] for tag, attributes in page.tags if tag == "option" and "selected" in attributes
    ]
    assert chosen == ["gone", "gone", ""]


def test_a_filter_without_jobs_says_so_and_leads_back(sample: Visit) -> None:
    page = sample.get("/pages/jobs?text=nothing-like-this")
    assert "No job meets the filter" in page.text
    assert ("show all jobs", "/pages/jobs") in page.links
    assert page.tables == []


def test_without_jobs_a_program_that_submits_one_is_shown() -> None:
    source = SampleSource([])
    source.facts = SourceFacts("Local service", provider_code='QoroProvider(base_url="http://here")')
    with open_visit(source) as visit:
        page = visit.get("/pages/jobs")
        html = visit.answer.text
    assert "There are no jobs yet" in page.text
    assert 'provider = QoroProvider(base_url="http://here")' in page.text
    assert "&amp;#34;" not in html


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=-3",
        "page=0",
        "page=99999999999999999999999",
        f"page={'9' * 5000}",
        "rows=7",
        "rows=-1",
        "rows=1e9",
        "status=NO_SUCH_STATUS",
        "kind=%00",
        "tag=%ff%fe",
        "text=%25_%27%22%3B--",
        f"text={'x' * 5000}",
        "unknown=1",
        "&&&=&",
    ],
)
def test_values_that_make_no_sense_are_tolerated(sample: Visit, query: str) -> None:
    page = sample.get(f"/pages/jobs?{query}")
    assert sample.answer.status_code == 200
    assert page.headings[0] == (1, "Jobs")


# --- pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "query", "shown", "first_tag", "addresses"),
    [
        (1, "", "1–1 of 1", "tag-1", {}),
        (50, "", "1–50 of 50", "tag-1", {}),
        (51, "", "1–50 of 51", "tag-1", {"Older": "?page=2", "Last": "?page=2"}),
        (51, "page=2", "51–51 of 51", "tag-51", {"First": "", "Newer": ""}),
        (51, "page=3", "51–51 of 51", "tag-51", {"First": "", "Newer": ""}),
        (
            10_000,
            "page=7&rows=100",
            "601–700 of 10,000",
            "tag-601",
            {
                "First": "?rows=100",
                "Newer": "?page=6&rows=100",
                "Older": "?page=8&rows=100",
                "Last": "?page=100&rows=100",
            },
        ),
    ],
)
def test_a_page_of_the_list(
    count: int, query: str, shown: str, first_tag: str, addresses: dict[str, str]
) -> None:
    with open_visit(numbered(count)) as visit:
        page = visit.get(f"/pages/jobs?{query}")
    assert f"{shown} " in page.text
    assert tags_of(page)[0] == first_tag
    assert pager_of(page) == {text: f"/pages/jobs{rest}" for text, rest in addresses.items()}


def test_only_one_page_of_many_jobs_is_rendered() -> None:
    with open_visit(numbered(10_000)) as visit:
        page = visit.get("/pages/jobs")
        assert len(page.tables[0].rows) == 50
        assert sum(tag == "option" for tag, _ in page.tags) < 200


def test_a_tag_that_is_longer_than_a_filter_is_neither_a_link_nor_a_choice() -> None:
    tags = ["a" * 200, "b" * 201, "c" * 100_000]
    rows = [sample_row(number, tag=tag) for number, tag in enumerate(tags)]
    with open_visit(SampleSource(rows)) as visit:
        page = visit.get("/pages/jobs")
        filtered = visit.get(f"/pages/jobs?tag={tags[0]}")
    assert [text[:1] for text in tags_of(page)] == ["a", "b", "c"]
    assert [address for _, address in page.links if "tag=" in address] == [f"/pages/jobs?tag={tags[0]}"]
    choices = [attributes["value"] for tag, attributes in page.tags if tag == "option"]
    assert [choice for choice in choices if choice in tags] == tags[:1]
    assert len(visit.answer.text) < 20_000
    assert len(filtered.tables[0].rows) == 1


def test_the_other_pages_keep_the_filter(sample: Visit) -> None:
    page = sample.get("/pages/jobs?tag=bell&rows=25&status=FAILED&status=PENDING")
    assert pager_of(page)["Older"] == "/pages/jobs?status=FAILED&status=PENDING&tag=bell&page=2&rows=25"


# --- refreshing -----------------------------------------------------------------------------------------


def test_the_live_part_is_sent_only_if_it_has_changed() -> None:
    source = SampleSource([sample_row(1, "RUNNING", submitted=local_now())])
    with open_visit(source) as visit:
        visit.get("/pages/jobs?text=vqe")
        seen = seen_in(visit.answer.text)
        unchanged = visit.part("/pages/jobs?text=vqe", seen)
        assert (unchanged.status_code, unchanged.content) == (204, b"")
        source.rows[0] = replace(source.rows[0], status="COMPLETED")
        changed = visit.part("/pages/jobs?text=vqe", seen)
        assert changed.status_code == 200
        assert changed.text.startswith('<div id="live"')
        assert 'hx-get="/pages/jobs?text=vqe"' in changed.text
        assert "COMPLETED" in changed.text
        assert visit.part("/pages/jobs?text=vqe", seen_in(changed.text)).status_code == 204


def test_a_browser_without_scripts_reloads_the_page(sample: Visit) -> None:
    sample.get("/pages/jobs")
    assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', sample.answer.text)


def test_the_statuses_are_updated_before_they_are_shown() -> None:
    class Updated(SampleSource):
        def refresh(self) -> None:
            self.rows = [replace(row, status="COMPLETED") for row in self.rows]

    with open_visit(Updated([sample_row(1, "RUNNING")])) as visit:
        assert visit.get("/pages/jobs").tables[0].rows[0][2] == "COMPLETED"


def test_a_service_that_cannot_be_asked_leaves_the_last_known_statuses() -> None:
    class Unreachable(SampleSource):
        def refresh(self) -> None:
            raise QoroConnectionError("no answer from https://example.org")

    with open_visit(Unreachable([sample_row(1, "RUNNING")])) as visit:
        page = visit.get("/pages/jobs")
    assert "The statuses may be out of date: no answer from https://example.org" in page.text
    assert page.tables[0].rows[0][2] == "RUNNING"


# --- actions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "names"),
    [
        (frozenset(), []),
        (ACTIVE, ["cancel", "delete"]),
        (frozenset({Action.DELETE, Action.RESUBMIT}), ["delete", "resubmit"]),
    ],
)
def test_a_row_offers_only_what_the_job_allows(actions: frozenset[Action], names: list[str]) -> None:
    with open_visit(SampleSource([sample_row(1, actions=actions)])) as visit:
        visit.get("/pages/jobs")
        found = [form for form in visit.forms() if f"/jobs/{job_id(1)}/" in form.action]
    assert sorted(form.action.partition("?")[0].rpartition("/")[2] for form in found) == names
    assert {form.method for form in found} <= {"post"}


def test_an_action_leads_back_to_the_list_with_a_message() -> None:
    source = SampleSource()
    with open_visit(source) as visit:
        visit.get("/pages/jobs?status=RUNNING&text=a%26b%3D+%2B&page=1")
        visit.get("/pages/jobs?status=RUNNING&status=PENDING&tag=bell&page=2&rows=25")
        page = visit.send(visit.forms("/cancel")[0])
        assert source.actions[0][0] == "cancel"
        assert visit.answer.url.endswith("/pages/jobs?status=PENDING&status=RUNNING&tag=bell&page=1&rows=25")
        assert "The job is cancelled." in page.text
        assert "The job is cancelled." not in visit.get("/pages/jobs").text


def test_deleting_asks_first_and_works_without_scripts() -> None:
    source = SampleSource()
    with open_visit(source) as visit:
        visit.get("/pages/jobs")
        form = visit.forms("/delete")[0]
        assert form.around == ("table", "details")
        page = visit.send(form)
    assert source.actions == [("delete", job_id(1))]
    assert "The job and its results are deleted." in page.text


def test_submitting_again_leads_to_the_new_job() -> None:
    with open_visit(SampleSource()) as visit:
        visit.get("/pages/jobs?status=COMPLETED")
        page = visit.send(visit.forms("/resubmit")[0])
        assert visit.answer.url.endswith(f"/pages/jobs/{job_id(1)}")
    assert f"It has the circuits and the configuration of job {job_id(2)}." in page.text


def test_a_form_that_is_sent_twice_submits_a_job_once() -> None:
    source = SampleSource()
    with open_visit(source) as visit:
        visit.get("/pages/jobs?status=COMPLETED")
        form = visit.forms("/resubmit")[0]
        visit.send(form)
        page = visit.send(form)
        assert visit.answer.url.endswith("/pages/jobs?status=COMPLETED&page=1")
        assert "the job was not submitted another time" in page.text
        assert source.actions == [("resubmit", job_id(2))]
        visit.send(visit.forms(f"{job_id(2)}/resubmit")[0])
    assert source.actions == [("resubmit", job_id(2))] * 2


class SlowSource(SampleSource):
    """Submits a job when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def resubmit(self, job_id: str) -> str:
        self.begun.set()
        assert self.go_on.wait(30)
        return super().resubmit(job_id)


def test_a_second_click_while_a_job_is_submitted_again_has_no_effect() -> None:
    source = SlowSource()
    with open_visit(source) as visit, ThreadPoolExecutor(1) as threads:
        visit.get("/pages/jobs?status=COMPLETED")
        form = visit.forms("/resubmit")[0]
        post = partial(
            visit.browser.post,
            f"{visit.url}{form.action}",
            data=dict(form.fields),
            headers={"Origin": visit.url},
            allow_redirects=False,
        )
        first = threads.submit(post)
        assert source.begun.wait(30)
        visit.get("/pages/jobs?status=COMPLETED")
        assert visit.forms("/resubmit")[0] == form
        assert "status=COMPLETED" in post().headers["location"]
        source.go_on.set()
        assert first.result().headers["location"].endswith(job_id(1))
    assert source.actions == [("resubmit", job_id(2))]


class FailingSource(SampleSource):
    """A service that refuses all changes."""

    def resubmit(self, job_id: str) -> str:
        raise QoroConnectionError("no answer: check the network")

    cancel = delete = resubmit


@pytest.mark.parametrize("action", ["cancel", "delete", "resubmit"])
def test_an_action_that_the_service_refuses_leads_back_with_the_reason(action: str) -> None:
    """Loading the page again must not send the form again."""
    with open_visit(FailingSource()) as visit:
        visit.get("/pages/jobs")
        page = visit.send(visit.forms(f"/{action}")[0])
        assert visit.answer.url.endswith("/pages/jobs?page=1")
        assert visit.answer.ok
    assert "no answer: check the network" in page.text


@pytest.mark.parametrize("action", ["cancel", "delete", "resubmit"])
def test_an_action_that_comes_too_late_leads_back_with_the_reason(action: str) -> None:
    source = SampleSource([sample_row(1, actions=frozenset(Action))])
    with open_visit(source) as visit:
        visit.get("/pages/jobs?tag=vqe")
        source.rows[0] = replace(source.rows[0], actions=frozenset())
        page = visit.send(visit.forms(f"/{action}")[0])
        assert visit.answer.url.endswith("/pages/jobs?tag=vqe&page=1")
    assert f"Job {job_id(1)} does not allow {action}." in page.text
    assert {attributes["class"] for tag, attributes in page.tags if "message" in attributes.get("class", "")}


@pytest.mark.parametrize(
    "back", ["//example.org", "https://example.org/", "/../x", "a=1%0d%0aX:1", "%5C%5Cx"]
)
def test_an_action_leads_to_no_other_place(back: str) -> None:
    source = SampleSource([sample_row(1, actions=ACTIVE)])
    with open_visit(source) as visit:
        visit.get("/pages/jobs")
        form = visit.forms("/cancel")[0]
        form.action = f"{form.action.partition('?')[0]}?back={back}"
        visit.send(form)
        assert visit.answer.url.startswith(f"{visit.url}/pages/jobs")
        assert visit.answer.status_code == 200
