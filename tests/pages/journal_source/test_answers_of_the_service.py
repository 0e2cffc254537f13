"""What the pages show of a service that answers with errors, slowly, or not at all."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from qiskit_qoro.errors import QoroError
from qiskit_qoro.history import MAX_STATUS_POLLS
from qiskit_qoro.models.jobs import ResultsPage
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.journal_source.source import JournalSource
from qiskit_qoro.pages.source import RefusedError
from qiskit_qoro.pages.views import Counts, Failure, JobFilter
from qiskit_qoro.wire.endpoints import CANCEL_JOB
from qiskit_qoro.wire.results import failed_page_to_json, results_page_to_json

from .conftest import URL

# Much less than any time limit of a request, and much more than a page needs on a busy machine.
SOON_S = 3.0


def statuses(source: JournalSource) -> list[str]:
    return [row.status for row in source.jobs(JobFilter(), limit=100, offset=0).rows]


def refreshed(source: JournalSource, settle: Callable[..., Any]) -> Any:
    """Refresh until the service has answered or failed to; return the page."""
    source.refresh()
    return settle(
        lambda: source.jobs(JobFilter(), limit=100, offset=0), lambda page: page.note or not page.num_unknown
    )


# --- statuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [402, 404, 429, 500])
def test_an_error_of_the_service_is_a_note_and_the_list_stays(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
    status: int,
) -> None:
    record(status="RUNNING")
    answer = {"json": {"detail": "a strange reason"}, "headers": {"Retry-After": "1000"}}
    scripted.get(f"{URL}/job/job/status/", status=status, **answer)
    page = refreshed(scripted_source, settle)
    if status == 404:  # the job does not exist for this token
        assert (page.rows[0].status, page.note) == ("GONE", "")
    else:
        assert page.rows[0].status == "RUNNING"
        assert "did not answer as expected" in page.note
        assert page.num_unknown == 1
    assert "secret-token" not in page.note


def test_several_errors_of_one_kind_are_one_note(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="COMPLETED")
    scripted.get(re.compile(f"{URL}/.*"), status=401, json={"detail": "no"})
    view = settle(lambda: scripted_source.job("job"), lambda view: not view.is_loading)
    refused = [note for note in view.notes if "401" in note]
    assert len(refused) == 1
    assert refused[0].startswith("The service refuses the token: ")
    assert view.row.service == ""
    found = settle(
        lambda: scripted_source.credits(limit=5, offset=0), lambda found: "not answered yet" not in found.note
    )
    assert found.note.count("The service refuses the token: ") == 1


def test_a_job_that_the_service_does_not_know_says_so(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="GONE")
    scripted.get(re.compile(f"{URL}/.*"), status=404, json={"detail": "no"})
    view = settle(lambda: scripted_source.job("job"), lambda view: not view.is_loading)
    assert any(note.startswith("The service does not know this job.") for note in view.notes)


def test_a_token_that_is_refused_is_said(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record()
    scripted.get(f"{URL}/job/job/status/", status=401, json={"detail": "no"})
    page = refreshed(scripted_source, settle)
    assert page.note.startswith("The service refuses the token")
    assert page.rows[0].status == "SUBMITTED"


def test_a_lost_connection_is_a_note_until_the_service_answers(
    scripted: responses.RequestsMock, scripted_source: JournalSource, record: Callable[..., str], settle: Any
) -> None:
    record(status="RUNNING")
    scripted.get(f"{URL}/job/job/status/", body=requests.ConnectionError("no network"))
    assert "did not answer" in refreshed(scripted_source, settle).note


def test_only_so_many_jobs_are_asked_about_newest_first(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    for number in range(MAX_STATUS_POLLS + 7):
        record(f"job-{number:03}")
    record("done", "COMPLETED")
    asked: list[str] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked.append(str(request.url).split("/")[-3])
        return 200, {}, json.dumps({"status": "COMPLETED"})

    scripted.add_callback("GET", re.compile(f"{URL}/job/[^/]+/status/"), answer)
    scripted_source.refresh()
    page = settle(
        lambda: scripted_source.jobs(JobFilter(), limit=100, offset=0),
        lambda page: page.num_unknown == page.by_status["SUBMITTED"] == 7,
    )
    assert asked == [f"job-{number:03}" for number in range(MAX_STATUS_POLLS + 6, 6, -1)]
    assert page.by_status == {"COMPLETED": MAX_STATUS_POLLS + 1, "SUBMITTED": 7}


def test_a_refresh_brings_progress_and_durations_to_the_list(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record("done", circuits=4)
    record("running", circuits=4)
    progress = {"circuits_finished": 3, "circuits_total": 4}
    scripted.get(f"{URL}/job/running/status/", json={"status": "RUNNING", **progress})
    scripted.get(f"{URL}/job/done/status/", json={"status": "COMPLETED", "run_time": 2.5})
    scripted_source.refresh()
    page = settle(
        lambda: scripted_source.jobs(JobFilter(), limit=5, offset=0),
        lambda page: page.rows[0].num_finished and page.rows[1].duration_s,
    )
    assert [row.status for row in page.rows] == ["RUNNING", "COMPLETED"]
    assert [row.num_finished for row in page.rows] == [3, 4]
    assert page.rows[1].duration_s == 2.5


# --- slow services --------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a service that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"


def test_no_page_waits_for_a_service_that_does_not_answer(
    silent: str, source_at: Callable[[str], JournalSource], record: Callable[..., str]
) -> None:
    record("running", "RUNNING", service=silent, circuits=3)
    record("done", "COMPLETED", service=silent, circuits=3)
    record("qubo", "COMPLETED", service=silent, kind=JobKind.CHARACTERIZATION)
    source = source_at(silent)
    looks: list[Callable[[], Any]] = [
        source.refresh,
        lambda: source.jobs(JobFilter(), limit=50, offset=0),
        lambda: source.job("running"),
        lambda: source.job("done"),
        lambda: source.circuits("done", status="", limit=50, offset=0),
        lambda: source.circuit("done", 1),
        lambda: source.job("qubo"),
        lambda: source.characterization("qubo"),
        lambda: source.report("qubo"),
        source.targets,
        lambda: source.credits(limit=50, offset=0),
    ]
    began = time.monotonic()
    for look in looks * 2:
        look()
    assert time.monotonic() - began < SOON_S
    assert source.job("done").is_loading
    page = source.circuits("done", status="", limit=50, offset=0)
    assert page.is_loading
    assert [row.summary for row in page.rows] == ["The result is being fetched."] * 3
    assert [row.name for row in page.rows] == ["0", "1", "2"]
    assert source.credits(limit=50, offset=0).note == "The service has not answered yet."
    assert (source.targets(), source.characterization("qubo")) == ([], None)
    assert set(statuses(source)) == {"RUNNING", "COMPLETED"}


# --- results --------------------------------------------------------------------------------------------


def results_of(total: int, asked: list[tuple[int, int]], *, most: int = 1000) -> Callable[[Any], Any]:
    """Answer requests for pages of results of a job with so many circuits of another client."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = dict(part.split("=") for part in str(request.url).partition("?")[2].split("&"))
        limit, offset = int(query["limit"]), int(query["offset"])
        asked.append((limit, offset))
        end = min(offset + min(limit, most), total)
        results: Any = {f"circuit-{index}": {"0": 1 + index, "1": 1} for index in range(offset, end)}
        page = ResultsPage(total, results, next="more" if end < total else None)
        return 200, {}, json.dumps(results_page_to_json(page))

    return answer


