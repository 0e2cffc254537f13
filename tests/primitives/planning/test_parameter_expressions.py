"""Evaluation of expressions for all rows, compared with Qiskit's binding of each row."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector

from qiskit_qoro import QoroInputError
from qiskit_qoro.primitives.planning.parameter_expressions import evaluate

# Names with a meaning in Python or in Qiskit, and one that is a prefix of other names.
A, B, C = PARAMETERS = [Parameter("θ[0]"), Parameter("pi"), Parameter("p")]
VALUES = np.array([[0.3, -1.1, 2.0], [0.0, 0.0, 0.0], [-0.7, 0.9, 1e-3], [0.1, 0.2, 0.3]])


def bound(expressions: Sequence[ParameterExpression], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Qiskit's values, bound row by row."""
    rows = [dict(zip(PARAMETERS, map(float, row), strict=True)) for row in values]
    return np.array(
        [
            [complex(e.bind({p: row[p] for p in e.parameters}).numeric()).real for e in expressions]
            for row in rows
        ]
    )


# No `ids=str`: the order of the terms in an expression's text differs between processes.
@pytest.mark.parametrize(
    "expression",
    [
        A + B,
        A - (B - C),
        2 * A - B / 3,
        -(A**2),
        (-A) ** 3,
        2**A,
        (A * A + 1) ** (B + 0.5),
        A / (B * B + 1),
        1 / (1 + C),
        (A + B) * (A - B) * 0.25,
        A.sin() + B.cos() * C.tan(),
        (A / 2).arcsin() - (B / 2).arccos() + C.arctan(),
        A.exp() + (C + 1).log(),
        abs(A) * A.sign(),
        A.conjugate() + 1,
        A * 1e-7 + B * 2.5e8,
        A - A,
        A * 0,
        2**53 * A + 1,
        (1j * A) * 1j,
    ],
)
def test_an_expression_has_qiskits_values(expression: ParameterExpression) -> None:
    got = evaluate([expression], PARAMETERS, VALUES)

    np.testing.assert_allclose(got, bound([expression], VALUES), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "constant", [1 / 3, math.pi, math.pi / 2, -math.e * 1e-5, 0.1, 1.2345678901234567e10]
)
def test_constants_keep_all_digits(constant: float) -> None:
    values = np.random.default_rng(5).uniform(-7, 7, (50, 3))

    got = evaluate([A * constant, B + constant], PARAMETERS, values)

    np.testing.assert_array_equal(got, np.stack([values[:, 0] * constant, values[:, 1] + constant], axis=1))


def test_the_values_of_a_bare_parameter_keep_every_bit() -> None:
    values = np.array([[0.1, 5e-324, -0.0], [1 / 3, 1e300, 2**53 + 1]])

    got = evaluate([C, A, B, A], PARAMETERS, values)

    assert got.tobytes() == np.ascontiguousarray(values[:, [2, 0, 1, 0]]).tobytes()


def test_parameters_are_identified_by_name_and_not_by_their_order() -> None:
    vector = ParameterVector("v", 12)
    values = np.random.default_rng(4).uniform(-1, 1, (5, 12))

    got = evaluate([vector[10] - 2 * vector[1]], list(vector), values)

    np.testing.assert_allclose(got[:, 0], values[:, 10] - 2 * values[:, 1], rtol=1e-14)


def test_an_expression_without_parameters_is_constant() -> None:
    got = evaluate([(A + 1).bind({A: 0.5})], [], np.empty((3, 0)))

    assert got.tolist() == [[1.5], [1.5], [1.5]]


@pytest.mark.parametrize(("rows", "columns"), [(0, 2), (3, 0), (0, 0)])
def test_no_rows_or_no_expressions_give_an_empty_table(rows: int, columns: int) -> None:
    assert evaluate([A, A + B][:columns], PARAMETERS, np.ones((rows, 3))).shape == (rows, columns)


