"""Wait for jobs: when they are polled, what is reported meanwhile, and how the wait ends."""

import json
import logging
import threading

import pytest
import requests

from qiskit_qoro.errors import (
    ExecutionCancelledError,
    JobTimeoutError,
    MaxRetriesReachedError,
    NotFoundError,
    QoroConnectionError,
    QoroInputError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.models.jobs import ExecutionResult, JobState, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.polling import PollSchedule

JOB = ExecutionResult(job_id="j1")
LOST = {"body": requests.exceptions.ConnectionError("reset")}


@pytest.fixture
def statuses(cloud, url):
    """Script the responses to status requests: a status, or a whole response. The last one is repeated."""

    def script(*answers):
        for answer in answers:
            whole = {"json": {"status": answer}} if isinstance(answer, str) else answer
            cloud.add("GET", f"{url}/job/j1/status/", **whole)

    return script


def poll_times(clock):
    """The times of the polls, on the clock."""
    total, times = 0.0, []
    for pause in clock.waits:
        total += pause
        times.append(round(total, 6))
    return times


# --- when a job is polled -----------------------------------------------------------------------------


def test_the_first_poll_is_soon_and_each_delay_is_half_as_long_again(service, statuses, clock):
    statuses(*["PENDING"] * 2, *["RUNNING"] * 3, "COMPLETED")
    assert service.poll_job_status(JOB, loop_until_complete=True) is JobStatus.COMPLETED
    assert poll_times(clock) == pytest.approx([0.05, 0.125, 0.2375, 0.40625, 0.659375, 1.0390625], abs=1e-5)


@pytest.mark.parametrize(("interval", "longest"), [(3.0, 3.0), (0.1, 0.1), (0.01, 0.01), (1, 1.0)])
def test_no_delay_is_longer_than_the_polling_interval(cloud, statuses, clock, url, token, interval, longest):
    statuses(*["RUNNING"] * 20, "COMPLETED")
    service = QoroService(token, polling_interval=interval, base_url=url, clock=clock)
    service.poll_job_status(JOB, loop_until_complete=True)
    assert max(clock.waits) == pytest.approx(longest)
    assert clock.waits[-1] == pytest.approx(longest)


def test_a_service_on_this_machine_is_polled_sooner_and_more_often(cloud, clock, token):
    local = "http://127.0.0.1:8000/api"
    for status in ["RUNNING"] * 3 + ["COMPLETED"]:
        cloud.add("GET", f"{local}/job/j1/status/", json={"status": status})
    QoroService(token, base_url=local, clock=clock).wait_for_job(JOB)
    # A service on this machine is expected to hold the first poll, so that one has no delay.
    assert poll_times(clock) == pytest.approx([0.0, 0.002, 0.0044, 0.00728])


@pytest.fixture
def holding(cloud, clock):
    """A service that holds polls. Returns the times of the polls with the seconds that they asked for."""
    polls = []

    def start(url, *answers):
        left = list(answers)

        def answer(request):
            preference = request.headers.get("Prefer", "wait=0")
            seconds = int(preference.removeprefix("wait="))
            polls.append((round(clock.time, 6), seconds))
            held_s, status = left.pop(0)
            clock.time += seconds if held_s is None else held_s
            headers = {"Preference-Applied": preference} if seconds else {}
            return 200, headers, json.dumps({"status": status})

        cloud.add_callback("GET", f"{url}/job/j1/status/", callback=answer)
        return polls

    return start


LOCAL_URL = "http://127.0.0.1:8000/api"


def test_a_service_on_this_machine_is_asked_at_once_to_hold_the_poll(holding, token, clock):
    polls = holding(LOCAL_URL, (None, "RUNNING"), (None, "RUNNING"), (0.3, "COMPLETED"))
    service = QoroService(token, base_url=LOCAL_URL, clock=clock)
    assert service.wait_for_job(JOB).status is JobStatus.COMPLETED
    assert polls == [(0.0, 1), (1.0, 1), (2.0, 1)]
    assert clock.waits == [0.0, 0.0, 0.0]


def test_another_service_is_asked_after_the_usual_delay_and_remembered(holding, service, url, clock):
    polls = holding(url, (None, "RUNNING"), (0.2, "COMPLETED"), (0.1, "COMPLETED"))
    service.wait_for_job(JOB)
    assert polls == [(0.05, 1), (1.05, 1)]
    service.wait_for_job(JOB)
    assert polls[2:] == [(1.25, 1)]  # now without a delay


def test_a_poll_that_is_not_held_for_the_whole_time_is_followed_by_the_rest_of_it(holding, token, clock):
    polls = holding(LOCAL_URL, (0.0, "RUNNING"), (0.0, "RUNNING"), (0.0, "COMPLETED"))
    QoroService(token, base_url=LOCAL_URL, clock=clock).wait_for_job(JOB)
    assert polls == [(0.0, 1), (1.0, 1), (2.0, 1)]


@pytest.mark.parametrize(
    ("interval", "longest"), [(0.5, 0), (1.0, 1), (1.9, 1), (2.0, 2), (5.0, 5), (60.0, 10)]
)
def test_no_poll_is_held_for_longer_than_the_polling_interval(holding, token, clock, interval, longest):
    polls = holding(LOCAL_URL, *[(None, "RUNNING")] * 60, (0.0, "COMPLETED"))
    QoroService(token, base_url=LOCAL_URL, clock=clock, polling_interval=interval).wait_for_job(JOB)
    assert {seconds for _, seconds in polls} <= set(range(longest + 1))
    assert polls[-1][1] == longest


@pytest.mark.parametrize("timeout_s", [0.0, 0.9, 1.0, 2.5, 30.0])
def test_no_poll_is_held_beyond_the_time_limit(holding, token, clock, timeout_s):
    polls = holding(LOCAL_URL, *[(None, "RUNNING")] * 200)
    service = QoroService(token, base_url=LOCAL_URL, clock=clock)
    with pytest.raises(JobTimeoutError, match=rf"not final after {timeout_s:g} s"):
        service.wait_for_job(JOB, timeout_s=timeout_s)
    assert all(time + seconds <= timeout_s for time, seconds in polls)
    assert clock.time == pytest.approx(timeout_s)


def test_a_held_poll_counts_as_one_poll(holding, token, clock):
    polls = holding(LOCAL_URL, *[(None, "RUNNING")] * 3)
    service = QoroService(token, base_url=LOCAL_URL, clock=clock, max_retries=3)
    with pytest.raises(MaxRetriesReachedError, match="not final after 3 polls"):
        service.wait_for_job(JOB)
    assert len(polls) == 3


def test_a_wait_that_an_event_can_end_is_not_held(holding, token, clock):
    polls = holding(LOCAL_URL, (None, "RUNNING"), (None, "COMPLETED"))
    QoroService(token, base_url=LOCAL_URL, clock=clock).poll_job_status(
        JOB, loop_until_complete=True, cancellation_event=threading.Event()
    )
    assert [seconds for _, seconds in polls] == [0, 0]


def test_without_a_loop_the_job_is_polled_once_without_delay(cloud, service, statuses, clock):
    statuses("RUNNING")
    assert service.poll_job_status(JOB) is JobStatus.RUNNING
    assert (len(cloud.calls), clock.waits) == (1, [])


def test_after_max_retries_the_wait_fails_and_the_job_keeps_running(cloud, statuses, clock, url, token):
    statuses("RUNNING")
    service = QoroService(token, max_retries=4, base_url=url, clock=clock)
    with pytest.raises(MaxRetriesReachedError, match="job j1 is not final after 4 polls") as caught:
        service.poll_job_status(JOB, loop_until_complete=True)
    assert (caught.value.job_id, caught.value.retries) == ("j1", 4)
    assert [call.request.method for call in cloud.calls] == ["GET"] * 4


# --- how a wait ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED", "INSUFFICIENT_CREDITS", "TIMED_OUT"])
def test_a_final_status_ends_the_loop(cloud, service, statuses, status):
    statuses("RUNNING", status, "RUNNING")
    assert service.poll_job_status(JOB, loop_until_complete=True).value == status
    assert len(cloud.calls) == 2


@pytest.mark.parametrize("status", ["PENDING", "SCHEDULED", "RUNNING", "PAUSED", "DREAMING", "", "done"])
def test_a_status_that_is_unknown_or_not_final_does_not_end_the_loop(cloud, service, statuses, status):
    statuses(status, "COMPLETED")
    reported = []
    service.poll_job_status(
        JOB, loop_until_complete=True, progress_callback=lambda *args: reported.append(args)
    )
    assert reported == [(1, status), (2, "COMPLETED")]


def test_an_unknown_status_is_returned_unchanged(service, statuses):
    statuses("DREAMING")
    status = service.poll_job_status(JOB)
    assert (status, status.value, status.is_final) == ("DREAMING", "DREAMING", False)


@pytest.mark.parametrize("loop", [True, False])
def test_on_complete_gets_the_last_response_once(service, statuses, loop):
    statuses({"json": {"status": "COMPLETED", "run_time": 1.5}})
    answers = []
    service.poll_job_status(JOB, loop, answers.append)
    assert [answer.json() for answer in answers] == [{"status": "COMPLETED", "run_time": 1.5}]
    assert isinstance(answers[0], requests.Response)


def test_on_complete_is_not_called_for_an_unfinished_job(service, statuses):
    statuses("RUNNING")
    answers = []
    service.poll_job_status(JOB, on_complete=answers.append)
    assert answers == []


def test_an_error_in_a_callback_reaches_the_caller(service, statuses):
    statuses("RUNNING")

    def fail(*args):
        raise ZeroDivisionError("in the callback")

    with pytest.raises(ZeroDivisionError, match="in the callback"):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=fail)


