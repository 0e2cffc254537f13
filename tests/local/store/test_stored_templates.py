"""Templates in the database, and databases from before there were any."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.store.records import StoredCircuit, StoredTemplate, pack_values
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")

FIRST_VERSION = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
    tag TEXT NOT NULL, job_type TEXT NOT NULL, simulator_cluster TEXT, qpu_system TEXT,
    use_packing INTEGER NOT NULL, status TEXT NOT NULL, turn INTEGER, observables TEXT, run_time_s REAL,
    reason TEXT
);
CREATE INDEX queue ON jobs (status, turn);
CREATE TABLE circuits (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, position INTEGER NOT NULL, label TEXT NOT NULL,
    blob TEXT NOT NULL, shots INTEGER, PRIMARY KEY (job, position), UNIQUE (job, label)
) WITHOUT ROWID;
CREATE TABLE results (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, position INTEGER NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE configurations (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, configuration TEXT NOT NULL
);
INSERT INTO jobs VALUES
    (1, 'done', 'me', 't', 'EXECUTE', 'qoro_maestro', NULL, 0, 'COMPLETED', 1, NULL, 0.5, NULL),
    (2, 'waiting', 'me', 't', 'EXECUTE', 'qoro_maestro', NULL, 0, 'PENDING', 2, NULL, NULL, NULL);
INSERT INTO circuits VALUES (1, 0, 'a', 'text', 10), (2, 0, 'b', 'other text', 20);
INSERT INTO results VALUES (1, 0, '{"label":"a","results":{}}');
PRAGMA user_version = 1;
"""


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store()) as store:
        yield store


def add(
    store: Store, job_id: str, blob: str, *labels: str, names: tuple[str, ...] = ("t",), last: bool = False
) -> None:
    entry = TemplateEntry("text", names, [(label, [0.5] * len(names)) for label in labels])
    store.append_template("me", job_id, TemplateBatch(entry, last, shots=7), blob)


def test_a_text_that_is_sent_again_is_kept_once(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    number = store.job("me", job_id).number
    add(store, job_id, "one", "a", "b")
    add(store, job_id, "one", "c")
    store.append("me", job_id, CircuitBatch({"d": "text"}, finalized=False, shots=3), {"d": "bound"})
    add(store, job_id, "one", "e", names=("t", "u"))
    add(store, job_id, "two", "f", last=True)
    assert store.templates(number) == {
        0: StoredTemplate("one", ("t",)),
        1: StoredTemplate("one", ("t", "u")),
        2: StoredTemplate("two", ("t",)),
    }
    assert store.circuits(number) == [
        StoredCircuit(0, "a", pack_values([0.5]), 7, 0),
        StoredCircuit(1, "b", pack_values([0.5]), 7, 0),
        StoredCircuit(2, "c", pack_values([0.5]), 7, 0),
        StoredCircuit(3, "d", "bound", 3, None),
        StoredCircuit(4, "e", pack_values([0.5, 0.5]), 7, 1),
        StoredCircuit(5, "f", pack_values([0.5]), 7, 2),
    ]
    assert store.job("me", job_id).is_finalized


@pytest.mark.parametrize("content", [pack_values([0.1, -2e-300]), "[0.1, -2e-300]"])
def test_values_are_exact_and_those_of_an_older_database_are_read_too(content: str | bytes) -> None:
    assert StoredCircuit(0, "a", content, 7, 0).values == (0.1, -2e-300)


def test_a_label_that_is_there_already_leaves_nothing_behind(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    number = store.job("me", job_id).number
    add(store, job_id, "one", "a")
    with pytest.raises(WireError, match=r"'a'.*already"):
        add(store, job_id, "two", "b", "a", last=True)
    assert list(store.templates(number)) == [0]
    assert len(store.circuits(number)) == 1
    assert not store.job("me", job_id).is_finalized


def test_a_deleted_job_takes_its_templates_with_it(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(open_store(path)) as store:
        job_id = store.create_job("me", EXECUTE)
        add(store, job_id, "one", "a", last=True)
        store.delete("me", job_id)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM templates").fetchone() == (0,)


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(FIRST_VERSION)
    for _ in range(2):
        with closing(open_store(path)) as store:
            assert store.outcomes("me", "done", 10, 0) == (1, ['{"label":"a","results":{}}'], [])
            assert store.job("me", "waiting").status is JobStatus.PENDING
            assert store.circuits(2) == [StoredCircuit(0, "b", "other text", 20, None)]
            assert store.templates(2) == {}
            job_id = store.create_job("me", EXECUTE)
            add(store, job_id, "one", "a", last=True)
            assert len(store.templates(store.job("me", job_id).number)) == 1
