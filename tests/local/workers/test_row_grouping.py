"""Circuits that differ only in their angles become rows of a template, and its rows run together."""

from __future__ import annotations

import random

from qiskit_qoro.local.workers.row_grouping import group_rows, window_starts
from qiskit_qoro.local.workers.tasks import CircuitTask

HEADER = 'include "qelib1.inc";qreg q[2];creg c[2];'


def rotated(angle: float, *, label: str = "c", pauli_strings: tuple[str, ...] | None = None) -> CircuitTask:
    shots = 8 if pauli_strings is None else None
    return CircuitTask(label, f"{HEADER}rx({angle}) q[0];measure q->c;", shots, pauli_strings)


def other(name: str, angle: float = 0.5) -> CircuitTask:
    return CircuitTask(name, f"{HEADER}{name}({angle}) q[1];", 8)


def test_circuits_that_differ_in_angles_become_rows_with_their_text() -> None:
    tasks = [rotated(angle / 7, label=f"c{angle}") for angle in range(20)]
    grouped = group_rows(tasks)
    assert [index for index, _ in grouped] == list(range(20))
    for (_, row), task in zip(grouped, tasks, strict=True):
        assert row.text == task.qasm
        assert (row.label, row.shots, row.settings) == (task.label, task.shots, task.settings)
        assert row.qasm == HEADER + "rx(t0) q[0];measure q->c;"
        assert row.names == ("t0",)
    assert [row.values for _, row in grouped] == [(angle / 7,) for angle in range(20)]


def test_few_circuits_of_a_kind_stay_as_they_are() -> None:
    tasks = [rotated(0.5), other("ry"), rotated(0.25), other("rz")]
    assert group_rows(tasks) == list(enumerate(tasks))


def test_circuits_of_the_same_kind_are_put_together() -> None:
    rng = random.Random(3)
    tasks = [other(rng.choice(["rx", "ry"]), rng.random()) for _ in range(60)]
    tasks[7], tasks[31] = other("p"), CircuitTask("h", HEADER + "h q;", 8)
    grouped = group_rows(tasks)
    assert sorted(index for index, _ in grouped) == list(range(60))
    assert [index for index, _ in grouped[:2]] == [7, 31]
    assert all(task.text in (None, tasks[index].qasm) for index, task in grouped)
    kinds = [task.qasm for _, task in grouped[2:]]
    assert len(set(kinds)) == 2
    assert kinds == sorted(kinds, key=kinds.index)


def test_circuits_with_other_pauli_strings_are_other_rows() -> None:
    tasks = [rotated(angle / 9, pauli_strings=(("ZZ",), ("XX",))[angle % 2]) for angle in range(40)]
    grouped = group_rows(tasks)
    assert [index for index, _ in grouped] == [*range(0, 40, 2), *range(1, 40, 2)]


def test_rows_that_the_client_sent_stay_rows() -> None:
    rows = [
        CircuitTask(f"{place}", f"{HEADER}{('rx', 'ry')[place % 2]}(a) q[0];", 8, names=("a",), values=(0.5,))
        for place in range(4)
    ]
    assert group_rows(rows) == [(0, rows[0]), (2, rows[2]), (1, rows[1]), (3, rows[3])]


def test_the_first_window_is_short() -> None:
    assert window_starts([1] * 3000) == [0, 128, 1152, 2176]
    assert window_starts([]) == []


def test_a_window_of_large_circuits_has_few_of_them() -> None:
    assert window_starts([2**17] * 5) == [0, 2, 4]
    assert window_starts([2**30, 1, 2**30]) == [0, 1, 2]
