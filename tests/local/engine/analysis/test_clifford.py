"""Clifford programs are recognised by their matrices, however a transpiler writes them."""

import math
import random
from itertools import product

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, transpile
from qiskit.quantum_info import Operator, Statevector, random_clifford

from qiskit_qoro.local.engine.analysis.clifford import TOLERANCE, find_clifford_form
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import sample
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'


def engine_text(text, **options):
    whole = text if text.startswith("OPENQASM") else HEADER + text
    return write_engine_program(parse_program(whole), **options).text


def form_of(text, **options):
    return find_clifford_form(engine_text(text, **options))


def random_circuit(seed, num_qubits=4, num_gates=40):
    rng = random.Random(seed)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(num_gates):
        name = rng.choice(sorted(CLIFFORD_GATES))
        count = GATES[name].num_qubits
        getattr(circuit, name)(*rng.sample(range(num_qubits), count))
    return circuit


def assert_clifford_and_equal(text):
    form = find_clifford_form(text)
    assert form.obstacle is None
    rewritten = parse_program(form.text)
    assert set(rewritten.count_ops()) <= CLIFFORD_GATES
    assert Operator(rewritten).equiv(Operator(parse_program(text)))


@pytest.mark.parametrize("level", range(4))
def test_a_transpiled_clifford_circuit_is_recognised_and_keeps_its_unitary(level, cases):
    for seed in range(4 * cases):
        circuit = transpile(
            random_circuit(seed), basis_gates=sorted(GATES), optimization_level=level, seed_transpiler=seed
        )
        assert_clifford_and_equal(engine_text(qasm2.dumps(circuit)))


def test_a_random_clifford_operator_in_two_qubit_gates_is_recognised(cases):
    for seed in range(5 * cases):
        circuit = random_clifford(3, seed=seed).to_circuit().decompose()
        written = transpile(circuit, basis_gates=["u3", "crx"], optimization_level=3, seed_transpiler=seed)
        assert_clifford_and_equal(engine_text(qasm2.dumps(written)))


@pytest.mark.parametrize("name", [name for name, spec in GATES.items() if spec.num_params])
def test_a_gate_is_recognised_if_and_only_if_its_matrix_maps_pauli_operators_to_pauli_operators(name, cases):
    spec = GATES[name]
    angles = [k * math.pi / 4 for k in range(-2, 9)]
    every = list(product(angles, repeat=spec.num_params))
    # Half turns alone often give Clifford gates, so some of them are always tried.
    half_turns = list(product([0.0, math.pi], repeat=spec.num_params))
    tried = half_turns + random.Random(1).sample(every, min(len(every), 40 * cases))
    for params in tried:
        gate = spec.constructor(*params)
        operands = ",".join(f"q[{index}]" for index in range(spec.num_qubits))
        text = engine_text(f"qreg q[2]; {name}({','.join(map(repr, params))}) {operands};")
        if is_clifford(gate.to_matrix(), spec.num_qubits):
            assert_clifford_and_equal(text)
        else:
            assert find_clifford_form(text).text is None


def is_clifford(matrix, num_qubits):
    paulis = [Operator.from_label("".join(label)).data for label in product("IXYZ", repeat=num_qubits)]
    for pauli in paulis:
        image = matrix @ pauli @ matrix.conj().T
        if not any(abs(abs(np.trace(image @ other)) / 2**num_qubits - 1) < 1e-9 for other in paulis):
            return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "t q[0]; t q[0];",
        "rz(0.3) q[0]; rx(pi/2) q[1]; rz(pi/2-0.3) q[0];",
        "u3(0.1,0.2,0.3) q[0]; u3(-0.1,-0.3,-0.2) q[0]; h q[0];",
        "rz(0.3) q[0]; cx q[0],q[1]; rz(-0.3) q[0];",
        "rz(0.3) q[1]; cx q[1],q[2]; crz(0.8) q[0],q[1]; crz(pi-0.8) q[0],q[1]; cz q[2],q[1]; rz(-0.3) q[1];",
        "cp(pi/2) q[0],q[1]; cp(pi/2) q[1],q[0];",
        "ry(0.4) q[1]; cy q[0],q[1]; cz q[2],q[0]; ry(-0.4) q[1]; cx q[1],q[2];",
        "ch q[0],q[1]; cx q[0],q[1]; ch q[0],q[1];",
        "swap q[0],q[1]; t q[0]; swap q[0],q[1]; t q[1];",
    ],
)
def test_products_of_gates_are_recognised(text):
    assert_clifford_and_equal(engine_text(f"qreg q[3]; h q[0]; h q[1]; h q[2]; {text}"))


