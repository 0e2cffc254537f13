"""A bound program is split into its angles and the text around them."""

from __future__ import annotations

import math

import pytest

from qiskit_qoro.qasm.limits import DEFAULT_LIMITS
from qiskit_qoro.qasm.read.bound_programs import split_program
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\n'


def test_the_angles_of_a_program_are_split_off() -> None:
    bound = split_program("u3(0.5, -pi/2,3*pi/4) q[0];rz(1e-3) q[1];rx(7) q[1];")
    assert bound is not None
    assert bound.angles == (0.5, -math.pi / 2, 3 * math.pi / 4, 0.001, 7.0)
    assert bound.skeleton.template() == (
        "u3(t0,t1,t2) q[0];rz(t3) q[1];rx(t4) q[1];",
        ("t0", "t1", "t2", "t3", "t4"),
    )


def test_programs_that_differ_only_in_angles_have_equal_skeletons() -> None:
    texts = [f"{HEADER}rx({angle}) q[0];cx q[0],q[1];u2(0,{angle}) q[1];" for angle in (0.1, -2e-05, "pi")]
    first, second, third = map(split_program, texts)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.skeleton == second.skeleton == third.skeleton


@pytest.mark.parametrize(
    "other", ["ry(0.1) q[0];", "rx(0.1) q[1];", "rx(0.1,0.2) q[0];", "rx(0.1) q[0]; ", "rx(a) q[0];"]
)
def test_other_programs_have_other_skeletons(other: str) -> None:
    first, second = split_program("rx(0.1) q[0];"), split_program(other)
    assert first is not None
    assert second is None or second.skeleton != first.skeleton


def test_equal_numbers_of_angles_in_other_brackets_are_another_skeleton() -> None:
    first, second = split_program("g(1) q;g(1,2) q;"), split_program("g(1,2) q;g(1) q;")
    assert first is not None
    assert second is not None
    assert first.skeleton != second.skeleton


@pytest.mark.parametrize(
    "text",
    [
        "h q[0];",
        "rx(2*0.1) q[0];",
        "rx(theta) q[0];",
        "rx( 0.5) q[0];",
        "rx(.5) q[0];",
        "rx(01) q[0];",
        "rx(0.1,) q[0];",
        "rx() q[0];",
        "rx(0x1) q[0];",
        "rx(1_0) q[0];",
        "rx(nan) q[0];",
        "if(c==1) x q[0];",
        "creg c[1];",
    ],
)
def test_a_text_without_plain_angles_is_not_split(text: str) -> None:
    assert split_program(text) is None


def test_the_names_of_a_template_occur_nowhere_else_in_the_text() -> None:
    text = "qreg t0[1];qreg tt1[1];rx(0.25) t0[0];ry(0.5) tt1[0];// t2"
    bound = split_program(text)
    assert bound is not None
    template, names = bound.skeleton.template()
    assert resolve_template(template, names, bound.angles) == text


def test_a_text_that_the_parser_refuses_for_its_length_is_not_split() -> None:
    assert split_program("rx(0.5) q[0];".ljust(DEFAULT_LIMITS.text_bytes + 1)) is None
