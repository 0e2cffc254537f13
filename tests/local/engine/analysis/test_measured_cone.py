"""Gates that no measurement depends on are left out, and the counts stay the same."""

import random

import pytest

from qiskit_qoro.local.engine.analysis.measured_cone import keep_measured
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'


def random_text(seed, width=6):
    rng = random.Random(seed)
    lines = []
    for _ in range(rng.randrange(2, 14)):
        name, spec = rng.choice(list(GATES.items()))
        angles = ",".join(repr(rng.uniform(-3, 3)) for _ in range(spec.num_params))
        qubits = ",".join(f"q[{index}]" for index in rng.sample(range(width), spec.num_qubits))
        lines.append(f"{name}{f'({angles})' if angles else ''} {qubits};")
    measured = rng.sample(range(width), rng.randrange(1, 4))
    lines += [f"measure q[{qubit}] -> c[{bit}];" for bit, qubit in enumerate(measured)]
    return f"{HEADER}qreg q[{width}]; creg c[4]; {''.join(lines)}"


def test_the_distribution_of_the_counts_stays_the_same(exact, cases):
    for seed in range(30 * cases):
        program = write_engine_program(parse_program(random_text(seed)))
        part = program.measured_part()
        assert len(part.qubits) <= len(program.qubits)
        assert set(part.qubits) <= set(program.qubits)
        expected = exact(parse_program(program.text))
        assert exact(parse_program(part.text)) == pytest.approx(expected, abs=1e-12)


def test_only_the_cone_is_kept_and_its_qubits_are_numbered_from_0():
    text = HEADER.replace("; ", ";\n") + (
        "\nqreg q[5];\ncreg c0[2];\nh q[0];\ncx q[0],q[4];\nu(0.5,0,1) q[3];\ncx q[2],q[1];\n"
        "measure q[4] -> c0[1];\nmeasure q[3] -> c0[0];\n"
    )
    kept, indices = keep_measured(text)
    assert indices == (0, 3, 4)
    assert kept.splitlines()[2:] == [
        "qreg q[3];",
        "creg c0[2];",
        "h q[0];",
        "cx q[0],q[2];",
        "u(0.5,0,1) q[1];",
        "measure q[2] -> c0[1];",
        "measure q[1] -> c0[0];",
    ]
