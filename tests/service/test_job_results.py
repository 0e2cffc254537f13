"""Results of a job: pages in any order and length, and pages that are inconsistent."""

import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from responses import matchers

from qiskit_qoro.errors import NotFoundError, QoroAPIError, WireError
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, ResultsPage
from qiskit_qoro.service.job_results import MAX_UNCOUNTED_RESULTS, PARALLEL_FETCHES, read_pages
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.results import failed_page_to_json, results_page_to_json

JOB = ExecutionResult(job_id="j1")


@pytest.fixture
def pages(cloud, url):
    """Script the results of ``total`` circuits. ``damage`` may change a page before it is sent."""

    def script(total, damage=lambda offset, page: page):
        everything = {f"c{k}": {format(k % 4, "02b"): k + 1} for k in range(total)}

        def answer(request):
            query = {key: int(value[0]) for key, value in parse_qs(urlsplit(request.url).query).items()}
            end = query["offset"] + query["limit"]
            page = ResultsPage(
                count=total,
                results=dict(list(everything.items())[query["offset"] : end]),
                next=f"{url}/next" if end < total else None,
            )
            return 200, {}, render(damage(query["offset"], results_page_to_json(page)))

        cloud.add_callback("GET", re.compile(re.escape(f"{url}/job/j1/resultsV2/")), answer)
        return everything

    return script


