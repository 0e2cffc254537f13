"""Ctrl-C during a wait, with real signals."""

import signal
import threading

import pytest
import requests

from qiskit_qoro.errors import ExecutionCancelledError
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus

JOB = ExecutionResult(job_id="j1")


def press(*_):
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def _pythons_own_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    after = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert after is signal.default_int_handler, "the handler was not restored"


@pytest.fixture
def running(cloud, url):
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "RUNNING"})
    return cloud


def calls(cloud, url):
    return [(call.request.method, call.request.url.removeprefix(f"{url}/job/j1/")) for call in cloud.calls]


def test_the_first_ctrl_c_cancels_the_job_once_and_ends_the_wait(running, service, url):
    running.add("POST", f"{url}/job/j1/cancel/", json={})
    with pytest.raises(ExecutionCancelledError, match="The job has been cancelled") as caught:
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press)
    assert caught.value.job_id == "j1"
    assert calls(running, url) == [("GET", "status/"), ("POST", "cancel/")]


def test_ctrl_c_between_two_polls_cancels_the_job_too(running, service, url, clock):
    running.add("POST", f"{url}/job/j1/cancel/", json={})
    clock.during_wait = lambda: press() if len(clock.waits) == 2 else None
    with pytest.raises(
        ExecutionCancelledError, match=r"the wait for job j1 was cancelled\. The job has been cancelled"
    ):
        service.poll_job_status(JOB, loop_until_complete=True)
    assert calls(running, url) == [("GET", "status/"), ("POST", "cancel/")]


def test_ctrl_c_ends_a_real_wait_at_once(running, url, token):
    from qiskit_qoro.service import QoroService

    running.add("POST", f"{url}/job/j1/cancel/", json={})
    service = QoroService(token, polling_interval=3600, base_url=url)
    main = threading.main_thread().ident

    def press_later(*_):
        threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGINT)).start()

    with pytest.raises(
        ExecutionCancelledError, match=r"the wait for job j1 was cancelled\. The job has been cancelled"
    ):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press_later)


def test_the_second_ctrl_c_raises_keyboard_interrupt(running, service, url):
    def press_twice(*_):
        press()
        press()

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press_twice)
    assert calls(running, url) == [("GET", "status/")]


def test_a_second_ctrl_c_interrupts_the_cancellation(running, service, url):
    def pressed(request):
        press()
        raise AssertionError("the press was lost")

    running.add_callback("POST", f"{url}/job/j1/cancel/", pressed)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": 409}, "The job had already ended"),
        ({"status": 500}, "could not be cancelled and may still run .*500"),
        ({"body": requests.exceptions.ConnectionError("reset")}, "could not be cancelled and may still run"),
    ],
)
def test_the_error_says_if_the_cancellation_failed(running, service, url, answer, message):
    running.add("POST", f"{url}/job/j1/cancel/", **answer)
    with pytest.raises(ExecutionCancelledError, match=message):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press)


def test_ctrl_c_during_the_last_poll_is_not_lost(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    cloud.add("POST", f"{url}/job/j1/cancel/", status=409)
    with pytest.raises(ExecutionCancelledError, match="had already ended"):
        service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press)


def test_with_a_cancellation_event_no_handler_is_installed(running, service):
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        service.poll_job_status(
            JOB, loop_until_complete=True, progress_callback=press, cancellation_event=threading.Event()
        )


def test_a_single_poll_installs_no_handler(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    handlers = []
    service.poll_job_status(JOB, on_complete=lambda _: handlers.append(signal.getsignal(signal.SIGINT)))
    assert handlers == [signal.default_int_handler]


def test_the_handler_of_an_application_is_kept(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "RUNNING"})
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    presses = []

    def own(number, frame):
        presses.append(number)

    signal.signal(signal.SIGINT, own)
    try:
        status = service.poll_job_status(JOB, loop_until_complete=True, progress_callback=press)
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert status is JobStatus.COMPLETED
    assert presses == [signal.SIGINT, signal.SIGINT]


def test_in_another_thread_no_handler_is_installed(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    seen = []

    def remember_handler(*_):
        seen.append(signal.getsignal(signal.SIGINT))

    def wait():
        seen.append(
            service.poll_job_status(JOB, loop_until_complete=True, progress_callback=remember_handler)
        )

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler, JobStatus.COMPLETED]


def test_the_handler_is_restored_after_an_error(cloud, service, url):
    cloud.add("GET", f"{url}/job/j1/status/", status=404)
    with pytest.raises(requests.exceptions.HTTPError, match=r"404 Not Found"):
        service.poll_job_status(JOB, loop_until_complete=True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
