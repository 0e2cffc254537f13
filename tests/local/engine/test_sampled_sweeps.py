"""Rows of a template that are sampled together have the counts that each row has singly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.parameter_sweeps import MAX_SAMPLED_QUBITS, SweepRunner
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch, run_task
from qiskit_qoro.local.workers.tasks import CircuitTask, Reply, SweepCounts
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'
NAMES = ("a", "b")
ROWS = ((0.3, -1.2), (0.0, 2.5), (-np.pi / 2, 1e-9), (40.0, np.pi))
ONE = HEADER + "rx(a) q[0];ry(b) q[1];measure q -> c;"
SEEDED = EngineSettings(MaestroConfig(seed=5))
SHOTS = 20_000

Exact = Callable[[QuantumCircuit], dict[str, float]]
Check = Callable[[dict[str, int], dict[str, float]], None]


def tasks_of(text: str, **fields: object) -> list[CircuitTask]:
    settings = fields.pop("settings", EngineSettings())
    assert isinstance(settings, EngineSettings)
    return [
        CircuitTask(
            str(index),
            text,
            **{"shots": 100 + index, "names": NAMES, "values": row, **fields},
            settings=settings.for_circuit(index),
        )
        for index, row in enumerate(ROWS)
    ]


def run(tasks: Sequence[CircuitTask]) -> list[Reply]:
    return list(run_batch(tasks, Estimators()))


@pytest.mark.parametrize(
    "body",
    [
        "rx(a) q[0];rz(b) q[0];cx q[0],q[2];ry(-b/2+pi) q[2];measure q -> c;",
        "h q[3];rx(a) q[0];cry(b) q[3],q[1];measure q[1] -> c[3];measure q[3] -> c[0];",
        "gate g(x) p,q { rx(x) p; cx p,q; } g(a) q[0],q[1];g(b) q[1],q[2];measure q -> c;",
        "rx(a) q[0];measure q[0] -> c[0];rx(b) q[1];measure q[1] -> c[0];",
        "u3(a,b,a) q[2];measure q[2] -> c[1];measure q[2] -> c[2];",
        "h q;measure q -> c;",
    ],
    ids=["expressions", "some qubits", "gate definition", "a bit twice", "a qubit twice", "no parameter"],
)
def test_rows_have_the_distribution_of_qiskit(body: str, exact: Exact, assert_sampled_from: Check) -> None:
    template, rng = Template(HEADER + body, NAMES), np.random.default_rng(1)
    shots = [SHOTS] * len(ROWS)
    sampled = SweepRunner(TemplateCache()).sample(template, ROWS, shots, EngineSettings(), rng=rng)
    assert sampled is not None
    measurements, counts, details = sampled
    assert details == run_task(tasks_of(HEADER + body)[0], TemplateCache()).details
    for row, of_row in zip(ROWS, counts, strict=True):
        circuit = parse_program(resolve_template(template.text, NAMES, row))
        assert_sampled_from(measurements.as_dict(of_row), exact(circuit))


def test_a_batch_of_rows_is_answered_together_and_each_row_has_its_shots() -> None:
    (reply,) = run(tasks_of(ONE))
    assert isinstance(reply.result, SweepCounts)
    assert reply.count == len(ROWS)
    assert [sum(counts.values()) for counts in reply.result] == [100, 101, 102, 103]
    assert all(len(bitstring) == 4 for counts in reply.result for bitstring in counts)


def test_only_consecutive_rows_of_one_template_run_together() -> None:
    tasks = [*tasks_of(ONE), *tasks_of(ONE.replace("rx", "rz")), *tasks_of(ONE, settings=SEEDED)]
    tasks += tasks_of(ONE, shots=None, pauli_strings=("Z",))
    assert [reply.count for reply in run(tasks)] == [4, 4, 1, 1, 1, 1, 4]


def test_rows_with_a_seed_have_the_counts_of_each_row_with_its_seed() -> None:
    replies = run(tasks_of(ONE, settings=SEEDED))
    singly = [run_task(task, TemplateCache()) for task in tasks_of(ONE, settings=SEEDED)]
    assert [reply.result for reply in replies] == [reply.result for reply in singly]
    sweeps = SweepRunner(TemplateCache())
    assert sweeps.sample(Template(ONE, NAMES), ROWS, [10] * 4, SEEDED) is None


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "rx(a) q[0];measure q[0] -> c[0];rx(b) q[0];measure q[0] -> c[1];",
        HEADER + "rx(a) q[0];reset q[0];measure q -> c;",
        HEADER + "x q[0];measure q[0] -> c[0];if (c == 1) rx(a) q[1];measure q -> c;",
        HEADER + "rx(a) q[0];",
        HEADER + "rx(a) q[0]; nonsense q[0];",
        HEADER + "rx(1/a) q[0];measure q -> c;",
        HEADER.replace("c[4]", "c[64]") + "rx(a) q[0];measure q[0] -> c[63];",
        HEADER.replace("[4]", f"[{MAX_SAMPLED_QUBITS + 1}]") + "rx(a) q;measure q -> c;",
    ],
    ids=[
        "mid-circuit measurement",
        "a reset",
        "a condition",
        "no measurement",
        "an invalid program",
        "a row without a value",
        "too many bits",
        "too wide",
    ],
)
def test_rows_that_cannot_run_together_run_singly(text: str) -> None:
    sweeps = SweepRunner(TemplateCache())
    assert sweeps.sample(Template(text, NAMES), ROWS, [10] * 4, EngineSettings()) is None
    replies = run(tasks_of(text))
    singly = [run_task(task, TemplateCache()) for task in tasks_of(text)]
    assert [(reply.count, reply.reason) for reply in replies] == [(1, reply.reason) for reply in singly]


def test_a_template_of_the_maximum_width_is_sampled_together() -> None:
    text = HEADER.replace("[4]", f"[{MAX_SAMPLED_QUBITS}]") + "rx(a) q;measure q -> c;"
    assert [reply.count for reply in run(tasks_of(text))] == [len(ROWS)]


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (EngineSettings(MaestroConfig(simulation_type=SimulationMethod.MatrixProductState)), {}),
        (EngineSettings(MaestroConfig(simulator_type=Simulator.QiskitAer)), {}),
        (EngineSettings(MaestroConfig(gate_fusion=True)), {}),
        (engine_settings(ExecutionConfig(noisy_device="local_loud"), None), {}),
        (engine_settings(None, "local_qpu"), {}),
        (EngineSettings(), {"memory_limit_bytes": 20}),
    ],
)
def test_only_a_state_vector_without_noise_and_options_samples_rows_together(
    settings: EngineSettings, options: dict[str, int]
) -> None:
    sweeps, template = SweepRunner(TemplateCache()), Template(ONE, NAMES)
    assert sweeps.sample(template, ROWS, [10] * 4, EngineSettings()) is not None
    assert sweeps.sample(template, ROWS, [10] * 4, settings, **options) is None


def test_an_invalid_number_of_shots_is_an_error_of_its_row() -> None:
    tasks = [*tasks_of(ONE)[:2], *tasks_of(ONE, shots=0)[:1]]
    replies = run(tasks)
    assert [reply.reason is None for reply in replies] == [True, True, False]
    assert "shots is 0" in (replies[2].reason or "")
