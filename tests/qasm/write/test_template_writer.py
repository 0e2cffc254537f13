"""The template writer for circuits with free parameters."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import PauliEvolutionGate, real_amplitudes
from qiskit.quantum_info import Operator, SparsePauliOp

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import parse_program, write_program, write_template
from qiskit_qoro.wire.substitution import resolve_template

THETA, PHI = Parameter("θ"), Parameter("a0")


def _bound(circuit: QuantumCircuit, values: dict[Parameter, float]) -> QuantumCircuit:
    template = write_template(circuit)
    numbers = [
        float(expression.bind({parameter: values[parameter] for parameter in expression.parameters}))
        for expression in template.expressions
    ]
    return parse_program(resolve_template(template.program.text, template.names, numbers))


def test_a_template_with_its_values_is_the_bound_circuit() -> None:
    circuit = QuantumCircuit(3)
    circuit.rzz(THETA, 0, 1)
    circuit.rxx(2 * THETA - PHI, 1, 2)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XYZ", "ZZI"]), time=PHI / 3), [0, 1, 2])
    circuit.r(THETA, PHI + 1, 0)
    circuit.cu(THETA, PHI, THETA * PHI, 0.1, 0, 2)
    inner = QuantumCircuit(2, name="inner")
    inner.crx(THETA.sin(), 0, 1)
    circuit.append(inner.to_gate().control(1), [2, 0, 1])
    values = {THETA: 0.7, PHI: -1.3}
    expected = circuit.assign_parameters(values).decompose("PauliEvolution")
    assert Operator(_bound(circuit, values)).equiv(Operator(expected))


def test_equal_expressions_share_one_name() -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(2 * THETA, 0)
    circuit.ry(THETA, 1)
    circuit.rz(2 * THETA, 1)
    template = write_template(circuit)
    assert template.names == ("a0", "a1")
    assert template.program.text.splitlines()[3:] == ["rx(a0) q[0];", "ry(a1) q[1];", "rz(a0) q[1];"]


def test_only_names_that_occur_in_the_text_are_listed() -> None:
    circuit = QuantumCircuit(1)
    circuit.r(THETA, PHI, 0)
    template = write_template(circuit)
    assert all(name in template.program.text for name in template.names)
    assert len(template.names) == len(template.expressions)


def test_an_expression_with_a_constant_value_is_written() -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(0 * THETA - 1, 0)
    circuit.rx(0 * THETA, 0)
    circuit.rzx(0 * PHI - 2.5, 0, 1)
    circuit.rzx(PHI, 1, 0)
    values = {THETA: 0.7, PHI: -1.3}
    assert Operator(_bound(circuit, values)).equiv(Operator(circuit.assign_parameters(values)))


def test_a_circuit_without_parameters_is_written_as_a_program() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.rzz(0.1, 0, 1)
    template = write_template(circuit)
    assert template.names == ()
    assert template.program == write_program(circuit)


def test_the_same_circuit_always_gives_the_same_text() -> None:
    circuit = real_amplitudes(4, reps=2)
    assert write_template(circuit) == write_template(circuit.copy())


def test_a_gate_that_needs_its_parameter_values_is_refused() -> None:
    class NeedsValue(Gate):
        def _define(self) -> None:
            self.definition = QuantumCircuit(1)
            self.definition.rx(float(np.float64(float(self.params[0]))), 0)

    circuit = QuantumCircuit(1)
    circuit.append(NeedsValue("needs_value", 1, [THETA]), [0])
    with pytest.raises(QoroInputError, match=r"instruction 0 \(needs_value\): its definition fails"):
        write_template(circuit)
