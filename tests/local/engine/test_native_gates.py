"""Circuits in the native gates of the simulated QPUs do the same as the original ones."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator, Statevector

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import CX_GATES, NATIVE_GATES
from qiskit_qoro.local.engine.native_gates import to_native_gates
from qiskit_qoro.qasm import GATES, parse_program, write_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'
# Pulses, which the engine gives errors, and "u" for a pulse with phases.
NATIVE = {"sx", "x", "u"}
BASES = pytest.mark.parametrize("basis_gates", [NATIVE_GATES, CX_GATES], ids=["cz", "cx"])


def names(items: Iterable[CircuitInstruction]) -> list[str]:
    return [item.name for item in items]


@BASES
@pytest.mark.parametrize("name", sorted(GATES))
def test_each_gate_of_the_engine_becomes_native_gates(name: str, basis_gates: frozenset[str]) -> None:
    spec = GATES[name]
    circuit = QuantumCircuit(spec.num_qubits)
    # The pulses before the gate make every phase visible.
    circuit.sx(range(spec.num_qubits))
    circuit.append(
        spec.constructor(*[0.3 + index for index in range(spec.num_params)]), range(spec.num_qubits)
    )
    native = to_native_gates(circuit, basis_gates)
    # A phase at the end may remain on the target of "cx".
    assert set(names(native.data)) <= NATIVE | basis_gates
    assert Statevector(native).equiv(Statevector(circuit))


@BASES
def test_random_circuits_keep_their_state(
    request: pytest.FixtureRequest, basis_gates: frozenset[str]
) -> None:
    for seed in range(4 * int(request.config.getoption("--cases"))):
        circuit = parse_program(write_program(random_circuit(4, 6, seed=seed, max_operands=3)).text)
        native = to_native_gates(circuit, basis_gates)
        assert set(names(native.data)) <= NATIVE | basis_gates, seed
        assert Statevector(native).equiv(Statevector(circuit)), seed


def test_phases_become_a_part_of_the_pulse_before_them() -> None:
    circuit = parse_program(HEADER + "qreg q[2]; rz(0.1) q[0]; sx q[0]; rz(0.2) q[0]; cz q[0],q[1]; t q[0];")
    native = to_native_gates(circuit)
    assert names(native.data) == ["u", "cz"]
    expected = QuantumCircuit(1)
    expected.rz(0.1, 0)
    expected.sx(0)
    expected.rz(0.2 + math.pi / 4, 0)
    assert Operator(native.data[0].operation).equiv(Operator(expected))


def test_a_phase_before_a_reset_or_a_measurement_is_dropped() -> None:
    text = "qreg q[1]; creg c[1]; x q[0]; measure q -> c; z q[0]; reset q[0]; s q[0]; measure q -> c;"
    assert names(to_native_gates(parse_program(HEADER + text)).data) == ["x", "measure", "reset", "measure"]


def test_a_phase_after_a_conditional_gate_moves_to_the_next_pulse() -> None:
    text = "qreg q[1]; creg c[1]; x q[0]; if (c == 0) h q[0]; s q[0]; x q[0]; s q[0];"
    native = to_native_gates(parse_program(HEADER + text))
    assert names(native.data) == ["x", "if_else", "u"]
    (block,) = native.data[1].operation.blocks
    assert names(block.data) == ["rz", "sx", "rz"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The control commutes with phases, the target does not.
        ("sx q[0]; cx q[0],q[1]; t q[0];", ["u", "cx"]),
        ("sx q[1]; cx q[0],q[1]; t q[1]; sx q[1];", ["sx", "cx", "u"]),
        ("sx q[1]; cx q[0],q[1]; t q[1]; cx q[0],q[1]; s q[1];", ["sx", "cx", "rz", "cx", "rz"]),
        ("cx q[0],q[1]; t q[1]; reset q[1];", ["cx", "reset"]),
    ],
)
def test_a_phase_between_two_targets_of_cx_remains(text: str, expected: list[str]) -> None:
    circuit = parse_program(HEADER + "qreg q[2];" + text)
    native = to_native_gates(circuit, CX_GATES)
    assert names(native.data) == expected
    if "reset" not in text:
        assert Statevector(native).equiv(Statevector(circuit))


def test_a_gate_of_the_program_is_replaced_by_its_definition() -> None:
    text = "gate h2 a,b { h a; barrier a,b; x b; } qreg q[2]; h2 q[1],q[0];"
    circuit = parse_program(HEADER + text)
    native = to_native_gates(circuit)
    assert set(names(native.data)) <= NATIVE | {"cz"}
    assert Statevector(native).equiv(Statevector(circuit))


def test_an_infinite_angle_is_refused() -> None:
    circuit = QuantumCircuit(1)
    circuit.ry(math.inf, 0)
    with pytest.raises(QoroInputError, match=r"gate 'ry' has the angles .inf., expected finite numbers"):
        to_native_gates(circuit)
