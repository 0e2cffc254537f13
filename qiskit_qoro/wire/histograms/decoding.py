"""Decode histograms one by one.

Strategy: NumPy processes whole rows of numbers of up to 63 bits. Bitstrings of up to 12 bits come from a
table, so that all histograms of a job share the same string objects. The integers of wider bitstrings are
rows of limbs, which are added up first and normalized afterwards. Python integers are used only for few or
very wide bitstrings.

Every number has only one valid encoding and every rule is checked. So two different payloads of one encoding
never decode to the same histogram. Only the JSON around the payload may be written in several ways. Sizes are
compared with the available bytes before anything is allocated.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.loose import read_integer
from qiskit_qoro.wire.histograms.bitstrings import bitstrings_of_bytes, bitstrings_of_integers
from qiskit_qoro.wire.histograms.encoding import MAGIC, MAX_BITS
from qiskit_qoro.wire.histograms.leb128 import LIMB_BITS, MAX_ARRAY_BITS, Reader
from qiskit_qoro.wire.text import decode_loose_base64

__all__ = ["decode_histogram"]

# Limits for the total size of the bitstrings, so that a small payload cannot exhaust the memory: this many
# characters are always accepted, and more if the payload itself is large.
_MAX_CHARACTERS = 2**28
_CHARACTERS_PER_BYTE = 16

_BLOCK_LIMBS = 2**16  # a block that fits into the processor's cache
# Limbs are slower than Python integers for fewer bitstrings than this, and for wider ones.
_MIN_LIMB_ROWS = 32
_MAX_LIMB_BITS = 2**14


def decode_histogram(value: object) -> dict[str, int]:
    """Decode a histogram.

    Args:
        value: Untrusted JSON in the form of :func:`encode_histogram`, or an empty mapping. The encoding and
            the width may be missing or written in another form, because the payload contains them too. The
            base64 may have line breaks or no padding.

    Returns:
        Bitstring to count, with ascending bitstrings; empty for an empty mapping.

    Raises:
        WireError: The value violates the format, or the histogram is too large for its payload.
    """
    if value == {}:
        return {}
    encoding, given_width, data = _open(value)
    reader = Reader(data)
    n_bits = _read_header(reader, encoding, given_width)
    unique = reader.integer("the number of bitstrings")
    shots = reader.integer("the number of shots")
    _check_equal("gaps", reader.integer("the number of gaps"), unique)
    if unique > reader.remaining:
        raise WireError(
            f"{unique} bitstrings need more than the remaining {reader.remaining} bytes: data is truncated"
        )
    if unique * n_bits > max(_MAX_CHARACTERS, _CHARACTERS_PER_BYTE * len(data)):
        raise WireError(f"{unique} bitstrings of {n_bits} bits are too many for {len(data)} bytes of payload")
    bitstrings = _decode_gaps(reader, unique, n_bits)
    counts = _decode_counts(reader, unique)
    if reader.remaining:
        raise WireError(f"{reader.remaining} bytes follow the histogram, expected none")
    _check_equal("as the sum of all counts", sum(counts), shots)
    return dict(zip(bitstrings, counts, strict=True))


def _open(value: object) -> tuple[str | None, int | None, bytes]:
    """Check the JSON around the payload.

    Returns:
        The encoding and the width, ``None`` if the JSON does not contain them, and the bytes of the payload.
    """
    if not isinstance(value, Mapping):
        raise WireError(f"a histogram is {type(value).__name__}, expected an object")
    encoding, n_bits, payload = (value.get(key) for key in ("encoding", "n_bits", "payload"))
    if encoding is not None:
        name = encoding.strip().lower() if isinstance(encoding, str) else ""
        if name not in MAGIC:
            raise WireError(f"the histogram's encoding is {encoding!r}, expected 'qh1' or 'qh2'")
        encoding = name
    if n_bits is not None:
        width = read_integer(n_bits)
        if width is None or not 0 <= width <= MAX_BITS:
            raise WireError(f"the histogram's n_bits is {n_bits!r}, expected an integer from 0 to {MAX_BITS}")
        n_bits = width
    if not isinstance(payload, str):
        raise WireError(f"the histogram's payload is {type(payload).__name__}, expected base64 text")
    return encoding, n_bits, decode_loose_base64(payload)


def _read_header(reader: Reader, encoding: str | None, n_bits: int | None) -> int:
    """Read the magic and the width, and return the width.

    Both repeat values of the JSON. If a value is missing there, the header alone decides.
    """
    magic = reader.take(3, "the magic")
    expected = [MAGIC[encoding]] if encoding else list(MAGIC.values())
    if magic not in expected:
        raise WireError(f"the histogram starts with {magic!r}, expected {' or '.join(map(repr, expected))}")
    is_qh1 = magic == MAGIC["qh1"]
    width = reader.take(1, "the width")[0] if is_qh1 else reader.integer("the width")
    if n_bits is not None and width != n_bits:
        raise WireError(f"the payload has bitstrings of {width} bits, expected n_bits = {n_bits}")
    if width > MAX_BITS:
        raise WireError(f"the payload has bitstrings of {width} bits, expected at most {MAX_BITS}")
    return width


def _decode_gaps(reader: Reader, unique: int, n_bits: int) -> list[str]:
    """Decode the gaps, and return the bitstrings, ascending."""
    if n_bits <= MAX_ARRAY_BITS:
        gaps = reader.array(unique, "the gaps", bits=n_bits)
        integers = np.cumsum(gaps)
        # The gaps are below 2^63, so a sum that overflows is negative at the place where it overflows first.
        fits = not unique or not (np.count_nonzero(integers < 0) or int(integers[-1]) >> n_bits)
        _check_gaps(fits=fits, ascends=np.count_nonzero(gaps[1:]) == len(gaps[1:]), n_bits=n_bits)
        return bitstrings_of_integers(integers, n_bits)
    if unique < _MIN_LIMB_ROWS or n_bits > _MAX_LIMB_BITS:
        wide_gaps = reader.integers(unique, "the gaps", bits=n_bits)
        wide_integers = list(accumulate(wide_gaps))
        fits = not unique or wide_integers[-1] >> n_bits == 0
        _check_gaps(fits=fits, ascends=all(wide_gaps[1:]), n_bits=n_bits)
        return [f"{integer:0{n_bits}b}" for integer in wide_integers]
    return _decode_wide_gaps(reader, unique, n_bits)


def _decode_wide_gaps(reader: Reader, unique: int, n_bits: int) -> list[str]:
    """Decode the gaps of wide bitstrings with limbs, in blocks that fit into the cache."""
    step = max(1, _BLOCK_LIMBS // (n_bits // LIMB_BITS + 1))
    last = np.zeros(1, np.int64)  # the limbs of the last integer of the block before
    num_zero_gaps = 0
    blocks = []
    for start in range(0, unique, step):
        gaps = reader.limbs(min(step, unique - start), "the gaps", bits=n_bits)
        num_zero_gaps += len(gaps) - int(np.count_nonzero(gaps.any(axis=1)))
        sums = _running_sums(gaps, last)
        last = sums[-1]
        blocks.append(_bytes_of_limbs(sums))
    highest = sum(int(limb) << (LIMB_BITS * place) for place, limb in enumerate(last))
    # The first gap is 0 if the first bitstring is. Any other zero gap repeats a bitstring.
    begins_with_zero = not blocks[0][0].any()
    _check_gaps(fits=highest >> n_bits == 0, ascends=num_zero_gaps == begins_with_zero, n_bits=n_bits)
    bitstrings: list[str] = []
    for block in blocks:
        bitstrings += bitstrings_of_bytes(block, n_bits)
    return bitstrings


def _check_gaps(*, fits: bool, ascends: bool, n_bits: int) -> None:
    if not fits:
        raise WireError(f"a bitstring does not fit into {n_bits} bits")
    if not ascends:
        raise WireError("a bitstring occurs twice: the gap before it is 0, expected 1 or more")


def _running_sums(limbs: NDArray[np.uint32], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add up rows of limbs: row i of the result is ``last`` plus the rows up to i.

    Each limb of the result but the highest is below 2^28.
    """
    sums = limbs.astype(np.int64)
    sums[0] += last
    np.cumsum(sums, axis=0, out=sums)
    # Add first and carry afterwards: one step per limb instead of one per limb and row.
    for place in range(sums.shape[1] - 1):
        sums[:, place + 1] += sums[:, place] >> LIMB_BITS
        sums[:, place] &= (1 << LIMB_BITS) - 1
    return sums


