"""Rows of a template in columns give the same results as the tasks one by one."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.local.store.records import StoredCircuit, StoredJob, StoredTemplate, pack_values
from qiskit_qoro.local.workers.job_tasks import CircuitTasks
from qiskit_qoro.local.workers.pending_tasks import PendingTasks
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch
from qiskit_qoro.local.workers.tasks import CircuitTask, Reply
from qiskit_qoro.models.jobs import AnyConfig, JobStatus, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.text import encode_text

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
FIRST = HEADER + "rx(a) q[0];ry(b) q[1];cx q[0],q[2];measure q -> c;"
SECOND = HEADER + "ry(a) q[0];h q[1];rz(2*b) q[1];h q[1];measure q -> c;"
MIDDLE = HEADER + "rx(a) q[0];measure q[0] -> c[0];ry(b) q[0];measure q[0] -> c[1];"
UNDEFINED = HEADER + "rx(1/(a-0.25)) q[0];ry(b) q[1];measure q -> c;"
STRINGS = '[[["ZZI", "XIY"]], null, null]'
GRADIENT = '[[["ZZI", "XIY"], ["Z"]], null, [[0.5, 2.0], [1.0]]]'


def tasks_of(
    templates: Sequence[str],
    template_of: Sequence[int | None],
    config: AnyConfig | None = None,
    *,
    job_type: JobType = JobType.EXECUTE,
    observables: str | None = None,
    system: str | None = None,
    finished: frozenset[int] = frozenset(),
) -> CircuitTasks:
    """The tasks of a job. A circuit is a row of a template, or has a text of its own."""
    job = StoredJob(1, "j", job_type, None, system, JobStatus.RUNNING, True, observables, None, None, None)
    stored = {number: StoredTemplate(encode_text(text), ("a", "b")) for number, text in enumerate(templates)}
    circuits = [
        StoredCircuit(
            place,
            f"c{place}",
            encode_text(HEADER) if template is None else pack_values((0.25 * place, 1.5 - place)),
            None if observables else 20 + place,
            template,
        )
        for place, template in enumerate(template_of)
    ]
    return CircuitTasks(job, circuits, stored, config, finished)


def unlabelled(replies: Sequence[Reply]) -> list[Any]:
    """What replies say, with arrays as lists."""
    found: list[Any] = []
    for reply in replies:
        result = reply.result
        is_counts = isinstance(result, dict)
        found += [result] if is_counts or result is None else list(result)  # type: ignore[call-overload]
        found.append((reply.reason, reply.details))
    return found


def test_rows_of_one_template_are_handed_out_in_columns() -> None:
    tasks = tasks_of([FIRST, SECOND], [0] * 5 + [1] * 4)
    rows = tasks[1:5]
    assert isinstance(rows, TaskRows)
    assert len(rows) == 4
    assert [row.values for row in rows] == [task.values for task in (tasks[i] for i in range(1, 5))]
    assert np.array_equal(rows.values, [[0.25 * place, 1.5 - place] for place in range(1, 5)])
    assert [circuit.label for circuit in tasks.circuits_of(1, 4)] == ["c1", "c2", "c3", "c4"]


def test_rows_that_have_finished_are_left_out_and_the_others_keep_their_positions() -> None:
    whole = tasks_of([FIRST], [0] * 8, MaestroConfig(seed=7))
    tasks = tasks_of([FIRST], [0] * 8, MaestroConfig(seed=7), finished=frozenset({0, 1, 4}))
    remaining = [2, 3, 5, 6, 7]
    assert [circuit.position for circuit in tasks.circuits_of(0, 5)] == remaining
    assert list(tasks[:]) == [whole[position] for position in remaining]
    assert isinstance(tasks[2:], TaskRows)  # without a gap
    assert list(tasks[2:]) == [replace(whole[position], label="c5") for position in (5, 6, 7)]


@pytest.mark.parametrize(
    ("templates", "template_of", "part"),
    [
        ([FIRST, SECOND], [0] * 5 + [1] * 4, slice(3, 7)),
        ([FIRST], [0] * 5, slice(2, 3)),
        ([FIRST], [0] * 5, slice(0, 5, 2)),
        ([FIRST], [0, 0, None, 0], slice(0, 2)),
        ([FIRST, SECOND, FIRST], [0, 0, 1, 1, 2, 2], slice(0, 2)),
    ],
    ids=["two templates", "one row", "not consecutive", "other circuits", "a template that comes again"],
)
def test_other_tasks_are_handed_out_one_by_one(
    templates: Sequence[str], template_of: Sequence[int | None], part: slice
) -> None:
    tasks = tasks_of(templates, template_of)
    assert tasks[part] == [tasks[number] for number in range(len(template_of))[part]]


@pytest.mark.parametrize("text", [FIRST, SECOND, MIDDLE, UNDEFINED])
@pytest.mark.parametrize(
    "options",
    [
        {"observables": STRINGS},
        {"observables": GRADIENT, "job_type": JobType.GRADIENT},
        {"config": MaestroConfig(seed=7)},
        {"config": DeviceConfig({"SEED": 7}), "system": "local_qpu"},
    ],
    ids=["values", "gradients", "counts", "noise"],
)
def test_rows_in_columns_have_the_results_of_the_tasks_one_by_one(text: str, options: dict[str, Any]) -> None:
    tasks = tasks_of([text], [0] * 6, **options)
    rows = pickle.loads(pickle.dumps(tasks[1:6]))
    assert isinstance(rows, TaskRows)
    expected = [tasks[number] for number in range(1, 6)]
    assert unlabelled(list(run_batch(rows, Estimators()))) == unlabelled(
        list(run_batch(expected, Estimators()))
    )


def test_each_row_in_columns_has_its_shots() -> None:
    (reply,) = run_batch(tasks_of([FIRST], [0] * 6)[1:6], Estimators())
    counts: Any = reply.result
    assert [sum(of_row.values()) for of_row in counts] == [21, 22, 23, 24, 25]


def test_a_template_without_names_has_rows_without_values() -> None:
    first = CircuitTask("x", HEADER + "h q[0];", pauli_strings=("X",), values=())
    rows = TaskRows(first, 0, b"", (None, None))
    assert rows.values.shape == (2, 0)
    (reply,) = run_batch(rows, Estimators())
    assert unlabelled([reply])[:2] == [{"X": pytest.approx(1)}] * 2


def test_pending_rows_are_sent_in_columns_and_not_beyond_their_template() -> None:
    pending = PendingTasks(tasks_of([FIRST, SECOND], [0] * 30 + [1] * 30), workers=1, time_limit_s=300.0)
    sizes = []
    while pending:
        batch = pending.take_batch()
        sizes.append((batch.start, batch.end, isinstance(batch.tasks, TaskRows)))
        batch.sizing.record(len(batch.tasks), 1e-6, together=True)
    assert sizes == [(0, 1, False), (1, 30, True), (30, 31, True), (31, 60, True)]


@pytest.mark.parametrize(
    "part", [slice(1, 4), slice(3), slice(-2, None), slice(2, 2), slice(4, 1), slice(9, 12)]
)
def test_a_slice_of_rows_is_in_columns(part: slice) -> None:
    rows = tasks_of([FIRST], [0] * 7, MaestroConfig(seed=7))[1:6]
    found = rows[part]
    assert isinstance(found, TaskRows)
    assert list(found) == list(rows)[part]


def test_every_other_row_is_a_list() -> None:
    rows = tasks_of([FIRST], [0] * 7)[1:6]
    assert rows[::2] == list(rows)[::2]
    assert rows[::-1] == list(rows)[::-1]


def test_rows_that_are_divided_again_stay_in_columns() -> None:
    pending = PendingTasks(tasks_of([FIRST], [0] * 31)[1:], workers=2, time_limit_s=300.0)
    found: list[CircuitTask] = []
    while pending:
        batch = pending.take_batch()
        assert isinstance(batch.tasks, TaskRows)
        found += batch.tasks
        batch.sizing.record(len(batch.tasks), 1e-3, together=True)
    assert found == list(tasks_of([FIRST], [0] * 31)[1:])
