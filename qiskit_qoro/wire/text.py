"""Texts of circuits in wire format: base64 of gzip of UTF-8.

The encoder writes the gzip container itself, around a raw deflate stream: without a time, without a file
name, and with "unknown" as operating system. So the same text gives the same bytes on every machine with the
same zlib::

    1f 8b  08  00  00 00 00 00  00  ff  deflate stream  crc32:4  length:4      (RFC 1952, little endian)
    magic  |   |   time         |   operating system
           |   flags            extra flags
           method

The decoder accepts exactly one gzip member, with any header. It stops as soon as the text is longer than the
caller allows.

The compression level is 5. For OpenQASM, level 9 saves only 2 % but takes two and a half times as long, and
lower levels lose 8 %. Small texts take 10 to 50 µs at every level.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator, Mapping
from typing import Literal

from qiskit_qoro.errors import QoroInputError, WireError

__all__ = [
    "DEFAULT_LIMIT_BYTES",
    "CompressedTexts",
    "decode_base64",
    "decode_loose_base64",
    "decode_text",
    "encode_text",
    "inflate",
]

DEFAULT_LIMIT_BYTES = 16 * 1024 * 1024
"""Default limit of a decoded text. The OpenQASM in a full request body typically inflates to half of this."""

_URL_SAFE = str.maketrans("-_", "+/")
"""The two letters in which the alphabet for URLs differs."""

_LEVEL = 5
_HEADER = bytes.fromhex("1f8b 08 00 00000000 00 ff")
_RAW_DEFLATE = -zlib.MAX_WBITS
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "zlib": zlib.MAX_WBITS}


def encode_text(text: str) -> str:
    """Encode a text. The same text always gives the same blob.

    Args:
        text: For example an OpenQASM 2 program.

    Returns:
        Base64 of gzip of the text in UTF-8.

    Raises:
        QoroInputError: The text contains a lone surrogate, which UTF-8 cannot encode.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise QoroInputError(
            f"the text has a lone surrogate at character {error.start}, which UTF-8 cannot encode: remove it"
        ) from error
    trailer = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFF_FFFF).to_bytes(4, "little")
    body = zlib.compress(data, _LEVEL, wbits=_RAW_DEFLATE)
    return binascii.b2a_base64(_HEADER + body + trailer, newline=False).decode("ascii")


def decode_text(blob: str, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> str:
    """Decode a text.

    Args:
        blob: Base64 of one gzip member.
        limit_bytes: The largest size of the text, in bytes of UTF-8. No more than this is inflated.

    Raises:
        WireError: The blob is not base64, not gzip, truncated, damaged, followed by other bytes, longer than
            ``limit_bytes`` when inflated, or not UTF-8.
    """
    data = inflate(decode_base64(blob), "the text", limit_bytes=limit_bytes, container="gzip")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from error


def inflate(
    data: bytes, what: str, *, limit_bytes: int, container: Literal["gzip", "zlib"] = "zlib"
) -> bytes:
    """Decompress one complete stream. No more than ``limit_bytes`` are inflated.

    Args:
        data: The compressed data.
        what: The name of the decompressed data, for errors.
        limit_bytes: The largest size of the decompressed data.
        container: The container of the stream.

    Raises:
        WireError: The data are damaged, truncated, followed by other bytes, or too large when inflated.
    """
    inflater = zlib.decompressobj(_WINDOW_BITS[container])
    try:
        # One byte more than the limit, so that zlib also checks the checksum of data of exactly that size.
        inflated = inflater.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise WireError(f"{what} is not valid {container}: {error}") from error
    if len(inflated) > limit_bytes:
        raise WireError(f"{what} inflates to more than {limit_bytes} bytes, expected at most that")
    if not inflater.eof:
        raise WireError(f"{what} is truncated: its {container} stream has no end")
    if inflater.unused_data:
        raise WireError(
            f"{len(inflater.unused_data)} bytes follow the {container} stream of {what}, expected none"
        )
    return inflated


class CompressedTexts(Mapping[str, str]):
    """A mapping from label to text that keeps the texts compressed and inflates a text on each access.

    A body of 1 MB can contain close to a gigabyte of text, which may be more than the available memory.

    Args:
        blobs: Label to text in wire format.
        limit_bytes: The largest size of a text, in bytes of UTF-8.
    """

    def __init__(self, blobs: Mapping[str, str], *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._blobs = dict(blobs)
        self._limit_bytes = limit_bytes

    def __getitem__(self, label: str) -> str:
        return decode_text(self._blobs[label], limit_bytes=self._limit_bytes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(map(repr, self._blobs))}>"


def decode_base64(text: str) -> bytes:
    """Decode base64, in its canonical form only.

    Args:
        text: Characters of the standard alphabet with full padding, without line breaks.

    Raises:
        WireError: There is another character, the length or the padding is wrong, or the unused bits before
            the padding are not zero.
    """
    try:
        data = binascii.a2b_base64(text)
    except ValueError as error:
        raise WireError(f"expected base64: {error}") from error
    # a2b_base64 skips unknown characters, so a text that contains some is longer than the canonical one.
    # Wrong unused bits can only be in the last group; encoding that group again shows them.
    tail = data[len(data) - (len(data) % 3 or 3) :]
    is_whole = len(text) == -(-len(data) // 3) * 4
    if not is_whole or not text.endswith(binascii.b2a_base64(tail, newline=False).decode("ascii")):
        raise WireError("expected canonical base64: its alphabet only, full padding, and unused bits zero")
    return data


def decode_loose_base64(text: str) -> bytes:
    """Decode base64 of an answer, which may have line breaks, no padding, or the alphabet for URLs.

    Raises:
        WireError: There is another character, or a character is missing, or the unused bits are not zero.
    """
    try:
        return decode_base64(text)
    except WireError:
        # Only these differences do not change the bytes. All other differences are still refused.
        letters = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
        return decode_base64(letters + "=" * (-len(letters) % 4))
