"""The text of angles: every real number is read back exactly, and everything else is refused."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.write.angles import key_of_angle, spell_angle
from qiskit_qoro.qasm.write.unwritable import UnwritableError
from qiskit_qoro.qasm.write.writer import write_program

THETA = Parameter("theta")


def bound(expression: Any, value: float) -> ParameterExpression:
    return expression.bind({THETA: value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e-300, "1e-300"),
        (3, "3.0"),
        (True, "1.0"),
        (math.pi, "3.141592653589793"),
        (np.float64(0.1), "0.1"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.int64(-2), "-2.0"),
        (np.array(0.5), "0.5"),
        (Fraction(1, 4), "0.25"),
        (Decimal("0.1"), "0.1"),
        (0.5 + 0j, "0.5"),
        (np.complex128(0.5), "0.5"),
        (bound(THETA + 1, 0.5), "1.5"),
        (bound(2 * THETA, -0.25), "-0.5"),
        (bound(1j * THETA * 1j, 0.5), "-0.5"),
        ((THETA - THETA).bind({THETA: 1.0}), "0.0"),
    ],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_a_real_number_of_any_type_is_written_exactly(value: Any, text: str) -> None:
    assert spell_angle(value) == text
    assert float(text) == float(complex(value).real)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (math.nan, "its angle is nan, expected a finite number"),
        (math.inf, "its angle is inf, expected a finite number"),
        (-math.inf, "its angle is -inf, expected a finite number"),
        (np.float32("nan"), "its angle is nan, expected a finite number"),
        (complex(math.inf, 0), "its angle is inf, expected a finite number"),
        (0.5 + 1e-30j, r"its angle is \(0.5\+1e-30j\), expected a real number"),
        (1j, "its angle is 1j, expected a real number"),
        (bound(1j * THETA, 0.5), "its angle is 0.5j, expected a real number"),
        (10**400, "its angle is 1000.*, expected a finite number"),
        ("pi", "its angle is 'pi', expected a finite number"),
        (None, "its angle is None, expected a finite number"),
        ([0.5], r"its angle is \[0.5\], expected a finite number"),
        (THETA, r"the parameter theta has no value; bind it with circuit.assign_parameters"),
        (THETA + Parameter("alpha"), "the parameter alpha, theta has no value"),
    ],
    ids=lambda value: f"{type(value).__name__} {value!s:.40}",
)
def test_anything_else_is_refused(value: Any, match: str) -> None:
    with pytest.raises(UnwritableError, match=match):
        spell_angle(value)


@pytest.mark.parametrize("angle", [math.nan, math.inf, -math.inf])
def test_a_circuit_with_such_an_angle_is_refused_with_the_place(angle: float) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.rx(angle, 0)
    with pytest.raises(QoroInputError, match=r"instruction 1 \(rx\).*its angle is"):
        write_program(circuit)


def test_equal_keys_mean_equal_angles() -> None:
    assert key_of_angle(0.5) == key_of_angle(0.5)
    assert key_of_angle(THETA + 1) == key_of_angle(THETA + 1)
    assert key_of_angle(THETA) != key_of_angle(Parameter("theta"))


def test_an_angle_that_cannot_be_hashed_has_a_key_of_its_own() -> None:
    class Unhashable:
        """Like an expression in Qiskit 2.6 whose value is a negative number for all values."""

        def __hash__(self) -> int:
            raise OverflowError("can't convert negative int to unsigned")

    angle = Unhashable()
    assert key_of_angle(angle) != key_of_angle(angle)
    assert key_of_angle(0 * THETA - 1) is not None
