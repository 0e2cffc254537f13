"""A plain program is written like its circuit."""

import random

import pytest

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.plain_program import write_plain_program
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.simulator import sample
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.plain_program import read_plain_program

DECLARATIONS = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\nqreg r[2];\nqreg idle[2];\ncreg c[3];\ncreg d[2];\n'
)
ANGLES = ["0.3", "-1.25e-3", "pi/2", "-pi", "3*pi/4", "pi*0.3", "2*pi", "0", "-0", "1e17", "7"]
QUBITS = ["q[0]", "q[1]", "q[2]", "r[0]", "r[1]"]


def draw_program(seed):
    """Return a plain program with resets, mid-circuit measurements and operations on registers."""
    rng = random.Random(seed)
    lines = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < 0.15:
            lines.append(rng.choice(["measure q -> c;", "measure r[1] -> d[0];", "measure r -> d;"]))
        elif kind < 0.25:
            lines.append(f"reset {rng.choice([*QUBITS, 'q', 'idle'])};")
        elif kind < 0.3:
            lines.append("barrier q, r[0], idle;")
        elif kind < 0.4:
            lines.append(f"{rng.choice(['h', 'sx', 'id'])} {rng.choice(['q', 'r'])};")
        else:
            name, gate = rng.choice(list(GATES.items()))
            angles = ",".join(rng.choice(ANGLES) for _ in range(gate.num_params))
            call = f"{name}({angles})" if angles else name
            lines.append(f"{call} {', '.join(rng.sample(QUBITS, gate.num_qubits))};")
    return DECLARATIONS + "\n".join(lines)


@pytest.mark.parametrize("measure", [True, False])
def test_plain_programs_are_written_like_their_circuits(measure):
    for seed in range(150):
        text = draw_program(seed)
        plain = read_plain_program(text)
        assert plain is not None, f"seed {seed}"
        written = write_engine_program(parse_program(text), measure=measure)
        assert write_plain_program(plain, measure=measure) == written, f"seed {seed}"


def test_gates_outside_of_the_basis_are_left_to_the_other_writer():
    basis_gates = frozenset({"h", "cx"})
    plain = read_plain_program(DECLARATIONS + "h q; cx q[0],q[1]; barrier q; reset q; measure q -> c;")
    assert write_plain_program(plain, basis_gates=basis_gates) is not None
    assert write_plain_program(plain, basis_gates=frozenset({"h"})) is None


def test_a_plain_program_runs_with_a_noisy_device_that_lacks_its_gates():
    text = DECLARATIONS + "x q[0]; ccx q[0],q[1],q[2]; measure q -> c;"
    counts = sample(text, 200, engine_settings(DeviceConfig({"SEED": 1}), "local_qpu"))
    assert counts["00001"] > 100
