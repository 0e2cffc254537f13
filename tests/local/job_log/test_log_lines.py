"""The lines of the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from qiskit_qoro.local.job_log.ended_jobs import EndedJob
from qiskit_qoro.local.job_log.log_lines import TextLines
from qiskit_qoro.models.jobs import JobStatus

TIME = datetime(2026, 11, 30, 12, 3, 11, tzinfo=UTC)
JOB = EndedJob(
    "a1b2c3d4-e1a8-47f1-b230-c8fb89f4150c", "local", "run", "vqe", JobStatus.COMPLETED, 12, None, 0.31, None
)


def line(job: EndedJob) -> str:
    return TextLines("local").of_job(job, TIME).plain


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (JOB, '12:03:11 a1b2c3d4 run 12 circuits "vqe" COMPLETED 0.31 s'),
        (
            replace(JOB, num_circuits=1, num_shots=2048),
            '12:03:11 a1b2c3d4 run 1 circuit, 2,048 shots "vqe" COMPLETED 0.31 s',
        ),
        (
            replace(JOB, kind="characterization", num_circuits=0),
            '12:03:11 a1b2c3d4 characterization "vqe" COMPLETED 0.31 s',
        ),
        (
            replace(JOB, status=JobStatus.CANCELLED, run_time_s=None),
            '12:03:11 a1b2c3d4 run 12 circuits "vqe" CANCELLED',
        ),
        (
            replace(JOB, status=JobStatus.FAILED, reason="it crashed", owner="ann"),
            '12:03:11 a1b2c3d4 run 12 circuits "vqe" FAILED 0.31 s account ann: it crashed',
        ),
        (
            replace(
                JOB,
                status=JobStatus.FAILED,
                reason="circuit '7.1reNo9yrEKgCAU': it is 'wide'; circuit 'x': no",
            ),
            (
                '12:03:11 a1b2c3d4 run 12 circuits "vqe" FAILED 0.31 s: '
                "circuit 7: it is 'wide'; circuit 'x': no"
            ),
        ),
    ],
)
def test_the_line_of_a_job(job: EndedJob, expected: str) -> None:
    assert line(job) == expected


def test_control_characters_are_escaped() -> None:
    evil = "\x1b[2J\n\u202e"
    text = line(replace(JOB, tag=evil, owner=evil, kind="run", status=JobStatus.FAILED, reason=evil))
    assert text.isprintable()
    assert text.count(r"\x1b[2J\n\u202e") == 3


def test_a_long_tag_leaves_room_for_the_status() -> None:
    assert '"' + 29 * "x" + '…" COMPLETED' in line(replace(JOB, tag=500 * "x"))


def test_the_status_has_the_colour_of_tables() -> None:
    (span,) = TextLines("local").of_job(JOB, TIME).spans
    assert (line(JOB)[span.start : span.end], span.style) == ("COMPLETED", "green")


@pytest.mark.parametrize(
    ("by_status", "expected"),
    [
        ({JobStatus.COMPLETED: 1}, "12:03:11 and 1 more job COMPLETED in this second"),
        ({JobStatus.COMPLETED: 1240}, "12:03:11 and 1,240 more jobs COMPLETED in this second"),
        (
            {JobStatus.FAILED: 3, JobStatus.COMPLETED: 240},
            "12:03:11 and 240 more jobs COMPLETED, 3 FAILED in this second",
        ),
    ],
)
def test_the_line_of_many_jobs(by_status: dict[JobStatus, int], expected: str) -> None:
    assert TextLines("local").of_others(by_status, TIME).plain == expected