# --- failures during a wait ---------------------------------------------------------------------------


def test_a_loop_survives_lost_connections_and_temporary_refusals(cloud, service, statuses, clock):
    busy = {"status": 429, "headers": {"Retry-After": "5"}}
    statuses("RUNNING", busy, busy, busy, "RUNNING", LOST, "RUNNING", {"status": 503}, "COMPLETED")
    assert service.poll_job_status(JOB, loop_until_complete=True) is JobStatus.COMPLETED
    assert clock.waits.count(5.0) == 3


def test_retries_of_a_poll_do_not_count_as_polls(cloud, service, statuses):
    statuses(LOST, LOST, "RUNNING", LOST, "COMPLETED")
    reported = []
    service.poll_job_status(
        JOB, loop_until_complete=True, progress_callback=lambda *args: reported.append(args)
    )
    assert reported == [(1, "RUNNING"), (2, "COMPLETED")]


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (LOST, QoroConnectionError, "no answer from .* to GET /job/j1/status/"),
        ({"status": 404}, NotFoundError, "404 Not Found: the service does not know this job"),
        (
            {"status": 429, "headers": {"Retry-After": "3600"}},
            RateLimitError,
            "The service asks to wait 3600 s",
        ),
        ({"json": {}}, WireError, "status: expected text, got nothing"),
        ({"json": {"status": 5}}, WireError, "status: expected text, got 5"),
        ({"json": {"status": None}}, WireError, "status: expected text, got nothing"),
        ({"body": "<html>"}, WireError, "expected JSON from .*/job/j1/status/"),
    ],
)
def test_a_permanent_failure_ends_the_loop(service, statuses, answer, kind, message):
    statuses("RUNNING", answer)
    with pytest.raises(kind, match=message):
        service.poll_job_status(JOB, loop_until_complete=True)


