"""Compressed texts, and canonical base64."""

import base64
import gzip
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.text import (
    CompressedTexts,
    decode_base64,
    decode_loose_base64,
    decode_text,
    encode_text,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "text.json").read_text())


def as_blob(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@pytest.mark.parametrize("case", [case for group in GOLDEN.values() for case in group])
def test_golden_blobs_decode_to_their_text(case):
    assert decode_text(case["blob"]) == case["text"]


@pytest.mark.parametrize("case", [case for case in GOLDEN["by_hand"] if case["encodes_to_it"]])
def test_a_text_encodes_to_its_golden_blob(case):
    assert encode_text(case["text"]) == case["blob"]


@given(st.text())
def test_an_encoded_value_decodes_to_itself(text):
    assert decode_text(encode_text(text)) == text


@given(st.text())
def test_the_standard_library_decodes_an_encoded_text(text):
    assert gzip.decompress(base64.b64decode(encode_text(text), validate=True)).decode() == text


def test_the_header_has_no_time_no_name_and_no_system():
    assert base64.b64decode(encode_text("OPENQASM 2.0;"))[:10].hex() == "1f8b08000000000000ff"


def test_a_header_with_a_time_and_a_file_name_is_read():
    named = b"\x1f\x8b\x08\x08\x01\x02\x03\x04\x00\x03bell.qasm\0" + gzip.compress(b"qreg q[1];")[10:]
    assert decode_text(as_blob(named)) == "qreg q[1];"


def test_a_lone_surrogate_cannot_be_encoded():
    with pytest.raises(QoroInputError, match="surrogate at character 2"):
        encode_text("ab\ud800")


def test_a_text_of_exactly_the_limit_is_read():
    assert decode_text(encode_text("x" * 1000), limit_bytes=1000) == "x" * 1000


def test_a_text_one_byte_over_the_limit_is_refused():
    with pytest.raises(WireError, match="more than 999 bytes"):
        decode_text(encode_text("x" * 1000), limit_bytes=999)


def test_a_compression_bomb_is_refused_before_it_is_inflated():
    deflater = zlib.compressobj(9, wbits=31)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(64)) + deflater.flush()
    with pytest.raises(WireError, match="more than 16777216 bytes"):
        decode_text(as_blob(bomb))


def test_every_truncation_is_refused():
    data = base64.b64decode(encode_text("OPENQASM 2.0;\nqreg q[2];\n"))
    for length in range(len(data)):
        with pytest.raises(WireError, match=r"the text is truncated"):
            decode_text(as_blob(data[:length]))


def test_every_changed_byte_of_the_content_is_refused():
    text = "OPENQASM 2.0;\nqreg q[2];\ncreg c[2];\n"
    data = base64.b64decode(encode_text(text))
    for position in range(10, len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x55
        with pytest.raises(
            WireError, match=r"the text is not valid gzip|the text is truncated|bytes follow|not UTF-8"
        ):
            decode_text(as_blob(bytes(changed)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"OPENQASM 2.0;", "not valid gzip"),
        (zlib.compress(b"x"), "not valid gzip"),
        (gzip.compress(b"x", mtime=0) + b"\0", "1 bytes follow"),
        (gzip.compress(b"x", mtime=0) + gzip.compress(b"y", mtime=0), "bytes follow"),
        (gzip.compress(b"ab\xff", mtime=0), "not UTF-8: invalid start byte at byte 2"),
    ],
)
def test_data_other_than_one_gzip_member_of_utf8_is_refused_with_the_reason(data, reason):
    with pytest.raises(WireError, match=reason):
        decode_text(as_blob(data))


@given(st.binary())
def test_any_other_bytes_are_refused_with_a_wire_error(data):
    with pytest.raises(WireError, match=r"the text"):
        decode_text(as_blob(data))


def test_compressed_texts_equal_the_texts_they_contain():
    texts = {"b": "qreg q[1];", "a": ""}
    compressed = CompressedTexts({label: encode_text(text) for label, text in texts.items()})
    assert list(compressed) == ["b", "a"]
    assert compressed == texts


def test_a_compressed_text_over_the_limit_is_refused_on_access():
    compressed = CompressedTexts({"a": encode_text("12345")}, limit_bytes=4)
    with pytest.raises(WireError, match="4 bytes"):
        compressed["a"]


@given(st.binary())
def test_base64_decodes_to_its_bytes(data):
    assert decode_base64(as_blob(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "QUI",
        "QUJ=",
        "QR==",
        "QQ=",
        "QQ",
        "Q",
        "=",
        "QQ==QQ==",
        "QUI=\n",
        "QU I=",
        "Q-I=",
        "QUI\u00e9",
        "QQ===",
    ],
)
def test_base64_in_any_other_form_is_refused(text):
    with pytest.raises(WireError, match="base64"):
        decode_base64(text)


@given(st.binary(max_size=9), st.text("AQg/=-\n\u00e9", max_size=3), st.integers(0, 12), st.integers(0, 3))
def test_only_canonical_base64_is_accepted(data, inserted, place, cut):
    text = as_blob(data)
    text = text[:place] + inserted + text[place + cut :]
    try:
        decoded = decode_base64(text)
    except WireError:
        return
    assert as_blob(decoded) == text


# tests/wire/test_histogram.py has the forms of base64 that answers may have.


@pytest.mark.parametrize("text", ["QUI", "QU I=", "QUI=\n", "QUI=="])
def test_base64_of_requests_stays_strict_where_that_of_answers_is_loose(text):
    assert decode_loose_base64(text) == b"AB"
    with pytest.raises(WireError, match="base64"):
        decode_base64(text)


@pytest.mark.parametrize("text", ["QUJ", "QUI!", "Q", "é", "QU=I"])
def test_base64_that_is_damaged_is_refused_in_answers_too(text):
    with pytest.raises(WireError, match="base64"):
        decode_loose_base64(text)
