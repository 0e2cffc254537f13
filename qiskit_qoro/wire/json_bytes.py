"""Decode the bytes of an answer: text and JSON, even if the header names a wrong character set.

JSON is UTF-8, but services and proxies also send it with a byte order mark, in UTF-16 or UTF-32, or with a
header that names another character set than the one that was used. So the bytes decide, and the header is
used only if they are not Unicode.
"""

from __future__ import annotations

import json
from typing import Any

from qiskit_qoro.wire.fields import check_depth

__all__ = ["decode_bytes", "decode_json", "detect_unicode"]


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
    value = json.loads(decode_bytes(data, charset))
    check_depth(value)
    return value


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
