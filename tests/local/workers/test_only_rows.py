"""A template with a single row is read as a program the first time, and prepared from the second time on."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.template_cache import TemplateCache
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch, run_task
from qiskit_qoro.local.workers.tasks import CircuitTask, Reply, SweepValues
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
BODY = "rx(a) q[0];\ncx q[0],q[1];\nrz(2*b) q[1];\nry(a-b) q[2];\ncx q[1],q[2];\n"
MEASURED = BODY + "measure q -> c;\n"
NAMES = ("a", "b")


class Worker:
    """Runs the tasks of jobs one after the other, as a worker process does."""

    def __init__(self) -> None:
        self.estimators = Estimators()

    def run(self, *tasks: CircuitTask) -> list[Reply]:
        return list(run_batch(tasks, self.estimators))


def estimated(values: tuple[float, float], body: str = BODY) -> CircuitTask:
    strings = ("ZZI", "IXX", "YIZ")
    return CircuitTask(
        "row", HEADER + body, pauli_strings=strings, names=NAMES, values=values, is_only_row=True
    )


def sampled(values: tuple[float, float], seed: int | None) -> CircuitTask:
    settings = EngineSettings(MaestroConfig(seed=seed))
    text = HEADER + MEASURED
    return CircuitTask(
        "row", text, shots=100, settings=settings, names=NAMES, values=values, is_only_row=True
    )


def bound(task: CircuitTask) -> CircuitTask:
    """Return the task as a program without names."""
    text = resolve_template(task.qasm, task.names, task.values or ())
    return replace(task, qasm=text, names=(), values=None, is_only_row=False)


def test_values_of_single_rows_are_those_of_the_bound_programs() -> None:
    worker, rng = Worker(), random.Random(3)
    kinds = []
    for _ in range(5):
        task = estimated((rng.gauss(0, 1), rng.gauss(0, 1)))
        (reply,) = worker.run(task)
        expected = run_task(bound(task), TemplateCache())
        kinds.append(isinstance(reply.result, SweepValues))
        (values,) = reply.result if isinstance(reply.result, SweepValues) else [reply.result]
        assert values == pytest.approx(expected.result, abs=1e-12)
        details = reply.result.details if isinstance(reply.result, SweepValues) else reply.details
        assert details == expected.details
    assert kinds == [False, True, True, True, True]


def test_counts_of_single_rows_with_a_seed_are_those_of_the_bound_programs() -> None:
    worker, rng = Worker(), random.Random(4)
    for seed in range(5):
        task = sampled((rng.gauss(0, 1), rng.gauss(0, 1)), seed)
        (reply,) = worker.run(task)
        assert reply == run_task(bound(task), TemplateCache())


def test_a_row_that_cannot_run_has_the_same_reason_each_time() -> None:
    worker = Worker()
    reasons = [worker.run(estimated((0.0, 1.0), "rx(1/a) q[0];\n"))[0].reason for _ in range(3)]
    assert reasons[0] is not None
    assert len(set(reasons)) == 1


def test_rows_of_a_larger_job_are_prepared_at_once() -> None:
    rows = [
        replace(estimated((0.1, 0.2)), is_only_row=False),
        replace(estimated((0.3, 0.2)), is_only_row=False),
    ]
    (reply,) = Worker().run(*rows)
    assert reply.count == 2
