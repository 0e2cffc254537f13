"""Circuit texts on the wire: base64 of gzip of UTF-8.

Strategy: write the gzip container by hand around a raw deflate stream, so that the same text gives the same
bytes on every machine with the same zlib: no time, no file name, and the operating system "unknown"::

    1f 8b  08  00  00 00 00 00  00  ff  deflate stream  crc32:4  length:4      (RFC 1952, little endian)
    magic  |   |   time         |   operating system
           |   flags            extra flags
           method

Read any single gzip member, whatever its header says, but nothing before or after it, and stop inflating
as soon as the text is longer than the caller allows.

Level 5: above it nothing is gained on OpenQASM (2 % from 5 to 9, for two and a half times the time), below
it 8 % is lost; small texts cost the same 10 to 50 µs at every level.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator, Mapping

from qiskit_qoro.errors import QoroInputError, WireError

__all__ = ["DEFAULT_LIMIT_BYTES", "CompressedTexts", "decode_base64", "decode_text", "encode_text"]

DEFAULT_LIMIT_BYTES = 16 * 1024 * 1024
"""Longest text that is decoded where nobody says otherwise: twice what OpenQASM in one body inflates to."""

_LEVEL = 5
_HEADER = bytes.fromhex("1f8b 08 00 00000000 00 ff")
_RAW_DEFLATE = -zlib.MAX_WBITS
_GZIP = 16 + zlib.MAX_WBITS


def encode_text(text: str) -> str:
    """Compress a text for the wire; the same text always gives the same blob.

    Args:
        text: For example an OpenQASM 2 program.

    Returns:
        Base64 of gzip of the text in UTF-8.

    Raises:
        QoroInputError: The text holds a lone surrogate, which UTF-8 cannot express.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise QoroInputError(
            f"the text has a lone surrogate at character {error.start}, which UTF-8 cannot express: remove it"
        ) from error
    trailer = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFF_FFFF).to_bytes(4, "little")
    body = zlib.compress(data, _LEVEL, wbits=_RAW_DEFLATE)
    return binascii.b2a_base64(_HEADER + body + trailer, newline=False).decode("ascii")


def decode_text(blob: str, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> str:
    """Read a text from the wire.

    Args:
        blob: Base64 of one gzip member.
        limit_bytes: Longest text allowed, in bytes of UTF-8. Not more than this is ever inflated.

    Returns:
        The text.

    Raises:
        WireError: The blob is not base64, not gzip, truncated, damaged, followed by something else,
            longer than ``limit_bytes`` when inflated, or not UTF-8.
    """
    inflater = zlib.decompressobj(_GZIP)
    try:
        # One byte of room above the limit, so that a text of exactly the limit reaches its checksum.
        data = inflater.decompress(decode_base64(blob), limit_bytes + 1)
    except zlib.error as error:
        raise WireError(f"the text is not valid gzip: {error}") from error
    if len(data) > limit_bytes:
        raise WireError(f"the text inflates to more than {limit_bytes} bytes, the most that is accepted")
    if not inflater.eof:
        raise WireError("the text is truncated: its gzip stream has no end")
    if inflater.unused_data:
        raise WireError(
            f"{len(inflater.unused_data)} bytes follow the end of the text's gzip stream, expected none"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from error


class CompressedTexts(Mapping[str, str]):
    """Texts by label that stay compressed, each inflated whenever it is asked for.

    A body of 1 MB can hold close to a gigabyte of text, more than may be in memory at once.

    Args:
        blobs: Label to what :func:`decode_text` takes.
        limit_bytes: Longest text allowed, in bytes of UTF-8.
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
    """Read base64 that is written in the one canonical way.

    Args:
        text: Letters of the standard alphabet with full padding, without line breaks.

    Returns:
        The bytes.

    Raises:
        WireError: There is any other character, the length or the padding is wrong, or the bits that the
            padding hides are not zero.
    """
    try:
        data = binascii.a2b_base64(text)
    except ValueError as error:
        raise WireError(f"expected base64, got something else: {error}") from error
    # a2b_base64 skips what it does not know, and then the text is longer than the way back is; what the
    # padding hides is in the last group, whose bytes are written alike wherever they stand.
    tail = data[len(data) - (len(data) % 3 or 3) :]
    is_whole = len(text) == -(-len(data) // 3) * 4
    if not is_whole or not text.endswith(binascii.b2a_base64(tail, newline=False).decode("ascii")):
        raise WireError("expected canonical base64: only its alphabet, full padding, no bits left over")
    return data
