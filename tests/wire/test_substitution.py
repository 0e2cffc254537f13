"""The substitution of parameter names by numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import qasm2

from qiskit_qoro.wire.substitution import decimal_text, resolve_template


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("ry(theta_1) q[0];", "ry(0.5) q[0];"),
        ("rx(theta_10) q[1];rx(theta_1)q[0];", "rx(-2.0) q[1];rx(0.5)q[0];"),
        ("u(theta_1,theta_10,theta_100)", "u(0.5,-2.0,theta_100)"),
        ("rx(-theta_10)", "rx(--2.0)"),
        ("rx(theta_10^2)", "rx(-2.0^2)"),
        ("rx(2*theta_1/xtheta_1+theta_1x)", "rx(2*0.5/xtheta_1+theta_1x)"),
        ("// theta_1", "// 0.5"),
        ("2theta_1", "2theta_1"),
        ("θtheta_1 theta_1θ", "θtheta_1 theta_1θ"),
        ("", ""),
    ],
)
def test_only_whole_words_are_replaced(text: str, resolved: str) -> None:
    assert resolve_template(text, ["theta_1", "theta_10"], [0.5, -2]) == resolved


def test_inserted_numbers_are_not_searched_for_names() -> None:
    assert resolve_template("a b", ["a", "e"], [1e-300, 7]) == "1e-300 b"
    assert resolve_template("rx(theta)", ["theta", "5"], [0.5, 7]) == "rx(0.5)"


def test_a_name_may_be_any_text() -> None:
    text = "rx(w_0[0]) q[0];ry(-w_0[10]/β) q[0];"
    resolved = "rx(1.0) q[0];ry(-2.0/-0.5) q[0];"
    assert resolve_template(text, ["w_0[0]", "w_0[10]", "β"], [1, 2, -0.5]) == resolved


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_python_and_the_parser_read_the_text_back_as_the_same_number(value: float) -> None:
    text = decimal_text(value)
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert float(text) == value
    circuit = qasm2.loads(f"qreg q[1];U({text},0,0) q[0];")
    assert circuit.data[0].params[0] == value


def test_the_text_is_the_shortest_one() -> None:
    assert [decimal_text(value) for value in (0.1, 1 / 3, 1e22, 5e-324, 3)] == [
        "0.1",
        "0.3333333333333333",
        "1e+22",
        "5e-324",
        "3.0",
    ]


def test_each_name_needs_a_value() -> None:
    with pytest.raises(ValueError, match="got 1 values for 2 names"):
        resolve_template("a", ["a", "b"], [1])
