"""The circuits of a job, some at a time, with their status, program and result."""

from __future__ import annotations

import json

import pytest

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_contents import (
    find_circuit,
    list_circuits,
    read_first_result,
    read_labels,
)
from qiskit_qoro.local.store.job_listing import find_listed_job
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry
from qiskit_qoro.wire.text import encode_text

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
NUM_CIRCUITS = 10


def submitted(store: JobStore, *, finalized: bool = True) -> str:
    """Submit circuits with the labels "0" to "9"."""
    job_id = store.create_job("me", EXECUTE)
    circuits = {f"{index}": encode_text(f"program {index}") for index in range(NUM_CIRCUITS)}
    store.append_circuits("me", job_id, CircuitBatch(circuits, finalized, shots=10), circuits)
    return job_id


def begin(queue: JobQueue, completed: list[int], failed: list[int]) -> int:
    """Begin to run a job, and store results and failures of circuits. Return its number."""
    job = queue.claim()
    assert job is not None
    outcomes = [(position, f'{{"result": {position}}}', False) for position in completed]
    queue.add_outcomes(job.number, outcomes + [(position, '{"error": "why"}', True) for position in failed])
    return job.number


def positions(
    database: Database, job_id: str, status: str = "", limit: int = 100, offset: int = 0
) -> list[int]:
    job = find_listed_job(database, "me", job_id)
    circuits, _ = list_circuits(database, job, status=status, limit=limit, offset=offset, longest_item=100)
    assert {circuit.status for circuit in circuits} <= ({status} if status else set(JobStatus))
    return [circuit.position for circuit in circuits]


def counts(database: Database, job_id: str) -> dict[str, int]:
    job = find_listed_job(database, "me", job_id)
    _, by_status = list_circuits(database, job, status="", limit=0, offset=0, longest_item=100)
    return dict(by_status)


def test_circuits_are_listed_in_order_and_page_by_page(database: Database, store: JobStore) -> None:
    job_id = submitted(store)
    job = find_listed_job(database, "me", job_id)
    circuits, by_status = list_circuits(database, job, status="", limit=3, offset=8, longest_item=100)
    assert [(circuit.position, circuit.label, circuit.shots, circuit.status) for circuit in circuits] == [
        (8, "8", 10, "PENDING"),
        (9, "9", 10, "PENDING"),
    ]
    assert by_status == {"PENDING": NUM_CIRCUITS}
    assert positions(database, job_id, offset=NUM_CIRCUITS) == []


