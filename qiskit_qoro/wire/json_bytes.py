"""Decode the bytes of an answer: text and JSON, even if the header names a wrong character set.

JSON is UTF-8, but services and proxies also send it with a byte order mark, in UTF-16 or UTF-32, or with a
header that names another character set than the one that was used. So the bytes decide, and the header is
used only if they are not Unicode.

Bodies of parameter sweeps are long. orjson parses them several times faster than Python, with the same
values, unless an integer does not fit into 64 bits.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from qiskit_qoro.wire.fields import check_depth

__all__ = ["decode_bytes", "decode_json", "detect_unicode", "load_plain_json"]

# Replaces each digit by 0, and each character that can stand before a number by a comma.
_NUMBERS = bytes.maketrans(b"123456789:[- \t\r\n", b"0" * 9 + b"," * 7)
_SAMPLE_BYTES = 2**16
_LONG_VALUE_BYTES = 2**8
_LONG_NUMBER = b"," + b"0" * 19


def decode_json(data: bytes, charset: str | None = None) -> Any:
    """Parse JSON.

    Args:
        data: The bytes of the body.
        charset: The character set in the header, ``None`` if it names none.

    Raises:
        WireError: The JSON is nested too deeply to be used.
        RecursionError: The JSON is nested too deeply to be parsed.
        ValueError: The data are not JSON.
    """
    try:
        value = load_plain_json(data) if _has_many_values(data) else None
    except ValueError:
        value = None
    if value is None:
        value = json.loads(decode_bytes(data, charset))
    check_depth(value)
    return value


def _has_many_values(data: bytes) -> bool:
    """Whether a body consists of numbers and short texts. Python parses long texts as fast as orjson."""
    begin = data[:_SAMPLE_BYTES]
    return begin.count(b",") * _LONG_VALUE_BYTES > len(begin)


def load_plain_json(data: bytes) -> Any:
    """Parse JSON as :func:`json.loads` does, but faster.

    Args:
        data: The bytes.

    Raises:
        ValueError: The data are not a list or an object in UTF-8, or they may contain an integer of more than
            64 bits, a number that Python alone accepts, or half a surrogate pair.
    """
    if data[:1] not in (b"{", b"[") or _LONG_NUMBER in data.translate(_NUMBERS):
        raise ValueError("the data are not plain JSON")
    return orjson.loads(data)


def decode_bytes(data: bytes, charset: str | None = None) -> str:
    """Decode text without its byte order mark.

    Args:
        data: The bytes of the body.
        charset: The character set in the header, ``None`` if it names none.

    Raises:
        ValueError: The data are neither Unicode nor text in ``charset``.
    """
    try:
        return data.decode(detect_unicode(data))
    except UnicodeDecodeError:
        if charset is None:
            raise
    try:
        return data.decode(charset)
    except LookupError as error:
        raise ValueError(
            f"the text is neither Unicode nor in a known character set, but {charset!r}"
        ) from error


def detect_unicode(data: bytes) -> str:
    """Return the encoding that text has if it is Unicode: UTF-8, UTF-16 or UTF-32, with or without a mark."""
    # UTF-16 and UTF-32 differ in the positions of zero bytes, because the first characters are ASCII.
    return json.detect_encoding(data)
