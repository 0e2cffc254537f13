"""``serve --log-format json``: a JSON object in each line of standard error."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from qiskit_qoro.cli import main

from .test_job_log import run_job
from .test_serve import serving


def read_events(process: subprocess.Popen[str], until: str) -> list[dict[str, Any]]:
    """Read the events up to one of a kind."""
    assert process.stderr is not None
    events = []
    for line in process.stderr:
        events.append(json.loads(line))
        if events[-1]["event"] == until:
            return events
    raise AssertionError(f"the service ended before {until}: {events}")


def test_every_line_is_an_event_and_no_line_has_a_token() -> None:
    options = ("--workers", "1", "--log-format", "json", "--pages", "--host", "0.0.0.0", "--fault", "slow:0")
    with serving(*options) as (process, settings):
        events = read_events(process, "service_started")
        address = settings["QORO_API_URL"].replace("0.0.0.0", "127.0.0.1")
        refused = requests.get(f"{address}/job/x/", headers={"Authorization": "Bearer no"}, timeout=30)
        assert refused.status_code in (401, 404, 405)
        job_id = run_job({**settings, "QORO_API_URL": address}, tag="evil\x1b[31m")
        events += read_events(process, "job_ended")
        process.send_signal(signal.SIGINT)
        # Not `communicate`: it leaves out what the stream has read ahead.
        assert process.stderr is not None
        events += [json.loads(line) for line in process.stderr]
        process.wait(timeout=30)
    kinds = [event["event"] for event in events]
    assert kinds.count("service_started") == 1
    assert kinds[-1] == "service_stopped"
    (ended,) = [event for event in events if event["event"] == "job_ended"]
    assert (ended["job_id"], ended["tag"], ended["circuits"], ended["shots"]) == (
        job_id,
        "evil\x1b[31m",
        2,
        200,
    )
    texts = [event["text"] for event in events if event["event"] == "message"]
    assert any(text.startswith("warning: other machines can reach 0.0.0.0") for text in texts)
    assert any(text.startswith("Sign in on the pages") for text in texts)
    assert settings["QORO_API_KEY"] not in json.dumps(events)


def test_no_log_leaves_out_the_jobs_alone() -> None:
    with serving("--workers", "1", "--log-format", "json", "--no-log") as (process, settings):
        run_job(settings)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["service_started", "service_stopped"]


def test_a_code_for_signing_in_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--open", "--log-format", "json"]) == 2
    assert "--open prints a code for signing in, expected --pages" in capsys.readouterr().err


def test_why_the_service_does_not_start_is_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jobs.db").write_text("no database")
    options = ["serve", "--log-format", "json", "--database", str(tmp_path / "jobs.db")]
    assert main(options) == 1
    first, *_ = capfd.readouterr().err.splitlines()
    event = json.loads(first)
    assert (event["level"], event["event"]) == ("error", "message")
    assert event["text"].startswith("cannot use the database")
