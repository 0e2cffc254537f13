"""Metadata and names as JSON can represent them."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.wire.json_values import encodable_text, json_metadata


class Color(IntEnum):
    RED = 1


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE
DEEP: list[Any] = []
for _ in range(2000):
    DEEP = [DEEP]


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
        2**1025,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {(1, 2): 3},
        {"a": [object()]},
        b"bytes",
        {1, 2},
        CYCLE,
        DEEP,
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_entry_that_json_cannot_represent_is_dropped_and_the_others_stay(value: object) -> None:
    assert json_metadata({"bad": value, "good": 1}) == {"good": 1}


@pytest.mark.parametrize("key", [1, None, (1, 2), "\ud800", frozenset()], ids=ascii)
def test_an_entry_whose_key_is_not_encodable_text_is_dropped(key: object) -> None:
    assert json_metadata({key: 1, "good": 2}) == {"good": 2}


def test_no_metadata_are_an_empty_mapping() -> None:
    assert json_metadata(None) == {}


def test_lone_surrogates_in_names_are_replaced() -> None:
    assert encodable_text("a\ud800ψ") == "a?ψ"
