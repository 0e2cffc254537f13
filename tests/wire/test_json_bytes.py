"""Text and JSON in the character sets that services and proxies use."""

import pytest

from qiskit_qoro.wire.json_bytes import decode_bytes, decode_json

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
