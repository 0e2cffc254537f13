"""Jobs as the pages show them: lists, and the life of one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Action",
    "Event",
    "JobFilter",
    "JobRow",
    "JobView",
    "JobsPage",
]


class Action(StrEnum):
    """What a user can do with a job. The value is the last part of the address."""

    CANCEL = "cancel"
    DELETE = "delete"
    RESUBMIT = "resubmit"


@dataclass(frozen=True)
class JobFilter:
    """Conditions for jobs. Empty values mean any.

    Attributes:
        statuses: The statuses.
        kinds: The kinds, as in :attr:`JobRow.kind`.
        tag: The whole tag.
        text: Occurs in the tag, the target, the identifier or the reason, in upper or lower case. In a
            journal the names of the circuits count too.
    """

    statuses: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    tag: str = ""
    text: str = ""


@dataclass(frozen=True)
class JobRow:
    """A job in a list.

    Attributes:
        job_id: The identifier, or ``None`` if the submission ended before there was one.
        status: The status.
        kind: What it computes, or what submitted it.
        tag: The tag.
        target: The name of the simulator cluster or the QPU system, or ``None`` if unknown.
        num_circuits: The number of circuits, or ``None`` if unknown.
        num_finished: The circuits that have a result or have failed, or ``None`` if unknown.
        submitted: When it was submitted, with a time zone, or ``None`` if unknown.
        duration_s: How long it ran, or has been running, in seconds; ``None`` if unknown or not started.
        reason: Why it failed or was not run, or ``None``.
        actions: What the user can do with it.
        service: The service, if the list has jobs of several ones; else empty.
    """

    job_id: str | None
    status: str
    kind: str
    tag: str
    target: str | None
    num_circuits: int | None
    num_finished: int | None
    submitted: datetime | None
    duration_s: float | None
    reason: str | None = None
    actions: frozenset[Action] = frozenset()
    service: str = ""


@dataclass(frozen=True)
class JobsPage:
    """Some of the jobs that meet a filter, newest first.

    Attributes:
        rows: The jobs.
        total: The number of jobs that meet the filter.
        by_status: Status to number of jobs, without the condition on the status.
        tags: The tags to choose from, the most recent ones first.
        kinds: The kinds to choose from.
        num_unknown: The number of jobs whose status may be out of date.
        note: Why statuses may be out of date; empty if that is no error.
        waiting_reason: Why no job can run now; empty if jobs can run or none waits.
    """

    rows: Sequence[JobRow]
    total: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    tags: Sequence[str] = ()
    kinds: Sequence[str] = ()
    num_unknown: int = 0
    note: str = ""
    waiting_reason: str = ""


@dataclass(frozen=True)
class Event:
    """A step in the life of a job.

    Attributes:
        status: The status that it got.
        time: When, with a time zone, or ``None`` if unknown.
    """

    status: str
    time: datetime | None


@dataclass(frozen=True)
class JobView:
    """A job.

    Attributes:
        row: What a list shows of it.
        events: Its life so far, in order. The last one is the present status.
        code: Two lines of Python that fetch it. They contain no token.
        shots: The shots of all circuits together, or ``None`` if it takes none or they are unknown.
        cost: Its cost in credits, or ``None`` if unknown.
        is_cost_estimated: Whether the cost is an estimate.
        settings: Name and value of the configuration, as the user set it.
        method: The simulation method and why it was chosen; empty if unknown.
        notes: Sentences about what is not known of it.
        is_characterization: Whether it characterizes a QUBO, and has no circuits.
        is_loading: Whether parts of it are still being fetched from a slow service, so that the page has to
            ask again even if the job has ended.
    """

    row: JobRow
    events: Sequence[Event]
    code: str
    shots: int | None = None
    cost: Decimal | None = None
    is_cost_estimated: bool = False
    settings: Sequence[tuple[str, str]] = ()
    method: str = ""
    notes: Sequence[str] = ()
    is_characterization: bool = False
    is_loading: bool = False
