"""Written programs, compared with their circuits in Qiskit and in the engine.

Each test runs with a few seeds, and with more if ``--cases`` is given.
"""

from __future__ import annotations

from collections.abc import Callable

import maestro
import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    InverseModifier,
)
from qiskit.circuit.library import (
    CXGate,
    DiagonalGate,
    GlobalPhaseGate,
    HGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    QFTGate,
    RXGate,
    RXXGate,
    RZGate,
    SGate,
    U3Gate,
    XGate,
)
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, random_clifford, random_unitary

from qiskit_qoro.backends.target import build_simulator_target
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.qasm import GATES, parse_program, write_program

TARGET = build_simulator_target(SimulatorCluster("qoro_maestro"))
WIDTH = 4

Builder = Callable[[QuantumCircuit, np.random.Generator], None]


def pick(rng: np.random.Generator, count: int) -> list[int]:
    return [int(index) for index in rng.permutation(WIDTH)[:count]]


def add_table_gates(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    for name in rng.permutation(list(GATES)):
        spec = GATES[name]
        circuit.append(spec.constructor(*rng.uniform(-7, 7, spec.num_params)), pick(rng, spec.num_qubits))


def add_random_gates(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    circuit.compose(random_circuit(WIDTH, 6, max_operands=4, seed=int(rng.integers(2**31))), inplace=True)


def add_control_states(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    angle = float(rng.uniform(-3, 3))
    circuit.append(CXGate(ctrl_state=0), pick(rng, 2))
    circuit.append(HGate().control(2, ctrl_state=1, annotated=False), pick(rng, 3))
    circuit.append(RZGate(angle).control(1, ctrl_state=0, annotated=False), pick(rng, 2))
    circuit.append(XGate().control(3, ctrl_state=5, annotated=False), pick(rng, 4))
    circuit.append(U3Gate(angle, 1, 2).control(2, ctrl_state=2, annotated=False), pick(rng, 3))


def add_unitaries(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    for count in (1, 2, 3):
        circuit.unitary(random_unitary(2**count, seed=rng), pick(rng, count))
    circuit.append(DiagonalGate(np.exp(1j * rng.uniform(0, 6, 4))), pick(rng, 2))
    circuit.append(PauliGate("XYZ"), pick(rng, 3))


def add_algorithms(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    circuit.append(QFTGate(3), pick(rng, 3))
    circuit.append(PermutationGate(pick(rng, WIDTH)), range(WIDTH))
    evolution = PauliEvolutionGate(SparsePauliOp(["XXI", "IZZ", "YIY"]), float(rng.uniform()))
    circuit.append(evolution.definition.to_gate(), pick(rng, 3))
    circuit.mcp(0.3, [0, 1, 2], 3)
    circuit.append(random_clifford(3, seed=rng), pick(rng, 3))
    modifiers = [ControlModifier(1, ctrl_state=0), InverseModifier()]
    circuit.append(AnnotatedOperation(SGate(), modifiers), pick(rng, 2))


def add_nested_gates(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    """Append gates with names of the table and with phases that matter only if the gate is controlled."""
    inner = QuantumCircuit(2, name="h", global_phase=0.7)
    inner.ecr(1, 0)
    inner.rzz(float(rng.uniform()), 0, 1)
    outer = QuantumCircuit(3, name="my gate!", global_phase=-0.2)
    outer.append(inner.to_gate(), [2, 0])
    outer.iswap(1, 2)
    outer.append(GlobalPhaseGate(0.4))
    circuit.append(outer.to_gate(), pick(rng, 3))
    circuit.append(inner.to_gate().control(1), pick(rng, 3))
    circuit.append(outer.to_gate().inverse(), pick(rng, 3))
    circuit.global_phase = 1.1


def add_mutable_gates(circuit: QuantumCircuit, rng: np.random.Generator) -> None:
    circuit.append(XGate(label="labelled"), pick(rng, 1))
    circuit.append(RXGate(0.4).to_mutable(), pick(rng, 1))
    circuit.append(CXGate().to_mutable(), pick(rng, 2))
    circuit.append(RXXGate(np.float64(0.25)), pick(rng, 2))
    circuit.append(RXGate(np.float32(0.25)), pick(rng, 1))


BUILDERS: dict[str, Builder] = {
    builder.__name__: builder
    for builder in (
        add_table_gates,
        add_random_gates,
        add_control_states,
        add_unitaries,
        add_algorithms,
        add_nested_gates,
        add_mutable_gates,
    )
}


def build(name: str, seed: int) -> QuantumCircuit:
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(WIDTH)
    circuit.h(range(WIDTH))
    BUILDERS[name](circuit, rng)
    return circuit


def forms(circuit: QuantumCircuit, seed: int) -> list[QuantumCircuit]:
    """Return the circuit itself and transpiled at each level."""
    return [circuit] + [
        transpile(circuit, target=TARGET, optimization_level=level, seed_transpiler=seed)
        for level in range(4)
    ]


def check_engine(text: str, state: Statevector) -> None:
    pauli_strings = ["XIII", "IZII", "IIYI", "ZIXZ", "YYII", "XZYX", "ZZZZ"]
    found = maestro.simple_estimate(text, ";".join(pauli_strings))["expectation_values"]
    expected = [state.expectation_value(SparsePauliOp(string[::-1])).real for string in pauli_strings]
    assert np.allclose(found, expected, atol=1e-9, rtol=0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(9 if metafunc.config.getoption("--cases") > 1 else 3))


@pytest.mark.parametrize("name", BUILDERS)
def test_the_text_means_the_same_to_qiskit_and_to_the_engine(name: str, seed: int) -> None:
    for circuit in forms(build(name, seed), seed):
        text = write_program(circuit).text
        assert Operator(parse_program(text)).equiv(Operator(circuit)), f"{name}, seed {seed}"
        check_engine(text, Statevector(circuit))


def test_an_initialised_state_is_the_given_state(seed: int) -> None:
    rng = np.random.default_rng(seed)
    amplitudes = rng.normal(size=8) + 1j * rng.normal(size=8)
    amplitudes /= np.linalg.norm(amplitudes)
    circuit = QuantumCircuit(WIDTH)
    circuit.initialize(amplitudes, [2, 0, 3])
    for form in forms(circuit, seed):
        text = write_program(form).text
        assert Statevector(parse_program(text)).equiv(Statevector(circuit)), seed
        without_resets = "\n".join(line for line in text.splitlines() if not line.startswith("reset"))
        check_engine(without_resets, Statevector(circuit))
