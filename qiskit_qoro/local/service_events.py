"""Events of a service that its operator wants to know of.

A part of the service that notices an event passes a :class:`ServiceEvent` to a function of the type
:data:`Report`, which it gets as an argument. The function returns at once and never fails. It may be called
from any thread, also with a lock held.

:data:`EVENTS` is the table of all kinds of events, and :data:`FIELDS` that of their fields. The documentation
shows both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from string import Formatter
from typing import Any

from qiskit_qoro.display.reprs import counted

__all__ = [
    "EVENTS",
    "EVENT_KEY",
    "FIELDS",
    "EventKind",
    "EventRow",
    "Level",
    "Report",
    "ServiceEvent",
    "guarded",
    "ignore_event",
    "log_event",
]

_logger = logging.getLogger(__name__)


class Level(StrEnum):
    """How much an event matters, with the names of Python's ``logging``."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EventKind(StrEnum):
    """The kinds of events. :data:`EVENTS` describes them."""

    SERVICE_STARTED = "service_started"
    SERVICE_STOPPED = "service_stopped"
    JOB_ENDED = "job_ended"
    JOBS_ENDED = "jobs_ended"
    CLUSTER_CONNECTED = "cluster_connected"
    CLUSTER_LOST = "cluster_lost"
    WORKER_JOINED = "worker_joined"
    WORKER_LEFT = "worker_left"
    WORKER_REFUSED = "worker_refused"
    PROCESS_LOST = "process_lost"
    STORAGE_FAILED = "storage_failed"
    REQUESTS_REFUSED = "requests_refused"
    EVENTS_OMITTED = "events_omitted"
    MESSAGE = "message"


@dataclass(frozen=True)
class EventRow:
    """What is known of all events of a kind.

    Attributes:
        level: The level, unless the event has another one.
        text: The line of the log, with the names of fields in braces. All of these fields are required. A
            number may be followed by what it counts, in the singular.
        optional: Further fields that an event may have.
        meaning: When it happens.
    """

    level: Level
    text: str
    optional: tuple[str, ...]
    meaning: str


EVENTS: Mapping[EventKind, EventRow] = {
    EventKind.SERVICE_STARTED: EventRow(
        Level.INFO, "the service is ready at {address}", ("cluster", "version"), "the service takes requests"
    ),
    EventKind.SERVICE_STOPPED: EventRow(
        Level.INFO, "the service has stopped", ("duration_s",), "the service has ended all its threads"
    ),
    EventKind.JOB_ENDED: EventRow(
        Level.INFO,
        "job {job_id} has ended: {status}",
        ("account", "circuits", "duration_s", "job_kind", "reason", "shots", "tag", "waited_s"),
        "a job is in a final status; of the level `warning` if it has neither completed nor been cancelled",
    ),
    EventKind.JOBS_ENDED: EventRow(
        Level.INFO,
        "{count:further job} ended",
        ("by_status",),
        "so many jobs ended in a second that the others have no line of their own",
    ),
    EventKind.CLUSTER_CONNECTED: EventRow(
        Level.INFO, "connected to the cluster at {cluster}", (), "the scheduler of the cluster can be reached"
    ),
    EventKind.CLUSTER_LOST: EventRow(
        Level.WARNING,
        "the cluster at {cluster} cannot be used: {reason}",
        (),
        "the scheduler cannot be reached, or no worker is connected to it: jobs wait",
    ),
    EventKind.WORKER_JOINED: EventRow(
        Level.INFO,
        "worker {worker} on {host} has joined: it runs {processes:circuit} at once",
        (),
        "the service uses another worker of the cluster",
    ),
    EventKind.WORKER_LEFT: EventRow(
        Level.WARNING,
        "worker {worker} on {host} has left",
        ("reason",),
        "a worker that the service used is not connected any more",
    ),
    EventKind.WORKER_REFUSED: EventRow(
        Level.WARNING,
        "worker {worker} on {host} is refused: {reason}",
        (),
        "the service does not use a worker, for example because of its version",
    ),
    EventKind.PROCESS_LOST: EventRow(
        Level.WARNING,
        "worker {worker} has lost a process: {reason}",
        ("host",),
        "a process that runs circuits has ended unexpectedly on a worker of the cluster",
    ),
    EventKind.STORAGE_FAILED: EventRow(
        Level.ERROR, "{message}", ("logger",), "the database cannot be written: jobs wait in the queue"
    ),
    EventKind.REQUESTS_REFUSED: EventRow(
        Level.WARNING,
        "{count:request} refused with {status}: {reason}",
        ("account", "client"),
        "requests had no valid token (401), or an account sent too many (429); at most one event for each "
        "account or client in ten seconds",
    ),
    EventKind.EVENTS_OMITTED: EventRow(
        Level.WARNING,
        "{count:event} of the kind {omitted} left out",
        (),
        "so many events of a kind happened in a second that the others are only counted",
    ),
    EventKind.MESSAGE: EventRow(
        Level.WARNING,
        "{message}",
        ("logger", "traceback"),
        "a part of the service or a library has written to Python's `logging`",
    ),
}
"""Each kind of event."""