@pytest.mark.parametrize(("total", "requests"), [(1, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_all_results_are_returned_in_order(cloud, service, pages, total, requests):
    everything = pages(total)
    result = service.get_job_results(JOB)
    assert list(result.results.items()) == list(everything.items())
    assert result.job_id == "j1"
    assert not result.is_async()
    assert JOB.results is None
    assert len(cloud.calls) == requests


# --- many pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [301, 400, 850, 2000])
def test_each_of_many_pages_is_requested_once_and_their_order_is_kept(cloud, service, pages, total):
    everything = pages(total)
    assert list(service.get_job_results(JOB).results.items()) == list(everything.items())
    requested = [int(call.request.params["offset"]) for call in cloud.calls]
    assert sorted(requested) == list(range(0, total, 100))


@pytest.mark.parametrize("lengths", [[30], [100, 60], [60, 100], [100, 100, 10, 100], [7, 100, 3]])
def test_pages_of_any_length_are_combined_correctly(cloud, service, url, lengths):
    everything = {f"c{k}": {"0": k + 1} for k in range(1000)}

    def answer(request):
        offset = int(request.params["offset"])
        # The length of a page depends only on its offset, so the order of the requests does not matter.
        end = offset + lengths[offset // 10 % len(lengths)]
        results = dict(list(everything.items())[offset:end])
        next_page = f"{url}/next" if end < len(everything) else None
        return 200, {}, render(results_page_to_json(ResultsPage(1000, results, next_page)))

    cloud.add_callback("GET", re.compile(re.escape(f"{url}/job/j1/resultsV2/")), answer)
    assert list(service.get_job_results(JOB).results.items()) == list(everything.items())


def test_the_number_of_parallel_requests_is_limited():
    in_flight, maximum = 0, 0
    # The barrier holds each request until all that may run in parallel have been sent.
    lock, barrier = threading.Lock(), threading.Barrier(PARALLEL_FETCHES)

    def fetch(offset):
        nonlocal in_flight, maximum
        if offset == 0:
            return ResultsPage(9, {"c0": {"0": 1}}, "next")
        with lock:
            in_flight += 1
            maximum = max(maximum, in_flight)
        barrier.wait(timeout=30)
        with lock:
            in_flight -= 1
        return ResultsPage(9, {f"c{offset}": {"0": 1}}, "next" if offset < 8 else None)

    assert list(read_pages("j1", fetch, lambda page: page).results) == [f"c{k}" for k in range(9)]
    assert maximum == PARALLEL_FETCHES


def test_the_error_of_a_failed_page_is_raised_and_ends_prefetching():
    requested = []

    def fetch(offset):
        requested.append(offset)
        if offset == 3:
            raise QoroAPIError("too bad", response=requests.Response())
        return ResultsPage(1000, {f"c{offset}": {"0": 1}}, "next")

    with pytest.raises(QoroAPIError, match="too bad"):
        read_pages("j1", fetch, lambda page: page)
    assert max(requested) <= 3 + PARALLEL_FETCHES


@pytest.mark.parametrize("fault", [503, 429])
def test_pages_are_requested_again_after_a_temporary_refusal(cloud, service, pages, url, fault):
    cloud.add(
        "GET",
        f"{url}/job/j1/resultsV2/",
        status=fault,
        match=[matchers.query_param_matcher({"limit": 100, "offset": 300})],
    )
    everything = pages(800)
    assert list(service.get_job_results(JOB).results) == list(everything)


# --- inconsistent pages ---------------------------------------------------------------------------------


def shifted(offset, page):
    page["results"] = page["results"] if offset == 0 else page["results"][:-1]
    return page


def repeated(offset, page):
    if offset:
        page["results"][0]["label"] = "c0"
    return page


def endless(offset, page):
    page["next"] = "more"
    return page


def empty(offset, page):
    return page | {"results": [], "next": "more"}


def other_count(offset, page):
    return page | {"count": page["count"] + 1}


@pytest.mark.parametrize("damage", [shifted, repeated, endless, empty, other_count])
@pytest.mark.parametrize("total", [150, 250, 850])
def test_inconsistent_pages_are_an_error(cloud, service, pages, total, damage):
    pages(total, damage)
    with pytest.raises(WireError, match="results of job j1") as caught:
        service.get_job_results(JOB)
    assert caught.value.job_id == "j1"
    assert len(cloud.calls) <= 2 + 2 * total // 100


def test_endless_pages_are_an_error(cloud, service, url):
    import itertools

    numbers = itertools.count()

    def answer(request):
        items = [{"label": f"c{next(numbers)}", "results": {}} for _ in range(100)]
        return 200, {}, render({"count": 100, "next": "more", "previous": None, "results": items})

    cloud.add_callback("GET", re.compile(re.escape(f"{url}/job/j1/resultsV2/")), answer)
    with pytest.raises(WireError, match="exceeds the total of 100 results"):
        service.get_job_results(JOB)


@pytest.mark.parametrize(
    ("total", "is_complete"), [(MAX_UNCOUNTED_RESULTS, True), (MAX_UNCOUNTED_RESULTS + 1, False)]
)
def test_without_a_total_the_number_of_results_is_limited(total, is_complete):
    length = 250_000
    result = {"0": 1}

    def fetch(offset):
        labels = range(offset, min(offset + length, total))
        return ResultsPage(
            None, dict.fromkeys(labels, result), "next" if labels.stop < total or not is_complete else None
        )

    if is_complete:
        assert len(read_pages("j1", fetch, lambda page: page).results) == total
    else:
        with pytest.raises(WireError, match="exceeds an unknown number of results") as caught:
            read_pages("j1", fetch, lambda page: page)
        assert caught.value.job_id == "j1"


def test_without_a_total_no_page_is_requested_in_advance():
    asked = []

    def fetch(offset):
        asked.append(offset)
        return ResultsPage(None, {f"c{offset}": {"0": 1}}, "next" if offset < 9 else None)

    assert len(read_pages("j1", fetch, lambda page: page).results) == 10
    assert asked == list(range(10))


@pytest.mark.parametrize(("status", "kind"), [(400, QoroAPIError), (404, NotFoundError)])
def test_missing_results_are_an_error_with_the_reason(cloud, service, url, status, kind):
    cloud.add("GET", f"{url}/job/j1/resultsV2/", status=status, json={"error": "still running"})
    with pytest.raises(kind, match="still running"):
        service.get_job_results(JOB)


def test_expectation_values_are_floats(cloud, service, url):
    answer = {"count": 1, "next": None, "results": [{"label": "a", "results": {"ZZ": 1, "XI": -0.25}}]}
    cloud.add("GET", f"{url}/job/j1/resultsV2/", json=answer)
    results = service.get_job_results(JOB).results
    assert results == {"a": {"ZZ": 1.0, "XI": -0.25}}
    assert all(isinstance(value, float) for value in results["a"].values())


# --- failed jobs ----------------------------------------------------------------------------------------


def failed_page(url, circuits, offset, limit):
    """A page of a failed job, in which even circuits have a result and odd ones a failure."""
    shown = range(offset, min(offset + limit, circuits))
    page = ResultsPage(
        count=circuits,
        results={f"c{k}": {"0": k + 1} for k in shown if k % 2 == 0},
        failures={f"c{k}": f"reason {k}" for k in shown if k % 2},
        next=f"{url}/next" if offset + limit < circuits else None,
    )
    return 400, {}, render(failed_page_to_json("job failed: badly", page))


def test_the_outcome_of_a_failed_job_has_the_result_or_failure_of_each_circuit(cloud, service, url):
    def answer(request):
        query = {key: int(value[0]) for key, value in parse_qs(urlsplit(request.url).query).items()}
        return failed_page(url, 250, query["offset"], query["limit"])

    cloud.add_callback("GET", re.compile(re.escape(f"{url}/job/j1/resultsV2/")), answer)
    outcome = service.get_job_outcome(JOB)
    assert outcome.results == {f"c{k}": {"0": k + 1} for k in range(0, 250, 2)}
    assert outcome.failures == {f"c{k}": f"reason {k}" for k in range(1, 250, 2)}
    assert outcome.reason == "job failed: badly"
    assert len(cloud.calls) == 3
    with pytest.raises(QoroAPIError, match="job failed: badly"):
        service.get_job_results(JOB)


def test_the_outcome_of_a_completed_job_has_results_only(service, pages):
    everything = pages(150)
    assert service.get_job_outcome(JOB) == JobOutcome(everything)


@pytest.mark.parametrize("body", ['{"error": "no ink"}', '{"detail": "no ink", "results": []}'])
def test_the_outcome_of_a_failed_job_may_have_only_a_reason(cloud, service, url, body):
    cloud.add("GET", f"{url}/job/j1/resultsV2/", status=400, body=body)
    assert service.get_job_outcome(JOB) == JobOutcome(reason="no ink")


def test_the_reason_is_empty_if_the_error_is_a_page_of_html(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/resultsV2/", status=400, body="<html>")
    assert service.get_job_outcome(JOB) == JobOutcome(reason="")


def test_endless_pages_of_a_failed_job_are_an_error(cloud, service, url):
    cloud.add_callback(
        "GET", re.compile(re.escape(f"{url}/job/j1/resultsV2/")), lambda _: failed_page(url, 250, 0, 100)
    )
    with pytest.raises(WireError, match="repeats labels"):
        service.get_job_outcome(JOB)
    assert len(cloud.calls) == 2


@pytest.mark.parametrize(("status", "kind"), [(403, QoroAPIError), (404, NotFoundError)])
def test_other_refusals_of_the_outcome_are_errors(cloud, service, url, status, kind):
    cloud.add("GET", f"{url}/job/j1/resultsV2/", status=status, json={"error": "not yours"})
    with pytest.raises(kind, match="not yours"):
        service.get_job_outcome(JOB)