def _bytes_of_limbs(limbs: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Convert rows with an even number of limbs to rows of bytes, the highest first."""
    # Two limbs have 56 bits, which are seven bytes. The eighth byte of each pair is 0 and is dropped.
    pairs = limbs[:, ::2] | limbs[:, 1::2] << LIMB_BITS
    in_bytes = np.ascontiguousarray(pairs[:, ::-1]).astype(">i8").view(np.uint8)
    return in_bytes.reshape(len(limbs), -1, 8)[:, :, 1:].reshape(len(limbs), -1)


def _decode_counts(reader: Reader, unique: int) -> list[int]:
    length = reader.integer("the length of the run-length block")
    start = reader.position
    is_other = _decode_runs(reader, unique)
    _check_equal("bytes of the run-length block", reader.position - start, length)
    others = int(np.count_nonzero(is_other))
    _check_equal("extras", reader.integer("the number of extras"), others)
    counts = np.ones(unique, np.uint64)
    # Unsigned, because adding 2 to an extra can exceed 63 bits.
    counts[is_other] = reader.array(others, "the extras").view(np.uint64) + np.uint64(2)
    result: list[int] = counts.tolist()
    return result


def _decode_runs(reader: Reader, unique: int) -> NDArray[np.bool_]:
    """Decode the runs, and return for each bitstring whether its count differs from 1."""
    count = reader.integer("the number of runs")
    if not count:
        _check_equal("bitstrings in runs", 0, unique)
        return np.zeros(0, bool)
    first = reader.take(1, "the kind of the first run")[0]
    if first > 1:
        raise WireError(f"the kind of the first run is {first}, expected 0 or 1")
    runs = reader.array(count, "the runs")
    if np.count_nonzero(runs) < count:
        raise WireError("a run is empty, expected 1 or more bitstrings")
    # The sum is computed with Python integers, which do not overflow.
    _check_equal("bitstrings in runs", sum(runs.tolist()), unique)
    kinds = np.zeros(count, bool)
    kinds[first::2] = True
    return np.repeat(kinds, runs)


def _check_equal(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise WireError(f"the histogram is inconsistent: got {got} {what}, expected {expected}")
