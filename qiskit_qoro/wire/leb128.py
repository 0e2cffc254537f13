"""Unsigned LEB128 numbers: seven bits a byte, the lowest first, the top bit set on every byte but the last.

::

    number = *(%x80-FF) (%x00-7F)        the last byte is not 00 unless it is the only one (no padding)

Strategy: a histogram is little else than long rows of such numbers, so rows of up to 63 bits a number are
read and written by NumPy, all at once; of wider numbers, rows are read into limbs, and single ones are
Python's. A byte below 128 ends a number, so
where the numbers end is known from one look at the data, and no row is longer than the bytes that are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import WireError

__all__ = ["LIMB_BITS", "MAX_ARRAY_BITS", "Reader", "encode_array", "encode_integer", "encode_integers"]

MAX_ARRAY_BITS = 63
"""Widest number that goes through NumPy: it fits a signed 64-bit integer and nine bytes."""

LIMB_BITS = 28
"""Bits of a limb: four groups of seven. So many can be added up in 64 bits without a carry."""

_CONTINUES = 0x80
_SEVEN_BITS = 0x7F
_FEW = 24
_AS_BITS = tuple(format(byte & _SEVEN_BITS, "07b") for byte in range(256))
_FROM_BITS = {format(group, "07b"): group | _CONTINUES for group in range(128)}


def encode_integer(value: int) -> bytes:
    """Write one number of any size, 0 or more."""
    if value < _CONTINUES:
        return bytes((value,))
    # Through binary digits, since the time for that grows with the length, not with its square.
    digits = format(value, "b")
    digits = digits.zfill(-(-len(digits) // 7) * 7)
    encoded = bytearray(_FROM_BITS[digits[end - 7 : end]] for end in range(len(digits), 0, -7))
    encoded[-1] &= _SEVEN_BITS
    return bytes(encoded)


def encode_integers(values: Iterable[int]) -> bytes:
    """Write a row of numbers of any size, 0 or more, without their count."""
    return b"".join(map(encode_integer, values))


def encode_array(values: NDArray[np.int64]) -> bytes:
    """Write a row of numbers from 0 to below 2^63, without their count.

    Args:
        values: The numbers, one dimension.

    Returns:
        The same bytes as :func:`encode_integers`.
    """
    widest = int(values.max(initial=1)).bit_length()
    groups = values[:, None] >> np.arange(0, widest, 7)
    follows = np.zeros(groups.shape, bool)
    follows[:, :-1] = groups[:, 1:] > 0
    is_there = groups > 0
    is_there[:, 0] = True
    encoded = groups & _SEVEN_BITS | np.where(follows, _CONTINUES, 0)
    return encoded[is_there].astype(np.uint8).tobytes()


class Reader:
    """Reads bytes from the front to the back, and never past the end.

    Args:
        data: What is to be read.

    Attributes:
        position: How many bytes have been read.
    """

    def __init__(self, data: bytes) -> None:
        self.position = 0
        self._data = data

    @cached_property
    def _bytes(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._data, np.uint8)

    @cached_property
    def _ends(self) -> NDArray[np.intp]:
        return np.flatnonzero(self._bytes < _CONTINUES)

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self.position

    def take(self, count: int, what: str) -> bytes:
        """Read raw bytes.

        Args:
            count: How many.
            what: What they are, for the error.

        Raises:
            WireError: Fewer are left.
        """
        if count > self.remaining:
            raise WireError(f"the data ends within {what}: {count} bytes expected, {self.remaining} left")
        taken = self._data[self.position : self.position + count]
        self.position += count
        return taken

    def integer(self, what: str, *, bits: int = MAX_ARRAY_BITS) -> int:
        """Read one number; arguments and errors are those of :meth:`array`."""
        position, value, shift = self.position, 0, 0
        while position < len(self._data):
            byte = self._data[position]
            position += 1
            if shift >= max(bits, 1):
                raise _too_wide(what, bits)
            value |= (byte & _SEVEN_BITS) << shift
            if byte < _CONTINUES:
                if shift and not byte:
                    raise _padded(what)
                self.position = position
                return value
            shift += 7
        raise WireError(f"the data ends within {what}: another number is expected")

    def array(self, count: int, what: str, *, bits: int = MAX_ARRAY_BITS) -> NDArray[np.int64]:
        """Read a row of numbers.

        Args:
            count: How many.
            what: What they are, for the error.
            bits: The widest number allowed, at most 63. Only whole bytes are looked at: a number may
                be up to six bits wider.

        Returns:
            The numbers.

        Raises:
            WireError: Fewer are left, or one is padded or too wide.
        """
        if count < _FEW:  # fewer than pay for the arrays
            return np.array([self.integer(what, bits=bits) for _ in range(count)], np.int64)
        row = self._data[self.position : self.position + count]
        if len(row) == count and row.isascii():  # each number is one byte
            self.position += count
            return np.frombuffer(row, np.uint8).astype(np.int64)
        starts, ends = self._row(count, what, bits)
        first = starts[0]
        places = np.arange(first, ends[-1] + 1) - np.repeat(starts, ends - starts + 1)
        groups = (self._bytes[first : ends[-1] + 1] & _SEVEN_BITS).astype(np.int64) << 7 * places
        values: NDArray[np.int64] = np.add.reduceat(groups, starts - first)
        return values

    def integers(self, count: int, what: str, *, bits: int) -> list[int]:
        """Read a row of numbers of any size; otherwise as :meth:`array`."""
        starts, ends = self._row(count, what, bits)
        # Through binary digits, as in encode_integer.
        return [
            int("".join(map(_AS_BITS.__getitem__, self._data[start : end + 1][::-1])), 2)
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def limbs(self, count: int, what: str, *, bits: int) -> NDArray[np.uint32]:
        """Read a row of numbers of any size into limbs of :data:`LIMB_BITS` bits.

        Args:
            count: How many.
            what: What they are, for the error.
            bits: The widest number allowed, as for :meth:`array`.

        Returns:
            Count × limbs, the lowest limb first; an even number of them, with more than ``bits`` bits.
        """
        starts, ends = self._row(count, what, bits)
        sizes = ends - starts + 1
        num_limbs = bits // LIMB_BITS + 1
        groups = np.zeros((count, 4 * (num_limbs + num_limbs % 2)), np.uint8)
        groups[np.arange(groups.shape[1]) < sizes[:, None]] = (
            self._bytes[starts[0] : ends[-1] + 1] & _SEVEN_BITS
        )
        # Four groups of seven bits, each in a byte of its own, move together.
        words = groups.view("<u4").astype(np.uint32, copy=False)
        limbs: NDArray[np.uint32] = words & np.uint32(0x7F)
        for place in range(1, 4):
            limbs |= (words & np.uint32(0x7F << 8 * place)) >> np.uint32(place)
        return limbs

    def _row(self, count: int, what: str, bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Step over a row of numbers and say where each one starts and ends (its last byte)."""
        index = int(np.searchsorted(self._ends, self.position))
        ends = self._ends[index : index + count]
        if len(ends) < count:
            raise WireError(f"the data ends within {what}: {count} numbers expected, {len(ends)} left")
        starts = np.concatenate(([self.position], ends + 1))[:-1]
        sizes = ends - starts + 1
        if (sizes * 7 > max(bits, 1) + 6).any():
            raise _too_wide(what, bits)
        if ((sizes > 1) & (self._bytes[ends] == 0)).any():
            raise _padded(what)
        if count:
            self.position = int(ends[-1]) + 1
        return starts, ends


def _too_wide(what: str, bits: int) -> WireError:
    return WireError(f"a number in {what} is too wide, expected at most {bits} bits")


def _padded(what: str) -> WireError:
    return WireError(f"a number in {what} is padded, expected the shortest form")
