"""Unsigned LEB128 numbers: seven bits per byte, the lowest first, the top bit set in every byte but the last.

::

    number = *(%x80-FF) (%x00-7F)        the last byte is not 00 unless it is the only one (no padding)

Strategy: a histogram consists of long rows of such numbers, so NumPy reads and writes whole rows of numbers
of up to 63 bits. Rows of wider numbers are read into limbs, and single wide numbers become Python integers. A
byte below 128 ends a number, so one pass over the data finds the end of every number. No row is longer than
the available bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import WireError

__all__ = [
    "LIMB_BITS",
    "MAX_ARRAY_BITS",
    "Reader",
    "encode_array",
    "encode_integer",
    "encode_integers",
    "encode_rows",
]

MAX_ARRAY_BITS = 63
"""Widest number that NumPy processes: it fits into a signed 64-bit integer and into nine bytes."""

LIMB_BITS = 28
"""Bits of a limb: four groups of seven. Billions of limbs can be added up in 64 bits without overflow."""

_CONTINUES = 0x80  # this bit is set in every byte of a number but the last
_SEVEN_BITS = 0x7F
_MIN_ARRAY_LENGTH = 24  # for shorter rows, NumPy's overhead exceeds its gain
_AS_BITS = tuple(format(byte & _SEVEN_BITS, "07b") for byte in range(256))
_FROM_BITS = {format(group, "07b"): group | _CONTINUES for group in range(128)}


def encode_integer(value: int) -> bytes:
    """Encode one number of any size, 0 or more."""
    if value < _CONTINUES:
        return bytes((value,))
    if value < _CONTINUES << 7:  # most counts
        return bytes((value & _SEVEN_BITS | _CONTINUES, value >> 7))
    # Binary digits take linear time. Shifting the number repeatedly would take quadratic time.
    digits = format(value, "b")
    digits = digits.zfill(-(-len(digits) // 7) * 7)
    encoded = bytearray(_FROM_BITS[digits[end - 7 : end]] for end in range(len(digits), 0, -7))
    encoded[-1] &= _SEVEN_BITS
    return bytes(encoded)


def encode_integers(values: Iterable[int]) -> bytes:
    """Encode a row of numbers of any size, 0 or more, without their count."""
    row = list(values)
    if max(row, default=0) < _CONTINUES:
        return bytes(row)
    return b"".join(map(encode_integer, row))


def encode_array(values: NDArray[np.int64]) -> bytes:
    """Encode a row of numbers from 0 to below 2^63, without their count.

    Args:
        values: The numbers, in one dimension.

    Returns:
        The same bytes as :func:`encode_integers`.
    """
    return encode_rows(values, [len(values)])[0]


def encode_rows(values: NDArray[np.int64], lengths: NDArray[np.int64] | list[int]) -> list[bytes]:
    """Encode several rows of numbers at once.

    Args:
        values: The numbers of all rows, one row after the other, from 0 to below 2^63.
        lengths: How many numbers each row has.

    Returns:
        For each row the same bytes as :func:`encode_integers`.
    """
    widest = int(values.max(initial=1)).bit_length()
    # Column g is the number without its lowest g groups of seven bits. Its byte is needed if that is not 0,
    # and is followed by another one if the next column is not 0. The first byte is always needed.
    shifted = values[:, None] >> np.arange(0, widest, 7)
    is_followed = np.zeros(shifted.shape, bool)
    is_followed[:, :-1] = shifted[:, 1:] > 0
    is_needed = shifted > 0
    is_needed[:, 0] = True
    encoded = shifted & _SEVEN_BITS | np.where(is_followed, _CONTINUES, 0)
    data = encoded[is_needed].astype(np.uint8).tobytes()
    if len(lengths) == 1:
        return [data]
    # The number of bytes before each number, and before the end.
    positions = np.cumsum([0, *np.count_nonzero(is_needed, axis=1).tolist()])
    bounds = positions[np.cumsum([0, *lengths])].tolist()
    return [data[start:end] for start, end in pairwise(bounds)]


class Reader:
    """Reads bytes and numbers in order, and never past the end of the data.

    Args:
        data: The bytes to read.

    Attributes:
        position: The number of bytes read so far.
    """

    def __init__(self, data: bytes) -> None:
        self.position = 0
        self._data = data

    @cached_property
    def _bytes(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._data, np.uint8)

    @cached_property
    def _ends(self) -> NDArray[np.intp]:
        """The positions of all bytes that can end a number."""
        return np.flatnonzero(self._bytes < _CONTINUES)

    @property
    def remaining(self) -> int:
        """The number of bytes that have not been read."""
        return len(self._data) - self.position

    def take(self, count: int, what: str) -> bytes:
        """Read raw bytes.

        Args:
            count: The number of bytes.
            what: A description of the bytes, for the error message.

        Raises:
            WireError: Fewer bytes are left.
        """
        if count > self.remaining:
            raise WireError(f"the data ends within {what}: expected {count} bytes, {self.remaining} are left")
        taken = self._data[self.position : self.position + count]
        self.position += count
        return taken

    def integer(self, what: str, *, bits: int = MAX_ARRAY_BITS) -> int:
        """Read one number. The arguments and errors are those of :meth:`array`."""
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
        raise WireError(f"the data ends within {what}: expected another number")

    def array(self, count: int, what: str, *, bits: int = MAX_ARRAY_BITS) -> NDArray[np.int64]:
        """Read a row of numbers.

        Args:
            count: The number of numbers.
            what: A description of the numbers, for the error message.
            bits: The width of the widest allowed number, at most 63. Only the number of bytes is checked, so
                a number may be up to six bits wider.

        Raises:
            WireError: Fewer numbers are left, or a number is padded or too wide.
        """
        if count < _MIN_ARRAY_LENGTH:
            return np.array([self.integer(what, bits=bits) for _ in range(count)], np.int64)
        row = self._data[self.position : self.position + count]
        if len(row) == count and row.isascii():  # every number is a single byte below 128
            self.position += count
            return np.frombuffer(row, np.uint8).astype(np.int64)
        starts, ends = self._row(count, what, bits)
        first = starts[0]
        # The position of each byte within its number. Each byte is shifted accordingly, and the bytes of a
        # number are added up.
        places = np.arange(first, ends[-1] + 1) - np.repeat(starts, ends - starts + 1)
        groups = (self._bytes[first : ends[-1] + 1] & _SEVEN_BITS).astype(np.int64) << 7 * places
        values: NDArray[np.int64] = np.add.reduceat(groups, starts - first)
        return values

    def integers(self, count: int, what: str, *, bits: int) -> list[int]:
        """Read a row of numbers of any size. The arguments and errors are those of :meth:`array`."""
        starts, ends = self._row(count, what, bits)
        # Binary digits take linear time, as in encode_integer.
        return [
            int("".join(map(_AS_BITS.__getitem__, self._data[start : end + 1][::-1])), 2)
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def limbs(self, count: int, what: str, *, bits: int) -> NDArray[np.uint32]:
        """Read a row of numbers of any size into limbs of :data:`LIMB_BITS` bits.

        Args:
            count: The number of numbers.
            what: A description of the numbers, for the error message.
            bits: The width of the widest allowed number, as for :meth:`array`.

        Returns:
            An array of shape (count, limbs), the lowest limb first. The number of limbs is even, and together
            they have more than ``bits`` bits.

        Raises:
            WireError: As for :meth:`array`.
        """
        starts, ends = self._row(count, what, bits)
        sizes = ends - starts + 1
        num_limbs = bits // LIMB_BITS + 1
        # One byte for each group of seven bits; the missing high groups of a short number stay 0.
        groups = np.zeros((count, 4 * (num_limbs + num_limbs % 2)), np.uint8)
        groups[np.arange(groups.shape[1]) < sizes[:, None]] = (
            self._bytes[starts[0] : ends[-1] + 1] & _SEVEN_BITS
        )
        # Four bytes become one limb: the group in byte `place` moves down by `place` bits, which closes the
        # gaps that the top bits of the bytes left.
        quads = groups.view("<u4").astype(np.uint32, copy=False)
        limbs: NDArray[np.uint32] = quads & np.uint32(0x7F)
        for place in range(1, 4):
            limbs |= (quads & np.uint32(0x7F << 8 * place)) >> np.uint32(place)
        return limbs

    def _row(self, count: int, what: str, bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Advance over a row of numbers, and return the positions of the first and last byte of each."""
        index = int(np.searchsorted(self._ends, self.position))
        ends = self._ends[index : index + count]
        if len(ends) < count:
            raise WireError(f"the data ends within {what}: expected {count} numbers, {len(ends)} are left")
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