def test_only_the_results_of_the_page_are_fetched(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="COMPLETED", circuits=10_000)
    asked: list[tuple[int, int]] = []
    scripted.add_callback("GET", f"{URL}/job/job/resultsV2/", results_of(10_000, asked))
    page = settle(
        lambda: scripted_source.circuits("job", status="", limit=50, offset=9_950),
        lambda page: not page.is_loading,
    )
    assert asked == [(50, 9_950)]
    assert (page.total, page.by_status) == (10_000, {"COMPLETED": 10_000})
    assert page.rows[-1].position == 9_999
    assert page.rows[-1].summary == "0: 10,000, 1: 1"
    view = scripted_source.circuit("job", 9_999)
    assert view is not None
    assert isinstance(view.outcome, Counts)
    assert view.outcome.counts == {"0": 10_000, "1": 1}
    assert view.program is None
    assert scripted_source.circuits("job", status="FAILED", limit=50, offset=0).rows == []
    assert len(asked) == 1


def test_a_service_may_send_fewer_results_than_requested(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="COMPLETED", circuits=60)
    asked: list[tuple[int, int]] = []
    scripted.add_callback("GET", f"{URL}/job/job/resultsV2/", results_of(60, asked, most=20))
    page = settle(
        lambda: scripted_source.circuits("job", status="", limit=60, offset=0),
        lambda page: not page.is_loading,
    )
    assert sorted(asked) == [(10, 40), (10, 50), (30, 20), (50, 0)]
    assert [row.summary.split(",")[0] for row in page.rows[20:22]] == ["0: 21", "0: 22"]


def test_a_failed_job_without_a_page_has_its_reason_at_each_circuit(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="FAILED", circuits=2)
    scripted.get(f"{URL}/job/job/status/", json={"status": "FAILED"})
    scripted.get(f"{URL}/job/job/resultsV2/", status=400, json={"detail": "job failed: too hot"})
    view = settle(lambda: scripted_source.circuit("job", 1), lambda view: view.outcome)
    assert view.outcome == Failure("too hot")
    assert scripted_source.job("job").row.reason == "too hot"