# --- events -------------------------------------------------------------------------------------------


def test_an_event_set_in_advance_ends_the_wait_at_once(cloud, service):
    event = threading.Event()
    event.set()
    with pytest.raises(ExecutionCancelledError, match="the wait for job j1 was cancelled") as caught:
        service.poll_job_status(JOB, loop_until_complete=True, cancellation_event=event)
    assert caught.value.job_id == "j1"
    assert len(cloud.calls) == 0


def test_an_event_ends_the_wait_and_does_not_cancel_the_job(cloud, service, statuses, clock):
    statuses("RUNNING")
    event = threading.Event()
    clock.during_wait = lambda: event.set() if len(clock.waits) == 3 else None
    with pytest.raises(ExecutionCancelledError, match=r"the wait for job j1 was cancelled$"):
        service.poll_job_status(JOB, loop_until_complete=True, cancellation_event=event)
    assert [call.request.method for call in cloud.calls] == ["GET", "GET"]


def test_an_event_ends_the_delay_before_a_retry(cloud, service, statuses, clock):
    statuses({"status": 429, "headers": {"Retry-After": "50"}})
    event = threading.Event()
    clock.during_wait = lambda: event.set() if clock.waits[-1] == 50 else None
    with pytest.raises(ExecutionCancelledError, match=r"the wait for job j1 was cancelled$"):
        service.poll_job_status(JOB, loop_until_complete=True, cancellation_event=event)
    assert len(cloud.calls) == 1


def test_an_event_interrupts_a_real_wait(cloud, statuses, url, token):
    statuses("RUNNING")
    service = QoroService(token, polling_interval=3600, base_url=url)
    event = threading.Event()

    def stop_later(retry_count, status):
        threading.Timer(0.02, event.set).start()

    with pytest.raises(ExecutionCancelledError, match=r"the wait for job j1 was cancelled$"):
        service.poll_job_status(
            JOB, loop_until_complete=True, progress_callback=stop_later, cancellation_event=event
        )


