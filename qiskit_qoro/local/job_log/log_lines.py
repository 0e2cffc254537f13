"""The lines of the log, such as ``12:03:11 a1b2c3d4 run 12 circuits "vqe" COMPLETED 0.31 s``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rich.text import Text

from qiskit_qoro.display.identifiers import MIN_PREFIX_LENGTH
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.tables import shorten, status_style
from qiskit_qoro.display.times import duration
from qiskit_qoro.local.job_log.ended_jobs import EndedJob
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.printable import printable_line
from qiskit_qoro.wire.labels import number_circuits

__all__ = ["line_of_job", "line_of_others"]

_LONGEST_NAME = 30  # of a tag or an account, in columns of a terminal


def line_of_job(job: EndedJob, time: datetime, *, own_account: str) -> Text:
    """Return the line of a job. Its end may be cut off: the least important part is last.

    Args:
        job: The job.
        time: When it ended, in the time zone of the log.
        own_account: The account whose name is left out.
    """
    tag, owner = (shorten(printable_line(text), _LONGEST_NAME) for text in (job.tag, job.owner))
    counts = [counted(job.num_circuits, "circuit")] if job.num_circuits else []
    if job.num_shots is not None:
        counts.append(counted(job.num_shots, "shot"))
    before = [job.job_id[:MIN_PREFIX_LENGTH], job.kind, ", ".join(counts), f'"{tag}"']
    after = [
        "" if job.run_time_s is None else duration(job.run_time_s),
        "" if job.owner == own_account else f"account {owner}",
    ]
    line = _line(time)
    line.append(" ".join(filter(None, before)))
    line.append(" ").append(job.status.value, status_style(job.status.value))
    line.append("".join(f" {part}" for part in after if part))
    if job.reason:
        line.append(f": {printable_line(number_circuits(job.reason))}")
    return line


def line_of_others(by_status: Mapping[JobStatus, int], time: datetime) -> Text:
    """Return the line that stands for jobs without a line of their own.

    Args:
        by_status: Status to number of jobs.
        time: When the last of them ended, in the time zone of the log.
    """
    line = _line(time)
    for place, (status, number) in enumerate(sorted(by_status.items())):
        line.append(f", {number:,} " if place else f"and {counted(number, 'more job')} ")
        line.append(status.value, status_style(status.value))
    return line.append(" in this second")


def _line(time: datetime) -> Text:
    return Text(f"{time:%H:%M:%S} ")