def test_a_failed_job_of_another_client_keeps_the_order_of_the_service(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    record(status="FAILED", circuits=3)
    page = ResultsPage(3, {"b": {"1": 5}, "c": {"0": 5}}, failures={"a": "too wide"})
    answer = failed_page_to_json("job failed: too wide", page)
    scripted.get(f"{URL}/job/job/resultsV2/", status=400, json=answer)
    found = settle(
        lambda: scripted_source.circuits("job", status="", limit=50, offset=0),
        lambda page: not page.is_loading,
    )
    assert [row.status for row in found.rows] == ["COMPLETED", "COMPLETED", "FAILED"]
    assert found.by_status == {"COMPLETED": 2, "FAILED": 1}
    assert found.rows[2].summary == "too wide"


@pytest.mark.parametrize("answer", [{"status": 500, "json": {}}, {"status": 200, "body": "<html>"}])
def test_results_that_cannot_be_read_are_said_at_each_circuit(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
    answer: dict[str, Any],
) -> None:
    record(status="COMPLETED", circuits=2)
    scripted.get(f"{URL}/job/job/resultsV2/", **answer)
    page = settle(
        lambda: scripted_source.circuits("job", status="", limit=50, offset=0),
        lambda page: not page.is_loading,
    )
    assert all(row.summary.startswith("The result could not be read: ") for row in page.rows)


def test_what_a_service_does_not_offer_is_left_out(
    scripted: responses.RequestsMock,
    scripted_source: JournalSource,
    record: Callable[..., str],
    settle: Callable[..., Any],
) -> None:
    """A service that knows only statuses and results."""
    record(status="COMPLETED")
    scripted.get(f"{URL}/job/job/status/", json={"status": "COMPLETED"})
    scripted.add_callback("GET", f"{URL}/job/job/resultsV2/", results_of(1, []))
    scripted.get(re.compile(f"{URL}/.*"), status=404, json={"detail": "no such page"})
    view = settle(lambda: scripted_source.job("job"), lambda view: not view.is_loading)
    assert (view.cost, list(view.settings), view.row.duration_s) == (None, [], None)
    found = settle(
        lambda: scripted_source.credits(limit=50, offset=0), lambda found: "not answered" not in found.note
    )
    assert found.balance is None
    assert found.note == "This service does not show the credits of the account."
    with pytest.raises(QoroError, match="no such page"):
        settle(scripted_source.targets, len)


# --- credits --------------------------------------------------------------------------------------------


def test_the_note_says_what_the_costs_per_day_cover(
    scripted: responses.RequestsMock, scripted_source: JournalSource, settle: Callable[..., Any]
) -> None:
    moment = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime())
    balance = {"balance": "1.00", "total_used": "2.00", "created_at": moment, "updated_at": moment}
    scripted.get(f"{URL}/credits/", json=balance)
    asked: list[str] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked.append(str(request.url))
        item = {"id": 1, "amount": "-0.01", "balance_after": "1.00", "created_at": moment}
        body = {"count": 10_000, "total_pages": 100, "next": "more", "results": [item] * 100}
        return 200, {}, json.dumps(body)

    scripted.add_callback("GET", re.compile(f"{URL}/credits/transactions/.*"), answer)
    found = settle(
        lambda: scripted_source.credits(limit=50, offset=0),
        lambda found: found.note.startswith("The costs"),  # before it come the answers that are not there yet
    )
    assert found.note == "The costs per day come from the newest 500 transactions."
    assert found.by_day == []  # the only day of these transactions may have more of them
    assert found.total == 10_000
    assert len([url for url in asked if "page_size=100" in url]) == 5


# --- changes --------------------------------------------------------------------------------------------


def test_a_job_that_has_ended_is_not_cancelled(
    scripted: responses.RequestsMock, scripted_source: JournalSource, record: Callable[..., str]
) -> None:
    record(status="RUNNING")
    scripted.add(CANCEL_JOB.method, re.compile(f"{URL}/job/job/.*"), status=409, json={})
    with pytest.raises(RefusedError, match="has ended"):
        scripted_source.cancel("job")


def test_a_job_that_does_not_exist_any_more_is_recorded_as_gone(
    scripted: responses.RequestsMock, scripted_source: JournalSource, record: Callable[..., str]
) -> None:
    record(status="RUNNING")
    scripted.delete(f"{URL}/job/job", status=404, json={})
    with pytest.raises(RefusedError, match="not deleted"):
        scripted_source.delete("job")
    assert statuses(scripted_source) == ["GONE"]


def test_an_error_of_a_change_is_raised_and_the_job_stays(
    scripted: responses.RequestsMock, scripted_source: JournalSource, record: Callable[..., str]
) -> None:
    record(status="RUNNING")
    scripted.delete(f"{URL}/job/job", status=500, json={"detail": "broken"})
    with pytest.raises(QoroError, match="broken"):
        scripted_source.delete("job")
    assert statuses(scripted_source) == ["RUNNING"]


def test_a_job_without_programs_is_not_submitted_again(
    scripted: responses.RequestsMock, scripted_source: JournalSource, record: Callable[..., str]
) -> None:
    record(status="COMPLETED", kind=JobKind.RUN)
    scripted.get(f"{URL}/job/job/status/", json={"status": "COMPLETED"})
    with pytest.raises(RefusedError, match="programs of job job are not available"):
        scripted_source.resubmit("job")
    assert not [call for call in scripted.calls if call.request.method == "POST"]
