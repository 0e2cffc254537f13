"""Classical expressions of Qiskit as conditions, compared with Python's arithmetic for all values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, Duration
from qiskit.circuit.classical import expr, types

from qiskit_qoro.qasm.write.bit_conditions import ALWAYS, NEVER, Condition
from qiskit_qoro.qasm.write.qiskit_conditions import read_condition, read_equality
from qiskit_qoro.qasm.write.unwritable import UnwritableError

A = ClassicalRegister(3, "a")
B = ClassicalRegister(2, "b")
C = Clbit()
WIDE = ClassicalRegister(11, "wide")
# The bits of the registers are neither adjacent nor in order.
INDEX = {bit: position for position, bit in zip([4, 0, 6, 1, 5, 2], [*A, *B, C], strict=True)}
INDEX |= {bit: 10 + position for position, bit in enumerate(WIDE)}

UINT2, UINT8, FLOAT, BOOL = types.Uint(2), types.Uint(8), types.Float(), types.Bool()


def cast(value: Any, kind: Any) -> expr.Expr:
    """A cast that Qiskit's constructor may leave out."""
    return expr.Cast(expr.lift(value), kind)


def as_float(value: Any) -> expr.Expr:
    return expr.cast(value, FLOAT)


EXPRESSIONS: dict[str, tuple[expr.Expr, Callable[[int, int, int], bool]]] = {
    # --- casts
    "register to Bool": (cast(A, BOOL), lambda a, b, c: a != 0),
    "sum to Bool": (cast(expr.add(A, 3), BOOL), lambda a, b, c: (a + 3) % 8 != 0),
    "bit to Bool": (cast(C, BOOL), lambda a, b, c: c == 1),
    "bit to Uint": (expr.equal(cast(C, UINT2), 1), lambda a, b, c: c == 1),
    "bit to a sum of Uint": (expr.equal(expr.add(cast(C, UINT2), B), 3), lambda a, b, c: (c + b) % 4 == 3),
    "narrower Uint": (expr.equal(cast(A, UINT2), 1), lambda a, b, c: a % 4 == 1),
    "wider Uint": (expr.equal(cast(A, UINT8), 5), lambda a, b, c: a == 5),
    "wider Uint on the right": (expr.not_equal(expr.lift(5, UINT8), cast(A, UINT8)), lambda a, b, c: a != 5),
    "wider sum": (expr.equal(expr.add(cast(A, UINT8), 6), 9), lambda a, b, c: a + 6 == 9),
    "wider and narrower": (expr.equal(cast(cast(A, UINT8), UINT2), 2), lambda a, b, c: a % 4 == 2),
    "Uint to Float": (expr.less(as_float(A), 2.5), lambda a, b, c: a < 2.5),
    "Float to Uint": (expr.equal(cast(expr.div(as_float(A), 2.0), UINT2), 1), lambda a, b, c: a // 2 == 1),
    "Float to Bool": (cast(expr.sub(as_float(A), 3.0), BOOL), lambda a, b, c: a != 3),
    # --- unary operations
    "bitwise not of Uint": (expr.equal(expr.bit_not(A), 2), lambda a, b, c: (~a) % 8 == 2),
    "bitwise not of Bool": (expr.bit_not(C), lambda a, b, c: c == 0),
    "logical not of a register": (expr.logic_not(A), lambda a, b, c: a == 0),
    "logical not of a comparison": (expr.logic_not(expr.less(A, 3)), lambda a, b, c: a >= 3),
    "not inside of an operation": (
        expr.equal(cast(expr.logic_not(expr.less(A, 3)), UINT2), 1),
        lambda a, b, c: a >= 3,
    ),
    # --- division
    "Uint by a number": (expr.equal(expr.div(A, 2), 1), lambda a, b, c: a // 2 == 1),
    "Uint by a register": (
        expr.greater(expr.div(A, expr.add(expr.cast(B, types.Uint(3)), 1)), 1),
        lambda a, b, c: a // (b + 1) > 1,
    ),
    "number by Uint": (
        expr.equal(expr.div(expr.lift(7, types.Uint(3)), expr.bit_or(A, 1)), 2),
        lambda a, b, c: 7 // (a | 1) == 2,
    ),
    "Float by a number": (expr.greater(expr.div(as_float(A), 2.0), 1.2), lambda a, b, c: a / 2 > 1.2),
    # --- other arithmetic, which wraps around
    "sum": (expr.equal(expr.add(A, 6), 1), lambda a, b, c: (a + 6) % 8 == 1),
    "difference": (expr.equal(expr.sub(A, 3), 7), lambda a, b, c: (a - 3) % 8 == 7),
    "product": (expr.equal(expr.mul(A, 3), 5), lambda a, b, c: (a * 3) % 8 == 5),
    "left shift": (expr.equal(expr.shift_left(A, B), 4), lambda a, b, c: (a << b) % 8 == 4),
    "far left shift": (
        expr.equal(expr.shift_left(A, expr.lift(5000, types.Uint(16))), 0),
        lambda a, b, c: True,
    ),
    "right shift": (expr.equal(expr.shift_right(A, B), 1), lambda a, b, c: a >> b == 1),
    "bitwise and": (expr.equal(expr.bit_and(A, 5), 4), lambda a, b, c: a & 5 == 4),
    "bitwise or": (expr.equal(expr.bit_or(A, 5), 7), lambda a, b, c: a | 5 == 7),
    "bitwise xor": (expr.equal(expr.bit_xor(A, 5), 2), lambda a, b, c: a ^ 5 == 2),
    # --- comparisons of registers
    "equal registers": (expr.equal(A, B), lambda a, b, c: a == b),
    "different registers": (expr.not_equal(A, B), lambda a, b, c: a != b),
    "less": (expr.less(A, B), lambda a, b, c: a < b),
    "at most": (expr.less_equal(A, B), lambda a, b, c: a <= b),
    "greater": (expr.greater(A, B), lambda a, b, c: a > b),
    "at least": (expr.greater_equal(A, B), lambda a, b, c: a >= b),
    # --- bits and logic
    "bit": (expr.lift(C), lambda a, b, c: c == 1),
    "indexed bit": (expr.index(A, 1), lambda a, b, c: a >> 1 & 1 == 1),
    "bit indexed by a register": (expr.index(A, B), lambda a, b, c: a >> b & 1 == 1),
    "bit of a sum": (expr.index(expr.add(A, 1), 2), lambda a, b, c: ((a + 1) % 8) >> 2 & 1 == 1),
    "and": (expr.logic_and(C, expr.less(A, 3)), lambda a, b, c: c == 1 and a < 3),
    "or": (expr.logic_or(C, expr.equal(A, 3)), lambda a, b, c: c == 1 or a == 3),
    "xor of conditions": (expr.bit_xor(C, expr.less(A, 3)), lambda a, b, c: (c == 1) != (a < 3)),
    "equal conditions": (expr.equal(C, expr.less(A, 3)), lambda a, b, c: (c == 1) == (a < 3)),
    "different conditions": (expr.not_equal(C, expr.less(A, 3)), lambda a, b, c: (c == 1) != (a < 3)),
    "and inside of an operation": (
        expr.equal(cast(expr.logic_and(C, expr.equal(B, 2)), UINT2), 1),
        lambda a, b, c: c == 1 and b == 2,
    ),
    "or inside of an operation": (
        expr.equal(cast(expr.logic_or(C, expr.equal(B, 2)), UINT2), 0),
        lambda a, b, c: c == 0 and b != 2,
    ),
}

if hasattr(expr, "negate"):  # in newer releases of Qiskit
    EXPRESSIONS |= {
        "negated Float": (expr.less(expr.negate(as_float(A)), -1.5), lambda a, b, c: a > 1.5),
        "negated twice": (expr.equal(expr.negate(expr.negate(as_float(A))), 3.0), lambda a, b, c: a == 3),
    }


def holds(condition: Condition, pattern: int) -> bool:
    return any(pattern & mask == value for mask, value in condition)


def pattern_of(a: int, b: int, c: int) -> int:
    """The classical bits in which the registers have these values."""
    values = {A: a, B: b}
    pattern = c << INDEX[C]
    for register, value in values.items():
        pattern |= sum((value >> position & 1) << INDEX[bit] for position, bit in enumerate(register))
    return pattern


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_true_for_the_same_values_as_in_python(name: str) -> None:
    expression, expected = EXPRESSIONS[name]
    condition = read_condition(expression, INDEX)
    for a, b, c in product(range(8), range(4), range(2)):
        assert holds(condition, pattern_of(a, b, c)) is expected(a, b, c), (a, b, c)


@pytest.mark.parametrize("value", range(9))
def test_the_target_of_a_switch_may_be_an_expression(value: int) -> None:
    condition = read_equality(expr.add(A, cast(B, types.Uint(3))), value, INDEX)
    for a, b in product(range(8), range(4)):
        assert holds(condition, pattern_of(a, b, 0)) is ((a + b) % 8 == value)


@pytest.mark.parametrize(("target", "width"), [(A, 3), (C, 1), (expr.lift(A), 3), (expr.lift(C), 1)])
def test_the_target_of_a_switch_may_be_a_bit_or_a_register(target: Any, width: int) -> None:
    for value in range(2**width):
        condition = read_equality(target, value, INDEX)
        for a, c in product(range(8), range(2)):
            assert holds(condition, pattern_of(a, 0, c)) is ((a if width == 3 else c) == value)
    assert read_equality(target, 2**width, INDEX) == NEVER


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (expr.lift(True), ALWAYS),
        (expr.lift(False), NEVER),
        (expr.logic_not(expr.lift(False)), ALWAYS),
        (expr.less(expr.lift(2, UINT8), expr.lift(3, UINT8)), ALWAYS),
    ],
)
def test_a_constant_condition_reads_no_bits(expression: expr.Expr, expected: Condition) -> None:
    assert read_condition(expression, INDEX) == expected


