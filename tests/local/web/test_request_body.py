"""Strict parsing of JSON bodies and of integers in a query."""

from __future__ import annotations

import json

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.web.request_body import int_from_query, parse_json


def test_objects_keep_the_order_of_their_keys() -> None:
    assert list(parse_json(b'{"b": 1, "a": [true, null, "\\u00e9"]}').items()) == [
        ("b", 1),
        ("a", [True, None, "é"]),
    ]


def test_a_surrogate_pair_is_decoded_to_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"b":{"a":[{"a":2},{}]}}', '{"a" : 1, "b"\n: "\\":"}', '{"a\\":b":"\\":"}', "7", "[1e400]"],
)
def test_any_form_of_json_is_read(text: str) -> None:
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "body: expected JSON"),
        (b"{", "body: expected JSON"),
        (b"{} {}", "body: expected JSON"),
        (b'{"shots": NaN}', "NaN"),
        (b'{"shots": -Infinity}', "Infinity"),
        (b"1" * 5000, "body: expected JSON"),
        (b'{"circuits": {"bell": 1, "bell": 2}}', "bell: the key occurs twice"),
        (b'{"bell" :1,"bell"\t:"\\":\\":\\":"}', "bell: the key occurs twice"),
        (b'{"a\\":":1,"a\\":":2}', 'a":: the key occurs twice'),
        (b"[" * 200_000, "nested too deeply"),
        (b"[" * 101 + b"]" * 101, "more than 100 levels"),
        (b'"\xff"', "UTF-8"),
        (b'{"label": "\\uD800"}', "UTF-8"),
    ],
)
def test_invalid_json_is_refused_with_a_reason(body: bytes, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        parse_json(body)


def test_an_integer_is_parsed_or_has_its_default() -> None:
    assert int_from_query({"limit": "7"}, "limit", default=100, minimum=1, maximum=1000) == 7
    assert int_from_query({}, "limit", default=100, minimum=1, maximum=1000) == 100


@pytest.mark.parametrize("text", ["0", "1001", "-1", "1.0", "", "x", "٣", "9" * 10_000, " 7", "+7"])
def test_an_integer_out_of_its_bounds_is_refused_and_named(text: str) -> None:
    with pytest.raises(WireError, match="limit: expected an integer from 1 to 1000"):
        int_from_query({"limit": text}, "limit", default=100, minimum=1, maximum=1000)
