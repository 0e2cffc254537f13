"""Create the texts of bitstrings from integers, many at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["TABLE_BITS", "all_bitstrings", "bitstrings_of_bytes", "bitstrings_of_integers"]

TABLE_BITS = 12
"""Bitstrings up to this width come from a table, which takes 250 kB."""

_BLOCK_CHARACTERS = 2**16  # the size of a block that fits into the processor's cache
_MIN_SLICED_BITS = 128


def bitstrings_of_integers(integers: NDArray[np.int64], n_bits: int) -> list[str]:
    """Convert integers below 2^``n_bits`` to bitstrings of ``n_bits`` characters, at most 63."""
    if n_bits <= TABLE_BITS:
        bitstrings: list[str] = all_bitstrings(n_bits)[integers].tolist()
        return bitstrings
    size = -(-n_bits // 8)
    return bitstrings_of_bytes(integers.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - size :], n_bits)


@cache
def all_bitstrings(n_bits: int) -> NDArray[np.object_]:
    """All bitstrings of a width up to :data:`TABLE_BITS`, by their value."""
    integers = np.arange(1 << n_bits).astype(">u2").view(np.uint8).reshape(-1, 2)
    return np.array(bitstrings_of_bytes(integers, n_bits), object)


def bitstrings_of_bytes(integers: NDArray[np.uint8], n_bits: int) -> list[str]:
    """Convert rows of bytes, the highest first, to bitstrings of ``n_bits`` characters."""
    if n_bits == 0:
        return [""] * len(integers)
    # Pieces of a text are created much faster than single texts. Pieces of a few characters are created
    # fastest by splitting at line breaks, longer ones by slicing, which needs no copy with line breaks.
    create = _split_bitstrings if n_bits < _MIN_SLICED_BITS else _slice_bitstrings
    step = max(1, _BLOCK_CHARACTERS // (n_bits + 1))
    bitstrings: list[str] = []
    for start in range(0, len(integers), step):
        bitstrings += create(integers[start : start + step], n_bits)
    return bitstrings


def _split_bitstrings(integers: NDArray[np.uint8], n_bits: int) -> list[str]:
    lines = np.full((len(integers), n_bits + 1), ord("\n"), np.uint8)
    np.add(np.unpackbits(integers, axis=1)[:, -n_bits:], ord("0"), out=lines[:, :-1])
    bitstrings = str(lines.data, "ascii").split("\n")
    bitstrings.pop()  # the empty text after the last line break
    return bitstrings


def _slice_bitstrings(integers: NDArray[np.uint8], n_bits: int) -> list[str]:
    digits = np.unpackbits(integers.ravel())
    digits += ord("0")
    text = str(digits.data, "ascii")
    width = 8 * integers.shape[1]
    return [text[start : start + n_bits] for start in range(width - n_bits, len(text), width)]
