"""Which jobs are listed, and where they stand now.

The journal knows what was submitted; where a job stands now the service knows, which is asked for each job
that has not come to an end, newest first, up to :data:`MAX_STATUS_POLLS` of them. The
journal keeps the answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroError, QoroInputError
from qiskit_qoro.history.job_list import JobEntry, JobList
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import JournalEntry, ListedStatus
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.service import QoroService

__all__ = ["MAX_STATUS_POLLS", "STATUSES", "Selection", "list_jobs", "list_remembered"]

_log = logging.getLogger(__name__)

MAX_STATUS_POLLS = 50
"""How many jobs the service is asked about for one list."""

STATUSES = tuple(word.value for word in (*JobStatus, *ListedStatus))
"""Every status that a job in a list may have, except for words of services newer than this package."""


@dataclass(frozen=True)
class Selection:
    """Which jobs are wanted; ``None`` is any.

    Attributes:
        backend: The name of the simulator cluster or QPU system.
        tag: The job's tag.
        status: One of :data:`STATUSES`, or several.
        since: The moment from which on, or how long ago that was. A moment without a time zone is local.
        limit: How many at most.

    Raises:
        QoroInputError: One of them cannot be used.
    """

    backend: str | None = None
    tag: str | None = None
    status: str | Iterable[str] | None = None
    since: datetime | timedelta | None = None
    limit: int | None = 50

    def __post_init__(self) -> None:
        if self.since is not None and not isinstance(self.since, datetime | timedelta):
            raise QoroInputError(f"since is {self.since!r}, expected a datetime or a timedelta")
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 1):
            raise QoroInputError(f"limit is {self.limit!r}, expected an integer of 1 or more, or None")
        if self.status is not None:
            given = [self.status] if isinstance(self.status, str) else list(self.status)
            object.__setattr__(self, "status", frozenset(_status(word) for word in given))

    @property
    def moment(self) -> datetime | None:
        """The moment from which on, with a time zone; ``None`` for any, also where it is before all time."""
        try:
            if isinstance(self.since, timedelta):
                return datetime.now(UTC) - self.since
            return None if self.since is None else self.since.astimezone(UTC)
        except (OverflowError, ValueError):
            return None


def _status(word: object) -> str:
    name = str(word).upper().replace("-", "_")
    if name not in STATUSES:
        raise QoroInputError(f"status is {word!r}, expected one of {', '.join(STATUSES)}")
    return name


def list_jobs(
    journal: Journal,
    recorded_as: str,
    selection: Selection,
    *,
    service: Callable[[], QoroService],
    retrieve: Callable[[str], Any],
    refresh: bool = True,
) -> JobList:
    """The jobs that this machine submitted to a service.

    Args:
        journal: Where they are written down.
        recorded_as: What the journal calls the service.
        selection: Which jobs are wanted.
        service: Gives the client to ask; called if there is something to ask.
        retrieve: What gets a job by its identifier.
        refresh: Whether to ask the service about jobs that have not come to an end.

    Raises:
        QoroError: The journal cannot be read.
        AuthenticationError: The service refuses the token.
    """
    found = _found(journal, recorded_as, selection)
    not_asked = 0
    if refresh:
        found, not_asked = _refreshed(journal, found, service)
    shown = [_shown(entry, retrieve) for entry in _chosen(found, selection)]
    return JobList(shown, not_asked=not_asked)


def list_remembered(journal: Journal, selection: Selection) -> JobList:
    """The jobs that this machine submitted to any service, as they were last heard of.

    Args:
        journal: Where they are written down.
        selection: Which jobs are wanted.

    Raises:
        QoroError: The journal cannot be read.
    """

    def refuse(job_id: str) -> Any:
        raise QoroInputError(
            f"nobody says with which token to ask for job {job_id}: use provider.retrieve_job()"
        )

    chosen = _chosen(_found(journal, None, selection), selection)
    return JobList(_shown(entry, refuse) for entry in chosen)


def _found(journal: Journal, recorded_as: str | None, selection: Selection) -> list[JournalEntry]:
    return journal.entries(
        recorded_as,
        backend=selection.backend,
        tag=selection.tag,
        since=selection.moment,
        limit=selection.limit if selection.status is None else None,
    )


def _chosen(found: list[JournalEntry], selection: Selection) -> list[JournalEntry]:
    wanted = [entry for entry in found if selection.status is None or entry.fate in selection.status]
    return wanted[: selection.limit]


def _refreshed(
    journal: Journal, found: list[JournalEntry], service: Callable[[], QoroService]
) -> tuple[list[JournalEntry], int]:
    """The entries with what the service says now, and for how many it did not say it."""
    unfinished = [entry for entry in found if not entry.is_final]
    # A job that was gone may be there for another token: it is asked about when nothing else is left.
    unfinished.sort(key=lambda entry: entry.status == ListedStatus.GONE.value)
    heard: dict[int, str] = {}
    for entry in unfinished[:MAX_STATUS_POLLS]:
        try:
            heard[entry.number] = _ask(service(), entry)
        except AuthenticationError:
            raise
        except QoroError as error:
            _log.warning("the service was asked about jobs, and could not tell: %s", error)
            break
    journal.set_statuses(
        (entry.number, heard[entry.number])
        for entry in unfinished
        if heard.get(entry.number, entry.status) != entry.status
    )
    fresh = [replace(entry, status=heard.get(entry.number, entry.status)) for entry in found]
    return fresh, len(unfinished) - len(heard)


def _ask(service: QoroService, entry: JournalEntry) -> str:
    try:
        return service.get_job_state(ExecutionResult(job_id=entry.job_id)).status.value
    except NotFoundError:
        return ListedStatus.GONE.value


def _shown(entry: JournalEntry, retrieve: Callable[[str], Any]) -> JobEntry:
    return JobEntry(
        job_id=entry.job_id,
        backend=entry.backend,
        kind=entry.kind,
        time=entry.time,
        tag=entry.tag,
        status=entry.fate,
        num_circuits=entry.num_circuits,
        reason=entry.reason,
        service=entry.service,
        _retrieve=retrieve,
    )
