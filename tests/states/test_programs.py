"""Programs of circuits whose states are computed: final measurements, the global phase, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import QFTGate, UnitaryGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector, random_unitary

from qiskit_qoro import QoroInputError
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.states.programs import write_state_program

STANDARD_GATES = {
    name: gate
    for name, gate in get_standard_gate_name_mapping().items()
    if isinstance(gate, Gate) and gate.num_qubits
}


def bell():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def phased():
    """A circuit whose global phase has several sources."""
    circuit = QuantumCircuit(3, global_phase=1.0)
    circuit.append(UnitaryGate(random_unitary(4, seed=1)), [2, 0])
    circuit.append(QFTGate(3), [1, 0, 2])
    circuit.ecr(0, 1)
    circuit.append(bell_with_phase().to_gate().control(1), [0, 1, 2])
    return circuit


def bell_with_phase():
    circuit = QuantumCircuit(2, global_phase=0.5)
    circuit.rx(0.3, 0)
    circuit.rzz(0.2, 0, 1)
    return circuit


@pytest.mark.parametrize("circuit", [phased(), QuantumCircuit(1, global_phase=-2.0), bell()])
def test_the_text_has_the_global_phase_of_the_circuit(circuit):
    program = write_state_program(circuit, "circuit")
    written = Statevector(parse_program(program.text))
    assert np.abs(written.data - Statevector(circuit).data).max() < 1e-12


@pytest.mark.parametrize("name", sorted(STANDARD_GATES))
def test_each_standard_gate_is_written_with_its_phase(name):
    gate = STANDARD_GATES[name]
    gate = gate.base_class(*np.linspace(0.3, 0.9, len(gate.params)))
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.h(range(gate.num_qubits))
    circuit.t(0)
    circuit.append(gate, range(gate.num_qubits))
    program = write_state_program(circuit, "circuit")
    written = Statevector(parse_program(program.text))
    assert np.abs(written.data - Statevector(circuit).data).max() < 1e-12


def test_a_circuit_without_global_phase_gets_no_more_gates():
    circuit = bell()
    circuit.global_phase = 4 * math.pi
    assert write_state_program(circuit, "circuit").text.count(";") == 5


def test_final_measurements_are_left_out():
    circuit = bell()
    circuit.barrier()
    circuit.measure([0, 1], [1, 0])
    program = write_state_program(circuit, "circuit")
    assert "measure" not in program.text
    assert program.num_clbits == 0


def test_barriers_and_delays_change_nothing():
    circuit = bell().remove_final_measurements(inplace=False)
    plain = write_state_program(circuit, "circuit")
    circuit.barrier()
    circuit.delay(100, 0)
    waiting = write_state_program(circuit, "circuit")
    assert Statevector(parse_program(waiting.text)) == Statevector(parse_program(plain.text))


def test_a_reset_of_an_untouched_qubit_is_left_out():
    circuit = QuantumCircuit(2)
    circuit.reset(1)
    circuit.h(1)
    assert "reset" not in write_state_program(circuit, "circuit").text


def test_qubits_can_be_initialized():
    circuit = QuantumCircuit(2)
    circuit.initialize([0.6, 0.8j], 1)
    program = write_state_program(circuit, "circuit")
    assert program.num_qubits == 2


def measured_twice():
    circuit = bell()
    circuit.measure(0, 0)
    circuit.x(0)
    return circuit


def reset_late():
    circuit = bell()
    circuit.reset(0)
    return circuit


def conditional():
    circuit = bell()
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    return circuit


def with_parameter():
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("angle"), 0)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "message"),
    [
        (measured_twice(), "contains a mid-circuit measurement, so it has no single state vector"),
        (reset_late(), "contains a reset"),
        (conditional(), r"contains control flow \(if_else\)"),
        (with_parameter(), r"free parameters \(angle\): bind them"),
        (QuantumCircuit(), "it has no qubits"),
        ("h q[0];", "circuit is str, expected a QuantumCircuit"),
    ],
)
def test_circuits_without_a_state_vector_are_refused(circuit, message):
    with pytest.raises(QoroInputError, match=message):
        write_state_program(circuit, "circuit")
