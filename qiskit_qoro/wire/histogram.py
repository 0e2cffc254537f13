"""Histograms of measured bitstrings: the containers QH1 and QH2.

With *v* an unsigned LEB128 number (:mod:`qiskit_qoro.wire.leb128`)::

    histogram = header totals gaps runs extras
    header    = "QH1" width:1 byte              up to 255 bits
              | "QH2" width:v                   any width
    totals    = unique:v shots:v                how many different bitstrings, and the sum of the counts
    gaps      = count:v  v × count              the integers, ascending: the first one, then differences
    runs      = length:v block                  which counts are 1; length is that of the block in bytes
    block     = count:v [first:1 byte v × count]
                                                lengths of alternating runs; first is 1 where the first
                                                run is one of counts that are 1, else 0
    extras    = count:v  v × count              the other counts, less 2

A bitstring's integer is its value read as binary; its rightmost character is classical bit 0. A circuit
without classical bits has width 0 and the one bitstring ``""``; a histogram without any entry is legal.

Strategy: rows of numbers are arrays wherever a number fits 63 bits. Narrow bitstrings are looked up, so that
all histograms of a job share them. The integers of wider bitstrings are rows
of limbs that are added up without carries first; only few or very wide ones are Python's. Every number has
one way to be written and every rule is checked, so two payloads of one encoding never decode to the same
histogram. Sizes are checked against the bytes present before anything is allocated.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from functools import cache
from itertools import accumulate, pairwise
from operator import index

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.leb128 import (
    LIMB_BITS,
    MAX_ARRAY_BITS,
    Reader,
    encode_array,
    encode_integer,
    encode_integers,
)
from qiskit_qoro.wire.text import decode_base64

__all__ = ["MAX_BITS", "decode_histogram", "encode_histogram"]

MAX_BITS = 2**20
"""Widest bitstring."""

_MAX_SHOTS = 2**63 - 1
_MAX_QH1_BITS = 255
_MAGIC = {"qh1": b"QH1", "qh2": b"QH2"}

# What the bitstrings may take together: always this much, and more where the payload is large itself.
_MAX_CHARACTERS = 2**28
_CHARACTERS_PER_BYTE = 16

_NARROW = 12  # bits of the widest bitstrings that are kept, all of them: 250 kB
_PIECE_CHARACTERS = 2**18
_BLOCK_LIMBS = 2**16
_FEW = 32  # fewer wide bitstrings than pay for arrays of limbs
_VERY_WIDE = 2**14  # wider ones are not worth a step for each of their limbs


def encode_histogram(counts: Mapping[str, int], *, n_bits: int) -> dict[str, object]:
    """Write a histogram for the wire; the same counts always give the same payload.

    Args:
        counts: Bitstring to count, 1 or more; every bitstring ``n_bits`` wide, in any order.
        n_bits: Width of the bitstrings, 0 to 2^20.

    Returns:
        ``encoding`` (``qh1`` up to 255 bits, else ``qh2``), ``n_bits`` and ``payload``.

    Raises:
        QoroInputError: The width, a bitstring or a count is not of this kind, or there are
            2^63 shots or more.
    """
    if not 0 <= n_bits <= MAX_BITS:
        raise QoroInputError(f"n_bits is {n_bits}, expected 0 to {MAX_BITS}")
    # Among bitstrings of one width, alphabetical order is numerical order.
    bitstrings = sorted(counts)
    for bitstring in bitstrings:
        if len(bitstring) != n_bits or bitstring.strip("01"):
            raise QoroInputError(f"the bitstring {bitstring[:80]!r} is not {n_bits} characters of 0 and 1")
    values = [index(counts[bitstring]) for bitstring in bitstrings]
    shots = sum(values)
    if min(values, default=1) < 1 or shots > _MAX_SHOTS:
        raise QoroInputError(
            f"expected counts of 1 or more which add up to less than 2^63, got {shots} in all"
        )
    encoding = "qh1" if n_bits <= _MAX_QH1_BITS else "qh2"
    payload = b"".join(
        (
            _MAGIC[encoding],
            bytes([n_bits]) if encoding == "qh1" else encode_integer(n_bits),
            encode_integers((len(bitstrings), shots, len(bitstrings))),
            _encode_gaps(bitstrings, n_bits),
            _encode_counts(np.array(values, np.int64)),
        )
    )
    return {
        "encoding": encoding,
        "n_bits": n_bits,
        "payload": binascii.b2a_base64(payload, newline=False).decode("ascii"),
    }


def decode_histogram(value: object) -> dict[str, int]:
    """Read a histogram from the wire.

    Args:
        value: What :func:`encode_histogram` gives, from a source that is not trusted, or an empty mapping.

    Returns:
        Bitstring to count, bitstrings ascending; empty for an empty mapping.

    Raises:
        WireError: Anything is not exactly as the format says, or the histogram is larger than its payload
            warrants.
    """
    if value == {}:
        return {}
    encoding, n_bits, data = _open(value)
    reader = Reader(data)
    _check_header(reader, encoding, n_bits)
    unique = reader.integer("the number of bitstrings")
    shots = reader.integer("the number of shots")
    _check_equal("gaps", reader.integer("the number of gaps"), unique)
    if unique > reader.remaining:
        raise WireError(
            f"{unique} bitstrings cannot be described by {reader.remaining} bytes: the data is truncated"
        )
    if unique * n_bits > max(_MAX_CHARACTERS, _CHARACTERS_PER_BYTE * len(data)):
        raise WireError(f"{unique} bitstrings of {n_bits} bits are more than {len(data)} bytes may describe")
    bitstrings = _decode_gaps(reader, unique, n_bits)
    counts = _decode_counts(reader, unique)
    if reader.remaining:
        raise WireError(f"{reader.remaining} bytes follow the histogram, expected none")
    _check_equal("counts add up to: shots", sum(counts), shots)
    return dict(zip(bitstrings, counts, strict=True))


def _open(value: object) -> tuple[str, int, bytes]:
    """Check the JSON around the payload: the encoding, the width, and the bytes."""
    if not isinstance(value, Mapping):
        raise WireError(f"a histogram is {type(value).__name__}, expected an object")
    encoding, n_bits, payload = (value.get(key) for key in ("encoding", "n_bits", "payload"))
    if not isinstance(encoding, str) or encoding not in _MAGIC:
        raise WireError(f"the histogram's encoding is {encoding!r}, expected 'qh1' or 'qh2'")
    if isinstance(n_bits, bool) or not isinstance(n_bits, int) or not 0 <= n_bits <= MAX_BITS:
        raise WireError(f"the histogram's n_bits is {n_bits!r}, expected an integer from 0 to {MAX_BITS}")
    if not isinstance(payload, str):
        raise WireError(f"the histogram's payload is {type(payload).__name__}, expected base64 text")
    return encoding, n_bits, decode_base64(payload)


def _check_header(reader: Reader, encoding: str, n_bits: int) -> None:
    magic = reader.take(3, "the magic")
    if magic != _MAGIC[encoding]:
        raise WireError(f"the histogram starts with {magic!r}, expected {_MAGIC[encoding]!r}")
    width = reader.take(1, "the width")[0] if encoding == "qh1" else reader.integer("the width")
    if width != n_bits:
        raise WireError(f"the histogram's bitstrings have {width} bits, expected n_bits = {n_bits}")


def _encode_gaps(bitstrings: list[str], n_bits: int) -> bytes:
    integers = [int(bitstring or "0", 2) for bitstring in bitstrings]
    if n_bits <= MAX_ARRAY_BITS:
        gaps = np.array(integers, np.int64)
        gaps[1:] -= gaps[:-1].copy()
        return encode_array(gaps)
    return encode_integers(after - before for before, after in pairwise([0, *integers]))


def _decode_gaps(reader: Reader, unique: int, n_bits: int) -> list[str]:
    """The bitstrings, ascending."""
    if n_bits <= MAX_ARRAY_BITS:
        gaps = reader.array(unique, "the gaps", bits=n_bits)
        integers = np.cumsum(gaps)
        # A sum that has left 63 bits is negative where it leaves them.
        fits = not unique or not (np.count_nonzero(integers < 0) or int(integers[-1]) >> n_bits)
        _check_gaps(fits=fits, ascends=np.count_nonzero(gaps[1:]) == len(gaps[1:]), n_bits=n_bits)
        if n_bits <= _NARROW:
            bitstrings: list[str] = _all_bitstrings(n_bits)[integers].tolist()
            return bitstrings
        size = max(1, -(-n_bits // 8))
        return _bitstrings(integers.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - size :], n_bits)
    if unique < _FEW or n_bits > _VERY_WIDE:
        wide_gaps = reader.integers(unique, "the gaps", bits=n_bits)
        wide_integers = list(accumulate(wide_gaps))
        fits = not unique or wide_integers[-1] >> n_bits == 0
        _check_gaps(fits=fits, ascends=all(wide_gaps[1:]), n_bits=n_bits)
        return [f"{integer:0{n_bits}b}" for integer in wide_integers]
    return _decode_wide_gaps(reader, unique, n_bits)


def _decode_wide_gaps(reader: Reader, unique: int, n_bits: int) -> list[str]:
    """The same through limbs, in blocks that stay in the cache."""
    step = max(1, _BLOCK_LIMBS // (n_bits // LIMB_BITS + 1))
    last = np.zeros(1, np.int64)
    zeros = 0
    blocks = []
    for start in range(0, unique, step):
        gaps = reader.limbs(min(step, unique - start), "the gaps", bits=n_bits)
        zeros += len(gaps) - int(np.count_nonzero(gaps.any(axis=1)))
        sums = _running_sums(gaps, last)
        last = sums[-1]
        blocks.append(_bytes_of_limbs(sums))
    highest = sum(int(limb) << (LIMB_BITS * place) for place, limb in enumerate(last))
    begins_with_zero = not blocks[0][0].any()
    _check_gaps(fits=highest >> n_bits == 0, ascends=zeros == begins_with_zero, n_bits=n_bits)
    return [bitstring for block in blocks for bitstring in _bitstrings(block, n_bits)]


def _check_gaps(*, fits: bool, ascends: bool, n_bits: int) -> None:
    if not fits:
        raise WireError(f"a bitstring does not fit into {n_bits} bits")
    if not ascends:
        raise WireError("a bitstring occurs twice: the gap before it is 0, expected 1 or more")


def _running_sums(limbs: NDArray[np.uint32], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sums of ``last`` and the first rows, each limb but the highest below 2^28."""
    sums = limbs.astype(np.int64)
    sums[0] += last
    np.cumsum(sums, axis=0, out=sums)
    for place in range(sums.shape[1] - 1):
        sums[:, place + 1] += sums[:, place] >> LIMB_BITS
        sums[:, place] &= (1 << LIMB_BITS) - 1
    return sums


