"""Rows of a template that run together give the same values as each row singly and as Qiskit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from qiskit import qasm2
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.parameter_sweeps import MAX_QUBITS, SweepRunner
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch, run_task
from qiskit_qoro.local.workers.tasks import CircuitTask, Reply, SweepValues
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'
NAMES = ("a", "b")
STATE = "".join(f"u3({0.3 * k + 0.2},{0.5 * k - 1.1},{1.7 - k}) q[{k}];" for k in range(4)) + "cx q[1],q[2];"
PAULI_STRINGS = tuple("".join(letters) for letters in product("IXYZ", repeat=3))
ROWS = ((0.3, -1.2), (0.0, 2.5), (-np.pi / 2, 1e-9), (40.0, np.pi))


def sweep(text: str, rows: Sequence[Sequence[float]] = ROWS, **fields: object) -> list[CircuitTask]:
    return [
        CircuitTask(
            str(index),
            text,
            **{"pauli_strings": PAULI_STRINGS, "names": NAMES, "values": tuple(row), **fields},
        )
        for index, row in enumerate(rows)
    ]


def run(tasks: Sequence[CircuitTask]) -> list[Reply]:
    return list(run_batch(tasks, Estimators()))


def estimate(text: str, settings: EngineSettings | None = None, **options: object) -> object:
    template = Template(text, NAMES)
    return SweepRunner(TemplateCache()).estimate(
        template, ROWS, PAULI_STRINGS, settings or EngineSettings(), **options
    )


def gate_calls() -> list[str]:
    """A call of each gate, with the names of the template as angles."""
    known = get_standard_gate_name_mapping()
    sizes = {"u1": (1, 1), "u2": (1, 2), "u3": (1, 3), "cu1": (2, 1), "cu3": (2, 3), "id": (1, 0)}
    calls = []
    for name in sorted(GATES):
        width, angles = sizes.get(name) or (known[name].num_qubits, len(known[name].params))
        head = f"({','.join('abab'[:angles])})" if angles else ""
        calls.append(f"{name}{head} {','.join(['q[2]', 'q[0]', 'q[1]'][:width])};")
    return calls


@pytest.mark.parametrize("call", gate_calls())
def test_every_gate_has_the_values_that_qiskit_computes(call: str) -> None:
    text = f"{HEADER}{STATE}{call}rx(a) q[0];"
    (reply,) = run(sweep(text))
    assert isinstance(reply.result, SweepValues)
    for row, values in zip(ROWS, reply.result, strict=True):
        bound = resolve_template(text, NAMES, row)
        circuit = qasm2.loads(bound, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        state = Statevector(circuit)
        expected = {
            pauli_string: state.expectation_value(SparsePauliOp(pauli_string[::-1].rjust(4, "I")))
            for pauli_string in PAULI_STRINGS
        }
        assert values == pytest.approx(
            {pauli_string: value.real for pauli_string, value in expected.items()}, abs=1e-12
        )


@pytest.mark.parametrize(
    "body",
    [
        "rx(2*a) q[0];ry(-b) q[1];rz(a/2+pi) q[0];cx q[0],q[1];",
        "rx(a) q[3];cx q[3],q[1];ry(b) q[1];",
        "gate twice(t) x { rx(t) x; rz(0.1) x; rx(t) x; } twice(a) q[0];ry(b) q[2];",
        "h q[0];rx(a) q[0];measure q -> c;",
        "h q[0];",
        "",
    ],
    ids=["expressions", "idle qubits", "gate definition", "final measurements", "no parameter", "no gates"],
)
def test_rows_that_run_together_have_the_values_of_each_row_run_singly(body: str) -> None:
    tasks = sweep(HEADER + body)
    cache = TemplateCache()
    singly = [run_task(task, cache).result for task in tasks]
    (reply,) = run(tasks)
    assert isinstance(reply.result, SweepValues)
    for values, expected in zip(reply.result, singly, strict=True):
        assert list(values) == list(PAULI_STRINGS)
        assert values == pytest.approx(expected, abs=1e-12)


def test_a_repeated_pauli_string_is_evaluated_once() -> None:
    (reply,) = run(sweep(HEADER + "rx(a) q[0];", pauli_strings=("ZZ", "XI", "ZZ")))
    assert isinstance(reply.result, SweepValues)
    assert reply.result.pauli_strings == ("ZZ", "XI")
    assert reply.result.rows.shape == (len(ROWS), 2)


def test_only_consecutive_tasks_of_one_sweep_run_together() -> None:
    text = HEADER + "rx(a) q[0];"
    tasks = [
        *sweep(text),
        *sweep(text, pauli_strings=("Z",)),
        CircuitTask("bound", HEADER, pauli_strings=("Z",)),
    ]
    tasks += [CircuitTask("counts", f"{HEADER}measure q -> c;", shots=3), *sweep(text)]
    replies = run(tasks)
    assert [reply.count for reply in replies] == [4, 4, 1, 1, 4]
    assert replies[2].result == {"Z": 1.0}
    assert replies[3].result == {"0000": 3}


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "rx(a) q[0];reset q[0];",
        HEADER + "x q[0];measure q[0] -> c[0];if (c == 1) rx(a) q[1];",
        HEADER + "rx(a) q[0]; nonsense q[0];",
        HEADER.replace("q[4]", f"q[{MAX_QUBITS + 1}]") + "rx(a) q;",
        HEADER + "rx(1/a) q[0];",
    ],
    ids=["a reset", "a condition", "an invalid program", "too wide", "a row without a value"],
)
def test_rows_that_cannot_run_together_run_singly(text: str) -> None:
    assert estimate(text) is None
    replies = run(sweep(text))
    assert [reply.count for reply in replies] == [1] * len(ROWS)
    assert replies == [run_task(task, TemplateCache()) for task in sweep(text)]


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (EngineSettings(MaestroConfig(simulation_type=SimulationMethod.MatrixProductState)), {}),
        (EngineSettings(MaestroConfig(simulator_type=Simulator.QiskitAer)), {}),
        (engine_settings(ExecutionConfig(noisy_device="local_loud"), None), {}),
        (engine_settings(None, "local_qpu"), {}),
        (EngineSettings(), {"memory_limit_bytes": 20}),
    ],
)
def test_only_a_state_vector_without_noise_runs_rows_together(
    settings: EngineSettings, options: dict[str, object]
) -> None:
    text = HEADER + "rx(a) q[0];ry(b) q[1];"
    assert estimate(text) is not None
    assert estimate(text, settings, **options) is None


def test_an_invalid_pauli_string_is_an_error_of_each_row() -> None:
    replies = run(sweep(HEADER + "rx(a) q[0];", pauli_strings=("Q",)))
    assert len(replies) == len(ROWS)
    assert all("'Q' is not a Pauli string" in (reply.reason or "") for reply in replies)


def test_more_templates_than_the_cache_keeps_are_not_mixed_up() -> None:
    cache = TemplateCache()
    sweeps = SweepRunner(cache)
    rng = random.Random(3)
    for _ in range(2):
        for factor in range(12):
            angle = rng.gauss(0, 1)
            template = Template(f"{HEADER}rx({factor}.5) q[0];rx(a) q[0];", NAMES)
            found = sweeps.estimate(template, [(angle, 0.0)], ["Z"], EngineSettings())
            assert found is not None
            assert found[0] == pytest.approx(np.cos(factor + 0.5 + angle), abs=1e-12)
