"""Arguments from NumPy and from other array libraries become plain Python values."""

from __future__ import annotations

import math
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import (
    boolean_of,
    checked,
    integer_of,
    items_of,
    number_of,
    plain_of,
    text_of,
    timeout_of,
)


class Number(IntEnum):
    FIVE = 5


class Text(StrEnum):
    X = "x"


class OldText(str, Enum):  # noqa: UP042 - unlike a StrEnum, its str() is not its value
    X = "x"


class Scalar:
    """A scalar of another array library."""

    def __init__(self, value: object, shape: tuple[int, ...] = ()) -> None:
        self.value = value
        self.shape = shape

    def __repr__(self) -> str:
        return f"Scalar({self.value!r})"

    def item(self) -> object:
        return self.value

    def tolist(self) -> object:
        return self.value


# --- integers and numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [5, np.int64(5), np.uint8(5), np.array(5), np.array(5, dtype=object), Number.FIVE, Scalar(5)],
    ids=repr,
)
def test_an_integer_becomes_a_plain_int(value: object) -> None:
    found = integer_of(value)
    assert (found, type(found)) == (5, int)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        np.array(True),
        Scalar(True),
        5.0,
        np.float64(5),
        np.array(5.0),
        np.array([5]),
        "5",
        b"5",
        None,
        5j,
        Fraction(5),
        np.datetime64(5, "ns"),
        np.timedelta64(5, "ns"),
        np.array(5, "M8[ns]"),
    ],
    ids=repr,
)
def test_other_values_are_no_integers(value: object) -> None:
    assert integer_of(value) is None


@pytest.mark.parametrize(("value", "found"), [(2, None), (3, 3), (7, 7), (8, None)])
def test_the_bounds_of_an_integer_are_included(value: int, found: int | None) -> None:
    assert integer_of(value, least=3, most=7) == found
    assert integer_of(np.int64(value), least=3, most=7) == found


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2, 2.0),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.int8(2), 2.0),
        (np.array(0.5), 0.5),
        (Fraction(1, 2), 0.5),
        (Scalar(0.5), 0.5),
    ],
    ids=repr,
)
def test_a_number_becomes_a_plain_float(value: object, number: float) -> None:
    found = number_of(value)
    assert (found, type(found)) == (number, float)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        "1",
        None,
        1j,
        np.complex128(1),
        math.nan,
        math.inf,
        np.float64("inf"),
        10**400,
        np.array([0.5]),
        np.array(math.nan),
        np.timedelta64(1, "s"),
    ],
    ids=lambda value: f"{value!r:.30}",
)
def test_other_values_are_no_finite_numbers(value: object) -> None:
    assert number_of(value) is None


# --- booleans, text and lists -------------------------------------------------------------------------


@pytest.mark.parametrize("value", [False, np.False_, np.array(False), Scalar(False)], ids=repr)
def test_a_boolean_becomes_a_plain_bool(value: object) -> None:
    assert boolean_of(value) is False


@pytest.mark.parametrize("value", [0, 1, "True", None, np.int64(1), np.array([True]), 1.0], ids=repr)
def test_other_values_are_no_booleans(value: object) -> None:
    assert boolean_of(value) is None


@pytest.mark.parametrize("value", ["x", np.str_("x"), np.array("x"), Text.X, OldText.X], ids=repr)
def test_text_becomes_a_plain_str(value: object) -> None:
    found = text_of(value)
    assert (found, type(found)) == ("x", str)


@pytest.mark.parametrize("value", [b"x", 5, None, "\ud800", np.str_("a\udfff"), np.array(["x"])], ids=ascii)
def test_bytes_and_lone_surrogates_are_no_text(value: object) -> None:
    assert text_of(value) is None


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        (range(2), [0, 1]),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1], [2]]), [[1], [2]]),
        (np.empty((0, 2)), []),
        (Scalar([1], shape=(1,)), [1]),
    ],
    ids=repr,
)
def test_a_sequence_becomes_a_list(value: object, items: list[Any]) -> None:
    found = items_of(value)
    assert found == items
    assert {type(item) for item in found or ()} <= {int, list}


@pytest.mark.parametrize("value", ["ab", b"ab", {1, 2}, {1: 2}, 5, None, np.int64(5), np.array(5)], ids=repr)
def test_text_and_scalars_are_no_sequences(value: object) -> None:
    assert items_of(value) is None


def test_nested_values_become_plain() -> None:
    value = {"a": np.int64(1), np.str_("b"): [np.float32(0.5), (np.True_,)], "c": np.eye(2), (1, 2): None}
    found = plain_of(value)
    assert found == {"a": 1, "b": [0.5, [True]], "c": [[1.0, 0.0], [0.0, 1.0]], (1, 2): None}
    assert repr(found) == "{'a': 1, 'b': [0.5, [True]], 'c': [[1.0, 0.0], [0.0, 1.0]], (1, 2): None}"


# --- errors and time limits ---------------------------------------------------------------------------


def test_an_invalid_argument_is_named_with_its_value_and_what_is_expected() -> None:
    assert checked("size", "5", 5, "a size") == 5
    with pytest.raises(QoroInputError, match=r"^size is '5', expected a size$"):
        checked("size", "5", None, "a size")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (math.inf, None),
        (np.float64("inf"), None),
        (np.array(math.inf), None),
        (0, 0.0),
        (-0.5, 0.0),
        (np.int64(3), 3.0),
        (np.array(0.25), 0.25),
    ],
    ids=repr,
)
def test_a_time_limit_becomes_seconds_or_none(value: object, seconds: float | None) -> None:
    assert timeout_of("timeout", value) == seconds


@pytest.mark.parametrize("value", ["5", True, math.nan, -math.inf, [5], 1j], ids=repr)
def test_an_invalid_time_limit_is_refused(value: object) -> None:
    with pytest.raises(QoroInputError, match=r"^timeout is .*, expected a number of seconds, or None$"):
        timeout_of("timeout", value)
