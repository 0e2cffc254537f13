"""The journal itself: what was submitted from this machine, where, when, and how far it came.

A line is written before a job is opened and completed as the submission goes on, each time in a transaction
of its own, so that a process may be killed at any moment. Nothing here stops a submission: a journal that
cannot be written says so once in the log.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qiskit_qoro.history.journal_database import FileDatabase, JournalUnusableError, MemoryDatabase
from qiskit_qoro.history.journal_entry import JournalEntry, ListedStatus, Stage
from qiskit_qoro.history.processes import ProcessMark, is_abandoned, mark_of_this_process
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

__all__ = ["MOST_ENTRIES", "MOST_STRUCTURES", "Journal"]

_log = logging.getLogger(__name__)

MOST_ENTRIES = 10_000
"""How many submissions are remembered; with each new one the oldest beyond that are forgotten."""

MOST_STRUCTURES = 200
"""For how many of the latest submissions the structure is remembered that labels have no room for."""

_LONGEST_REASON = 300
_FACTS = ("service", "backend", "kind", "time", "tag", "num_circuits", "stage", "host", "pid", "started")
_INSERTED = (*_FACTS, "structure")
_COLUMNS = ", ".join(("number", "job_id", *_FACTS[:7], "status", "reason", *_FACTS[7:]))
_INSERT = f"INSERT INTO jobs ({', '.join(_INSERTED)}) VALUES ({', '.join('?' * len(_INSERTED))})"  # noqa: S608 - our own words


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """What was submitted from this machine.

    The constructor opens nothing. A journal may be used from many threads and processes at once; copies and
    pickles of one in a file write to the same file.

    Args:
        path: The file, ``None`` for one that ends with the process.
        most_entries: How many submissions are remembered.
        now: The present, in UTC.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        most_entries: int = MOST_ENTRIES,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = MemoryDatabase() if path is None else FileDatabase(path)
        self._most_entries = most_entries
        self._now = now
        self._has_complained = False

    def __repr__(self) -> str:
        return f"<Journal {str(self.path) if self.path else 'in memory'!r}>"

    @property
    def path(self) -> Path | None:
        """The file, ``None`` for one that ends with the process."""
        return self._database.path

    def recorder(self, service: str) -> JournalRecorder:
        """What writes down the submissions of a client.

        Args:
            service: What the journal is to call the client's service.
        """
        return JournalRecorder(self, service)

    # --- reading --------------------------------------------------------------------------------------

    def entries(
        self,
        service: str | None = None,
        *,
        backend: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """The submissions, newest first.

        Args:
            service: Only those to this service.
            backend: Only those to this simulator cluster or QPU system.
            tag: Only those with this tag.
            since: Only those from this moment on; it has a time zone.
            limit: So many at most.

        Raises:
            QoroError: The journal cannot be read.
        """
        moment = None if since is None else _text(since)
        given = {"service = ?": service, "backend = ?": backend, "tag = ?": tag, "time >= ?": moment}
        wanted = {condition: value for condition, value in given.items() if value is not None}
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        rows = self._read(
            f"SELECT {_COLUMNS} FROM jobs{where} ORDER BY number DESC LIMIT ?",  # noqa: S608 - our own words
            (*wanted.values(), -1 if limit is None else limit),
        )
        return self._entries(rows)

    def find(self, job_id: str) -> JournalEntry | None:
        """The submission of a job, ``None`` where it was not from here or nobody can tell.

        An unusable journal knows nothing; this raises no error.
        """
        query = f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ? ORDER BY number DESC LIMIT 1"  # noqa: S608
        try:
            found = self._entries(self._read(query, (job_id,)))
        except JournalUnusableError as error:
            self._complain(error)
            return None
        return found[0] if found else None

    def structure_of(self, job_id: str) -> bytes | None:
        """What the results of a job mean, where its labels had no room for that; ``None`` where not known."""
        query = "SELECT structure FROM jobs WHERE job_id = ? ORDER BY number DESC LIMIT 1"
        try:
            rows = self._read(query, (job_id,))
        except JournalUnusableError as error:
            self._complain(error)
            return None
        return rows[0][0] if rows else None

    # --- writing --------------------------------------------------------------------------------------

    def begin(self, service: str, facts: SubmissionFacts) -> int | None:
        """Write down that a job is about to be opened.

        Returns:
            The number of the entry, ``None`` where it could not be written.
        """
        mark = mark_of_this_process()

        def write(database: sqlite3.Connection) -> int | None:
            values = (
                service,
                facts.target,
                facts.kind.value,
                _text(self._now()),
                facts.tag,
                facts.num_circuits,
                Stage.SUBMITTING.value,
                mark.host,
                mark.pid,
                mark.started,
                facts.structure,
            )
            cursor = database.execute(_INSERT, values)
            number = cursor.lastrowid or 0
            database.execute("DELETE FROM jobs WHERE number <= ?", (number - self._most_entries,))
            if facts.structure is not None:
                forget = "UPDATE jobs SET structure = NULL WHERE structure IS NOT NULL AND number <= ?"
                database.execute(forget, (number - MOST_STRUCTURES,))
            return number

        number: int | None = self._write(write)
        return number

    def set_job_id(self, number: int | None, job_id: str) -> None:
        """Write down the identifier that the service gave."""
        self._update("job_id = ?", number, job_id)

    def set_stage(self, number: int | None, stage: Stage, reason: str | None = None) -> None:
        """Write down how far a submission came."""
        short = None if reason is None else reason[:_LONGEST_REASON]
        self._update("stage = ?, reason = ?", number, stage.value, short)

    def set_statuses(self, statuses: Iterable[tuple[int, str]]) -> None:
        """Write down, by the number of the entry, what was heard of jobs."""
        changes = [(status, number) for number, status in statuses]
        if changes:
            self._write(
                lambda database: database.executemany("UPDATE jobs SET status = ? WHERE number = ?", changes)
            )

    def set_status_of(self, service: str, job_id: str, status: str) -> None:
        """Write down, by its identifier, what became of a job."""
        self._write(
            lambda database: database.execute(
                "UPDATE jobs SET status = ? WHERE service = ? AND job_id = ?",
                (status, service, job_id),
            )
        )

    def _update(self, assignment: str, number: int | None, *values: object) -> None:
        if number is not None:
            statement = f"UPDATE jobs SET {assignment} WHERE number = ?"  # noqa: S608 - our own words
            self._write(lambda database: database.execute(statement, (*values, number)))

    # --- the file -------------------------------------------------------------------------------------

    def _entries(self, rows: list[tuple[Any, ...]]) -> list[JournalEntry]:
        now = self._now()
        try:
            return [_entry(row, now) for row in rows]
        except (TypeError, ValueError) as error:
            raise JournalUnusableError(f"the journal {self.path} is damaged: {error}") from error

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._database.transaction(writes=False) as database:
            return [] if database is None else database.execute(query, values).fetchall()

    def _write(self, change: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            with self._database.transaction(writes=True) as database:
                return None if database is None else change(database)
        except JournalUnusableError as error:
            self._complain(error)
            return None

    def _complain(self, error: JournalUnusableError) -> None:
        if not self._has_complained:
            self._has_complained = True
            _log.warning("%s. Jobs are submitted all the same, and not remembered", error.message)


@dataclass(frozen=True)
class JournalRecorder:
    """Writes what a client of one service tells of its submissions into a journal.

    Attributes:
        journal: The journal.
        service: The service, as the journal is to know it.
    """

    journal: Journal
    service: str

    def begin(self, facts: SubmissionFacts) -> int | None:
        """A job is about to be opened."""
        return self.journal.begin(self.service, facts)

    def opened(self, entry: int | None, job_id: str) -> None:
        """The service has opened the job."""
        self.journal.set_job_id(entry, job_id)

    def done(self, entry: int | None) -> None:
        """The service has confirmed all uploads."""
        self.journal.set_stage(entry, Stage.SUBMITTED)

    def failed(self, entry: int | None, reason: str) -> None:
        """The submission came to an end before that."""
        self.journal.set_stage(entry, Stage.FAILED, reason)

    def ended(self, job_id: str, status: JobStatus) -> None:
        """The service said that a job has come to an end."""
        self.journal.set_status_of(self.service, job_id, status.value)

    def deleted(self, job_id: str) -> None:
        """A job has been deleted."""
        self.journal.set_status_of(self.service, job_id, ListedStatus.DELETED.value)


def _entry(row: tuple[Any, ...], now: datetime) -> JournalEntry:
    number, job_id, service, backend, kind, time, tag, num_circuits, stage, status, reason, *process = row
    began = datetime.fromisoformat(time)
    return JournalEntry(
        number=number,
        job_id=job_id,
        service=service,
        backend=backend,
        kind=JobKind(kind),
        time=began,
        tag=tag,
        num_circuits=num_circuits,
        stage=Stage(stage),
        status=status,
        reason=reason,
        is_abandoned=stage == Stage.SUBMITTING and is_abandoned(ProcessMark(*process), now - began),
    )


def _text(moment: datetime) -> str:
    """A moment as text that sorts like time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
