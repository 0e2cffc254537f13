"""Events as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from qiskit_qoro.local.job_log.ended_jobs import EndedJob
from qiskit_qoro.local.job_log.job_events import JobEvents
from qiskit_qoro.local.job_log.json_lines import LONGEST_LINE, json_of_event
from qiskit_qoro.local.service_events import EventKind, Level, ServiceEvent
from qiskit_qoro.models.jobs import JobStatus

TIME = datetime(2026, 11, 30, 12, 3, 11, 500, tzinfo=timezone(timedelta(hours=1)))
JOB = EndedJob("a1b2", "ann", "run", "vqe", JobStatus.COMPLETED, 12, 1200, 0.31234, None, waited_s=0.5)


def test_an_ended_job_has_all_its_figures() -> None:
    line = json_of_event(JobEvents().of_job(JOB, TIME), TIME)
    assert line == (
        '{"time":"2026-11-30T12:03:11.000+01:00","level":"info","event":"job_ended",'
        '"text":"job a1b2 has ended: COMPLETED","account":"ann","circuits":12,"duration_s":0.312,'
        '"job_id":"a1b2","job_kind":"run","shots":1200,"status":"COMPLETED","tag":"vqe","waited_s":0.5}'
    )


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (JobStatus.COMPLETED, Level.INFO),
        (JobStatus.CANCELLED, Level.INFO),
        (JobStatus.FAILED, Level.WARNING),
        (JobStatus.INSUFFICIENT_CREDITS, Level.WARNING),
    ],
)
def test_a_job_that_did_not_do_what_its_owner_wanted_is_a_warning(status: JobStatus, level: Level) -> None:
    assert JobEvents().of_job(replace(JOB, status=status), TIME).level is level


def test_what_is_unknown_is_left_out_and_the_reason_numbers_the_circuits() -> None:
    job = replace(
        JOB,
        status=JobStatus.FAILED,
        num_shots=None,
        run_time_s=None,
        waited_s=None,
        reason="circuit '7.1reNo9yrEKgCAU': no",
    )
    fields = json.loads(json_of_event(JobEvents().of_job(job, TIME), TIME))
    assert fields["reason"] == "circuit 7: no"
    assert fields.keys().isdisjoint({"shots", "duration_s", "waited_s"})


def test_many_jobs_share_a_line() -> None:
    event = JobEvents().of_others({JobStatus.FAILED: 3, JobStatus.COMPLETED: 240}, TIME)
    fields = json.loads(json_of_event(event, TIME))
    assert (fields["event"], fields["count"]) == ("jobs_ended", 243)
    assert fields["by_status"] == {"COMPLETED": 240, "FAILED": 3}


def test_a_line_has_no_line_breaks_and_is_ascii() -> None:
    evil = "\x1b[2J\n\u202e\u2028ä"
    line = json_of_event(JobEvents().of_job(replace(JOB, tag=evil, owner=evil), TIME), TIME)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["tag"] == evil


def test_the_longest_texts_are_cut() -> None:
    job = replace(JOB, status=JobStatus.FAILED, reason=5000 * "ä", tag="short")
    line = json_of_event(JobEvents().of_job(job, TIME), TIME)
    fields = json.loads(line)
    assert len(line) <= LONGEST_LINE
    assert fields["tag"] == "short"
    assert fields["reason"].endswith("ä…")


def test_the_end_of_a_traceback_is_kept() -> None:
    trace = "".join(f"line {number}\n" for number in range(2000))
    event = ServiceEvent(kind=EventKind.MESSAGE, message="it failed", traceback=trace)
    fields = json.loads(json_of_event(event, TIME))
    assert fields["traceback"].startswith("…")
    assert fields["traceback"].endswith("line 1999\n")
    assert fields["text"] == "it failed"
    assert "message" not in fields
