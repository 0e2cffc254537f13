"""Text and JSON in the character sets that services and proxies use."""

import json
import struct
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiskit_qoro.wire.json_bytes import decode_bytes, decode_json, load_plain_json

TEXT = '{"error": "größer als 5 µs"}'
VALUE = {"error": "größer als 5 µs"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("charset", [None, "utf-8", "UTF8", "iso-8859-1", "binary"])
def test_unicode_is_decoded_whatever_the_header_says(encoding, charset):
    assert decode_json(TEXT.encode(encoding), charset) == VALUE


@pytest.mark.parametrize("charset", ["latin-1", "windows-1252"])
def test_other_text_is_decoded_as_the_header_says(charset):
    assert decode_json(TEXT.encode(charset), charset) == VALUE


@pytest.mark.parametrize("charset", [None, "utf-8", "ascii", "klingon", "hex", "a\0b"])
def test_bytes_that_are_no_text_are_a_value_error(charset):
    with pytest.raises(ValueError, match=r"decode|character set|null"):
        decode_bytes(b"caf\xe9 \xff", charset)


@pytest.mark.parametrize("data", [b"", b"  ", b"<html>", b'{"a": ', b"\xef\xbb\xbf"])
def test_text_that_is_no_json_is_a_value_error(data):
    with pytest.raises(ValueError, match="Expecting"):
        decode_json(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=40)
@given(VALUES, st.booleans(), st.sampled_from([None, (",", ":")]))
def test_any_value_is_parsed_as_python_does(value, ascii_only, separators):
    text = json.dumps([value], ensure_ascii=ascii_only, separators=separators)
    assert repr(decode_json(text.encode())) == repr(json.loads(text))


@given(st.integers(0, 2**64 - 1), st.sampled_from(["%r", "%.17g", "%.25f", "%.3e"]))
def test_any_float_is_parsed_to_the_last_bit(bits, form):
    (number,) = struct.unpack("d", struct.pack("Q", bits))
    if not isnan(number) and abs(number) < 1e300:
        text = "[" + form % number + "]"
        assert repr(decode_json(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "[18446744073709551616]",
        '{"a": -9223372036854775809}',
        '{"a":[1, 123456789012345678901234567890]}',
        "[\t99999999999999999999]",
        "[\n\r-99999999999999999999]",
        "[1e400]",
        "[NaN]",
        "[-Infinity]",
        '["\\ud800"]',
        "5",
        '"text"',
    ],
)
def test_values_that_only_python_parses_are_parsed_by_it(text):
    with pytest.raises(ValueError, match=r"plain JSON|line 1 column"):
        load_plain_json(text.encode())
    assert repr(decode_json(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text", ["[]", "[1,2.5,-3e-2]", '{"a":[922337203685477580,0.00012345678901234567], "b": "ü\\u00fc"}']
)
def test_usual_values_are_parsed_fast(text):
    assert load_plain_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["", "x" * 300, "x" * 100_000])
def test_long_texts_and_long_numbers_are_read_like_python_reads_them(text: str) -> None:
    value = {"text": text, "numbers": [0.1, -0.0, 5e-324, 2**63, 2**64, -(2**70), 10**30] * 3}
    decoded = decode_json(json.dumps(value).encode())
    assert repr(decoded) == repr(value)