@pytest.mark.parametrize(("number", "is_equal"), [(0, False), (2**11 - 1, True)])
def test_a_wide_register_can_be_compared_with_a_number(number: int, is_equal: bool) -> None:
    full = sum(1 << INDEX[bit] for bit in WIDE)
    assert holds(read_condition(expr.equal(WIDE, number), INDEX), full) is is_equal
    assert holds(read_condition(expr.not_equal(number, WIDE), INDEX), full) is not is_equal


# --- what cannot be translated --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "match"),
    [
        (
            expr.less(WIDE, 5),
            "its expression reads 11 bits and is not a comparison of a register with a number",
        ),
        (expr.equal(expr.div(A, B), 1), "its expression divides by zero for some values of its bits"),
        (
            expr.greater(expr.div(as_float(A), as_float(B)), 1.0),
            "its expression divides by zero for some values of its bits",
        ),
        (expr.equal(expr.Var.new("n", UINT8), 1), "it reads the real-time variable 'n'"),
        (expr.Var.new("flag", BOOL), "it reads the real-time variable 'flag'"),
        (expr.lift(Clbit()), "reads a classical bit that is not one of the instruction's bits"),
        (expr.equal(ClassicalRegister(2, "other"), 1), "reads a classical bit that is not one of"),
    ],
)
def test_an_expression_that_cannot_be_translated_is_refused_with_the_reason(
    expression: expr.Expr, match: str
) -> None:
    with pytest.raises(UnwritableError, match=match):
        read_condition(expression, INDEX)


def test_ten_bits_can_be_enumerated() -> None:
    ten = ClassicalRegister(bits=list(WIDE)[:10], name="ten")
    condition = read_condition(expr.less(ten, 5), INDEX)
    assert holds(condition, 4 << 10)
    assert not holds(condition, 5 << 10)


def test_durations_are_refused() -> None:
    total = expr.add(Duration.dt(5), Duration.dt(6))
    with pytest.raises(
        UnwritableError, match=r"its expression has a part of type Duration\(\), which is not"
    ):
        read_condition(expr.less(total, Duration.dt(20)), INDEX)


def test_stretches_are_refused() -> None:
    stretch = QuantumCircuit(1).add_stretch("stretch")
    with pytest.raises(UnwritableError, match="its expression contains Stretch, which is not supported"):
        read_condition(expr.less(stretch, Duration.dt(20)), INDEX)
