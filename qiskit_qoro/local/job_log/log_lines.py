"""The lines of the log, such as ``12:03:11 a1b2c3d4 run 12 circuits "vqe" COMPLETED 0.31 s``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from qiskit_qoro.display.identifiers import MIN_PREFIX_LENGTH
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.tables import shorten, status_style
from qiskit_qoro.display.times import duration
from qiskit_qoro.local.job_log.ended_jobs import EndedJob
from qiskit_qoro.local.service_events import EventKind, Level, ServiceEvent
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.printable import printable_line
from qiskit_qoro.wire.labels import number_circuits

__all__ = ["TextLines", "line_of_event"]

# The other kinds have lines of another form, or are told by other means.
_SHOWN_KINDS = frozenset(
    {
        EventKind.CLUSTER_CONNECTED,
        EventKind.CLUSTER_LOST,
        EventKind.EVENTS_OMITTED,
        EventKind.PROCESS_LOST,
        EventKind.REQUESTS_REFUSED,
        EventKind.WORKER_JOINED,
        EventKind.WORKER_LEFT,
        EventKind.WORKER_REFUSED,
    }
)
_STYLES = {Level.WARNING: "yellow", Level.ERROR: "red"}
_LONGEST_NAME = 30  # of a tag or an account, in columns of a terminal


@dataclass(frozen=True)
class TextLines:
    """Makes lines of text for a log of jobs.

    Attributes:
        own_account: The account whose name is left out.
    """

    own_account: str

    def of_job(self, job: EndedJob, time: datetime) -> Text:
        """Return the line of a job. Its end may be cut off: the least important part is last."""
        tag, owner = (shorten(printable_line(text), _LONGEST_NAME) for text in (job.tag, job.owner))
        counts = [counted(job.num_circuits, "circuit")] if job.num_circuits else []
        if job.num_shots is not None:
            counts.append(counted(job.num_shots, "shot"))
        before = [job.job_id[:MIN_PREFIX_LENGTH], job.kind, ", ".join(counts), f'"{tag}"']
        after = [
            "" if job.run_time_s is None else duration(job.run_time_s),
            "" if job.owner == self.own_account else f"account {owner}",
        ]
        line = _line(time)
        line.append(" ".join(filter(None, before)))
        line.append(" ").append(job.status.value, status_style(job.status.value))
        line.append("".join(f" {part}" for part in after if part))
        if job.reason:
            line.append(f": {printable_line(number_circuits(job.reason))}")
        return line

    def of_others(self, by_status: Mapping[JobStatus, int], time: datetime) -> Text:
        """Return the line that stands for jobs without a line of their own."""
        line = _line(time)
        for place, (status, number) in enumerate(sorted(by_status.items())):
            line.append(f", {number:,} " if place else f"and {counted(number, 'more job')} ")
            line.append(status.value, status_style(status.value))
        return line.append(" in this second")


def line_of_event(event: ServiceEvent, time: datetime) -> Text | None:
    """Return the line of an event, or ``None`` if the log of lines leaves it out.

    Args:
        event: The event.
        time: When it happened, in the time zone of the log.
    """
    if event.kind not in _SHOWN_KINDS:
        return None
    return _line(time).append(printable_line(event.text), _STYLES.get(event.level, ""))


def _line(time: datetime) -> Text:
    return Text(f"{time:%H:%M:%S} ")