@pytest.mark.parametrize(
    ("text", "obstacle"),
    [
        ("t q[0];", "t"),
        ("h q[0]; rz(0.25) q[0]; t q[1];", "rz(0.25)"),
        ("rz(1e17) q[0];", "rz(1e+17)"),
        ("cp(pi/2) q[0],q[1]; cx q[1],q[2];", "cp(1.5707963267948966)"),
        ("ccx q[0],q[1],q[2];", "ccx"),
        ("ch q[0],q[1];", "ch"),
    ],
)
def test_the_gate_that_is_not_a_clifford_gate_is_reported(text, obstacle):
    form = form_of(f"qreg q[3]; {text}")
    assert (form.text, form.obstacle) == (None, obstacle)


@pytest.mark.parametrize(("deviation", "expected"), [(0.5 * TOLERANCE, None), (4 * TOLERANCE, "u1")])
def test_a_matrix_may_deviate_by_the_tolerance(deviation, expected):
    text = f"qreg q[2]; u3(0,0,{math.pi / 2 + deviation!r}) q[0]; cp({math.pi + deviation!r}) q[0],q[1];"
    obstacle = form_of(text).obstacle
    assert obstacle is None if expected is None else obstacle.startswith("u3")


def test_diagonal_gates_before_a_measurement_do_not_matter(cases):
    for seed in range(3 * cases):
        rng = random.Random(seed)
        circuit = random_circuit(seed, 3, 20)
        for qubit in range(3):
            circuit.rz(rng.uniform(0, 6), qubit)
        measured = circuit.copy()
        measured.measure_all()
        text = engine_text(qasm2.dumps(measured))
        form = find_clifford_form(text)
        assert form.obstacle is None
        found = parse_program(form.text)
        found.remove_final_measurements()
        expected = Statevector(circuit).probabilities()
        assert np.allclose(Statevector(found).probabilities(), expected, atol=1e-12)
        # Without the measurements the gates matter.
        assert find_clifford_form(engine_text(qasm2.dumps(circuit))).obstacle is not None


def test_gates_after_the_last_measurement_and_before_a_reset_do_not_matter():
    text = "qreg q[2]; creg c[2]; t q[0]; reset q[0]; h q[0]; cx q[0],q[1]; measure q[0] -> c[0]; {} q[1];"
    assert form_of(text.format("ry(0.4)")).obstacle is None
    assert form_of(text.format("ry(0.4)") + "measure q[1] -> c[1];").obstacle == "ry(0.4)"


def test_conditional_gates_keep_their_conditions():
    text = "qreg q[2]; creg c[1]; h q[0]; measure q[0] -> c[0]; if (c == 1) {} q[1]; measure q[1] -> c[0];"
    lines = form_of(text.format("u3(pi,0,pi)")).text.splitlines()
    assert [line for line in lines if line.startswith("if")] == ["if (c0 == 1) x q[1];"]
    assert form_of(text.format("t")).obstacle == "t"


# Each line is a Clifford gate in other words, or a pair of gates that is one together.
DISGUISED = (
    "u2(0,pi) q[{0}];",
    "u3(pi/2,pi/2,pi) q[{0}];",
    "t q[{0}]; t q[{0}];",
    "rz(0.3) q[{0}]; cx q[{0}],q[{1}]; rz(-0.3) q[{0}];",
    "ry(0.4) q[{1}]; cy q[{0}],q[{1}]; ry(-0.4) q[{1}];",
    "cp(pi) q[{0}],q[{1}];",
    "cp(pi/2) q[{0}],q[{1}]; cp(pi/2) q[{0}],q[{1}];",
    "crx(pi) q[{0}],q[{1}];",
    "cu(pi,0,pi,pi/2) q[{0}],q[{1}];",
    "rx(0.7) q[{0}]; crx(pi) q[{1}],q[{0}]; rx(0.8707963267948966) q[{0}];",
    "measure q[{0}] -> c[{1}];",
    "reset q[{0}];",
    "if (c == 1) u2(0,pi) q[{0}];",
    "if (c == 2) crz(pi) q[{0}],q[{1}];",
    "if (c == 3) measure q[{0}] -> c[{1}];",
)


def test_samples_of_dynamic_clifford_programs_are_right(exact, assert_sampled_from, cases):
    settings = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Stabilizer, seed=5))
    for seed in range(12 * cases):
        rng = random.Random(seed)
        lines = [rng.choice(DISGUISED).format(*rng.sample(range(3), 2)) for _ in range(12)]
        ending = [f"{rng.choice(['u1(0.3)', 'h', 'x'])} q[{index}];" for index in range(3)]
        text = f"{HEADER}qreg q[3]; creg c[3]; {''.join(lines + ending)} measure q -> c;"
        counts = sample(text, 2000, settings)
        assert_sampled_from(counts, exact(parse_program(text)))
