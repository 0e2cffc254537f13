"""Jobs, circuits, results, configurations and credits, in SQLite.

Circuits are kept compressed as they came; a result is kept as the JSON text that is sent. The database is in
memory unless a path is given; a file belongs to one service at a time and survives it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from qiskit_qoro.local.store.connection import time_of_day
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.schema import open_database

__all__ = ["Store", "open_store"]


def open_store(
    database: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = time_of_day,
    pending_time_s: float = 0.0,
) -> Store:
    """Open the store, creating what is missing.

    Jobs that were running when the last service on it ended are pending again, without results.

    Args:
        database: Path of the file, ``None`` for memory.
        clock: Seconds, from whenever.
        now: The time of day, for the statements of accounts.
        pending_time_s: Seconds that every job stays pending after it is finalized.

    Raises:
        QoroError: The file cannot be opened, is no database of this service, or is in use.
    """
    store = Store(open_database(database), clock=clock, now=now, pending_time_s=pending_time_s)
    store.requeue_running()
    return store


class Store(JobStore, JobQueue):
    """All that a service keeps. Every method may be called from any thread."""
