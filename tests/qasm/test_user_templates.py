"""What is sent for a template: its rows are the programs that the rows of the user's template describe."""

from __future__ import annotations

import maestro
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import parse_program
from qiskit_qoro.qasm.read.template_parser import TemplateText, check_placement, parse_template
from qiskit_qoro.qasm.user_programs import program_of_text
from qiskit_qoro.qasm.user_templates import sendable_template
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
REGISTERS = "qreg q[2];\ncreg c[32];\n"
CONDITION = f"if (c == {2**31})"


def sent(text: str, names: list[str]) -> TemplateText:
    template = TemplateText.of(text, names)
    check_placement(template)
    return sendable_template(template, parse_template(template))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (f"rx(a) q[0]; measure q[0] -> c[31]; {CONDITION} ry(2*b) q[1];", ["a", "b"]),
        (f"rz(-a^2) q[0]; {CONDITION} u3(a, 0.5, (b)) q[1]; rx(a) q[1];", ["a", "b", "unused"]),
        (f"{CONDITION} rx(c0) q[0]; {CONDITION} rx(w_0[0]) q[0];", ["c0", "w_0[0]"]),
        (f"gate f(t) r {{ rx(t) r; rx(1) r; }} f(a) q[0]; {CONDITION} f(b) q[1];", ["a", "b"]),
        (f"{CONDITION} rx(/* first */ a) q[0]; // a and β\n rx(β) q[1];", ["a", "β"]),
        (f"{CONDITION} reset q[0]; rx(a) q[0];", ["a"]),
        ("if (c == 4294967296) x q[0]; rx(a) q[0];", ["a"]),
        ("rx(a) q[0];; rx(b) q[1];", ["a", "b"]),
    ],
)
def test_a_template_that_the_engine_refuses_is_written_again(body: str, names: list[str]) -> None:
    text = HEADER + REGISTERS + body
    template = sent(text, names)
    for values in ([0.25, -1.5, 3.0], [1e-7, 2.0, 0.1]):
        row = resolve_template(template.text, template.names, values[: len(names)])
        maestro.QasmToCirc().parse_and_translate(row)
        expected = program_of_text(resolve_template(text, names, values[: len(names)])).text
        assert parse_program(row) == parse_program(expected)


def test_a_gate_that_computes_with_a_parameter_cannot_be_written_again() -> None:
    body = f"gate f(t) r {{ rx(t/2) r; }} {CONDITION} f(a) q[0];"
    with pytest.raises(QoroInputError, match=r"computes with one of its parameters.*submit bound circuits"):
        sent(HEADER + REGISTERS + body, ["a"])


@pytest.mark.parametrize(
    "text",
    [
        HEADER + REGISTERS + "rx(a) q[0]; // angle a\nif (c == 2147483647) rx(a) q[1];",
        HEADER + REGISTERS + "rx(β) q[0];",
    ],
)
def test_other_templates_are_sent_as_they_are(text: str) -> None:
    assert sent(text, ["a", "β"]).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OPENQASM 2;\nqreg q[1]; U(a,0,0) q[0];", "OPENQASM 2.0;\nqreg q[1]; U(a,0,0) q[0];"),
        ("/* β */ qreg q[1]; U(β,0,0) q[0]; // β ü", "        qreg q[1]; U(β,0,0) q[0];       "),
    ],
)
def test_what_the_engine_does_not_know_is_replaced(text: str, expected: str) -> None:
    assert sent(text, ["a", "β"]).text == expected
