"""The text for the engine has the same meaning as the program, for every gate and every kind of operation."""

import random

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'


def rewritten(text, **options):
    return write_engine_program(parse_program(HEADER + text), **options)


def random_gates(seed, count, width=4):
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        name, gate = rng.choice(list(GATES.items()))
        angles = ",".join(
            rng.choice(["pi/2", "-pi", "3*pi/2", repr(rng.uniform(-7, 7))]) for _ in range(gate.num_params)
        )
        qubits = ",".join(f"q[{index}]" for index in rng.sample(range(width), gate.num_qubits))
        lines.append(f"{name}{f'({angles})' if angles else ''} {qubits};")
    return f"qreg q[{width}];" + "".join(f"id q[{index}];" for index in range(width)) + "".join(lines)


@pytest.mark.parametrize(
    "basis_gates", [None, frozenset({name for name, g in GATES.items() if g.num_qubits == 1} | {"cx", "cz"})]
)
@pytest.mark.parametrize("seed", range(12))
def test_the_rewritten_text_has_the_same_unitary(seed, basis_gates):
    text = random_gates(seed, 15)
    program = rewritten(text, basis_gates=basis_gates)
    assert Operator(parse_program(program.text)).equiv(Operator(parse_program(HEADER + text)))


def test_only_basis_gates_are_used():
    program = rewritten(
        "qreg q[3]; ccx q[0],q[1],q[2]; swap q[0],q[2]; cu(1,2,3,4) q[0],q[1];",
        basis_gates=frozenset({"h", "t", "tdg", "p", "u", "u1", "cx"}),
    )
    names = set(parse_program(program.text).count_ops())
    assert names <= {"h", "t", "tdg", "p", "u", "u1", "cx"}


def test_gate_definitions_are_expanded_even_under_the_name_of_a_known_gate():
    text = (
        "OPENQASM 2.0; gate h a { U(pi,0,pi) a; } gate twice(t) a,b { U(t/2,0,0) a; h b; CX a,b; }"
        "qreg q[2]; twice(0.6) q[1],q[0];"
    )
    expected = QuantumCircuit(2)
    expected.ry(0.3, 1)
    expected.x(0)
    expected.cx(1, 0)
    program = write_engine_program(parse_program(text))
    assert "gate" not in program.text
    assert Operator(parse_program(program.text)).equiv(Operator(expected))


def test_only_busy_qubits_are_written_and_they_keep_their_order():
    program = rewritten("qreg q[100]; creg c[1]; reset q; barrier q; cx q[97],q[3]; measure q[97] -> c[0];")
    assert program.qubits == (3, 97)
    assert "qreg q[2];" in program.text
    assert "cx q[1],q[0];" in program.text


def test_quarter_turns_are_written_without_angles():
    program = rewritten("qreg q[1]; rz(pi/2) q[0]; rz(-3*pi) q[0]; p(pi) q[0]; rx(pi/2) q[0]; rz(1e17) q[0];")
    assert [line.split()[0] for line in program.text.splitlines()[3:]] == ["s", "z", "z", "sx", "rz(1e+17)"]


@pytest.mark.parametrize(
    ("text", "randomness"),
    [
        ("h q[0]; measure q -> c;", None),
        ("measure q -> c; h q[0]; measure q -> c;", None),
        ("h q[0]; measure q[0] -> c[0]; h q[1]; measure q -> c;", None),
        ("reset q; h q[0];", None),
        ("measure q[0] -> c[0]; reset q[0]; h q[0];", None),
        ("h q[0]; measure q[0] -> c[0]; x q[0];", "a mid-circuit measurement"),
        ("h q[0]; reset q[0];", "a reset"),
        ("h q[0]; measure q[0] -> c[0]; if (c == 1) x q[1];", "a condition"),
    ],
)
def test_a_state_that_depends_on_chance_is_detected(text, randomness):
    assert rewritten("qreg q[2]; creg c[2];" + text).randomness == randomness


def test_an_operation_that_never_runs_is_dropped():
    assert "if" not in rewritten("qreg q[1]; creg c[2]; if (c == 4) x q[0]; if (c == 5) reset q[0];").text


@pytest.mark.parametrize("width", [31, 32, 64, 65, 301])
def test_a_register_of_any_width_is_compared_directly_up_to_the_largest_constant(width):
    program = rewritten(f"qreg q[1]; creg c[{width}]; if (c == {2**31 - 1}) x q[0];")
    assert f"if (c0 == {2**31 - 1}) x q[0];" in program.text
    assert (program.num_qubits, program.num_clbits, program.qubits) == (1, width, (0,))


def test_a_larger_constant_divides_the_register_and_adds_a_qubit():
    program = rewritten(f"qreg q[1]; creg c[32]; if (c == {2**31}) x q[0];")
    assert "creg c0[31];" in program.text
    # The user's program has neither the further qubit nor the scratch bits.
    assert (program.num_qubits, program.num_clbits, program.qubits) == (1, 32, (0, 1))
