"""The SQLite database of the local service: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from qiskit_qoro.errors import QoroError

__all__ = ["open_database"]

# A database is brought up to date by the steps that it lacks, so a step never changes once it is out. The
# version of a database is how many it has.
_STEPS = (
    """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a deleted job may still be stopping
    job_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    job_type TEXT NOT NULL,
    simulator_cluster TEXT,
    qpu_system TEXT,
    use_packing INTEGER NOT NULL,
    status TEXT NOT NULL,
    turn INTEGER,        -- place in the queue; NULL until the job is finalized
    observables TEXT,    -- [groups, circuit_ham_map] as JSON
    run_time_s REAL,
    reason TEXT          -- why it failed
);
CREATE INDEX queue ON jobs (status, turn);
CREATE TABLE circuits (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    blob TEXT NOT NULL,  -- base64 of gzip of the OpenQASM text
    shots INTEGER,
    PRIMARY KEY (job, position),
    UNIQUE (job, label)
) WITHOUT ROWID;
CREATE TABLE results (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,  -- {"label": ..., "results": ...} as JSON
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE configurations (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    configuration TEXT NOT NULL
);
""",
    """
ALTER TABLE circuits RENAME COLUMN blob TO content;  -- of a circuit of a template: its values as JSON
ALTER TABLE circuits ADD COLUMN template INTEGER;    -- which one, by its number
CREATE TABLE templates (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,   -- base64 of gzip of the OpenQASM text
    names TEXT NOT NULL,  -- as JSON
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
""",
    """
CREATE TABLE analyses (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    problem TEXT NOT NULL,  -- the request as JSON
    findings TEXT,          -- as JSON
    html TEXT,
    created_at TEXT NOT NULL,
    completed_at TEXT
);
""",
    """
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,     -- in hundredths, as all amounts
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
    job_id TEXT,         -- the job may be gone
    created_at TEXT NOT NULL
);
CREATE INDEX statement ON transactions (account, number);
""",
    """
ALTER TABLE results ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;  -- item is then {"label", "error"}
""",
    """
SELECT 1;  -- from here on, the values of a circuit of a template are a blob of packed numbers
""",
)


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open the database, creating what is missing and bringing an older one up to date.

    Args:
        path: The file, ``None`` for memory.

    Returns:
        A connection for any thread, one at a time, that begins no transaction by itself.

    Raises:
        QoroError: The file cannot be opened, is no database of this service, or is in use.
    """
    name = ":memory:" if path is None else path
    try:
        connection = sqlite3.connect(name, check_same_thread=False, isolation_level=None, timeout=0)
    except sqlite3.Error as error:
        raise QoroError(f"cannot open the database {path}: {error}") from error
    try:
        _prepare(connection)
    except (sqlite3.Error, QoroError) as error:
        connection.close()
        in_use = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        reason = "another service is using it" if in_use else str(error)
        raise QoroError(f"cannot use the database {path}: {reason}") from error
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not (0 < version <= len(_STEPS)) and not (version == 0 and is_empty):
        raise QoroError(
            f"expected a database of this service, version 1 to {len(_STEPS)}, got version {version}"
        )
    # Exclusive: two services on one file would run each other's jobs.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA foreign_keys = ON")
    # Writing something takes the lock, whatever is in the database.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    for number, step in enumerate(_STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
