"""The template parser: which names it accepts, and the positions in its errors."""

from __future__ import annotations

import re

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.read.template_parser import angle_spans, parse_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[2];\n'
LINES = HEADER.count("\n")


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
    circuit = parse_template(HEADER + body, names)
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
        parse_template(HEADER + body, names)
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["pi", "sin", "ln", "if", "gate", "measure", "qreg", "OPENQASM", "U", "CX"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(QoroInputError, match=f"'{name}' is reserved in OpenQASM 2"):
        parse_template(HEADER, [name])


def test_a_name_that_reads_like_an_exponent_is_refused() -> None:
    with pytest.raises(QoroInputError, match=re.escape("'e5' reads like the exponent of a number")):
        parse_template(HEADER + "rx(1.e5) q[0];", ["e5"])


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
