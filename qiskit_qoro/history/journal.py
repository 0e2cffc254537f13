"""The journal: a record of the jobs that were submitted from this machine.

An entry is written before a job is opened, and updated while the submission proceeds. Each change is a
transaction of its own, so the process may be killed at any time. A journal that cannot be written does not
stop a submission; it logs one warning.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qiskit_qoro.display.cards import Card
from qiskit_qoro.history.conditions import (
    condition_on_text,
    conditions_for,
    time_to_text,
)
from qiskit_qoro.history.joint_jobs import (
    SEPARATOR,
    has_joint_jobs,
    insert_joint_jobs,
    read_joint_jobs,
    select_jobs,
)
from qiskit_qoro.history.journal_database import FileDatabase, JournalUnusableError, MemoryDatabase
from qiskit_qoro.history.journal_entry import JournalEntry, RecordedJob, Stage
from qiskit_qoro.history.listed_statuses import condition_on_status, prepare_statuses
from qiskit_qoro.history.processes import ProcessMark, is_abandoned, mark_of_this_process
from qiskit_qoro.history.program_store import (
    DEFAULT_LIMIT_BYTES,
    KeptPrograms,
    insert_programs,
    pack_programs,
    read_programs,
    remove_programs,
)
from qiskit_qoro.models.jobs import ID_SEPARATOR
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

__all__ = ["MAX_ENTRIES", "MAX_STRUCTURES", "Journal"]

_log = logging.getLogger(__name__)

MAX_ENTRIES = 10_000
"""The largest number of entries. Each new entry deletes the oldest ones above this number."""

MAX_STRUCTURES = 200
"""The number of latest entries that keep a structure which did not fit into the labels of the job."""

_MAX_REASON_LENGTH = 300

# The columns that are written when a submission begins, in the order of the values in `begin`.
_FACTS = ("service", "backend", "kind", "time", "tag", "num_circuits", "stage", "host", "pid", "started")
_INSERTED = (*_FACTS, "structure")
_INSERT = f"INSERT INTO jobs ({', '.join(_INSERTED)}) VALUES ({', '.join('?' * len(_INSERTED))})"  # noqa: S608 - constants only
# The columns that are read, in the order that `_entry` unpacks.
_COLUMNS = ", ".join(("number", "job_id", *_FACTS[:7], "status", "reason", *_FACTS[7:]))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """The record of the jobs that were submitted from this machine.

    The constructor opens nothing. Several threads and processes may use a journal at the same time. Copies
    and pickles of a journal in a file write to the same file.

    Args:
        path: The file, or ``None`` for a journal in memory that ends with the process.
        max_entries: The largest number of entries.
        program_limit_bytes: The largest size of the programs of all jobs together, 0 to keep none.
        now: Returns the current time in UTC.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        max_entries: int = MAX_ENTRIES,
        program_limit_bytes: int = DEFAULT_LIMIT_BYTES,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = MemoryDatabase() if path is None else FileDatabase(path)
        self._max_entries = max_entries
        self.program_limit_bytes = program_limit_bytes
        self._now = now
        self._has_warned = False

    def __repr__(self) -> str:
        return f"<Journal {str(self.path) if self.path else 'in memory'!r}>"

    def _repr_html_(self) -> str:
        return Card("Journal", str(self.path or "in memory")).to_html()

    @property
    def path(self) -> Path | None:
        """The file, or ``None`` for a journal in memory."""
        return self._database.path

    # --- reading --------------------------------------------------------------------------------------

    def entries(self, service: str | None = None, *, limit: int | None = None) -> list[JournalEntry]:
        """Read the newest entries, newest first.

        Args:
            service: Only submissions to this service.
            limit: The largest number of entries.

        Raises:
            QoroError: The journal cannot be read.
        """
        where, values = ("", ()) if service is None else (" WHERE service = ?", (service,))
        query = f"SELECT {_COLUMNS} FROM jobs{where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - constants only
        return self._entries(self._read(query, (*values, -1 if limit is None else limit)))

    def jobs(
        self,
        service: str | None = None,
        *,
        backend: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Collection[JobKind] | None = None,
        text: str | None = None,
        statuses: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[RecordedJob]:
        """Read the jobs that meet all given conditions, newest first.

        A job with several service jobs meets a condition if one of them does. Its time is that of the first.

        Args:
            service: Only submissions to this service.
            backend: Only submissions to this simulator cluster or QPU system.
            tag: Only submissions with this tag.
            since: Only submissions at or after this time, which has a time zone.
            until: Only submissions at or before this time, which has a time zone.
            kinds: Only submissions of these kinds.
            text: Only submissions with this text in the tag, the backend, the identifier or the name of a
                circuit, in upper or lower case.
            statuses: Only jobs whose last known status is one of these.
            limit: The largest number of jobs.

        Raises:
            QoroError: The journal cannot be read.
        """
        given = conditions_for(service=service, backend=backend, tag=tag, kinds=kinds)
        earliest, latest = (None if time is None else time_to_text(time) for time in (since, until))
        with self.reading() as database:
            if database is None:
                return []
            joint = has_joint_jobs(database)
            if text is not None:
                given.append(condition_on_text(database, text, joint=joint))
            if statuses is not None:
                self.prepare_statuses(database)
                given.append(condition_on_status(statuses, joint=joint))
            selected = select_jobs(database, given, earliest, latest, limit)
            return self.recorded_jobs(database, selected)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Begin a transaction that reads.

        Yields:
            A connection, or ``None`` if there is nothing to read.

        Raises:
            QoroError: The journal cannot be read.
        """
        with self._database.transaction(writes=False) as database:
            yield database

    def prepare_statuses(self, database: sqlite3.Connection) -> None:
        """Define what the expressions of :mod:`~qiskit_qoro.history.listed_statuses` need.

        Args:
            database: A connection in a transaction.
        """
        prepare_statuses(database, SEPARATOR if has_joint_jobs(database) else None, self._now())

    def recorded_jobs(
        self, database: sqlite3.Connection, selected: Sequence[tuple[list[str], list[int]]]
    ) -> list[RecordedJob]:
        """Read whole jobs.

        Args:
            database: A connection in a transaction.
            selected: The jobs, as :func:`~qiskit_qoro.history.joint_jobs.select_jobs` returns them.
        """
        wanted = {number for _, numbers in selected for number in numbers}
        read = self.read_entries(database, f"number IN ({', '.join(map(str, wanted))})", ())
        entries = {entry.number: entry for entry in read}
        return [
            RecordedJob(
                ID_SEPARATOR.join(job_ids) if job_ids else entries[numbers[0]].job_id,
                tuple(entries[number] for number in numbers),
            )
            for job_ids, numbers in selected
        ]

    def read_entries(
        self, database: sqlite3.Connection, condition: str, values: Sequence[object]
    ) -> list[JournalEntry]:
        """Read the entries that meet a condition.

        Args:
            database: A connection in a transaction.
            condition: The condition in SQL, with what may follow it.
            values: The values of its parameters.
        """
        query = f"SELECT {_COLUMNS} FROM jobs WHERE {condition}"  # noqa: S608 - constants and numbers only
        return self._entries(database.execute(query, values).fetchall())

    def find(self, job_id: str) -> JournalEntry | None:
        """Return the entry of a job, or ``None`` if there is none or the journal cannot be used."""
        query = f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ? ORDER BY number DESC LIMIT 1"  # noqa: S608
        try:
            found = self._entries(self._read(query, (job_id,)))
        except JournalUnusableError as error:
            self._warn_once(error)
            return None
        return found[0] if found else None

    def find_by_prefix(self, prefix: str, service: str | None = None) -> list[JournalEntry]:
        """Return the entries whose identifier begins with a text, newest first.

        Args:
            prefix: The first characters of an identifier.
            service: Only submissions to this service.

        Returns:
            The entries. None, if the journal cannot be used.
        """
        condition = "substr(job_id, 1, ?) = ?" + ("" if service is None else " AND service = ?")
        values = (len(prefix), prefix, *(() if service is None else (service,)))
        query = f"SELECT {_COLUMNS} FROM jobs WHERE {condition} ORDER BY number DESC"  # noqa: S608 - constants only
        try:
            return self._entries(self._read(query, values))
        except JournalUnusableError as error:
            self._warn_once(error)
            return []

    def job_ids(self) -> list[str]:
        """Return the identifiers of all jobs, or none if the journal cannot be used."""
        try:
            rows = self._read("SELECT DISTINCT job_id FROM jobs WHERE job_id IS NOT NULL", ())
        except JournalUnusableError as error:
            self._warn_once(error)
            return []
        return [str(job_id) for (job_id,) in rows]

    def joined_with(self, job_id: str) -> list[str]:
        """Return the identifiers of all service jobs of a primitive's job, in order.

        Args:
            job_id: The identifier of one of them.

        Returns:
            The identifiers; only ``job_id``, if it stands alone or the journal does not know more.
        """
        try:
            with self._database.transaction(writes=False) as database:
                found = [] if database is None else read_joint_jobs(database, job_id)
        except JournalUnusableError as error:
            self._warn_once(error)
            found = []
        return found or [job_id]

    def structure_of(self, job_id: str) -> bytes | None:
        """Return the structure of a job that did not fit into its labels, or ``None`` if none is recorded."""
        query = "SELECT structure FROM jobs WHERE job_id = ? ORDER BY number DESC LIMIT 1"
        try:
            rows = self._read(query, (job_id,))
        except JournalUnusableError as error:
            self._warn_once(error)
            return None
        return rows[0][0] if rows else None

    def programs_of(self, number: int) -> KeptPrograms:
        """Return what is kept of the programs of an entry.

        Raises:
            QoroError: The journal cannot be read.
        """
        with self._database.transaction(writes=False) as database:
            if database is None:
                return KeptPrograms(None, None)
            return read_programs(database, number)

    # --- writing --------------------------------------------------------------------------------------

    def begin(self, service: str, facts: SubmissionFacts) -> int | None:
        """Record that a submission begins.

        Returns:
            The number of the new entry, or ``None`` if it could not be written.
        """
        mark = mark_of_this_process()
        packed = pack_programs(facts, self.program_limit_bytes)

        def write(database: sqlite3.Connection) -> int | None:
            values = (
                service,
                facts.target,
                facts.kind.value,
                time_to_text(self._now()),
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
            # Numbers are assigned in ascending order, so the lowest numbers belong to the oldest entries.
            database.execute("DELETE FROM jobs WHERE number <= ?", (number - self._max_entries,))
            if facts.structure is not None:
                # Structures can be large, so older entries lose theirs.
                drop = "UPDATE jobs SET structure = NULL WHERE structure IS NOT NULL AND number <= ?"
                database.execute(drop, (number - MAX_STRUCTURES,))
            if packed is not None:
                insert_programs(
                    database,
                    number,
                    packed,
                    limit_bytes=self.program_limit_bytes,
                    max_entries=self._max_entries,
                )
            return number

        number: int | None = self._write(write)
        return number  # `None` makes the later steps of this submission do nothing

    def set_job_id(self, number: int | None, job_id: str) -> None:
        """Record the identifier that the service returned for the job."""
        self._update("job_id = ?", number, job_id)

    def set_stage(self, number: int | None, stage: Stage, reason: str | None = None) -> None:
        """Record the progress of a submission."""
        short = None if reason is None else reason[:_MAX_REASON_LENGTH]
        self._update("stage = ?, reason = ?", number, stage.value, short)

    def set_statuses(self, statuses: Iterable[tuple[int, str]]) -> None:
        """Record the statuses of jobs, by the number of their entry."""
        changes = [(status, number) for number, status in statuses]
        if changes:
            self._write(
                lambda database: database.executemany("UPDATE jobs SET status = ? WHERE number = ?", changes)
            )

    def set_status_of(self, service: str, job_id: str, status: str) -> None:
        """Record the status of a job, by its identifier."""
        self._write(
            lambda database: database.execute(
                "UPDATE jobs SET status = ? WHERE service = ? AND job_id = ?",
                (status, service, job_id),
            )
        )

    def set_joined(self, service: str, job_ids: Sequence[str]) -> None:
        """Record that several service jobs are one job of a primitive."""
        self._write(lambda database: insert_joint_jobs(database, service, job_ids))

    def remove_programs_of(self, service: str, job_id: str) -> None:
        """Remove the programs of a job."""
        self._write(lambda database: remove_programs(database, service, job_id))

    def _update(self, assignment: str, number: int | None, *values: object) -> None:
        if number is not None:
            statement = f"UPDATE jobs SET {assignment} WHERE number = ?"  # noqa: S608 - constants only
            self._write(lambda database: database.execute(statement, (*values, number)))

    # --- the file -------------------------------------------------------------------------------------

    def _entries(self, rows: list[tuple[Any, ...]]) -> list[JournalEntry]:
        now = self._now()
        try:
            return [_entry(row, now) for row in rows]
        except (TypeError, ValueError) as error:
            # SQLite does not enforce column types, so a damaged file can contain anything.
            raise JournalUnusableError(f"the journal {self.path} is damaged: {error}") from error

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._database.transaction(writes=False) as database:
            return [] if database is None else database.execute(query, values).fetchall()

    def _write(self, change: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            with self._database.transaction(writes=True) as database:
                return None if database is None else change(database)
        except JournalUnusableError as error:
            self._warn_once(error)
            return None

    def _warn_once(self, error: JournalUnusableError) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("%s. Jobs are submitted, but not recorded", error.message)


def _entry(row: tuple[Any, ...], now: datetime) -> JournalEntry:
    # In the order of _COLUMNS; the last three columns identify the submitting process.
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
