"""The execution configurations of jobs. Every function works within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3

from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.wire.configurations import config_from_json, config_to_json

__all__ = ["read_config", "write_config"]


def read_config(connection: sqlite3.Connection, number: int) -> AnyConfig | None:
    """Read a job's execution configuration; return ``None`` if none is set."""
    query = "SELECT configuration FROM configurations WHERE job = ?"
    row = connection.execute(query, (number,)).fetchone()
    return None if row is None else config_from_json(json.loads(row[0]))


def write_config(connection: sqlite3.Connection, number: int, config: AnyConfig) -> None:
    """Set or overwrite a job's execution configuration."""
    connection.execute(
        "INSERT OR REPLACE INTO configurations VALUES (?, ?)", (number, json.dumps(config_to_json(config)))
    )
