"""Programs of a circuit for rows of parameter values, also if each row has to be written by itself."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterVector

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.planning.programs import write_rows

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


class NeedsValue(Gate):
    """A gate that has no definition unless its parameter has a value. It is empty if that is 0."""

    def __init__(self, angle: object) -> None:
        super().__init__("needs_value", 2, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(2)
        if float(self.params[0]):
            self.definition.rx(float(self.params[0]), 0)


def wide(angle: object, qubits: tuple[int, int] = (2, 4)) -> QuantumCircuit:
    """A circuit on six qubits that uses two of them."""
    circuit = QuantumCircuit(6, 1)
    circuit.append(NeedsValue(angle), qubits)
    circuit.barrier()
    circuit.measure(qubits[1], 0)
    return circuit


def test_rows_that_are_written_one_by_one_have_no_idle_qubits() -> None:
    found = write_rows(wide(Parameter("t")), np.array([[0.5], [1.5]]))
    assert found.program.qubits == (2, 4)
    assert [source.num_qubits for source in found.sources] == [2, 2]
    assert [source.text for source in found.sources] == [
        f"{HEADER}qreg q[2];\ncreg c[1];\nrx({angle}) q[0];\nbarrier q[0],q[1];\nmeasure q[1] -> c[0];\n"
        for angle in (0.5, 1.5)
    ]
    assert [values.size for values in found.values] == [0, 0]


def test_a_template_has_no_idle_qubits_either() -> None:
    circuit = QuantumCircuit(6)
    circuit.rx(Parameter("t"), 3)
    found = write_rows(circuit, np.array([[0.5], [1.5]]))
    assert found.program.qubits == (3,)
    assert {source.num_qubits for source in found.sources} == {1}
    assert [values.tolist() for values in found.values] == [[0.5], [1.5]]


def test_the_rows_are_in_c_order() -> None:
    names = ParameterVector("t", 2)
    circuit = QuantumCircuit(2)
    circuit.append(NeedsValue(names[0]), [0, 1])
    circuit.append(NeedsValue(names[1]), [1, 0])
    values = np.arange(1, 9, dtype=float).reshape(2, 2, 2)
    found = write_rows(circuit, values)
    angles = [[line[3:6] for line in source.text.splitlines() if "rx" in line] for source in found.sources]
    assert angles == [["1.0", "2.0"], ["3.0", "4.0"], ["5.0", "6.0"], ["7.0", "8.0"]]


def test_no_rows_need_no_program() -> None:
    found = write_rows(wide(Parameter("t")), np.empty((0, 1)))
    assert (list(found.sources), list(found.values)) == ([], [])
    assert found.program.num_clbits == 1


def test_writing_the_rows_leaves_the_circuit_unchanged() -> None:
    circuit = wide(Parameter("t"))
    operations = [item.operation for item in circuit.data]
    write_rows(circuit, np.array([[0.5]]))
    assert [item.operation for item in circuit.data] == operations
    assert [parameter.name for parameter in circuit.parameters] == ["t"]
    assert circuit.data[0].operation.params == list(circuit.parameters)


def test_a_circuit_that_cannot_be_written_for_another_reason_is_refused() -> None:
    circuit = QuantumCircuit(2)
    circuit.append(Gate("unknown", 1, []), [0])
    with pytest.raises(QoroInputError, match="unknown"):
        write_rows(circuit, np.empty((1, 0)))
    circuit.rx(Parameter("t"), 0)
    with pytest.raises(QoroInputError, match="unknown"):
        write_rows(circuit, np.array([[0.5]]))
