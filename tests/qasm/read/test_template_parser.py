"""The template parser: which names it accepts, and the positions in its errors."""

from __future__ import annotations

import re

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.read.template_parser import (
    TemplateText,
    angle_spans,
    check_placement,
    parse_template,
)

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[2];\n'
LINES = HEADER.count("\n")


def read(text: str, names: list[str]) -> QuantumCircuit:
    template = TemplateText.of(text, names)
    check_placement(template)
    return parse_template(template)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("ry(theta_0) q[0];", ["theta_0"]),
        ("ry(t) q;", ["t"]),
        ("u3(a, ab,abc) q[0];", ["a", "ab", "abc"]),
        ("rx(-a) q[0]; rz(2*a^2 - sin(pi/b)) q[1];", ["a", "b"]),
        ("rx( // angle a\n a ) q[0];", ["a"]),
        ("gate f(x) r { rx(2*x) r; rz(a) r; } f(a) q[1];", ["a"]),
        ("if(c==1) rx(a) q[0];", ["a"]),
        ("rx(a) q[0];", ["a", "not_there"]),
        ("h q;", []),
        (
            "rx(long_name_of_an_angle_that_goes_on_and_on_and_on) q[0];",
            ["long_name_of_an_angle_that_goes_on_and_on_and_on"],
        ),
        ("rx(a/(b-d)) q[0];", ["a", "b", "d"]),
        ("rx(aa/(bb-dd)) q[0];", ["aa", "bb", "dd"]),
        ("rx(a0a/(bbb-ddd)) q[0];", ["a0a", "bbb", "ddd"]),
    ],
)
def test_names_are_accepted_as_angles(body: str, names: list[str]) -> None:
    circuit = read(HEADER + body, names)
    assert circuit.num_qubits == 3
    assert circuit.size() >= 1


@pytest.mark.parametrize(
    ("body", "names", "column", "reason"),
    [
        ("ry(theta) q[0];", ["theta_0"], 4, "'theta' is not a parameter"),
        ("  rx(a) q[0]; rx(a,a) q[0];", ["a"], 15, "takes 1 parameter"),
        ("rx(parameter) q[0];rx(1) q[7];", ["parameter"], 28, "out-of-range"),
        ("rx(a) q[a];", ["a"], 9, "the parameter 'a' occurs outside of an angle"),
        ("if(c==a) x q[0];", ["a"], 7, "occurs outside of an angle"),
        ("qreg r[a];", ["a"], 8, "occurs outside of an angle"),
        ("ry(q) q[0];", ["q"], -1, "occurs outside of an angle"),
        ("rx(rx) q[0];", ["rx"], 1, "occurs outside of an angle"),
        ("gate f(a) r { rx(a) r; }", ["a"], 8, "occurs outside of an angle"),
        ("gate f(x) a { rx(x) a; }", ["a"], 11, "occurs outside of an angle"),
        ("a q[0];", ["a"], 1, "occurs outside of an angle"),
        ("rx(a q[0];", ["a"], 6, ""),
    ],
)
def test_an_error_contains_line_and_column_of_the_template(
    body: str, names: list[str], column: int, reason: str
) -> None:
    position = f"line {LINES + 1}, column {column}: " if column > 0 else "line 3, column 6: "
    with pytest.raises(QoroInputError, match=re.escape(position)) as caught:
        read(HEADER + body, names)
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["if", "gate", "measure", "qreg", "OPENQASM", "U", "CX", "qelib1", "2"])
def test_a_name_must_not_occur_as_a_word_of_the_language(name: str) -> None:
    body = "if(c==1) x q[0]; gate f(x) r { rx(x) r; } measure q[0]->c[0]; U(1,2,3) q[0]; CX q[0],q[1];"
    with pytest.raises(QoroInputError, match=re.escape(f"the parameter {name!r} occurs outside of an angle")):
        read(HEADER + body, [name])


def test_a_name_that_is_a_word_of_the_language_may_be_an_angle() -> None:
    circuit = read(HEADER + "rx(pi) q[0]; rx(measure) q[0];", ["pi", "measure"])
    assert circuit.data[0].params == [11.0]  # a number of two characters


@pytest.mark.parametrize(
    ("angle", "name", "column"),
    [
        ("1.e5", "e5", 6),
        ("1e-x", "x", 7),
        (".5E+x", "x", 8),
        ("2*1.5e-x", "x", 11),
        ("x.5", "x", 4),
        ("$.5", "$", 4),
        ("$$", "$", 4),
        ("[a].2", "[a]", 4),
        ("7.5", "7", 4),
    ],
)
def test_a_name_that_would_become_part_of_a_number_is_refused(angle: str, name: str, column: int) -> None:
    position = f"line {LINES + 1}, column {column}: the parameter {name!r} touches a number"
    with pytest.raises(QoroInputError, match=re.escape(position)):
        read(f"{HEADER}rx({angle}) q[0];", [name])


@pytest.mark.parametrize(
    ("angle", "names"),
    [
        ("w_0[0]", ["w_0[0]"]),
        ("-β[0]*θ", ["β[0]", "θ"]),
        ("f(x,y;z)//a", ["f(x,y;z)//a"]),
        ("(x)+2", ["(x)"]),
        ("e-x", ["e", "x"]),
        ("x2e-y", ["x2e", "y"]),
        ("1e-2-x", ["x"]),
        ('2 * "x"', ['"x"']),
        ("0x", ["0x"]),
        (" ", [" "]),
    ],
)
def test_a_name_may_be_any_text(angle: str, names: list[str]) -> None:
    # A space is a name too, so the text has no other ones.
    text = f'include\n"qelib1.inc";qreg\nq[1];rx({angle})\nq[0];'
    assert read(text, names).size() == 1


def test_every_angle_is_found() -> None:
    code = "rx(a) q;u(f(b,c), d ,e) q[0];gate g(x) y{rz(x/2) y;}if(c==1) p(sin(g)) q[0];x q;g(h q;"
    assert [code[start:end] for start, end in angle_spans(code)] == [
        "a",
        "f(b,c)",
        " d ",
        "e",
        "x/2",
        "sin(g)",
        "h q",
    ]
