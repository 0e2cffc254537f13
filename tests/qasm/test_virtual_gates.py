"""Merging virtual gates: the circuit keeps its effect, and only real gates are left if possible."""

from __future__ import annotations

import random

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import RXGate, RYGate, U2Gate, U3Gate, UGate
from qiskit.quantum_info import Operator

from qiskit_qoro import QoroInputError, merge_virtual_gates
from qiskit_qoro.qasm.read.parser import parse_program


def random_circuit(seed: int, two_qubit: str) -> QuantumCircuit:
    """A circuit of three qubits in the gates of a device, with many rotations about Z."""
    rng = random.Random(seed)
    circuit = QuantumCircuit(3)
    for _ in range(30):
        first, second = rng.sample(range(3), 2)
        angles = [rng.uniform(-3, 3) for _ in range(3)]
        name = rng.choice(["rz", "p", "s", "tdg", "z", "sx", "x", "h", "id", "u", two_qubit, two_qubit])
        if name in ("rz", "p"):
            getattr(circuit, name)(angles[0], first)
        elif name == "u":
            gates = (
                UGate(*angles),
                U3Gate(*angles),
                U2Gate(*angles[:2]),
                RXGate(angles[0]),
                RYGate(angles[1]),
            )
            circuit.append(rng.choice(gates), [first])
        elif name in ("rzz", "crx"):
            getattr(circuit, name)(angles[0], first, second)
        elif name == two_qubit:
            getattr(circuit, name)(first, second)
        else:
            getattr(circuit, name)(first)
    return circuit


@pytest.mark.parametrize("two_qubit", ["cx", "cz", "ecr", "swap", "rzz", "crx", "cy"])
def test_a_merged_circuit_has_the_same_effect(two_qubit: str) -> None:
    for seed in range(5):
        circuit = random_circuit(seed, two_qubit)
        merged = merge_virtual_gates(circuit)
        assert Operator(merged).equiv(Operator(circuit)), (two_qubit, seed)


def test_no_virtual_gate_is_left_between_diagonal_gates() -> None:
    for seed in range(5):
        circuit = random_circuit(seed, "cz")
        device_circuit = transpile(circuit, basis_gates=["rz", "sx", "x", "cz"], optimization_level=1)
        assert device_circuit.count_ops()["rz"] > 5
        merged = merge_virtual_gates(device_circuit)
        merged.measure_all()
        counts = merge_virtual_gates(merged).count_ops()
        assert "rz" not in counts
        # Each real gate is still one gate.
        real = device_circuit.count_ops()
        assert sum(counts.get(name, 0) for name in ("u", "sx", "x")) == real["sx"] + real.get("x", 0)
        assert counts["cz"] == real["cz"]


def test_a_rotation_is_kept_between_gates_that_it_does_not_commute_with() -> None:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit.rz(0.3, 1)
    circuit.cx(0, 1)
    assert merge_virtual_gates(circuit) == circuit


def test_gates_without_rotations_beside_them_are_kept() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.rx(Parameter("a"), 1)
    circuit.cx(0, 1)
    circuit.delay(100, 0)
    circuit.barrier()
    circuit.measure([0, 1], [1, 0])
    assert merge_virtual_gates(circuit) == circuit


def test_a_rotation_before_a_measurement_or_a_reset_has_no_effect() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.rz(0.3, 0)
    circuit.measure(0, 0)
    circuit.rz(0.4, 1)
    circuit.reset(1)
    expected = QuantumCircuit(2, 1)
    expected.measure(0, 0)
    expected.reset(1)
    assert merge_virtual_gates(circuit) == expected


def test_rotations_pass_barriers_and_delays_but_not_control_flow() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.sx(0)
    circuit.delay(100, 0)
    circuit.barrier()
    circuit.rz(0.3, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
    circuit.rz(0.4, 0)
    merged = merge_virtual_gates(circuit)
    assert [item.operation.name for item in merged.data] == ["u", "delay", "barrier", "if_else", "rz"]


def test_rotations_pass_the_delays_of_a_parsed_program() -> None:
    text = """OPENQASM 2.0;
include "qelib1.inc";
gate qoro_delay(seconds) q { }
qreg q[1];
sx q[0];
qoro_delay(1e-06) q[0];
rz(0.3) q[0];
"""
    merged = merge_virtual_gates(parse_program(text))
    assert [item.operation.name for item in merged.data] == ["u", "qoro_delay"]


def test_parameters_are_kept() -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rz(a, 0)
    circuit.rz(2 * b, 0)
    circuit.sx(0)
    circuit.p(a + b, 0)
    circuit.cz(0, 1)
    circuit.rx(b, 1)
    circuit.rz(a, 1)
    circuit.append(UGate(a, b, a), [0])
    circuit.cp(a, 0, 1)
    circuit.z(0)
    merged = merge_virtual_gates(circuit)
    assert "rz" not in merged.count_ops()
    assert set(merged.parameters) == {a, b}
    values = {a: 0.4, b: -1.3}
    assert Operator(merged.assign_parameters(values)).equiv(Operator(circuit.assign_parameters(values)))


def test_a_parameterized_gate_that_is_no_rotation_is_kept() -> None:
    circuit = QuantumCircuit(1)
    circuit.r(Parameter("a"), 0.3, 0)
    circuit.rz(0.3, 0)
    assert merge_virtual_gates(circuit) == circuit


def test_the_identity_becomes_a_rotation_by_zero_because_only_that_has_noise() -> None:
    circuit = QuantumCircuit(1)
    circuit.id(0)
    [item] = merge_virtual_gates(circuit).data
    assert (item.operation.name, item.operation.params) == ("u", [0, 0, 0])


def test_an_ecr_gate_ends_with_its_two_qubit_gate() -> None:
    circuit = QuantumCircuit(2)
    circuit.ecr(1, 0)
    merged = merge_virtual_gates(circuit)
    assert [item.operation.name for item in merged.data] == ["u", "u", "cx"]
    assert np.allclose(np.abs(Operator(merged).data), np.abs(Operator(circuit).data))


def test_the_circuit_is_not_changed() -> None:
    circuit = random_circuit(3, "ecr")
    before = circuit.copy()
    merge_virtual_gates(circuit)
    assert circuit == before


def test_a_list_of_circuits_is_refused() -> None:
    with pytest.raises(QoroInputError, match="circuit is list, expected one QuantumCircuit"):
        merge_virtual_gates([QuantumCircuit(1)])  # type: ignore[arg-type]
