"""A database in memory and its two interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(open_database()) as database:
        yield database


@pytest.fixture
def store(database: Database) -> JobStore:
    return JobStore(database)


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database)