def test_a_sum_of_thousands_of_terms_is_evaluated() -> None:
    vector = ParameterVector("v", 3000)
    total = sum((k * parameter for k, parameter in enumerate(vector[1:], start=2)), 1 * vector[0])

    got = evaluate([total], list(vector), np.ones((2, 3000)))

    assert got.tolist() == [[3000 * 3001 / 2]] * 2


@pytest.mark.parametrize(
    ("expression", "row"),
    [
        (1 / (B - 0.9), 2),
        ((A + 0.7).log(), 2),
        (A**0.5, 2),
        ((C * 2).arccos(), 0),
        ((C * 1000).exp(), 0),
        (1j * A, 0),
        (A + 1j * B, 0),
    ],
)
def test_the_error_for_a_value_that_is_not_finite_and_real_contains_expression_row_and_values(
    expression: ParameterExpression, row: int
) -> None:
    with pytest.raises(QoroInputError, match=r"has no finite real value") as raised:
        evaluate([A, expression], PARAMETERS, VALUES)

    message = str(raised.value)
    assert repr(str(expression)) in message
    assert f"no finite real value in row {row}" in message
    for parameter, value in zip(PARAMETERS, VALUES[row].tolist(), strict=True):
        assert (f"{parameter.name} = {value!r}" in message) == (parameter in expression.parameters)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("expression", [A, A + 1, -A])
def test_parameter_values_that_are_not_finite_are_refused(
    expression: ParameterExpression, value: float
) -> None:
    values = VALUES.copy()
    values[3, 0] = value

    with pytest.raises(QoroInputError, match=r"no finite real value in row 3 \(θ\[0\] = "):
        evaluate([expression], PARAMETERS, values)


leaves = st.sampled_from([A, B, C, A, B, C, 2, -3, 0.5, 0.1, math.pi, 1 / 3])


def compound(parts: st.SearchStrategy[ParameterExpression]) -> st.SearchStrategy[ParameterExpression]:
    pairs = st.tuples(parts, parts)
    lifted = parts.map(lambda part: part + 0 * A)
    return st.one_of(
        pairs.map(lambda pair: pair[0] + pair[1]),
        pairs.map(lambda pair: pair[0] - pair[1]),
        pairs.map(lambda pair: pair[0] * pair[1]),
        pairs.map(lambda pair: pair[0] / (pair[1] * pair[1] + 1)),
        parts.map(lambda part: -part),
        parts.map(lambda part: part**2),
        lifted.map(lambda part: part.sin()),
        lifted.map(lambda part: part.cos()),
        lifted.map(lambda part: part.arctan()),
        lifted.map(lambda part: part.sin().exp()),
        parts.map(abs),
    )


expressions = st.recursive(leaves, compound, max_leaves=8).map(lambda part: part + 0 * A)
eighths = st.integers(-24, 24).map(lambda number: number / 8)


@given(
    st.lists(expressions, min_size=1, max_size=3),
    st.lists(st.tuples(eighths, eighths, eighths), min_size=1, max_size=5),
)
def test_random_expressions_have_qiskits_values(
    some: list[ParameterExpression], rows: list[tuple[float, float, float]]
) -> None:
    expected = bound(some, np.array(rows))

    got = evaluate(some, PARAMETERS, rows)

    assert (np.abs(got - expected) <= 1e-9 * np.maximum(1, np.abs(expected))).all()


def test_a_thousand_rows_are_evaluated_faster_than_bound() -> None:
    some = [2 * A - B.sin() / 4 + k * C for k in range(1, 11)]
    values = np.random.default_rng(6).uniform(-3, 3, (1000, 3))
    start = time.process_time()
    expected = bound(some, values)
    binding = time.process_time() - start

    start = time.process_time()
    got = evaluate(some, PARAMETERS, values)

    assert time.process_time() - start < binding / 4  # usually a thirtieth
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-14)
