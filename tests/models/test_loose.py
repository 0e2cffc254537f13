"""Values of answers are read in every form that has one meaning only."""

import sys

import pytest

from qiskit_qoro.models.loose import read_flag, read_integer, read_list, read_number, read_text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, 5),
        (-5, -5),
        (5.0, 5),
        ("5", 5),
        (" +5\n", 5),
        ("-5", -5),
        ("5.0", 5),
        ("5e0", 5),
        (1e300, int(1e300)),
        ("1" * 300, int("1" * 300)),
        (10**400, 10**400),
        (5.5, None),
        ("5.5", None),
        ("1" * 301, None),
        ("", None),
        ("five", None),
        ("1_000", None),
        ("٣", None),
        ("0x5", None),
        ("5,0", None),
        (True, None),
        (None, None),
        ([5], None),
        ({}, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_an_integer_is_read(value, read):
    assert (read_integer(value), type(read_integer(value))) == (read, type(read))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, 5.0),
        (0.5, 0.5),
        ("0.5", 0.5),
        (" -.5 ", -0.5),
        ("5.", 5.0),
        ("1E-3", 0.001),
        ("+2e+3", 2000.0),
        (sys.float_info.max, sys.float_info.max),
        ("1e308", 1e308),
        ("1e309", None),
        ("1e99999", None),
        ("1e100000", None),
        (10**400, None),
        ("nan", None),
        ("Infinity", None),
        ("1_0", None),
        ("1 0", None),
        ("0,5", None),
        ("", None),
        (".", None),
        ("e5", None),
        (False, None),
        (None, None),
        ([], None),
        (float("nan"), None),
        (-float("inf"), None),
    ],
)
def test_a_number_is_read(value, read):
    assert (read_number(value), type(read_number(value))) == (read, type(read))


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([True, 1, 1.0, "true", " True\n", "YES", "on", "1"], True),
        ([False, 0, 0.0, "false", "No", "off", "0"], False),
        ([None, 2, -1, 0.5, "", "perhaps", "2", [], {}, [True], float("nan")], None),
    ],
)
def test_a_flag_is_read(values, read):
    assert [read_flag(value) for value in values] == [read] * len(values)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("text", "text"),
        ("", ""),
        ("größer", "größer"),
        ("\ud83d!", "?!"),
        (None, None),
        (5, "5"),
        (True, "true"),
        (["ü", None], '["ü", null]'),
        ({"a": 1.5}, '{"a": 1.5}'),
        (float("nan"), "NaN"),
    ],
)
def test_a_text_is_read(value, read):
    assert read_text(value) == read


def test_a_list_is_read():
    items = [1, None]
    assert read_list(items) is items
    assert [read_list(value) for value in (None, "ab", {}, (1,), 5)] == [None] * 5