def test_circuits_of_a_running_job_are_selected_and_counted_by_status(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    begin(queue, completed=[0, 1, 2, 5, 8], failed=[3, 7])
    assert counts(database, job_id) == {"COMPLETED": 5, "FAILED": 2, "RUNNING": 3}
    assert positions(database, job_id) == list(range(NUM_CIRCUITS))
    assert positions(database, job_id, "COMPLETED") == [0, 1, 2, 5, 8]
    assert positions(database, job_id, "COMPLETED", limit=2, offset=3) == [5, 8]
    assert positions(database, job_id, "FAILED") == [3, 7]
    assert positions(database, job_id, "FAILED", limit=1, offset=1) == [7]
    assert positions(database, job_id, "RUNNING") == [4, 6, 9]
    assert positions(database, job_id, "RUNNING", limit=1, offset=1) == [6]
    assert positions(database, job_id, "PENDING") == []
    assert positions(database, job_id, "no such status") == []


def test_circuits_that_were_not_run_are_cancelled_when_the_job_has_ended(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    begin(queue, completed=[0, 1], failed=[2])
    store.cancel("me", job_id)
    assert counts(database, job_id) == {"COMPLETED": 2, "FAILED": 1, "CANCELLED": 7}
    assert positions(database, job_id, "CANCELLED", limit=3, offset=5) == [8, 9]


def test_all_circuits_of_a_completed_job_are_completed(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    number = begin(queue, completed=list(range(NUM_CIRCUITS)), failed=[])
    queue.finish(number, JobStatus.COMPLETED, run_time_s=1.0)
    assert counts(database, job_id) == {"COMPLETED": NUM_CIRCUITS}
    assert positions(database, job_id, "COMPLETED", limit=2, offset=7) == [7, 8]


def test_circuits_that_all_failed_are_listed(database: Database, store: JobStore, queue: JobQueue) -> None:
    job_id = submitted(store)
    number = begin(queue, completed=[], failed=list(range(NUM_CIRCUITS)))
    queue.finish(number, JobStatus.FAILED, run_time_s=1.0, reason="all")
    assert counts(database, job_id) == {"FAILED": NUM_CIRCUITS}
    assert positions(database, job_id, "FAILED", offset=8) == [8, 9]
    assert read_first_result(database, find_listed_job(database, "me", job_id)) is None


def test_a_job_without_circuits_has_none(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", EXECUTE)
    assert positions(database, job_id) == []
    assert counts(database, job_id) == {}
    assert find_circuit(database, find_listed_job(database, "me", job_id), 0) is None


def test_circuits_are_listed_while_more_arrive(database: Database, store: JobStore) -> None:
    job_id = submitted(store, finalized=False)
    assert counts(database, job_id) == {"PENDING": NUM_CIRCUITS}


@pytest.mark.parametrize(("longest", "is_left_out"), [(13, False), (12, True)])
def test_a_long_result_is_left_out_of_a_list(
    database: Database, store: JobStore, queue: JobQueue, longest: int, is_left_out: bool
) -> None:
    job_id = submitted(store)
    begin(queue, completed=[1], failed=[])
    job = find_listed_job(database, "me", job_id)
    circuits, _ = list_circuits(database, job, status="", limit=2, offset=0, longest_item=longest)
    assert [(circuit.item, circuit.is_left_out) for circuit in circuits] == [
        (None, False),
        (None if is_left_out else '{"result": 1}', is_left_out),
    ]


def test_a_circuit_has_its_program_and_its_result(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    begin(queue, completed=[4], failed=[5])
    job = find_listed_job(database, "me", job_id)
    found = [find_circuit(database, job, position) for position in (4, 5, 6)]
    assert [circuit and circuit.program for circuit in found] == ["program 4", "program 5", "program 6"]
    assert [circuit and circuit.listed.item for circuit in found] == [
        '{"result": 4}',
        '{"error": "why"}',
        None,
    ]
    assert [circuit and circuit.listed.status for circuit in found] == ["COMPLETED", "FAILED", "RUNNING"]
    assert find_circuit(database, job, NUM_CIRCUITS) is None
    assert find_circuit(database, job, -1) is None


def test_a_row_of_a_template_has_the_template_and_named_values(database: Database, store: JobStore) -> None:
    job_id = store.create_job("me", EXECUTE)
    for names, labels in ((("b", "a"), "xy"), (("c",), "z")):
        rows = [(label, [index + 0.25] * len(names)) for index, label in enumerate(labels)]
        entry = TemplateEntry("text", names, rows)
        batch = TemplateBatch(entry, finalized=labels == "z", shots=7)
        store.append_template("me", job_id, batch, encode_text(f"template of {names[0]}"))
    job = find_listed_job(database, "me", job_id)
    second, third = find_circuit(database, job, 1), find_circuit(database, job, 2)
    assert second is not None
    assert third is not None
    assert (second.listed.label, second.program) == ("y", "template of b")
    assert list(second.parameters.items()) == [("b", 1.25), ("a", 1.25)]
    assert (third.program, dict(third.parameters)) == ("template of c", {"c": 0.25})


def test_the_labels_of_all_circuits_are_read(database: Database, store: JobStore) -> None:
    job = find_listed_job(database, "me", submitted(store))
    assert sorted(read_labels(database, job)) == [f"{index}" for index in range(NUM_CIRCUITS)]


def test_the_first_result_is_that_of_the_first_circuit_that_has_one(
    database: Database, store: JobStore, queue: JobQueue
) -> None:
    job_id = submitted(store)
    job = find_listed_job(database, "me", job_id)
    assert read_first_result(database, job) is None
    begin(queue, completed=[3, 2], failed=[0, 1])
    assert json.loads(read_first_result(database, job) or "") == {"result": 2}
