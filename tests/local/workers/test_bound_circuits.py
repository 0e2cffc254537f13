"""Circuits that differ only in their angles give the same results as each of them alone."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob
from qiskit_qoro.local.workers.job_tasks import CircuitTasks
from qiskit_qoro.local.workers.pool import WorkerPool
from qiskit_qoro.local.workers.tasks import CircuitTask
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.jobs import AnyConfig, JobStatus, JobType, ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.text import encode_text

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
CLIFFORD = ["0", "pi/2", "-pi/2", "pi", "3*pi/2"]
STRINGS = '[[["ZZI", "XIY", "IZ"]], null, null]'


@dataclass
class Outcomes:
    """What a run of the pool reports, by the label of each circuit."""

    results: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    details: dict[str, ResultDetails] = field(default_factory=dict)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2, memory_limit_bytes=2**28) as pool:
        yield pool


def tasks_of(
    texts: Sequence[str],
    config: AnyConfig | None,
    *,
    observables: str | None = None,
    system: str | None = None,
) -> CircuitTasks:
    job = StoredJob(
        1, "j", JobType.EXECUTE, None, system, JobStatus.RUNNING, True, observables, None, None, None
    )
    shots = None if observables else 40
    circuits = [
        StoredCircuit(place, f"c{place}", encode_text(text), shots) for place, text in enumerate(texts)
    ]
    return CircuitTasks(job, circuits, {}, config)


def run(pool: WorkerPool, tasks: CircuitTasks) -> Outcomes:
    outcomes = Outcomes()

    def note(notes: dict[str, Any], index: int, value: Any) -> None:
        (circuit,) = tasks.circuits_of(index)
        assert circuit.label not in notes
        notes[circuit.label] = value

    assert pool.run(
        tasks,
        stop=threading.Event(),
        on_result=lambda index, result: note(outcomes.results, index, result),
        on_failure=lambda index, reason: note(outcomes.reasons, index, reason),
        on_details=lambda index, details: note(outcomes.details, index, details),
    )
    return outcomes


def run_alone(texts: Sequence[str], config: AnyConfig | None, system: str | None = None) -> Outcomes:
    outcomes = Outcomes()
    for place, text in enumerate(texts):
        label = f"c{place}"
        settings = engine_settings(config, system).for_circuit(place)
        reported: list[ResultDetails] = []
        try:
            outcomes.results[label] = sample(
                text, 40, settings, memory_limit_bytes=2**28, report=reported.append
            )
        except QoroError as error:
            outcomes.reasons[label] = str(error)
        else:
            if reported:
                outcomes.details[label] = reported[-1]
    return outcomes


def draw_texts(rng: random.Random, num_qubits: int, count: int, *, angles: Sequence[str] = ()) -> list[str]:
    """Return circuits of three structures in any order. Half of them have only angles from ``angles``."""
    texts = []
    for _ in range(count):
        others = angles if rng.random() < 0.5 else ()

        def angle(others: Sequence[str] = others) -> str:
            return rng.choice(others) if others else repr(rng.uniform(-3, 3))

        first, second = rng.choice([("rx", "rz"), ("ry", "p"), ("ry", "crx")])
        lines = [f"{HEADER}qreg q[{num_qubits}];creg c[{num_qubits}];"]
        for qubit in range(num_qubits):
            neighbour = f"q[{(qubit + 1) % num_qubits}]"
            operands = f"q[{qubit}],{neighbour}" if second == "crx" else neighbour
            lines.append(
                f"{first}({angle()}) q[{qubit}];cx q[{qubit}],{neighbour};{second}({angle()}) {operands};"
            )
        texts.append("\n".join([*lines, "measure q -> c;"]))
    return texts


SEED = MaestroConfig(seed=11)
SAMPLED = {
    "a seed": (3, SEED, None, ()),
    "a seed and quarter turns": (3, SEED, None, CLIFFORD),
    "a stabilizer simulator that refuses some rows": (
        3,
        MaestroConfig(seed=5, simulation_type=SimulationMethod.Stabilizer),
        None,
        CLIFFORD,
    ),
    "a method that depends on the angles": (23, SEED, None, CLIFFORD),
    "a matrix product state": (4, MaestroConfig(seed=5, max_bond_dimension=4), None, ()),
    "the noise of a QPU": (3, DeviceConfig({"SEED": 3}), "local_qpu", CLIFFORD),
}


@pytest.mark.parametrize(("num_qubits", "config", "system", "angles"), SAMPLED.values(), ids=SAMPLED)
def test_counts_for_a_seed_methods_and_errors_are_those_of_each_circuit_alone(
    pool: WorkerPool, num_qubits: int, config: AnyConfig, system: str | None, angles: Sequence[str]
) -> None:
    texts = draw_texts(random.Random(num_qubits), num_qubits, 60, angles=angles)
    tasks = tasks_of(texts, config, system=system)
    assert any(task.text for task in tasks)
    outcomes = run(pool, tasks)
    assert outcomes == run_alone(texts, config, system)
    assert len({details.method for details in outcomes.details.values()}) == (2 if num_qubits > 16 else 1)


def test_expectation_values_are_those_of_each_circuit_alone(pool: WorkerPool) -> None:
    texts = draw_texts(random.Random(1), 3, 60, angles=CLIFFORD)
    texts[7] = texts[7].replace("measure", "reset q[0];x q[0];measure")
    texts[8] = HEADER + "qreg q[3]; rx(0.5) q[3];"
    outcomes = run(pool, tasks_of(texts, None, observables=STRINGS))
    assert sorted(outcomes.reasons) == ["c7", "c8"]
    assert "line 3" in outcomes.reasons["c8"]
    for place, text in enumerate(texts):
        if f"c{place}" in outcomes.results:
            expected = estimate(text, ["ZZI", "XIY", "IZ"], engine_settings(None, None))
            values = outcomes.results[f"c{place}"]
            assert list(values) == ["ZZI", "XIY", "IZ"]
            assert np.allclose(list(values.values()), expected, rtol=0, atol=1e-13)


def test_tasks_can_be_accessed_in_any_order() -> None:
    texts = draw_texts(random.Random(2), 3, 500)
    tasks = tasks_of(texts, SEED)
    in_order = tasks[:]
    again = tasks_of(texts, SEED)
    order = random.Random(3).sample(range(500), 500)
    shuffled: dict[int, CircuitTask] = {index: again[index] for index in order}
    assert [shuffled[index] for index in range(500)] == in_order
    assert sorted(circuit.position for circuit in again.circuits_of(0, 500)) == list(range(500))
    assert [circuit.label for circuit in again.circuits_of(0, 500)] == [task.label for task in in_order]
