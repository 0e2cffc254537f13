"""Outlines of programs agree with Qiskit's parser, and other texts have none."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit.random import random_circuit

from qiskit_qoro.qasm.read.outline import MAX_OPERATIONS, OutlinedOperation, outline_program
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.write.writer import write_program

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def operations(text: str, names: list[str] | None = None) -> list[OutlinedOperation]:
    outline = outline_program(HEAD + text, names or [])
    assert outline is not None
    return list(outline.operations)


def parsed(circuit: QuantumCircuit) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [
        (
            item.name,
            tuple(circuit.find_bit(bit).index for bit in item.qubits),
            tuple(circuit.find_bit(bit).index for bit in item.clbits),
        )
        for item in circuit.data
    ]


@pytest.mark.parametrize("seed", range(5))
def test_an_outline_has_the_operations_of_the_parser(seed: int) -> None:
    text = write_program(random_circuit(5, 6, max_operands=3, measure=True, seed=seed)).text
    outline = outline_program(text)
    assert outline is not None
    assert [(item.name, item.qubits, item.clbits) for item in outline.operations] == parsed(
        qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    )
    assert outline.is_complete


def test_operations_on_registers_are_repeated_for_their_bits() -> None:
    text = "qreg q[2]; qreg r[2]; creg c[2]; h q; cx q,r; cx q[0],r; measure r->c; barrier q,r[1]; barrier r;"
    circuit = parse_program(HEAD + text)
    assert [(item.name, item.qubits, item.clbits) for item in operations(text)] == parsed(circuit)


def test_a_condition_names_its_register_and_value() -> None:
    (operation,) = operations("qreg q[1]; creg c[2]; if (c == 3) x q[0];")
    assert operation == OutlinedOperation("x", "", (0,), (), ("c", 3))


def test_angles_are_as_they_are_written() -> None:
    (operation,) = operations("qreg q[1]; u(pi / 2, -sin(0.5)*(2), 1e-3) q[0];")
    assert operation.angles == "pi / 2, -sin(0.5)*(2), 1e-3"


def test_names_of_a_template_may_be_any_text() -> None:
    names = ["θ[0]", "a;b", "x)y"]
    (operation,) = operations("qreg q[1]; u(θ[0], a;b, 2*x)y) q[0];", names)
    assert operation.angles == "θ[0], a;b, 2*x)y"


def test_definitions_and_comments_are_left_out() -> None:
    text = (
        "gate g(a) x, y { rx(a) x; cx x, y; }\nopaque o q; // h q;\nqreg q[2];\n/* x\nq; */ g(1) q[0], q[1];"
    )
    assert operations(text) == [OutlinedOperation("g", "1", (0, 1))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "qreg q[2]",
        "h q[0];",
        "qreg q[2]; h r[0];",
        "qreg q[2]; h q[2];",
        "qreg q[2]; creg c[2]; h c[0];",
        "qreg q[2]; measure q -> q;",
        "qreg q[2]; qreg r[3]; cx q, r;",
        "qreg q[2]; qreg q[3];",
        "qreg q[2]; h q[0]; what is this?",
        "qreg q[2]; if (c == 1) h q[0];",
        "qreg q[0]; h q;",
        "OPENQASM 3.0; qubit[2] q;",
        "<html>",
        "\x00\x1b",
    ],
)
def test_other_texts_have_no_outline(text: str) -> None:
    outline = outline_program(text)
    assert outline is None or not outline.operations


@pytest.mark.parametrize(("number", "is_complete"), [(MAX_OPERATIONS, True), (MAX_OPERATIONS + 1, False)])
def test_an_outline_ends_after_many_operations(number: int, is_complete: bool) -> None:
    outline = outline_program(HEAD + "qreg q[1];" + "h q[0];" * number)
    assert outline is not None
    assert (len(outline.operations), outline.is_complete) == (MAX_OPERATIONS, is_complete)


@pytest.mark.parametrize("text", ["qreg q[999999999]; h q;", "qreg q[100000]; qreg r[1]; h r;"])
def test_a_program_with_too_many_bits_has_no_outline(text: str) -> None:
    assert outline_program(HEAD + text) is None


def test_many_barriers_on_a_wide_register_end_an_outline() -> None:
    outline = outline_program(HEAD + "qreg q[50000];" + "barrier q;" * 5)
    assert outline is not None
    assert (len(outline.operations), outline.is_complete) == (4, False)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    line = "rx(0.123456789) q[0]; // " + "x" * 1000 + "\n"
    outline = outline_program(HEAD + "qreg q[1];\n" + line * 2000)
    assert outline is not None
    assert 0 < len(outline.operations) < 2000
    assert not outline.is_complete


@pytest.mark.parametrize(
    "malformed",
    ["x" * 100_000, f"x(1{')' * 100_000}", f"x q{' ' * 100_000}[", "if(" * 50_000, "gate a{" * 20_000],
    ids=lambda text: text[:6],
)
def test_long_malformed_texts_are_given_up_without_trying_all_ways_to_read_them(malformed: str) -> None:
    # If the time grew with the square of the length, each of them would take minutes.
    assert outline_program(f"OPENQASM 2.0;\nqreg q[2];\n{malformed}") is None
