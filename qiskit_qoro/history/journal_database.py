"""The file of the journal: made with room for its owner alone, opened for one short transaction at a time.

Nothing is kept open between two transactions, so that threads, forked processes, copies and pickles of a
journal cannot get into each other's way. SQLite's locks keep processes apart, and what a killed process left
half written is rolled back by the next one that looks. SQLite's rollback journal is used, not its write-ahead
log, which does not work on network drives, where homes often are.

A transaction does not wait until the disk has it: four of them for each job would take longer than a small
job. That is safe whenever a process ends; only when the machine itself loses its power, what was written in
the last seconds may be lost, or the file be damaged.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from qiskit_qoro.errors import QoroError

__all__ = ["FileDatabase", "JournalUnusableError", "MemoryDatabase"]

_APPLICATION = 0x514F524F  # the letters QORO
_VERSION = 1
_BUSY_S = 5.0

_SCHEMA = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    job_id TEXT,
    service TEXT NOT NULL,
    backend TEXT,
    kind TEXT NOT NULL,
    time TEXT NOT NULL,
    tag TEXT NOT NULL,
    num_circuits INTEGER NOT NULL,
    stage TEXT NOT NULL,
    status TEXT,
    reason TEXT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    structure BLOB
);
CREATE INDEX jobs_by_id ON jobs (job_id);
"""


class JournalUnusableError(QoroError):
    """The journal cannot be read or written."""


class FileDatabase:
    """A journal in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[sqlite3.Connection | None]:
        """A connection for one transaction; ``None`` for reading where there is no file yet.

        Raises:
            JournalUnusableError: The file cannot be used; the message says why.
        """
        try:
            if writes:
                self._make()
            elif not self.path.exists():
                yield None
                return
            address = f"{self.path.as_uri()}?mode=rw"
            opened = sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)
            with closing(opened) as database, _transaction(database, writes=writes):
                yield database if _prepare(database, self.path, writes=writes) else None
        except (OSError, sqlite3.Error, ValueError) as error:
            raise JournalUnusableError(f"the journal {self.path} cannot be used: {error}") from error

    def _make(self) -> None:
        if not self.path.parent.exists():
            self.path.parent.parent.mkdir(parents=True, exist_ok=True)
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        if not self.path.exists():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))


class MemoryDatabase:
    """A journal that ends with its process. A copy of it begins empty."""

    path = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def __reduce__(self) -> tuple[type[MemoryDatabase], tuple[()]]:
        return MemoryDatabase, ()

    def __del__(self) -> None:
        if self._database is not None:
            self._database.close()

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[sqlite3.Connection | None]:
        """A connection for one transaction."""
        with self._lock:
            if self._database is None:
                self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            with _transaction(self._database, writes=writes):
                _prepare(self._database, None, writes=True)
                yield self._database


@contextmanager
def _transaction(database: sqlite3.Connection, *, writes: bool) -> Iterator[None]:
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _prepare(database: sqlite3.Connection, path: Path | None, *, writes: bool) -> bool:
    """Check that a database is a journal, and create the table in an empty one.

    There are no migrations: a journal of another version, older or newer, is refused and left as it is.

    Returns:
        Whether there is a table to read.

    Raises:
        JournalUnusableError: It is something else, or has another version.
    """
    application = _number(database, "application_id")
    version = _number(database, "user_version")
    if (application, version) == (_APPLICATION, _VERSION):
        return True
    if application == _APPLICATION:
        raise JournalUnusableError(
            f"the journal {path} has version {version}, this release reads version {_VERSION}: update "
            "qiskit-qoro if the journal is newer, or name another file"
        )
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise JournalUnusableError(
            f"{path} is a database of something else: name another file for the journal"
        )
    if writes:
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
    return writes


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
