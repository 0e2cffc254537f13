"""The tables of the local service's SQLite database, and how the database is opened.

A database of an earlier version is brought up to date when it is opened, see
:mod:`~qiskit_qoro.local.store.migration`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.store import migration
from qiskit_qoro.storage import create_private_file, restrict_access, transaction

__all__ = ["open_connection"]

_DAMAGED = "it is damaged ({}); restore a copy, or start with another file"
_PRIMARY_CODE = 0xFF  # an extended error code of SQLite contains the primary one in its lowest byte

# Increase the version whenever the tables change, and let the module `migration` bring databases of the
# versions before up to date. Databases of other versions are refused. A table with data of a job needs
# `REFERENCES jobs ON DELETE CASCADE`, so that deleting the job deletes its rows.
_VERSION = 9
_TABLES = f"""
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: a deleted job may still be stopping
    job_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    job_type TEXT NOT NULL,
    simulator_cluster TEXT,
    qpu_system TEXT,
    use_packing INTEGER NOT NULL,
    status TEXT NOT NULL,
    turn INTEGER,        -- position in the queue; NULL until the job is finalized
    observables TEXT,    -- [groups, circuit_ham_map, weights] as JSON
    state TEXT,          -- what a job of the type STATE computes, as JSON
    run_time_s REAL,
    reason TEXT,         -- why the job failed or was not run
    {", ".join(migration.ADDED_COLUMNS)}
);
CREATE TABLE circuits (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    content TEXT NOT NULL,  -- base64 of gzip of the OpenQASM text; for a row of a template, a blob of doubles
    shots INTEGER,
    template INTEGER,       -- the number of the template; NULL if the circuit has a text of its own
    PRIMARY KEY (job, position),
    UNIQUE (job, label)
) WITHOUT ROWID;
CREATE TABLE templates (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,   -- base64 of gzip of the OpenQASM text
    names TEXT NOT NULL,  -- as JSON
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE results (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,                 -- {{"label": ..., "results": ...}} as JSON
    failed INTEGER NOT NULL DEFAULT 0,  -- if 1, the item is {{"label": ..., "error": ...}}
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE configurations (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    configuration TEXT NOT NULL
);
CREATE TABLE analyses (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    problem TEXT NOT NULL,  -- the request as JSON
    findings TEXT,          -- as JSON
    html TEXT,
    created_at TEXT NOT NULL,
    completed_at TEXT
);
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,     -- in hundredths, like all amounts
    total_used INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transactions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL REFERENCES accounts,
    amount INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    transaction_type TEXT NOT NULL,
    description TEXT NOT NULL,
    job_id TEXT,         -- not a reference: the job may have been deleted
    created_at TEXT NOT NULL
);
CREATE INDEX statement ON transactions (account, number);
{migration.ADDED_TABLES}
{migration.ADDED_INDEXES}
"""


def open_connection(path: Path | None) -> sqlite3.Connection:
    """Open the database file and create its tables if the file is new.

    Only the owner of the file may read and write it, also if the file exists already.

    Args:
        path: The file, or ``None`` for a database in memory.

    Returns:
        A connection that any thread may use, but only one thread at a time. It begins no transaction by
        itself.

    Raises:
        QoroError: The file cannot be opened, is damaged, is not a database of this service and version, or is
            in use.
    """
    name = ":memory:" if path is None else path
    try:
        if path is not None:
            create_private_file(path)
        connection = sqlite3.connect(name, check_same_thread=False, isolation_level=None, timeout=0)
    except (OSError, sqlite3.Error) as error:
        raise QoroError(f"cannot open the database {path}: {error}") from error
    try:
        _prepare(connection, path)
    except (sqlite3.Error, QoroError) as error:
        connection.close()
        raise QoroError(f"cannot use the database {path}: {_reason(error)}") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = _read_schema(connection)
    is_new = version == 0 and not tables
    if not is_new:
        _check(connection, version, tables)
    # Only now is it certain that the file is not one that another program needs.
    if path is not None:
        restrict_access(path)
    # Two services on one file would run each other's jobs, so the first one locks the file.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA foreign_keys = ON")
    # SQLite takes the lock at the first write, so make an empty one.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    if is_new:
        connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    elif version != _VERSION:
        # If this process ends before the commit, the database still has the version before.
        with transaction(connection):
            migration.migrate(connection, version)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


def _check(connection: sqlite3.Connection, version: int, tables: list[migration.SchemaRow]) -> None:
    """Check that an existing database is one of this service and of a version it reads, and not damaged.

    Raises:
        QoroError: It is not.
        sqlite3.DatabaseError: It is damaged.
    """
    if version not in (_VERSION, *migration.OLD_VERSIONS):
        raise QoroError(f"expected a database of this service of version {_VERSION}, got version {version}")
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(_TABLES)
        expected = _read_schema(empty)
        if version != _VERSION:
            expected = migration.without_additions(expected, version)
        if tables != expected:
            raise QoroError("expected a database of this service, got one with other tables")
    # Reads the whole file, which takes about a second per GB.
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise QoroError(_DAMAGED.format(found))


def _read_schema(connection: sqlite3.Connection) -> list[migration.SchemaRow]:
    """Read the names of all tables and indexes, and the columns of each table."""
    return connection.execute(
        "SELECT entry.type, entry.name, column.name, column.type, column.pk FROM sqlite_master AS entry"
        " LEFT JOIN pragma_table_info(entry.name) AS column ORDER BY entry.type, entry.name, column.cid"
    ).fetchall()


def _reason(error: sqlite3.Error | QoroError) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "another service is using it"
    if code == sqlite3.SQLITE_CORRUPT:
        return _DAMAGED.format(error)
    return str(error)
