"""Metadata and names as JSON can represent them."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.wire.json_values import encodable_text, encode_json, json_metadata


class Color(IntEnum):
    RED = 1


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE
TWO_CYCLES: list[Any] = []
TWO_CYCLES += [TWO_CYCLES] * 10
DEEP: list[Any] = []
for _ in range(2000):
    DEEP = [DEEP]
# Not deep, but each list occurs ten times in the next one, so that there are 10^15 lists.
WIDE: list[Any] = []
for _ in range(15):
    WIDE = [WIDE] * 10


def nested(depth: int) -> list[Any]:
    """A list in which lists are nested so many levels deep."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        ("ψ", "ψ"),
        (5, 5),
        (0.1, 0.1),
        ([1, {"a": [None]}], [1, {"a": [None]}]),
        ((1, (2, 3)), [1, [2, 3]]),
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        (np.array([[1, 2]]), [[1, 2]]),
        (Color.RED, 1),
        (2**1023, 2**1023),
        (-(2**1023), -(2**1023)),
        (np.str_("ψ"), "ψ"),
        (np.array("ψ"), "ψ"),
        (np.array([1, None], dtype=object), [1, None]),
        ({np.str_("a"): np.True_}, {"a": True}),
        ([[]] * 1000, [[]] * 1000),
    ],
    ids=repr,
)
def test_a_value_that_json_can_represent_is_kept_as_plain_python(value: object, kept: object) -> None:
    found = json_metadata({"key": value})
    assert found == {"key": kept}
    assert type(found["key"]) is type(kept)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    "value",
    [
        object(),
        1j,
        float("nan"),
        np.inf,
        2**1024,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {(1, 2): 3},
        {"a": [object()]},
        b"bytes",
        {1, 2},
        CYCLE,
        TWO_CYCLES,
        DEEP,
        WIDE,
        np.zeros(2**18 + 1),
        np.datetime64(5, "ns"),
        np.array([5], "m8[ns]"),
        {"a": ["\ud800"]},
        ["a\udfff"],
        {"a": {("b",): 1}},
        np.array([1j]),
        np.array([np.nan]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_entry_that_json_cannot_represent_is_dropped_and_the_others_stay(value: object) -> None:
    assert json_metadata({"bad": value, "good": 1}) == {"good": 1}


@pytest.mark.parametrize("key", [1, None, (1, 2), "\ud800", frozenset()], ids=ascii)
def test_an_entry_whose_key_is_not_encodable_text_is_dropped(key: object) -> None:
    assert json_metadata({key: 1, "good": 2}) == {"good": 2}


def test_the_limits_of_nesting_and_size_are_included() -> None:
    assert json_metadata({"deep": nested(20), "deeper": nested(21)}) == {"deep": nested(20)}
    large = [0] * (2**18 - 1)
    assert json_metadata({"large": large, "larger": [*large, 0]}) == {"large": large}


@pytest.mark.parametrize("text", ["a", "ψ", "\U0001f600"])
def test_a_document_is_compact_json_in_utf_8(text: str) -> None:
    assert encode_json({"a": [1, text]}) == f'{{"a":[1,"{text}"]}}'.encode()


@pytest.mark.parametrize("text", ["\ud800", "ψ\udfff\U0001f600", {"\ud800": ["ψ"]}], ids=ascii)
def test_a_lone_surrogate_in_a_document_is_escaped(text: object) -> None:
    encoded = encode_json({"a": text})
    assert encoded.isascii()
    assert json.loads(encoded) == {"a": text}


def test_no_metadata_are_an_empty_mapping() -> None:
    assert json_metadata(None) == {}


def test_lone_surrogates_in_names_are_replaced() -> None:
    assert encodable_text("a\ud800ψ") == "a?ψ"