# --- wait_for_job -------------------------------------------------------------------------------------


def test_the_job_is_polled_once_more_at_the_time_limit(service, statuses, clock):
    statuses("RUNNING")
    with pytest.raises(
        JobTimeoutError, match=r"job j1 is not final after 1 s\. .* status of job j1 is RUNNING"
    ) as caught:
        service.wait_for_job(JOB, timeout_s=1.0)
    assert caught.value.status is JobStatus.RUNNING
    assert poll_times(clock)[-1] == 1.0


def test_a_time_limit_of_zero_allows_one_poll(cloud, service, statuses, clock):
    statuses("RUNNING", "COMPLETED")
    with pytest.raises(JobTimeoutError, match=r"job j1 is not final after 0 s"):
        service.wait_for_job(JOB, timeout_s=0)
    assert service.wait_for_job(JOB, timeout_s=0).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    "trouble", [LOST, {"status": 429, "headers": {"Retry-After": "60"}}], ids=["lost", "busy"]
)
def test_retries_do_not_extend_the_time_limit(service, statuses, clock, trouble):
    statuses("RUNNING", trouble)
    with pytest.raises(
        JobTimeoutError, match=r"did not report the status of job j1 within 2 s\. The job keeps running"
    ):
        service.wait_for_job(JOB, timeout_s=2)
    assert clock.time <= 2


def test_on_look_is_called_after_each_poll_and_the_run_time_is_returned(service, statuses):
    statuses("RUNNING", {"json": {"status": "COMPLETED", "run_time": 2}})
    reported = []
    state = service.wait_for_job(JOB, on_look=lambda *args: reported.append(args))
    assert state == JobState(JobStatus.COMPLETED, run_time_s=2.0)
    assert reported == [(1, JobState(JobStatus.RUNNING)), (2, state)]


# --- several jobs -------------------------------------------------------------------------------------


@pytest.fixture
def jobs(cloud, url):
    """Script the statuses of several jobs, and return the jobs. The last status of each is repeated."""

    def script(**answers):
        for job_id, statuses in answers.items():
            for status in statuses:
                cloud.add("GET", f"{url}/job/{job_id}/status/", json={"status": status})
        return [ExecutionResult(job_id=job_id) for job_id in answers]

    return script


def polled_jobs(cloud):
    """The jobs that were polled, in order."""
    return [call.request.url.split("/")[-3] for call in cloud.calls]


def test_final_states_are_returned_in_the_order_of_the_jobs(cloud, service, jobs):
    states = service.wait_for_jobs(
        jobs(slow=["RUNNING"] * 4 + ["COMPLETED"], bad=["RUNNING", "FAILED"], quick=["COMPLETED"])
    )
    assert [(job_id, state.status) for job_id, state in states.items()] == [
        ("slow", JobStatus.COMPLETED),
        ("bad", JobStatus.FAILED),
        ("quick", JobStatus.COMPLETED),
    ]
    assert {job_id: polled_jobs(cloud).count(job_id) for job_id in states} == {
        "slow": 5,
        "bad": 2,
        "quick": 1,
    }


def test_polls_of_several_jobs_are_at_least_the_first_delay_apart(service, jobs, clock):
    many = jobs(**{f"j{index}": ["RUNNING"] * 6 + ["COMPLETED"] for index in range(40)})
    service.wait_for_jobs(many)
    assert len(clock.waits) == 7 * 40
    assert min(clock.waits) >= 0.05 - 1e-9


def test_delayed_polls_do_not_follow_in_a_burst(cloud, service, jobs, clock, url):
    many = jobs(**{f"j{index}": ["COMPLETED"] for index in range(10)})

    def slow(request):
        clock.time += 5.0
        return (200, {}, '{"status": "COMPLETED"}')

    cloud.add_callback("GET", f"{url}/job/slow/status/", slow)
    service.wait_for_jobs([ExecutionResult(job_id="slow"), *many])
    assert min(clock.waits[2:]) == pytest.approx(0.05)


def test_on_look_gets_the_known_states_of_all_jobs(service, jobs):
    reported = []
    pair = jobs(a=["RUNNING", "COMPLETED"], b=["COMPLETED"])
    service.wait_for_jobs(pair, on_look=lambda count, states: reported.append((count, dict(states))))
    running, done = JobState(JobStatus.RUNNING), JobState(JobStatus.COMPLETED)
    assert reported == [(1, {"a": running}), (2, {"a": running, "b": done}), (3, {"a": done, "b": done})]


