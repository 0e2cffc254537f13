"""A database of version 7, the last one without times and kinds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from qiskit_qoro.wire.text import encode_text

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    job_type TEXT NOT NULL,
    simulator_cluster TEXT,
    qpu_system TEXT,
    use_packing INTEGER NOT NULL,
    status TEXT NOT NULL,
    turn INTEGER,
    observables TEXT,
    state TEXT,
    run_time_s REAL,
    reason TEXT
);
CREATE INDEX queue ON jobs (status, turn);
CREATE TABLE circuits (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    content TEXT NOT NULL,
    shots INTEGER,
    template INTEGER,
    PRIMARY KEY (job, position),
    UNIQUE (job, label)
) WITHOUT ROWID;
CREATE TABLE templates (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    names TEXT NOT NULL,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE results (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE configurations (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    configuration TEXT NOT NULL
);
CREATE TABLE analyses (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    problem TEXT NOT NULL,
    findings TEXT,
    html TEXT,
    created_at TEXT NOT NULL,
    completed_at TEXT
);
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,
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
    job_id TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX statement ON transactions (account, number);
"""

_BELL = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n'
)
_TEMPLATE = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nrx(a) q[0];\nmeasure q -> c;\n'
_PROBLEM = {"qubo": {"0,0": -1, "0,1": 2, "1,1": -1}}

# Identifier, job type, status, turn, labels, shots, number of results, run time, reason.
_JOBS = [
    ("completed", "EXECUTE", "COMPLETED", 1, ["0.1rabc", "1"], 100, 2, 0.25, None),
    ("failed", "EXECUTE", "FAILED", 2, ["0.1sabc", "1", "2"], 100, 2, 1.5, "circuit '1': it broke"),
    ("cancelled", "EXPECTATION", "CANCELLED", 3, ["0.1eabc", "1", "2"], None, 1, None, None),
    ("unpaid", "EXECUTE", "INSUFFICIENT_CREDITS", 4, ["a", "b"], 10, 0, 0.0, "it costs 0.02"),
    ("running", "GRADIENT", "RUNNING", 5, ["0.1gabc"], None, 0, None, None),
    ("pending", "STATE", "PENDING", 6, ["circuit"], None, 0, None, None),
    ("open", "EXECUTE", "PENDING", None, ["0.1rxyz"], 2**62, 0, None, None),
    ("empty", "EXECUTE", "PENDING", None, [], None, 0, None, None),
    ("problem", "VALIDATE", "COMPLETED", 7, [], None, 0, 2.5, None),
    ("foreign", "EXECUTE", "COMPLETED", 8, ["x"], 2**63 - 1, 1, 0.5, None),
]


def create_old_database(path: Path) -> None:
    """Create a database of version 7 with jobs of every status, results, templates and transactions.

    The job "foreign" belongs to the account "other", all others to "me".
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(f"{_TABLES} PRAGMA user_version = 7;")
        for number, job in enumerate(_JOBS, start=1):
            _insert_job(connection, number, *job)
        connection.execute("UPDATE circuits SET content = ?, template = 0 WHERE job = 1", (b"\0" * 8,))
        connection.execute("INSERT INTO templates VALUES (1, 0, ?, ?)", (encode_text(_TEMPLATE), '["a"]'))
        connection.execute(
            "INSERT INTO configurations VALUES (1, ?)",
            (json.dumps({"execution_configuration": {"bond_dimension": 8}}),),
        )
        connection.execute(
            "INSERT INTO analyses VALUES (9, ?, '{}', '<p>report</p>', ?, ?)",
            (json.dumps(_PROBLEM), "2026-01-02T00:00:00.000Z", "2026-01-02T00:00:02.000Z"),
        )
        connection.executemany(
            "INSERT INTO accounts VALUES (?, 9998, 2, ?, ?)",
            [(name, "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00") for name in ("me", "other")],
        )
        connection.executemany(
            "INSERT INTO transactions VALUES (?, 'me', ?, ?, ?, ?, ?, ?)",
            [
                (1, 10000, 10000, "PURCHASE", "Starting grant", None, "2026-01-01T00:00:00+00:00"),
                (2, -2, 9998, "CHARGE", "EXECUTE of 2 circuits", "completed", "2026-01-02T00:00:00+00:00"),
            ],
        )


def _insert_job(
    connection: sqlite3.Connection,
    number: int,
    job_id: str,
    job_type: str,
    status: str,
    turn: int | None,
    labels: list[str],
    shots: int | None,
    num_results: int,
    run_time_s: float | None,
    reason: str | None,
) -> None:
    owner = "other" if job_id == "foreign" else "me"
    state = '{"quantity": "statevector"}' if job_type == "STATE" else None
    connection.execute(
        "INSERT INTO jobs VALUES (?, ?, ?, 'old', ?, 'qoro_maestro', NULL, 0, ?, ?, NULL, ?, ?, ?)",
        (number, job_id, owner, job_type, status, turn, state, run_time_s, reason),
    )
    connection.executemany(
        "INSERT INTO circuits VALUES (?, ?, ?, ?, ?, NULL)",
        [(number, position, label, encode_text(_BELL), shots) for position, label in enumerate(labels)],
    )
    for position in range(num_results):
        failed = status == "FAILED" and position == 1
        outcome = {"error": "it broke"} if failed else {"results": {"00": 48, "11": 52}}
        item = json.dumps({"label": labels[position]} | outcome)
        connection.execute("INSERT INTO results VALUES (?, ?, ?, ?)", (number, position, item, failed))
