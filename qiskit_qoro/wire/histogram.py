"""Histograms of measured bitstrings in the containers QH1 and QH2.

With *v* an unsigned LEB128 number (:mod:`qiskit_qoro.wire.leb128`)::

    histogram = header totals gaps runs extras
    header    = "QH1" width:1 byte              up to 255 bits
              | "QH2" width:v                   any width
    totals    = unique:v shots:v                number of different bitstrings, and sum of the counts
    gaps      = count:v  v × count              the integers, ascending: the first one, then differences
    runs      = length:v block                  which counts are 1; length of the block in bytes
    block     = count:v [first:1 byte v × count]
                                                lengths of alternating runs; first is 1 if the first run
                                                consists of counts that are 1, else 0
    extras    = count:v  v × count              the other counts, minus 2

The integer of a bitstring is its value in binary; its rightmost character is classical bit 0. A circuit
without classical bits has width 0 and the single bitstring ``""``. A histogram without entries is valid.

Strategy: NumPy processes whole rows of numbers of up to 63 bits. Bitstrings of up to 12 bits come from a
table, so that all histograms of a job share the same string objects. The integers of wider bitstrings are
rows of limbs, which are added up first and normalized afterwards. Python integers are used only for few or
very wide bitstrings.

Every number has only one valid encoding and every rule is checked. So two different payloads of one encoding
never decode to the same histogram. Only the JSON around the payload may be written in several ways. Sizes are
compared with the available bytes before anything is allocated.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate, pairwise
from operator import index

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.loose import read_integer
from qiskit_qoro.wire.leb128 import (
    LIMB_BITS,
    MAX_ARRAY_BITS,
    Reader,
    encode_array,
    encode_integer,
    encode_integers,
    encode_rows,
)
from qiskit_qoro.wire.text import decode_loose_base64

__all__ = ["MAX_BITS", "decode_histogram", "encode_histogram", "encode_payloads", "histogram_to_json"]

MAX_BITS = 2**20
"""Width of the widest bitstring."""

_MAX_SHOTS = 2**63 - 1
_MAX_QH1_BITS = 255
_MAGIC = {"qh1": b"QH1", "qh2": b"QH2"}

# Limits for the total size of the bitstrings, so that a small payload cannot exhaust the memory: this many
# characters are always accepted, and more if the payload itself is large.
_MAX_CHARACTERS = 2**28
_CHARACTERS_PER_BYTE = 16

_TABLE_BITS = 12  # bitstrings up to this width come from a table, which takes 250 kB
# Sizes of blocks that fit into the processor's cache.
_PIECE_CHARACTERS = 2**18
_BLOCK_LIMBS = 2**16
# Limbs are slower than Python integers for fewer bitstrings than this, and for wider ones.
_MIN_LIMB_ROWS = 32
_MAX_LIMB_BITS = 2**14


def encode_histogram(counts: Mapping[str, int], *, n_bits: int) -> dict[str, object]:
    """Encode a histogram. The same counts always give the same payload.

    Args:
        counts: Bitstring to count, 1 or more. Every bitstring has ``n_bits`` characters. The order does not
            matter.
        n_bits: The width of the bitstrings, 0 to 2^20.

    Returns:
        ``encoding`` (``qh1`` up to 255 bits, else ``qh2``), ``n_bits`` and ``payload``.

    Raises:
        QoroInputError: The width, a bitstring or a count is invalid, or there are 2^63 shots or more.
    """
    if not 0 <= n_bits <= MAX_BITS:
        raise QoroInputError(f"n_bits is {n_bits}, expected 0 to {MAX_BITS}")
    # For bitstrings of the same width, alphabetical order is numerical order.
    bitstrings = sorted(counts)
    for bitstring in bitstrings:
        if len(bitstring) != n_bits or bitstring.strip("01"):
            raise QoroInputError(f"bitstring {bitstring[:80]!r}: expected {n_bits} characters 0 or 1")
    values = [index(counts[bitstring]) for bitstring in bitstrings]
    shots = sum(values)
    if min(values, default=1) < 1 or shots > _MAX_SHOTS:
        raise QoroInputError(f"expected counts of 1 or more with a sum below 2^63, got a sum of {shots}")
    encoded_counts = _encode_counts(np.array(values, np.int64))
    payload = _payload(n_bits, len(bitstrings), shots, _encode_gaps(bitstrings, n_bits), encoded_counts)
    return histogram_to_json(payload, n_bits=n_bits)


def histogram_to_json(payload: str, *, n_bits: int) -> dict[str, object]:
    """Return the JSON around a payload: what :func:`encode_histogram` returns."""
    return {"encoding": _encoding(n_bits), "n_bits": n_bits, "payload": payload}


def encode_payloads(bitstrings: NDArray[np.int64], counts: NDArray[np.int64], *, n_bits: int) -> list[str]:
    """Encode many histograms over the same bitstrings at once.

    Args:
        bitstrings: All bitstrings that may occur, as ascending integers.
        counts: The counts of each histogram, shape (histograms, bitstrings), 0 or more. Each histogram has
            at least one shot.
        n_bits: The width of the bitstrings, 1 to 63.

    Returns:
        For each histogram the ``payload`` that :func:`encode_histogram` gives for its counts that are not 0.
    """
    rows, columns = np.nonzero(counts)
    lengths = np.count_nonzero(counts, axis=1)
    starts = np.cumsum(lengths) - lengths
    integers = bitstrings[columns]
    gaps = np.diff(integers, prepend=0)
    gaps[starts] = integers[starts]
    parts = zip(
        lengths.tolist(),
        counts.sum(axis=1).tolist(),
        encode_rows(gaps, lengths),
        _encode_count_rows(counts[rows, columns], lengths),
        strict=True,
    )
    return [_payload(n_bits, *part) for part in parts]


def _encoding(n_bits: int) -> str:
    return "qh1" if n_bits <= _MAX_QH1_BITS else "qh2"


def _payload(n_bits: int, unique: int, shots: int, gaps: bytes, counts: bytes) -> str:
    """Assemble the payload of a histogram from its encoded parts."""
    encoding = _encoding(n_bits)
    width = bytes((n_bits,)) if encoding == "qh1" else encode_integer(n_bits)
    payload = b"".join((_MAGIC[encoding], width, encode_integers((unique, shots, unique)), gaps, counts))
    return binascii.b2a_base64(payload, newline=False).decode("ascii")


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
        if name not in _MAGIC:
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
    expected = [_MAGIC[encoding]] if encoding else list(_MAGIC.values())
    if magic not in expected:
        raise WireError(f"the histogram starts with {magic!r}, expected {' or '.join(map(repr, expected))}")
    is_qh1 = magic == _MAGIC["qh1"]
    width = reader.take(1, "the width")[0] if is_qh1 else reader.integer("the width")
    if n_bits is not None and width != n_bits:
        raise WireError(f"the payload has bitstrings of {width} bits, expected n_bits = {n_bits}")
    if width > MAX_BITS:
        raise WireError(f"the payload has bitstrings of {width} bits, expected at most {MAX_BITS}")
    return width


def _encode_gaps(bitstrings: list[str], n_bits: int) -> bytes:
    integers = [int(bitstring or "0", 2) for bitstring in bitstrings]
    if n_bits <= MAX_ARRAY_BITS:
        gaps = np.array(integers, np.int64)
        gaps[1:] -= gaps[:-1].copy()
        return encode_array(gaps)
    return encode_integers(after - before for before, after in pairwise([0, *integers]))


def _decode_gaps(reader: Reader, unique: int, n_bits: int) -> list[str]:
    """Decode the gaps, and return the bitstrings, ascending."""
    if n_bits <= MAX_ARRAY_BITS:
        gaps = reader.array(unique, "the gaps", bits=n_bits)
        integers = np.cumsum(gaps)
        # The gaps are below 2^63, so a sum that overflows is negative at the place where it overflows first.
        fits = not unique or not (np.count_nonzero(integers < 0) or int(integers[-1]) >> n_bits)
        _check_gaps(fits=fits, ascends=np.count_nonzero(gaps[1:]) == len(gaps[1:]), n_bits=n_bits)
        if n_bits <= _TABLE_BITS:
            bitstrings: list[str] = _all_bitstrings(n_bits)[integers].tolist()
            return bitstrings
        size = max(1, -(-n_bits // 8))
        return _bitstrings(integers.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - size :], n_bits)
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
    return [bitstring for block in blocks for bitstring in _bitstrings(block, n_bits)]


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


@cache
def _all_bitstrings(n_bits: int) -> NDArray[np.object_]:
    """All bitstrings of a width up to :data:`_TABLE_BITS`, by their value."""
    integers = np.arange(1 << n_bits).astype(">u2").view(np.uint8).reshape(-1, 2)
    return np.array(_bitstrings(integers, n_bits), object)


def _bitstrings(integers: NDArray[np.uint8], n_bits: int) -> list[str]:
    """Convert rows of bytes, the highest first, to bitstrings of ``n_bits`` characters."""
    if n_bits == 0:
        return [""] * len(integers)
    # Splitting a long text is the fastest way to create many short ones, in pieces that fit into the cache.
    step = max(1, _PIECE_CHARACTERS // (n_bits + 1))
    lines = np.full((min(step, len(integers)), n_bits + 1), ord("\n"), np.uint8)
    bitstrings: list[str] = []
    for start in range(0, len(integers), step):
        digits = np.unpackbits(integers[start : start + step], axis=1)[:, -n_bits:]
        piece = lines[: len(digits)]
        np.add(digits, ord("0"), out=piece[:, :-1])
        bitstrings += str(piece.data, "ascii").split("\n")
        bitstrings.pop()  # the empty text after the last line break
    return bitstrings


def _encode_counts(counts: NDArray[np.int64]) -> bytes:
    """Encode the run-length block and the extras."""
    is_one = counts == 1
    runs = counts
    if len(counts):
        runs = np.diff(np.flatnonzero(np.diff(is_one)) + 1, prepend=0, append=len(counts))
    extras = counts[~is_one] - 2
    return _join_counts(
        len(runs), is_one[:1].tobytes(), encode_array(runs), len(extras), encode_array(extras)
    )


def _encode_count_rows(counts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[bytes]:
    """Encode the counts of several histograms, one after the other, as :func:`_encode_counts` does for one.

    Args:
        counts: The counts of all histograms.
        lengths: How many counts each histogram has, 1 or more.
    """
    is_one = counts == 1
    histograms = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.flatnonzero(np.diff(is_one, prepend=~is_one[:1]) | (np.diff(histograms, prepend=-1) != 0))
    num_runs = np.bincount(histograms[starts], minlength=len(lengths))
    num_extras = np.bincount(histograms[~is_one], minlength=len(lengths))
    kinds = is_one[np.cumsum(lengths) - lengths].tobytes()
    return map(
        _join_counts,
        num_runs.tolist(),
        [kinds[index : index + 1] for index in range(len(kinds))],
        encode_rows(np.diff(starts, append=len(counts)), num_runs),
        num_extras.tolist(),
        encode_rows(counts[~is_one] - 2, num_extras),
    )


def _join_counts(num_runs: int, kind: bytes, runs: bytes, num_extras: int, extras: bytes) -> bytes:
    """Join the parts of the run-length block and the extras. ``kind`` is that of the first run, if any."""
    block = encode_integer(num_runs) + kind + runs
    return encode_integer(len(block)) + block + encode_integer(num_extras) + extras


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