def _bytes_of_limbs(limbs: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Rows of limbs, an even number of them, as rows of bytes, the highest first."""
    # Two limbs are seven bytes.
    pairs = limbs[:, ::2] | limbs[:, 1::2] << LIMB_BITS
    in_bytes = np.ascontiguousarray(pairs[:, ::-1]).astype(">i8").view(np.uint8)
    return in_bytes.reshape(len(limbs), -1, 8)[:, :, 1:].reshape(len(limbs), -1)


@cache
def _all_bitstrings(n_bits: int) -> NDArray[np.object_]:
    """Every bitstring of a width up to :data:`_NARROW`, by its value."""
    integers = np.arange(1 << n_bits).astype(">u2").view(np.uint8).reshape(-1, 2)
    return np.array(_bitstrings(integers, n_bits), object)


def _bitstrings(integers: NDArray[np.uint8], n_bits: int) -> list[str]:
    """Rows of bytes, the highest first, in binary, ``n_bits`` digits each."""
    if n_bits == 0:
        return [""] * len(integers)
    # To split a long text is the fastest way to many short ones; in pieces that stay in the cache.
    step = max(1, _PIECE_CHARACTERS // (n_bits + 1))
    lines = np.full((min(step, len(integers)), n_bits + 1), ord("\n"), np.uint8)
    bitstrings: list[str] = []
    for start in range(0, len(integers), step):
        digits = np.unpackbits(integers[start : start + step], axis=1)[:, -n_bits:]
        piece = lines[: len(digits)]
        np.add(digits, ord("0"), out=piece[:, :-1])
        bitstrings += str(piece.data, "ascii").split("\n")
        bitstrings.pop()  # what follows the last line break
    return bitstrings


def _encode_counts(counts: NDArray[np.int64]) -> bytes:
    """The run-length block and the extras."""
    is_one = counts == 1
    bounds = np.flatnonzero(np.diff(is_one)) + 1
    block = b"\0"
    if len(counts):
        runs = np.diff(bounds, prepend=0, append=len(counts))
        block = encode_integer(len(runs)) + bytes([int(is_one[0])]) + encode_array(runs)
    extras = counts[~is_one] - 2
    return encode_integer(len(block)) + block + encode_integer(len(extras)) + encode_array(extras)


def _decode_counts(reader: Reader, unique: int) -> list[int]:
    length = reader.integer("the length of the run-length block")
    start = reader.position
    is_other = _decode_runs(reader, unique)
    _check_equal("bytes of the run-length block", reader.position - start, length)
    others = int(np.count_nonzero(is_other))
    _check_equal("extras", reader.integer("the number of extras"), others)
    counts = np.ones(unique, np.uint64)
    # Unsigned, since the count is up to one more than what 63 bits can hold.
    counts[is_other] = reader.array(others, "the extras").view(np.uint64) + np.uint64(2)
    result: list[int] = counts.tolist()
    return result


def _decode_runs(reader: Reader, unique: int) -> NDArray[np.bool_]:
    """For each bitstring, whether its count is another than 1."""
    count = reader.integer("the number of runs")
    if not count:
        _check_equal("bitstrings in runs", 0, unique)
        return np.zeros(0, bool)
    first = reader.take(1, "the kind of the first run")[0]
    if first > 1:
        raise WireError(f"the kind of the first run is {first}, expected 0 or 1")
    runs = reader.array(count, "the runs")
    if np.count_nonzero(runs) < count:
        raise WireError("a run has no bitstring, expected 1 or more")
    # In Python's integers, which do not overflow.
    _check_equal("bitstrings in runs", sum(runs.tolist()), unique)
    kinds = np.zeros(count, bool)
    kinds[first::2] = True
    return np.repeat(kinds, runs)


def _check_equal(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise WireError(f"the histogram disagrees with itself: {got} {what}, expected {expected}")
