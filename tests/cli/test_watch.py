"""watch and resubmit: follow jobs, and submit their programs again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro import QoroProvider, QoroSampler
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.cli.watching import WatchedJob, watch_table
from qiskit_qoro.local import LocalService
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.server import serve
from qiskit_qoro.models.jobs import JobState, JobStatus

FIRST, SECOND = "4f38be34-e1a8-47f1-b230-c8fb89f4150c", "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)  # the present on screens


@pytest.fixture
def script_states(scripted: responses.RequestsMock, url: str) -> Callable[..., None]:
    """Let the service report states of a job, one after another. The last one is repeated."""

    def script(job_id: str, *states: str | dict[str, Any] | int) -> None:
        for state in states:
            if isinstance(state, int):
                scripted.get(f"{url}/job/{job_id}/status/", status=state, json={"error": "no"})
            else:
                body = {"status": state} if isinstance(state, str) else state
                scripted.get(f"{url}/job/{job_id}/status/", json=body)

    return script


@pytest.fixture
def jobs(record: Callable[..., str]) -> None:
    """Two unfinished jobs in the journal, and one that has ended."""
    record("11111111-old", ago=timedelta(days=2), status="COMPLETED")
    record(SECOND, ago=timedelta(hours=2), tag="nightly", circuits=40)
    record(FIRST, ago=timedelta(minutes=3), circuits=2)


def running(finished: int, total: int) -> dict[str, Any]:
    return {"status": "RUNNING", "circuits_finished": finished, "circuits_total": total}


@pytest.mark.usefixtures("jobs")
def test_without_identifiers_all_unfinished_jobs_are_followed(
    script_states: Callable[..., None], no_wait_provider: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # The first answer is for the list of unfinished jobs.
    script_states(FIRST, "PENDING", "PENDING", running(1, 2), running(2, 2), "COMPLETED")
    script_states(SECOND, "RUNNING", "RUNNING", "COMPLETED")
    assert run_command(["watch"], provider_class=no_wait_provider) == 0
    out, err = capsys.readouterr()
    assert err == ""
    # Each change of a status is one line.
    assert sorted(out.splitlines()) == [
        f"{FIRST} COMPLETED",
        f"{FIRST} PENDING",
        f"{FIRST} RUNNING 1/2 circuits",
        f"{SECOND} COMPLETED",
        f"{SECOND} RUNNING",
    ]


def test_the_lines_of_a_job_are_in_order(
    script_states: Callable[..., None], no_wait_provider: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    script_states("j1", "PENDING", "RUNNING", "RUNNING", "COMPLETED")
    assert run_command(["watch", "j1"], provider_class=no_wait_provider) == 0
    assert capsys.readouterr().out == "j1 PENDING\nj1 RUNNING\nj1 COMPLETED\n"


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_the_exit_code_is_1_if_a_job_did_not_complete(
    script_states: Callable[..., None],
    no_wait_provider: Any,
    capsys: pytest.CaptureFixture[str],
    status: str,
) -> None:
    script_states("good", "COMPLETED")
    script_states("bad", "RUNNING", status)
    assert run_command(["watch", "good", "bad"], provider_class=no_wait_provider) == 1
    out, err = capsys.readouterr()
    assert f"bad {status}" in out
    assert f"1 of 2 jobs did not complete: bad is {status}" in err


def test_json_describes_the_jobs_when_all_have_ended(
    script_states: Callable[..., None], answer: Callable[..., Any]
) -> None:
    ended = {"status": "COMPLETED", "run_time": 1.5, "circuits_finished": 3, "circuits_total": 3}
    script_states("j1", ended)
    script_states("a", "COMPLETED")
    script_states("b", "COMPLETED")
    assert answer("watch", "j1", "a+b", "j1") == [
        {"job_id": "j1", "status": "COMPLETED", "run_time": 1.5, "finished": 3, "circuits": 3},
        {"job_id": "a+b", "status": "COMPLETED", "run_time": None, "finished": None, "circuits": None},
    ]


def test_without_unfinished_jobs_there_is_nothing_to_follow(
    scripted: responses.RequestsMock, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer("watch") == []
    assert main(["watch"]) == 0
    assert capsys.readouterr() == ("", "no unfinished jobs\n")


def test_an_unknown_job_is_an_error_before_anything_is_followed(
    script_states: Callable[..., None], no_wait_provider: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    script_states("j1", 404)
    assert run_command(["watch", "j1"], provider_class=no_wait_provider) == 1
    assert "404" in capsys.readouterr().err


def test_a_job_that_is_deleted_meanwhile_does_not_end_the_watch(
    script_states: Callable[..., None], no_wait_provider: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    script_states("deleted", "RUNNING", 404)
    script_states("other", "RUNNING", "RUNNING", "RUNNING", "COMPLETED")
    assert run_command(["watch", "deleted", "other"], provider_class=no_wait_provider) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-2:] == ["deleted GONE", "other COMPLETED"]
    assert "1 of 2 jobs did not complete: deleted is GONE" in err


@pytest.mark.usefixtures("jobs", "scripted")
def test_jobs_of_several_services_are_refused(
    record: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    record("elsewhere", ago=timedelta(0), service="http://elsewhere/api")
    assert main(["watch", FIRST, "elsewhere"]) == 2
    assert "expected jobs of one service, got jobs of several" in capsys.readouterr().err


def test_without_a_token_the_jobs_or_their_service_have_to_be_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["watch"]) == 2
    assert "there is no token to ask for the unfinished jobs" in capsys.readouterr().err


@pytest.mark.usefixtures("jobs")
def test_prefixes_and_last_are_accepted(
    script_states: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    script_states(FIRST, "COMPLETED")
    script_states(SECOND, "COMPLETED")
    assert main(["watch", "9ab01c22", "last"]) == 0
    assert capsys.readouterr().out == f"{SECOND} COMPLETED\n{FIRST} COMPLETED\n"


def test_hostile_texts_have_no_effect(
    script_states: Callable[..., None], record: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    record("j1", ago=timedelta(0), tag="\x1b[31m[bold]", backend="\x1b]0;x\x07")
    script_states("j1", "COMPLETED\x1b[31m", "COMPLETED")
    main(["watch", "j1"])
    assert "\x1b" not in "".join(capsys.readouterr())


def test_the_table_while_jobs_run() -> None:
    first = WatchedJob(FIRST, "4f38be34", NOW - timedelta(seconds=70), "nightly", "qoro_maestro")
    second = WatchedJob(f"{SECOND}+b", "9ab01c22+b", NOW - timedelta(hours=2), "[bold]")
    for seconds, finished in ((0, 0), (2, 10), (4, 20)):
        first.pace.observe(finished, 40, seconds)
    first.states[FIRST] = JobState(JobStatus.RUNNING, None, 20, 40)
    second.states = {SECOND: JobState(JobStatus.COMPLETED, 3.0), "b": JobState(JobStatus.PENDING)}
    table = watch_table([first, second], NOW, clock=lambda: 5)
    assert [line.plain for line in table.lines(80)] == [
        "job         tag      backend       status   circuits     elapsed       left",
        "4f38be34    nightly  qoro_maestro  RUNNING     20/40  1 min 10 s  about 3 s",
        "9ab01c22+b  [bold]                 RUNNING                   2 h",
    ]
    for width in (40, 60, 80, 120):
        assert all(len(line.plain) <= width for line in table.lines(width))
    (heading, *_) = [line.plain for line in table.lines(40)]
    assert heading.split()[:2] == ["job", "status"]


@pytest.mark.usefixtures("jobs")
def test_the_screens_of_watch(screen: Any, script_states: Callable[..., None]) -> None:
    script_states(FIRST, {"status": "COMPLETED", "circuits_finished": 2, "circuits_total": 2})
    script_states(SECOND, {"status": "FAILED", "circuits_finished": 40, "circuits_total": 40})
    screen.show("of jobs that have ended", "watch", "last", "9ab0", code=1)


# --- with a service -----------------------------------------------------------------------------------


@pytest.fixture
def slow() -> Iterator[LocalService]:
    """A service whose jobs take a long time."""
    with serve(workers=1, fault_injection=FaultInjection(running_time_s=300)) as service:
        yield service


def test_jobs_of_a_service_are_followed_to_their_end(
    account: LocalService, bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job_ids = [answer("run", bell, "--detach")["job_id"] for _ in range(3)]
    assert main(["watch", *job_ids]) == 0
    out = capsys.readouterr().out
    assert all(f"{job_id} COMPLETED" in out for job_id in job_ids)


def test_ctrl_c_leaves_the_jobs_running(
    slow: LocalService,
    bell: str,
    answer: Callable[..., Any],
    on_a_terminal: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QORO_API_KEY", slow.token)
    monkeypatch.setenv("QORO_API_URL", slow.url)
    job_id = answer("run", bell, "--detach")["job_id"]
    shown = on_a_terminal(["watch"], job_id[:8], "\x03", code=130)
    assert "the jobs continue: 'qiskit-qoro watch' follows them again" in shown
    assert answer("status", job_id)["status"] in ("PENDING", "RUNNING")


# --- resubmit -----------------------------------------------------------------------------------------


def test_resubmit_shows_the_results_of_the_new_job(
    account: LocalService, bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    first = answer("run", bell, "--shots", "100", "--seed", "7", "--tag", "mine")
    again = answer("resubmit", "last")
    assert again["job_id"] != first["job_id"]
    assert again["circuits"][0]["counts"] == first["circuits"][0]["counts"]
    listed = answer("jobs")
    assert [(entry["job_id"], entry["tag"]) for entry in listed] == [
        (again["job_id"], "mine"),
        (first["job_id"], "mine"),
    ]
    assert main(["resubmit", first["job_id"]]) == 0
    out, err = capsys.readouterr()
    assert "outcome" in out
    assert f", which repeats job {first['job_id']}" in err


def test_resubmit_can_leave_the_new_job_running(
    account: LocalService, bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    first = answer("run", bell)["job_id"]
    again = answer("resubmit", first, "--detach")
    assert again["resubmitted"] == first
    assert answer("result", again["job_id"])["circuits"][0]["counts"]
    assert main(["resubmit", first, "--detach"]) == 0
    out, err = capsys.readouterr()
    assert f"show the results with: qiskit-qoro result {out.strip()}" in err


@pytest.mark.usefixtures("account")
def test_resubmit_can_be_limited_to_the_circuits_without_a_result(
    bell: str, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    wide = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[70]; creg c[70]; h q; measure q -> c;'
    (tmp_path / "wide.qasm").write_text(wide)
    assert main(["run", bell, "wide.qasm", "--method", "statevector"]) == 1
    again = answer("resubmit", "last", "--failed-only", "--detach")
    assert answer("jobs")[0] | {"time": None, "status": None} == {
        **answer("jobs")[1],
        "job_id": again["job_id"],
        "circuits": 1,
        "time": None,
        "status": None,
    }


def test_resubmit_of_a_job_without_failures_says_so(
    account: LocalService, bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    first = answer("run", bell)["job_id"]
    assert main(["resubmit", first, "--failed-only"]) == 2
    assert first in capsys.readouterr().err
    assert len(answer("jobs")) == 1


def test_resubmit_of_the_job_of_a_primitive_shows_its_values(
    provider: QoroProvider, two_registers: Any, answer: Callable[..., Any]
) -> None:
    job = QoroSampler(backend=provider.get_backend()).run([two_registers], shots=10)
    job.result()
    assert answer("resubmit", job.job_id())["pubs"][0]["counts"] == {"low": {"0": 10}, "high": {"1": 10}}


def test_resubmit_of_a_job_that_this_machine_did_not_submit_is_refused(
    account: LocalService,
    bell: str,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    journal: Path,
) -> None:
    job_id = answer("run", bell)["job_id"]
    journal.unlink()
    assert main(["resubmit", job_id]) == 2
    assert f"programs of job {job_id} are not available" in capsys.readouterr().err
