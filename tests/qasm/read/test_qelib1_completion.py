"""Completion of exported programs whose gates are defined only in Qiskit's ``qelib1.inc``."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Gate
from qiskit.circuit.library import (
    C3SXGate,
    C3XGate,
    C4XGate,
    CCZGate,
    CSdgGate,
    CSGate,
    DCXGate,
    ECRGate,
    IGate,
    RC3XGate,
    RCCXGate,
    RGate,
    RXXGate,
    RYYGate,
    RZXGate,
    RZZGate,
    XXPlusYYGate,
    iSwapGate,
)
from qiskit.quantum_info import Operator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.read.qelib1_completion import (
    LIBRARY_GATES,
    QISKIT_QELIB1_GATES,
    complete_program,
    read_program,
)

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("rxx(0.3) q[0],q[1];", RXXGate(0.3)),
        ("rzz(0.3) q[0],q[1];", RZZGate(0.3)),
        ("rccx q[0],q[1],q[2];", RCCXGate()),
        ("rc3x q[0],q[1],q[2],q[3];", RC3XGate()),
        ("c3x q[0],q[1],q[2],q[3];", C3XGate()),
        ("c3sqrtx q[0],q[1],q[2],q[3];", C3SXGate()),
        ("c4x q[0],q[1],q[2],q[3],q[4];", C4XGate()),
        ("r(0.3,-1.1) q[0];", RGate(0.3, -1.1)),
        ("iswap q[0],q[1];", iSwapGate()),
        ("dcx q[0],q[1];", DCXGate()),
        ("ecr q[0],q[1];", ECRGate()),
        ("cs q[0],q[1];", CSGate()),
        ("csdg q[0],q[1];", CSdgGate()),
        ("ryy(0.3) q[0],q[1];", RYYGate(0.3)),
        ("rzx(0.3) q[0],q[1];", RZXGate(0.3)),
        ("ccz q[0],q[1],q[2];", CCZGate()),
        ("u0(3) q[0];", IGate()),
        ("delay(3) q[0];", IGate()),
    ],
)
def test_each_definition_is_qiskits_gate(text: str, gate: Gate) -> None:
    _, circuit = read_program(f"{HEADER}qreg q[{gate.num_qubits}];\n{text}\n")
    assert Operator(circuit).equiv(Operator(gate))


def test_every_gate_of_the_tables_is_tested() -> None:
    other = {"r", "iswap", "dcx", "ecr", "cs", "csdg", "ryy", "rzx", "ccz", "delay"}
    assert set(LIBRARY_GATES) == other
    assert set(QISKIT_QELIB1_GATES) == {"rxx", "rzz", "rccx", "rc3x", "c3x", "c3sqrtx", "c4x"}


def test_an_exported_circuit_is_parsed() -> None:
    circuit = QuantumCircuit(5)
    circuit.h(range(5))
    for gate in (RXXGate(0.3), RZZGate(-1.2), RCCXGate(), RC3XGate(), C3SXGate(), C3XGate(), C4XGate()):
        circuit.append(gate, range(gate.num_qubits))
    circuit.append(XXPlusYYGate(0.1, 0.2), [3, 1])
    _, read = read_program(qasm2.dumps(circuit))
    assert Operator(read).equiv(Operator(circuit))


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "qreg q[2];\nh q[0];\n",
        HEADER + "gate rzz(x) a,b { cz a,b; }\nqreg q[2];\nrzz(0.5) q[0],q[1];\n",
        "OPENQASM 2.0;\nqreg q[2];\nU(0,0,0) q[0];\n",
        HEADER + "qreg q[2]; // no rzz (here)\nh q[0];\n",
        HEADER + "qreg rzz[2];\nh rzz[0];\n",
        HEADER + "qreg q[1];\ncreg r[1];\nmeasure q -> r ;\n",
        HEADER + "qreg cs[2];\nh cs ;\nbarrier cs [0], cs [1];\n",
        HEADER + "opaque ccz a,b,c;\nqreg q[3];\n ccz q[0],q[1],q[2];\n",
    ],
    ids=["nothing used", "defined", "no include", "comment", "register", "short name", "list", "opaque"],
)
def test_a_program_without_missing_definitions_is_unchanged(text: str) -> None:
    assert complete_program(text) == text


def test_a_definition_of_the_program_is_used() -> None:
    text = HEADER + "gate rzz(x) a,b { cz a,b; }\nqreg q[2];\nrzz(0.5) q[0],q[1];\n"
    _, circuit = read_program(text)
    cz = QuantumCircuit(2)
    cz.cz(0, 1)
    assert Operator(circuit).equiv(Operator(cz))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (HEADER + "qreg q[2];\nrzz(0.5) q[0],q[1];\n  nope q[0];\n", "line 5, column 3"),
        ('include "qelib1.inc"; qreg q[2]; rzz(0.5) q[0],q[1]; nope q[0];', "line 1, column 54"),
        ('\n\ninclude "qelib1.inc"; qreg q[2]; nope q[0]; rzz(0.5) q[0],q[1];', "line 3, column 34"),
    ],
)
def test_positions_in_errors_refer_to_the_users_text(text: str, position: str) -> None:
    with pytest.raises(QoroInputError, match=rf"^{position}: .*nope") as caught:
        read_program(text)
    line, column = (int(word.strip(",")) for word in str(caught.value).replace(":", "").split()[1:4:2])
    assert text.splitlines()[line - 1][column - 1 :].startswith("nope")


def test_line_numbers_do_not_change() -> None:
    text = HEADER + "qreg q[2];\nrzz(0.5) q[0],q[1];\n"
    assert complete_program(text).count("\n") == text.count("\n")


def test_an_inserted_definition_uses_no_name_of_a_template() -> None:
    text = HEADER + "qreg q[2];\nrzz(theta) q[0],q[1];\nrx(a) q[0];\n"
    added = complete_program(text).replace(text.split("\n")[2], "", 1).split("\n")[1]
    assert "gate rzz" in added
    assert "theta" not in added.replace("qoro_theta", "")
    assert " a," not in added
