"""Pending tasks are handed out once each, in batches of one kind, and again after they are put back."""

from qiskit_qoro.local.workers.pending_tasks import PendingTasks
from qiskit_qoro.local.workers.tasks import CircuitTask


def rows(text, count):
    return [
        CircuitTask(f"{text}-{index}", text, pauli_strings=("Z",), names=("a",), values=(0.1 * index,))
        for index in range(count)
    ]


def circuits(count):
    return [CircuitTask(f"circuit-{index}", "text", shots=1) for index in range(count)]


def pending(tasks):
    return PendingTasks(tasks, workers=1, time_limit_s=300.0)


def take(tasks, *, seconds=0.001):
    """Take a batch, and record that each of its tasks took some time."""
    batch = tasks.take_batch()
    together = batch.tasks[0].sweep is not None
    batch.sizing.record(len(batch.tasks), seconds * len(batch.tasks), together=together)
    return batch.start, batch.end


def test_every_task_is_handed_out_once_and_in_order():
    tasks = pending(circuits(100))
    assert [take(tasks), take(tasks), take(tasks)] == [(0, 1), (1, 65), (65, 100)]
    assert not tasks


def test_a_batch_holds_tasks_of_one_sweep_only():
    tasks = pending(rows("fast", 30) + rows("slow", 50) + circuits(2))
    batches = []
    while tasks:
        batches.append(take(tasks))
    # Each kind starts with one task, because its speed is unknown.
    assert batches == [(0, 1), (1, 30), (30, 31), (31, 80), (80, 81), (81, 82)]


def test_a_new_sweep_is_not_sized_by_the_sweep_before():
    tasks = pending(rows("fast", 1000) + rows("slow", 1000))
    take(tasks, seconds=1e-6)
    assert take(tasks, seconds=1e-6) == (1, 1000)
    assert take(tasks, seconds=0.02) == (1000, 1001)
    assert take(tasks) == (1001, 1006)


def test_a_late_reply_of_another_sweep_does_not_change_the_sizing():
    tasks = pending(rows("fast", 1000) + rows("slow", 1000))
    take(tasks, seconds=1e-6)
    fast = tasks.take_batch()
    take(tasks, seconds=0.02)
    fast.sizing.record(len(fast.tasks), 0.001, together=True)
    assert take(tasks) == (1001, 1006)


def test_tasks_that_were_put_back_are_one_batch_again():
    tasks = pending(circuits(10))
    take(tasks)
    take(tasks)
    tasks.put_back(3, 7)
    tasks.put_back(9, 9)
    assert take(tasks) == (3, 7)
    assert not tasks


def test_tasks_that_were_put_back_singly_are_a_batch_each():
    tasks = pending(rows("text", 10))
    take(tasks)
    take(tasks)
    tasks.put_back_singly(4, 7)
    assert sorted([take(tasks), take(tasks), take(tasks)]) == [(4, 5), (5, 6), (6, 7)]
    assert not tasks