FIELDS: Mapping[str, str] = {
    "account": "the name of the account that the job or the request belongs to",
    "address": "the base URL of the API",
    "by_status": "how many of the jobs have each final status",
    "circuits": "the number of circuits of the job",
    "client": "the address that the requests came from",
    "cluster": "the address of the scheduler",
    "count": "the number of jobs, requests or events",
    "duration_s": "how long the job ran, or the service, in seconds",
    "host": "the name of the worker's machine",
    "job_id": "the identifier of the job",
    "job_kind": "what submitted the job, such as `run` or `estimator`",
    "logger": "the name of the logger",
    "message": "the message; as JSON it is `text` alone",
    "omitted": "the kind of the events",
    "processes": "how many circuits the worker runs at once",
    "reason": "why it happened",
    "shots": "the shots of all circuits of the job together",
    "status": "the final status of the job, or the status code of the answer",
    "tag": "the tag of the job",
    "traceback": "where the error was raised, in several lines",
    "version": "the version of qiskit-qoro",
    "waited_s": "how long the job waited in the queue, in seconds",
    "worker": "the name of the worker, which is unique in the cluster",
}
"""What each field means, by its name. Every event has ``time``, ``level``, ``event`` and ``text`` too."""


@dataclass(frozen=True, kw_only=True)
class ServiceEvent:
    """An event. :data:`FIELDS` describes the fields; those that are ``None`` are not known.

    Attributes:
        kind: What has happened.
        special_level: The level, if it is not the one of its kind.
    """

    kind: EventKind
    special_level: Level | None = None
    account: str | None = None
    address: str | None = None
    by_status: Mapping[str, int] | None = None
    circuits: int | None = None
    client: str | None = None
    cluster: str | None = None
    count: int | None = None
    duration_s: float | None = None
    host: str | None = None
    job_id: str | None = None
    job_kind: str | None = None
    logger: str | None = None
    message: str | None = None
    omitted: str | None = None
    processes: int | None = None
    reason: str | None = None
    shots: int | None = None
    status: str | None = None
    tag: str | None = None
    traceback: str | None = None
    version: str | None = None
    waited_s: float | None = None
    worker: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the fields that are known, by name, in alphabetical order."""
        found = {item.name: getattr(self, item.name) for item in fields(self) if item.name in FIELDS}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def level(self) -> Level:
        """How much the event matters."""
        return self.special_level or EVENTS[self.kind].level

    @property
    def text(self) -> str:
        """The event as a sentence."""
        return _Sentence().vformat(EVENTS[self.kind].text, (), self.values())


class _Sentence(Formatter):
    """Formats ``{number:circuit}`` as ``1 circuit`` or ``2 circuits``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return counted(value, format_spec) if format_spec else str(value)


EVENT_KEY = "event_kind"
"""The attribute of a record of Python's ``logging`` that is an event of another kind than ``message``."""

_LOGGING_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}

Report = Callable[[ServiceEvent], None]
"""Takes an event. It returns at once and does not fail, and any thread may call it."""


def guarded(report: Report) -> Report:
    """Return a function that takes events as another one does, and does not fail if that fails.

    The error is written to Python's ``logging``.
    """

    def take(event: ServiceEvent) -> None:
        try:
            report(event)
        except Exception:  # it belongs to the user
            _logger.exception("the function that takes events has failed: %s", event.text)

    return take


def ignore_event(event: ServiceEvent) -> None:
    """Do nothing."""


def log_event(event: ServiceEvent) -> None:
    """Write the text of an event to Python's ``logging``: the report of a service that has no log."""
    _logger.log(_LOGGING_LEVELS[event.level], "%s", event.text)
