"""A worker runs simple tasks before it has imported Qiskit, and imports Qiskit for all others."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.workers.task_runs import are_simple
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, StateTask
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.qasm.gates import GATES

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = f"{HEADER}qreg q[2];creg c[2];h q[0];cx q[0],q[1];measure q -> c;"

# What a worker that has run simple tasks must not have imported: each of them takes as long as a small job.
LATE = ("qiskit", "requests", "urllib3", "starlette", "uvicorn", "rich", "sqlite3", "asyncio")

RUN = f"""
import json, sys
from qiskit_qoro.lazy_imports import import_alone
import_alone("qiskit.exceptions")
from qiskit_qoro.local.workers import worker_process
from qiskit_qoro.local.workers.task_runs import Estimators, are_simple, import_rest, run_batch
from qiskit_qoro.local.workers.tasks import CircuitTask
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.models.maestro import MaestroConfig

settings = EngineSettings(MaestroConfig(seed=7))
tasks = []
for text in json.load(sys.stdin):
    tasks.append(CircuitTask("counts", text, shots=50, settings=settings))
    tasks.append(CircuitTask("values", text, pauli_strings=("Z", "XY"), settings=settings))
    template = dict(qasm=text.replace("0.3", "a"), names=("a",))
    for value in (0.25, -2.0):
        tasks.append(CircuitTask("counts", shots=50, settings=settings, **template, values=(value,)))
        tasks.append(CircuitTask("values", pauli_strings=("Z", "XY"), **template, values=(value,)))

def outcome(reply):
    return reply.result.rows.tolist() if hasattr(reply.result, "rows") else reply.result or reply.reason

estimators = Estimators()
worker_process._warm_up(estimators)
simple = are_simple(tasks)
before = list(map(outcome, run_batch(tasks, estimators)))
late = sorted({LATE} & sys.modules.keys())
import_rest()
after = list(map(outcome, run_batch(tasks, Estimators())))
print(json.dumps([simple, late, before == after, before]))
"""


def random_program(rng: random.Random) -> str:
    """A program of gates of the table on 3 to 16 qubits."""
    num_qubits = rng.randint(3, 16)
    lines = [f"{HEADER}qreg q[{num_qubits}];creg c[{num_qubits}];"]
    for _ in range(rng.randint(1, 30)):
        name = rng.choice(list(GATES))
        gate = GATES[name]
        angles = ",".join(rng.choice(["0.3", "-pi/2", "2*pi", "1e-3"]) for _ in range(gate.num_params))
        qubits = ",".join(f"q[{index}]" for index in rng.sample(range(num_qubits), gate.num_qubits))
        lines.append(f"{name}({angles}) {qubits};" if angles else f"{name} {qubits};")
    return "\n".join([*lines, "barrier q;measure q -> c;"])


def test_simple_tasks_run_without_qiskit_and_give_the_same_results_as_with_it() -> None:
    rng = random.Random(20)
    texts = [BELL, *(random_program(rng) for _ in range(60))]
    output = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    simple, late, are_equal, results = json.loads(output.stdout)
    assert simple
    assert late == []
    assert are_equal
    assert all(isinstance(result, dict | list) for result in results)


def test_qiskit_can_be_imported_after_its_exceptions_alone() -> None:
    program = (
        "import sys\n"
        "from qiskit_qoro.lazy_imports import import_alone, import_package_of\n"
        "import_alone('qiskit.exceptions')\n"
        "from qiskit_qoro.errors import QoroError\n"
        "assert 'qiskit' not in sys.modules\n"
        "import_package_of('qiskit.exceptions')\n"
        "import qiskit\n"
        "from qiskit_qoro.errors import JobFailedError\n"
        "print(qiskit.exceptions.QiskitError is qiskit.QiskitError is QoroError.__mro__[1])\n"
        "print(issubclass(JobFailedError, QoroError), qiskit.QuantumCircuit(1).num_qubits)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["True", "True", "1"]


@pytest.mark.parametrize("name", ["json.decoder", "no_such_package.errors", "qiskit.circuit.gate"])
def test_a_module_that_cannot_be_imported_alone_is_left_to_the_import_statement(name: str) -> None:
    program = (
        "import sys, json\n"
        "from qiskit_qoro.lazy_imports import import_alone\n"
        "before = set(sys.modules)\n"
        f"import_alone({name!r})\n"
        f"print({name!r} in set(sys.modules) - before)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["False"]


WIDE = f"{HEADER}qreg q[17];creg c[17];h q;measure q -> c;"
DEFINED = f"{HEADER}qreg q[2];creg c[2];gate g a {{h a;}} g q[0];measure q -> c;"
CONDITION = f"{HEADER}qreg q[2];creg c[2];measure q -> c;if(c==1) x q[0];"


@pytest.mark.parametrize(
    "task",
    [
        CircuitTask("wide", WIDE, shots=1),
        CircuitTask("with a definition", DEFINED, shots=1),
        CircuitTask("with a condition", CONDITION, shots=1),
        CircuitTask("wrong", "qreg q[", shots=1),
        CircuitTask("expression", BELL.replace("h q", "rx(2*a) q"), shots=1, names=("a",), values=(0.1,)),
        CircuitTask(
            "gradient",
            BELL.replace("h q", "rx(a) q"),
            names=("a",),
            values=(0.1,),
            observables=(WeightedStrings(("ZZ",), (1.0,)),),
        ),
        CircuitTask(
            "method",
            BELL,
            shots=1,
            settings=EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Stabilizer)),
        ),
        CircuitTask(
            "noise",
            BELL,
            shots=1,
            settings=engine_settings(ExecutionConfig(noisy_device="local_quiet"), None),
        ),
        StateTask("state", (BELL,), StateRequest(StateQuantity.STATEVECTOR)),
        QuboTask("problem", "{}"),
    ],
    ids=lambda task: task.label,
)
def test_other_tasks_are_not_simple(task: CircuitTask | StateTask | QuboTask) -> None:
    assert not are_simple([task])


def test_a_task_is_not_simple_if_the_memory_limit_may_rule_out_a_state_vector() -> None:
    task = CircuitTask("bell", BELL, shots=1)
    assert are_simple([task], memory_limit_bytes=2**22)
    assert not are_simple([task], memory_limit_bytes=2**20)
