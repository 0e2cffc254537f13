"""The database of the journal, in a file or in memory.

Strategy for the file: it is readable by its owner only, and opened for one short transaction at a time.
Nothing stays open between two transactions, and no process is forked during one. So threads, forked
processes, copies and pickles of a journal do not disturb each other. SQLite's locks separate processes, and
SQLite rolls back the unfinished transaction of a killed process when the file is next opened. It uses a
rollback journal, not a write-ahead log: that does not work on network drives, which home directories often
are on.

A transaction does not wait until the disk has stored it, because four waits for each job would take longer
than a small job. No data are lost if a process ends. If the machine loses power, the changes of the last
seconds may be lost, or the file may be damaged.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from qiskit_qoro.errors import QoroError
from qiskit_qoro.history.fork_gate import no_fork
from qiskit_qoro.storage import create_private_file, restrict_access, transaction

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
        """Open the file for one transaction.

        Args:
            writes: Whether the transaction may write. The file is then created if it does not exist.

        Yields:
            A connection, or ``None`` if there is nothing to read.

        Raises:
            JournalUnusableError: The file cannot be used. The message contains the reason.
        """
        try:
            if writes:
                self._create()
            elif not self.path.exists():
                yield None
                return
            # With mode=rw SQLite does not create the file, which it would do with default permissions.
            address = f"{self.path.as_uri()}?mode=rw"
            with no_fork(), closing(_connect(address)) as database, _transaction(database, writes=writes):
                is_journal = _prepare(database, self.path, writes=writes)
                if is_journal:
                    restrict_access(self.path)
                yield database if is_journal else None
        except (OSError, sqlite3.Error, ValueError) as error:
            raise JournalUnusableError(f"the journal {self.path} cannot be used: {error}") from error

    def _create(self) -> None:
        if not self.path.parent.exists():
            self.path.parent.parent.mkdir(parents=True, exist_ok=True)
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        create_private_file(self.path)


class MemoryDatabase:
    """A journal in memory. It ends with its process, and a copy of it is empty.

    A forked child continues with the entries that the journal has at that moment.
    """

    path = None

    def __init__(self) -> None:
        # One connection serves all threads, because a database in memory belongs to its connection.
        # Reentrant, because a signal handler may use the journal while its thread does.
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None

    def __reduce__(self) -> tuple[type[MemoryDatabase], tuple[()]]:
        return MemoryDatabase, ()

    def __del__(self) -> None:
        if self._database is not None:
            self._database.close()

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[sqlite3.Connection | None]:
        """Run one transaction; the arguments are those of :meth:`FileDatabase.transaction`."""
        with no_fork(), self._lock:
            # The constructor opens nothing, as for a file.
            if self._database is None:
                database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
                try:
                    with transaction(database):
                        _prepare(database, None, writes=True)
                except BaseException:
                    database.close()
                    raise
                # Last, so that the table is created the next time if Ctrl-C interrupts this.
                self._database = database
            if self._database.in_transaction:
                # This runs in a signal handler that has interrupted a transaction. It joins it.
                yield self._database
                return
            with transaction(self._database, _begin(writes=writes)):
                yield self._database


def _connect(address: str) -> sqlite3.Connection:
    # With isolation_level=None the module begins no transactions on its own.
    return sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)


@contextmanager
def _transaction(database: sqlite3.Connection, *, writes: bool) -> Iterator[None]:
    database.execute("PRAGMA synchronous = OFF")
    with transaction(database, _begin(writes=writes)):
        yield


def _begin(*, writes: bool) -> str:
    return "BEGIN IMMEDIATE" if writes else "BEGIN"


def _prepare(database: sqlite3.Connection, path: Path | None, *, writes: bool) -> bool:
    """Check that a database is a journal, and create the table in an empty one.

    There are no migrations: a journal of another version, older or newer, is refused and left as it is.

    Returns:
        Whether there is a table to read.

    Raises:
        JournalUnusableError: It is the database of another application, or has another version.
    """
    application = _number(database, "application_id")
    version = _number(database, "user_version")
    if (application, version) == (_APPLICATION, _VERSION):
        return True
    if application == _APPLICATION:
        raise JournalUnusableError(
            f"the journal {path} has version {version}, expected {_VERSION}: update qiskit-qoro if the "
            "journal is newer, or name another file"
        )
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise JournalUnusableError(
            f"{path} is a database of another application: name another file for the journal"
        )
    if writes:
        # Not executescript(), which would commit the transaction first.
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
    return writes


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
