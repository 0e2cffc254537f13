"""Putting numbers in place of names."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import qasm2

from qiskit_qoro.wire.template_text import decimal, resolve_template


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
def test_whole_words_are_replaced_and_nothing_else(text: str, resolved: str) -> None:
    assert resolve_template(text, ["theta_1", "theta_10"], [0.5, -2]) == resolved


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert resolve_template("a b", ["a", "e"], [1e-300, 7]) == "1e-300 b"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_exactly_by_python_and_by_the_parser(value: float) -> None:
    text = decimal(value)
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert float(text) == value
    circuit = qasm2.loads(f"qreg q[1];U({text},0,0) q[0];")
    assert circuit.data[0].params[0] == value


def test_no_shorter_text_is_the_same_number() -> None:
    assert [decimal(value) for value in (0.1, 1 / 3, 1e22, 5e-324, 3)] == [
        "0.1",
        "0.3333333333333333",
        "1e+22",
        "5e-324",
        "3.0",
    ]


def test_a_value_for_each_name_is_needed() -> None:
    with pytest.raises(ValueError, match="zip"):
        resolve_template("a", ["a", "b"], [1])
