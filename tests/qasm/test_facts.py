from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro.qasm import GATES, ProgramInfo, inspect_program, parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3];'


def inspect(body: str) -> ProgramInfo:
    return inspect_program(parse_program(HEADER + body))


def test_the_facts_of_a_small_program() -> None:
    assert inspect("h q[0]; cx q[0], q[2]; barrier q; measure q[2] -> c[1];") == ProgramInfo(
        num_qubits=3,
        num_clbits=3,
        num_operations=4,
        used_qubits=(0, 2),
        measured_clbits=(1,),
        has_conditions=False,
        has_midcircuit_operations=False,
        is_clifford=True,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x q[0]; measure q -> c;", False),
        ("measure q[0] -> c[0]; x q[1];", False),
        ("measure q[0] -> c[0]; barrier q;", False),
        ("measure q[0] -> c[0]; x q[0];", True),
        ("measure q[0] -> c[0]; measure q[0] -> c[1];", True),
        ("measure q[1] -> c[0]; cx q[0], q[1];", True),
        ("reset q[0];", True),
        ("if (c == 0) x q[0];", True),
    ],
)
def test_what_happens_in_the_middle_of_a_circuit_is_noticed(body: str, expected: bool) -> None:
    assert inspect(body).has_midcircuit_operations is expected


def test_a_condition_is_noticed_with_what_it_writes() -> None:
    info = inspect("measure q[0] -> c[0]; if (c == 1) measure q[1] -> c[2]; if (c == 1) t q[2];")
    assert info.has_conditions
    assert info.measured_clbits == (0, 2)
    assert info.used_qubits == (0, 1, 2)
    assert not info.is_clifford


def test_nothing_measured_is_noticed() -> None:
    assert not inspect("x q[0];").has_measurements
    assert inspect("measure q[0] -> c[0];").has_measurements


@pytest.mark.parametrize("name", [name for name, spec in GATES.items() if not spec.num_params])
def test_clifford_gates_are_those_that_qiskit_can_convert(name: str) -> None:
    from qiskit.exceptions import QiskitError
    from qiskit.quantum_info import Clifford

    circuit = QuantumCircuit(GATES[name].num_qubits)
    circuit.append(GATES[name].constructor(), range(GATES[name].num_qubits))
    try:
        expected = bool(Clifford(circuit))
    except QiskitError:
        expected = False
    assert inspect_program(circuit).is_clifford is expected


def test_definitions_are_looked_into() -> None:
    assert inspect("gate f a, b { h a; barrier a, b; cx a, b; } f q[0], q[1];").is_clifford
    assert not inspect("gate e a { t a; } gate f a { h a; e a; } f q[0];").is_clifford


def test_a_gate_is_not_judged_by_the_name_that_a_program_gives_it() -> None:
    text = "OPENQASM 2.0; gate h a { U(0.1, 0.2, 0.3) a; } qreg q[1]; h q[0];"
    assert not inspect_program(parse_program(text)).is_clifford