def test_one_time_limit_applies_to_all_jobs_together(service, jobs, clock):
    pair = jobs(a=["COMPLETED"], b=["RUNNING"], c=["RUNNING"])
    with pytest.raises(
        JobTimeoutError, match=r"2 of 3 jobs are not final after 2 s, among them [bc]\. .* is RUNNING"
    ):
        service.wait_for_jobs(pair, timeout_s=2.0)
    assert clock.time == pytest.approx(2.0)


def test_no_jobs_take_no_time_and_a_repeated_job_is_polled_as_one(cloud, service, jobs):
    assert service.wait_for_jobs([]) == {}
    [job] = jobs(a=["COMPLETED"])
    assert service.wait_for_jobs([job, job]) == {"a": JobState(JobStatus.COMPLETED)}
    assert polled_jobs(cloud) == ["a"]


def test_polls_are_counted_for_each_job(cloud, clock, url, token, jobs):
    service = QoroService(token, max_retries=3, base_url=url, clock=clock)
    with pytest.raises(MaxRetriesReachedError, match="not final after 3 polls"):
        service.wait_for_jobs(jobs(a=["RUNNING"], b=["RUNNING"]))
    assert sorted(map(polled_jobs(cloud).count, "ab")) == [2, 3]


# --- log and terminal ---------------------------------------------------------------------------------


def test_the_log_has_a_line_for_each_change(service, statuses, caplog):
    caplog.set_level(logging.INFO, "qiskit_qoro")
    statuses("PENDING", "PENDING", "RUNNING", "COMPLETED")
    service.poll_job_status(JOB, loop_until_complete=True)
    assert [record.getMessage() for record in caplog.records] == [
        "job j1 is PENDING",
        "job j1 is RUNNING",
        "job j1 is COMPLETED",
    ]


def test_nothing_is_logged_or_shown_if_not_verbose(service, statuses, caplog, capfd):
    caplog.set_level(logging.DEBUG, "qiskit_qoro")
    statuses("PENDING", "COMPLETED")
    service.poll_job_status(JOB, loop_until_complete=True, verbose=False)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_nothing_is_written(service, statuses, capfd, monkeypatch):
    statuses("PENDING", "COMPLETED")
    service.poll_job_status(JOB, loop_until_complete=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "job", [ExecutionResult(), ExecutionResult(job_id=""), None, "j1", ExecutionResult(job_id=3)]
)
def test_a_result_without_job_id_is_refused(cloud, service, job):
    for ask in (
        service.poll_job_status,
        service.get_job_results,
        service.cancel_job,
        service.delete_job,
        service.get_execution_config,
        service.get_job_state,
        service.wait_for_job,
    ):
        with pytest.raises(QoroInputError, match="expected an ExecutionResult with a job_id"):
            ask(job)
    assert len(cloud.calls) == 0


@pytest.mark.parametrize("dots", [".", ".."])
def test_dots_are_not_a_job_id(cloud, service, dots):
    with pytest.raises(QoroInputError, match="expected the identifier of a job"):
        service.cancel_job(ExecutionResult(job_id=dots))
    assert len(cloud.calls) == 0


# --- the schedule without a clock ---------------------------------------------------------------------


def schedule(*job_ids, **options):
    defaults = {"first_s": 1.0, "longest_s": 4.0, "growth": 2.0, "max_polls": 10}
    return PollSchedule(job_ids, 0.0, **defaults | options)


def test_a_schedule_polls_jobs_that_are_due_together_in_order_and_apart():
    polls = schedule("a", "b")
    assert polls.next_poll(0.0) == (0, 1.0)
    polls.record(0, False, 1.0)
    assert polls.next_poll(1.0) == (1, 1.0)
    polls.record(1, True, 2.0)
    assert polls.next_poll(2.0) == (0, 1.0)
    polls.record(0, True, 3.0)
    assert len(polls) == 0


def test_a_schedule_counts_the_polls_of_a_job_that_occurs_twice_separately():
    polls = schedule("a", "a", max_polls=1)
    index, _ = polls.next_poll(0.0)
    polls.record(index, True, 1.0)
    index, _ = polls.next_poll(1.0)
    with pytest.raises(MaxRetriesReachedError, match="job a is not final after 1 polls"):
        polls.record(index, False, 2.0)


def test_a_schedule_polls_once_more_at_the_deadline_and_then_gives_up():
    polls = schedule("a", timeout_s=0.5)
    assert polls.next_poll(0.0) == (0, 0.5)
    with pytest.raises(JobTimeoutError, match=r"job a is not final after 0\.5 s"):
        polls.record(0, False, 0.5)
