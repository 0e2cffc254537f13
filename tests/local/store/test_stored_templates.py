"""Templates in the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredCircuit, StoredTemplate, pack_values
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobType
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")


def append(
    store: JobStore,
    job_id: str,
    blob: str,
    *labels: str,
    names: tuple[str, ...] = ("t",),
    finalized: bool = False,
) -> None:
    entry = TemplateEntry("text", names, [(label, [0.5] * len(names)) for label in labels])
    store.append_template("me", job_id, TemplateBatch(entry, finalized, shots=7), blob)


def test_a_template_that_is_sent_again_is_stored_once(store: JobStore, queue: JobQueue) -> None:
    job_id = store.create_job("me", EXECUTE)
    number = store.job("me", job_id).number
    append(store, job_id, "one", "a", "b")
    append(store, job_id, "one", "c")
    store.append_circuits("me", job_id, CircuitBatch({"d": "text"}, finalized=False, shots=3), {"d": "bound"})
    append(store, job_id, "one", "e", names=("t", "u"))
    append(store, job_id, "two", "f", finalized=True)
    assert queue.templates(number) == {
        0: StoredTemplate("one", ("t",)),
        1: StoredTemplate("one", ("t", "u")),
        2: StoredTemplate("two", ("t",)),
    }
    assert queue.circuits(number) == [
        StoredCircuit(0, "a", pack_values([0.5]), 7, 0),
        StoredCircuit(1, "b", pack_values([0.5]), 7, 0),
        StoredCircuit(2, "c", pack_values([0.5]), 7, 0),
        StoredCircuit(3, "d", "bound", 3, None),
        StoredCircuit(4, "e", pack_values([0.5, 0.5]), 7, 1),
        StoredCircuit(5, "f", pack_values([0.5]), 7, 2),
    ]
    assert store.job("me", job_id).is_finalized


def test_stored_values_are_exact() -> None:
    assert StoredCircuit(0, "a", pack_values([0.1, -2e-300]), 7, 0).values == (0.1, -2e-300)


def test_a_label_that_the_job_already_has_refuses_the_whole_template(
    store: JobStore, queue: JobQueue
) -> None:
    job_id = store.create_job("me", EXECUTE)
    number = store.job("me", job_id).number
    append(store, job_id, "one", "a")
    with pytest.raises(WireError, match=r"'a'.*already"):
        append(store, job_id, "two", "b", "a", finalized=True)
    assert list(queue.templates(number)) == [0]
    assert len(queue.circuits(number)) == 1
    assert not store.job("me", job_id).is_finalized


def test_deleting_a_job_deletes_its_templates(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(open_database(path)) as opened:
        store = JobStore(opened)
        job_id = store.create_job("me", EXECUTE)
        append(store, job_id, "one", "a", finalized=True)
        store.delete("me", job_id)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM templates").fetchone() == (0,)
