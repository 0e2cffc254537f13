"""Select jobs from the journal, and update their status from the service.

The journal contains the submitted jobs, and the service reports their current status. The service is asked
about unfinished jobs only, newest first, and about :data:`MAX_STATUS_POLLS` of them at most. The journal
records the answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroError, QoroInputError, WireError
from qiskit_qoro.history.job_list import JobEntry, JobList
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import JournalEntry, ListedStatus, RecordedJob, joint_status
from qiskit_qoro.models.arguments import checked, integer_of, text_of
from qiskit_qoro.models.jobs import ExecutionResult, JobState, JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import NO_DEADLINE, Deadline

__all__ = [
    "MAX_STATUS_POLLS",
    "STATUSES",
    "Selection",
    "ask_statuses",
    "fetch_state",
    "list_jobs",
    "list_recorded",
]

_log = logging.getLogger(__name__)

MAX_UNREADABLE = 3
"""After this many answers that cannot be read, the service is not asked any more."""

MAX_STATUS_POLLS = 50
"""The largest number of jobs that the service is asked about for one list."""

STATUSES = tuple(status.value for status in (*JobStatus, *ListedStatus))
"""All statuses of listed jobs, except for new statuses of a service that is newer than this package."""


@dataclass(frozen=True)
class Selection:
    """Conditions for jobs; ``None`` means any.

    Attributes:
        backend: The name of the simulator cluster or QPU system.
        tag: The job's tag.
        status: One of :data:`STATUSES`, or several of them.
        since: The earliest time of submission, or how long ago that is. A time without a time zone is local.
        limit: The largest number of jobs.
        until: The latest time of submission, or how long ago that is.
        kind: What submitted the job, or several of these.
        text: Occurs in the tag, the backend, the identifier or the name of a circuit, in upper or lower case.

    Raises:
        QoroInputError: A condition is invalid.
    """

    backend: str | None = None
    tag: str | None = None
    status: str | Iterable[str] | None = None
    since: datetime | timedelta | None = None
    limit: int | None = 50
    until: datetime | timedelta | None = None
    kind: str | Iterable[str] | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and not isinstance(moment, datetime | timedelta):
                raise QoroInputError(f"{name} is {moment!r}, expected a datetime or a timedelta")
        for name in ("backend", "tag", "text"):
            self._convert(name, text_of, "text that UTF-8 can encode, or None")
        if self.text == "":
            raise QoroInputError("text is '', expected at least one character, or None")
        self._convert("limit", partial(integer_of, least=1), "an integer of 1 or more, or None")
        if self.status is not None:
            given = [self.status] if isinstance(self.status, str) else list(self.status)
            self._set("status", frozenset(_status(name) for name in given))
        if self.kind is not None:
            given = [self.kind] if isinstance(self.kind, str) else list(self.kind)
            self._set("kind", frozenset(_kind(name) for name in given))

    def _convert(self, name: str, convert: Callable[[Any], Any], expected: str) -> None:
        value = getattr(self, name)
        if value is not None:
            self._set(name, checked(name, value, convert(value), expected))

    def _set(self, name: str, value: object) -> None:
        # The class is frozen, so an ordinary assignment is refused.
        object.__setattr__(self, name, value)

    @property
    def earliest(self) -> datetime | None:
        """The earliest time of submission, in UTC. ``None`` for any, or if it is out of range."""
        return _moment(self.since)

    @property
    def latest(self) -> datetime | None:
        """The latest time of submission, in UTC. ``None`` for any, or if it is out of range."""
        moment = _moment(self.until)
        if moment is None and isinstance(self.until, timedelta) and self.until > timedelta(0):
            return datetime.min.replace(tzinfo=UTC)  # so long ago that no job is as old
        return moment


def _moment(given: datetime | timedelta | None) -> datetime | None:
    try:
        if isinstance(given, timedelta):
            return datetime.now(UTC) - given
        return None if given is None else given.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _kind(name: object) -> JobKind:
    try:
        return JobKind(str(name).lower())
    except ValueError:
        raise QoroInputError(f"kind is {name!r}, expected one of {', '.join(JobKind)}") from None


def _status(name: object) -> str:
    status = str(name).upper().replace("-", "_")
    if status not in STATUSES:
        raise QoroInputError(f"status is {name!r}, expected one of {', '.join(STATUSES)}")
    return status


def list_jobs(
    journal: Journal,
    recorded_as: str,
    selection: Selection,
    *,
    service: Callable[[], QoroService],
    retrieve: Callable[[str], Any],
    refresh: bool = True,
) -> JobList:
    """List jobs that this machine submitted to a service, with their current status.

    Args:
        journal: The journal that recorded them.
        recorded_as: The name of the service in the journal.
        selection: The conditions for the jobs.
        service: Returns the client of the service. It is called only if there are jobs to ask about.
        retrieve: Retrieves a job by its identifier.
        refresh: Whether to ask the service about unfinished jobs.

    Raises:
        QoroError: The journal cannot be read.
        AuthenticationError: The service refuses the token.
    """
    jobs = _read_jobs(journal, recorded_as, selection, may_change=refresh)
    not_asked = 0
    if refresh:
        jobs, not_asked = _update_statuses(journal, jobs, service)
    listed = _filter_by_status((_job_entry(job, retrieve, service) for job in jobs), selection)
    return JobList(listed, not_asked=not_asked, known_ids=journal.job_ids)


def list_recorded(journal: Journal, selection: Selection) -> JobList:
    """List jobs that this machine submitted to any service, with their last known status.

    Args:
        journal: The journal that recorded them.
        selection: The conditions for the jobs.

    Raises:
        QoroError: The journal cannot be read.
    """

    def refuse(job_id: str) -> Any:
        raise QoroInputError(
            f"job {job_id} cannot be retrieved from this list, because the list has no token for the "
            "service: use provider.retrieve_job()"
        )

    jobs = _read_jobs(journal, None, selection, may_change=False)
    return JobList((_job_entry(job, refuse) for job in jobs), known_ids=journal.job_ids)


def _read_jobs(
    journal: Journal, recorded_as: str | None, selection: Selection, *, may_change: bool
) -> list[RecordedJob]:
    """Read the jobs that meet the conditions. If statuses may change, those with any status are read."""
    is_status_checked_later = may_change and selection.status is not None
    return journal.jobs(
        recorded_as,
        backend=selection.backend,
        tag=selection.tag,
        since=selection.earliest,
        until=selection.latest,
        kinds=None if selection.kind is None else [JobKind(kind) for kind in selection.kind],
        text=selection.text,
        statuses=None if selection.status is None or may_change else frozenset(selection.status),
        limit=None if is_status_checked_later else selection.limit,
    )


def _filter_by_status(entries: Iterable[JobEntry], selection: Selection) -> list[JobEntry]:
    selected = [entry for entry in entries if selection.status is None or entry.status in selection.status]
    return selected[: selection.limit]


def _update_statuses(
    journal: Journal, jobs: list[RecordedJob], service: Callable[[], QoroService]
) -> tuple[list[RecordedJob], int]:
    """Ask the service about unfinished service jobs, and record the answers.

    Returns:
        The jobs with their current status, and the number of jobs with an unfinished service job that was not
        asked about.
    """
    # A service job may belong to several jobs, and is asked about once.
    entries = {entry.number: entry for job in jobs for entry in job.entries}
    unfinished = [entry for entry in entries.values() if not entry.is_final]
    # A job that does not exist for this token may exist for another one, so its status may still change. It
    # is asked about last.
    unfinished.sort(key=lambda entry: entry.status == ListedStatus.GONE.value)
    states, errors = ask_statuses(journal, unfinished[:MAX_STATUS_POLLS], service)
    for error in errors:
        if isinstance(error, AuthenticationError):
            raise error
        what = "a job" if isinstance(error, WireError) else "jobs"
        _log.warning("the status of %s could not be updated: %s", what, error)
    not_asked = {entry.number for entry in unfinished} - set(states)
    for number, state in states.items():
        entries[number] = replace(entries[number], status=state.status.value)
    updated = [replace(job, entries=tuple(entries[entry.number] for entry in job.entries)) for job in jobs]
    return updated, sum(any(entry.number in not_asked for entry in job.entries) for job in jobs)


def ask_statuses(
    journal: Journal,
    entries: Sequence[JournalEntry],
    service: Callable[[], QoroService],
    *,
    deadline: Deadline = NO_DEADLINE,
) -> tuple[dict[int, JobState], list[QoroError]]:
    """Ask the service about service jobs, one after another, and record the answers.

    Args:
        journal: The journal.
        entries: The entries of the service jobs.
        service: Returns the client of the service. It is called only if there are entries.
        deadline: When all answers have to be there.

    Returns:
        The state of each entry by its number, as far as the service answered; its status is ``GONE`` if the
        job does not exist. And the errors. After an answer that cannot be read, the next job is asked about.
        After another error, or after :data:`MAX_UNREADABLE` such answers, no further one is.
    """
    states: dict[int, JobState] = {}
    errors: list[QoroError] = []
    for entry in entries:
        try:
            states[entry.number] = fetch_state(service(), str(entry.job_id), deadline=deadline)
        except QoroError as error:
            errors.append(error)
            # One odd answer is skipped. Several mean that something else than the service answers.
            if not isinstance(error, WireError) or len(errors) == MAX_UNREADABLE:
                break
    journal.set_statuses(
        (entry.number, states[entry.number].status.value)
        for entry in entries
        if entry.number in states and states[entry.number].status.value != entry.status
    )
    return states, errors


def fetch_state(service: QoroService, job_id: str, *, deadline: Deadline = NO_DEADLINE) -> JobState:
    """Ask the service for the state of a service job. Its status is ``GONE`` if the job does not exist.

    Args:
        service: The client.
        job_id: The service job.
        deadline: When the answer has to be there.
    """
    try:
        return service.get_job_state(ExecutionResult(job_id=job_id), deadline=deadline)
    except NotFoundError:
        return JobState(JobStatus(ListedStatus.GONE.value))


def _job_entry(
    job: RecordedJob,
    retrieve: Callable[[str], Any],
    service: Callable[[], QoroService] | None = None,
) -> JobEntry:
    entry = job.entries[0]
    return JobEntry(
        job_id=job.job_id,
        backend=entry.backend,
        kind=entry.kind,
        time=entry.time,
        tag=entry.tag,
        status=joint_status(each.listed_status for each in job.entries),
        num_circuits=sum(each.num_circuits for each in job.entries),
        reason=next((each.reason for each in job.entries if each.reason is not None), None),
        service=entry.service,
        _retrieve=retrieve,
        _service=service,
        _parts={each.job_id: each.listed_status for each in job.entries if each.job_id is not None},
    )
