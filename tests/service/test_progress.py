"""What the waits of a client show: the states of their jobs on a progress line, and changes in the log."""

from __future__ import annotations

import json
import logging

import pytest

from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.errors import ExecutionCancelledError, QoroInputError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

JOB = ExecutionResult(job_id="j1")
LOCAL_URL = "http://127.0.0.1:8000/api"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Keep the environment of the tests from deciding what is shown."""
    monkeypatch.delenv("QISKIT_QORO_PROGRESS", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def shown(cloud, clock, terminal, url, token):
    """A client whose polls take a second each, and the lines that it shows when a poll is answered."""

    class Shown:
        def __init__(self):
            self.lines = []
            self.holds = []
            self.service = QoroService(
                token, base_url=url, clock=clock, progress=ProgressOptions(stream=terminal)
            )

        def answer(self, job_id, *answers, url=url):
            left = list(answers)

            def respond(request):
                self.lines.append(terminal.screen()[-1][2:])  # without the spinner
                self.holds.append(request.headers.get("Prefer"))
                clock.time += 1
                headers = {"Preference-Applied": "wait=1"} if "Prefer" in request.headers else {}
                status = left.pop(0)
                return 200, headers, json.dumps({"status": status} if isinstance(status, str) else status)

            cloud.add_callback("GET", f"{url}/job/{job_id}/status/", callback=respond)

    return Shown()


def running(finished, total):
    return {"status": "RUNNING", "circuits_finished": finished, "circuits_total": total}


def test_a_wait_shows_the_circuits_of_the_job(shown, terminal):
    shown.answer("j1", "PENDING", running(0, 40), running(10, 40), running(20, 40), "COMPLETED")
    shown.service.wait_for_job(JOB)
    assert shown.lines == [
        "",
        "PENDING · 1 s",
        "RUNNING 0/40 circuits · 2 s",
        "RUNNING 10/40 circuits · 3 s · about 3 s left",
        "RUNNING 20/40 circuits · 4 s · about 2 s left",
    ]
    assert terminal.screen() == [""]


def test_a_job_of_one_circuit_has_nothing_to_count(shown):
    shown.answer("j1", running(0, 1), "COMPLETED")
    shown.service.wait_for_job(JOB)
    assert shown.lines[1] == "RUNNING · 1 s"


def test_the_circuits_of_several_jobs_are_added(shown):
    shown.answer("a", running(1, 5), {**running(5, 5), "status": "COMPLETED"})
    shown.answer("b", running(2, 7), running(3, 7), "COMPLETED")
    shown.service.wait_for_jobs([ExecutionResult(job_id="a"), ExecutionResult(job_id="b")])
    assert shown.lines == [
        "",
        "RUNNING · 1 s",
        "RUNNING 3/12 circuits · 2 s",
        "RUNNING 7/12 circuits · 3 s · about 2 s left",
        "RUNNING 8/12 circuits · 4 s · about 2 s left",
    ]


def test_jobs_are_counted_if_the_service_does_not_count_circuits(shown):
    shown.answer("a", "RUNNING", "COMPLETED")
    shown.answer("b", "RUNNING", "RUNNING", "COMPLETED")
    shown.service.wait_for_jobs([ExecutionResult(job_id="a"), ExecutionResult(job_id="b")])
    assert shown.lines[2] == "RUNNING 0/2 jobs · 2 s"
    assert shown.lines[-1].startswith("RUNNING 1/2 jobs")


def test_polls_are_held_for_a_second_while_a_line_is_shown(shown, clock, terminal, token):
    for progress, longest in [(ProgressOptions(stream=terminal), 1), (False, 5)]:
        service = QoroService(token, base_url=LOCAL_URL, clock=clock, polling_interval=5, progress=progress)
        shown.answer("j1", *["RUNNING"] * 60, "COMPLETED", url=LOCAL_URL)
        shown.holds.clear()
        service.wait_for_job(JOB)
        assert max(shown.holds) == f"wait={longest}"


def test_a_client_or_a_wait_can_show_nothing(shown, terminal):
    shown.answer("j1", *["RUNNING", "RUNNING", "COMPLETED"] * 3)
    shown.service.wait_for_jobs([JOB], show_progress=False)
    shown.service.poll_job_status(JOB, loop_until_complete=True, verbose=False)
    shown.service.progress = False
    shown.service.wait_for_job(JOB)
    assert terminal.getvalue() == ""
    assert shown.service.progress == ProgressOptions(enabled=False)


def test_polling_in_a_loop_shows_the_line_and_logs_each_change(shown, terminal, caplog):
    shown.answer("j1", "PENDING", "RUNNING", "RUNNING", "COMPLETED")
    with caplog.at_level(logging.INFO):
        shown.service.poll_job_status(JOB, loop_until_complete=True)
    assert shown.lines[1:] == ["PENDING · 1 s", "RUNNING · 2 s", "RUNNING · 3 s"]
    assert [record.message for record in caplog.records] == [
        "job j1 is PENDING", "job j1 is RUNNING", "job j1 is COMPLETED"
    ]  # fmt: skip
    assert terminal.screen() == [""]


def test_ctrl_c_leaves_nothing_behind(shown, terminal, clock, ctrl_c, cloud, url):
    shown.answer("j1", *["RUNNING"] * 4)
    cloud.add("POST", f"{url}/job/j1/cancel/", json={"status": "cancelled"})

    def press():
        if clock.time > 3:
            ctrl_c()

    clock.during_wait = press
    with pytest.raises(ExecutionCancelledError, match="has been cancelled"):
        shown.service.poll_job_status(JOB, loop_until_complete=True)
    assert "RUNNING" in terminal.getvalue()
    assert terminal.screen() == [""]


def test_a_characterization_shows_a_line_while_the_service_analyses_it(shown, terminal, cloud, url):
    shown.service.progress = ProgressOptions(delay_s=0, stream=terminal)
    lines = []

    def analyse(_request):
        lines.append(terminal.screen()[-1][2:])
        return 200, {}, "{}"

    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    cloud.add_callback("POST", f"{url}/job/j1/submit_qubo/", callback=analyse)
    shown.answer("j1", "COMPLETED")
    cloud.add("GET", f"{url}/job/j1/validation_result/", json={"status": "COMPLETED"})
    shown.service.characterize_and_validate({"0": -1.0})
    assert lines == ["characterization RUNNING · 0 s"]
    assert terminal.screen() == [""]


def test_an_answer_that_cannot_be_read_ends_the_line(shown, terminal):
    shown.answer("j1", "RUNNING", "RUNNING", {"no": "status"})
    with pytest.raises(ValueError, match="status"):
        shown.service.wait_for_job(JOB)
    assert "RUNNING" in terminal.getvalue()
    assert terminal.screen() == [""]


@pytest.mark.parametrize("value", ["off", 1, None])
def test_progress_has_to_be_a_boolean(token, url, value):
    with pytest.raises(QoroInputError, match=r"progress is .* expected True or False"):
        QoroService(token, base_url=url, progress=value)
