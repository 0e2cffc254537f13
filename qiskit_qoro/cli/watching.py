"""Follow several jobs until all of them have ended: for ``watch``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from qiskit_qoro.display.progress_text import Pace
from qiskit_qoro.display.tables import Cell, Column, Table, status_style
from qiskit_qoro.display.times import duration
from qiskit_qoro.errors import MaxRetriesReachedError, NotFoundError
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import ID_SEPARATOR, ExecutionResult, JobState, JobStatus, joint_state
from qiskit_qoro.service import QoroService

__all__ = ["WatchedJob", "follow", "watch_table"]

_COLUMNS = (
    Column("job"),
    Column("tag", 4, least=8),
    Column("backend", 5),
    Column("status"),
    Column("circuits", 1, is_right=True),
    Column("elapsed", 2, is_right=True),
    Column("left", 3, is_right=True),
)


@dataclass
class WatchedJob:
    """A job that is followed.

    Attributes:
        job_id: Its identifier, which joins those of its service jobs.
        short_id: A short form of it.
        begin: When it was submitted, or when the watch began if that is unknown.
        tag: Its tag, or an empty text.
        backend: The name of its backend, or an empty text.
        states: The last known state of each of its service jobs by identifier; ``None`` if the service does
            not know the job any more.
        end: When the watch saw that it has ended, or ``None``. A job that had ended before has no end.
    """

    job_id: str
    short_id: str
    begin: datetime
    tag: str = ""
    backend: str = ""
    states: dict[str, JobState | None] = field(default_factory=dict)
    end: datetime | None = None
    pace: Pace = field(default_factory=Pace)

    @property
    def parts(self) -> list[str]:
        """The identifiers of its service jobs."""
        return self.job_id.split(ID_SEPARATOR)

    @property
    def joint(self) -> JobState | None:
        """The joint state of its service jobs, as far as they are known."""
        known = [state for state in self.states.values() if state is not None]
        return joint_state(known) if known else None

    @property
    def status(self) -> str:
        """The status."""
        if None in self.states.values():
            return ListedStatus.GONE.value
        return "" if self.joint is None else self.joint.status.value

    @property
    def unfinished(self) -> list[str]:
        """The identifiers of the service jobs that have not ended."""
        states = {part: self.states.get(part, JobState(JobStatus.PENDING)) for part in self.parts}
        return [part for part, state in states.items() if state is not None and not state.status.is_final]

    @property
    def has_ended(self) -> bool:
        """Whether all its service jobs have ended, or do not exist any more."""
        return not self.unfinished

    @property
    def has_failed(self) -> bool:
        """Whether it has ended without completing."""
        return self.has_ended and self.status != JobStatus.COMPLETED.value

    @property
    def finished(self) -> tuple[int, int] | None:
        """The number of finished circuits and of all, or ``None`` if the service does not report them."""
        state = self.joint
        if state is None or state.num_finished is None or state.num_circuits is None:
            return None
        return state.num_finished, state.num_circuits

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        state, finished = self.joint, self.finished
        return {
            "job_id": self.job_id,
            "status": self.status,
            "run_time": None if state is None else state.run_time_s,
            "finished": None if finished is None else finished[0],
            "circuits": None if finished is None else finished[1],
        }


def follow(
    service: QoroService,
    jobs: Sequence[WatchedJob],
    *,
    now: Callable[[], datetime],
    report: Callable[[WatchedJob], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Poll jobs until all of them have ended.

    Args:
        service: The client of their service.
        jobs: The jobs.
        now: Returns the present.
        report: Called with each job whose status has changed.
        clock: Measures time for the estimate of the time that is left, in seconds.

    Raises:
        NotFoundError: The service does not know a job. If a job is deleted later, the others are followed.
        QoroError: The service does not answer, or answers with another error.
    """
    owners = {part: job for job in jobs for part in job.parts}

    def look(_count: int, states: Mapping[str, JobState]) -> None:
        for job_id, state in states.items():
            record(job_id, state)

    def record(job_id: str, state: JobState | None) -> None:
        job = owners[job_id]
        before = job.status
        job.states[job_id] = state
        if job.finished is not None:
            job.pace.observe(*job.finished, clock())
        if job.status != before:
            if before and job.has_ended:
                job.end = now()
            report(job)

    # The service may hold the polls of a wait until a status changes, so the present one is read first.
    for part in owners:
        record(part, service.get_job_state(ExecutionResult(job_id=part)))
    while unfinished := [part for job in jobs for part in job.unfinished]:
        try:
            service.wait_for_jobs([ExecutionResult(job_id=part) for part in unfinished], on_look=look)
        except NotFoundError as error:
            if error.job_id not in owners:
                raise
            record(error.job_id, None)
        except MaxRetriesReachedError:
            pass  # a wait gives up after some time, a watch does not


def watch_table(
    jobs: Sequence[WatchedJob], now: datetime, *, clock: Callable[[], float] = time.monotonic
) -> Table:
    """Return the table of the jobs.

    Args:
        jobs: The jobs.
        now: The present.
        clock: As for :func:`follow`.
    """
    rows = []
    for job in jobs:
        finished = job.finished
        left_s = None if job.has_ended else job.pace.left_s(clock())
        is_timed = job.end is not None or not job.has_ended
        elapsed = max(timedelta(0), (job.end or now) - job.begin)
        rows.append(
            (
                Cell(job.short_id, job.job_id, widens=True),
                job.tag,
                job.backend,
                Cell(job.status, style=status_style(job.status)),
                "" if finished is None else f"{finished[0]}/{finished[1]}",
                duration(round(elapsed.total_seconds())) if is_timed else "",
                "" if left_s is None else f"about {duration(round(left_s))}",
            )
        )
    # A column without content would only take room.
    shown = [place for place in range(len(_COLUMNS)) if any(_text(row[place]) for row in rows)]
    return Table([_COLUMNS[place] for place in shown], [[row[place] for place in shown] for row in rows])


def _text(cell: Cell | str) -> str:
    return cell if isinstance(cell, str) else cell.text
