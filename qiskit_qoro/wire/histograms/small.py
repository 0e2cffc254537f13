"""Decode the many small histograms of a page together.

Decoding a histogram takes a few dozen calls of NumPy, whatever its size. So the payloads of histograms of the
same width are joined, and each call works on all of them. Every byte of such a payload belongs to a LEB128
number, because the bytes before and between the numbers are below 128 too.

Only histograms in the usual form are decoded here. If anything is unusual or wrong, the histograms are left
to :func:`~qiskit_qoro.wire.histograms.decoding.decode_histogram`, which also reports the error.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.wire.histograms.bitstrings import bitstrings_of_integers
from qiskit_qoro.wire.histograms.encoding import MAGIC

__all__ = ["decode_small_histograms"]

_MAX_BITS = 62  # wider integers could overflow
_MAX_NUMBER_BYTES = 9  # numbers of 63 bits
_MAX_EXTRA = 2**32  # so that no sum of counts overflows
_MAX_PAYLOAD_CHARACTERS = 2**13  # for a larger payload, calls of its own take no longer
_MIN_BATCH = 8  # fewer histograms take less time one by one
_MAX_JOINED_BYTES = 2**16  # so many bytes and their numbers fit into the processor's cache

# The places of the numbers at the beginning of a payload: the magic is three numbers.
_WIDTH, _UNIQUE, _SHOTS, _NUM_GAPS, _GAPS = 3, 4, 5, 6, 7
_MIN_NUMBERS = 13  # with one bitstring: those, its gap, a run-length block of four numbers, and no extra

_Row = NDArray[np.int64]


def decode_small_histograms(values: Sequence[object]) -> list[dict[str, int] | None]:
    """Decode small histograms.

    Args:
        values: Untrusted JSON values.

    Returns:
        For each value what ``decode_histogram`` returns, or ``None`` if it has to be decoded by that
        function, because it is not a small histogram in the usual form.
    """
    decoded: list[dict[str, int] | None] = [None] * len(values)
    opened = [(index, data) for index, value in enumerate(values) if (data := _payload(value)) is not None]
    for n_bits, members in groupby(opened, lambda member: member[1][_WIDTH]):
        for batch in _batches(list(members)):
            histograms = _decode([data for _, data in batch], n_bits)
            for (index, _), histogram in zip(batch, histograms or (), strict=histograms is not None):
                decoded[index] = histogram
    return decoded


def _payload(value: object) -> bytes | None:
    """Return the bytes of a payload if the JSON around it has the usual form."""
    if type(value) is not dict or value.get("encoding") != "qh1":
        return None
    n_bits, text = value.get("n_bits"), value.get("payload")
    if type(n_bits) is not int or type(text) is not str or len(text) > _MAX_PAYLOAD_CHARACTERS:
        return None
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    # Base64 has several texts for the same bytes if the last character has unused bits.
    is_usual = (
        data[:_WIDTH] == MAGIC["qh1"]
        and len(data) > _GAPS
        and data[_WIDTH] == n_bits <= _MAX_BITS
        and data[-1] < 128
        and binascii.b2a_base64(data, newline=False) == text.encode()
    )
    return data if is_usual else None


def _batches(members: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Divide payloads into batches that fit into the cache. The last few are left out if they are too few."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    for member in members:
        if size + len(member[1]) > _MAX_JOINED_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += len(member[1])
    if len(batch) >= _MIN_BATCH:
        yield batch


def _decode(payloads: list[bytes], n_bits: int) -> list[dict[str, int]] | None:
    """Decode the payloads of histograms of the same width; return ``None`` if any of them breaks a rule."""
    joined = np.frombuffer(b"".join(payloads), np.uint8)
    last_bytes = np.flatnonzero(joined < 128)
    numbers = _numbers(joined, last_bytes)
    if numbers is None:
        return None
    # The numbers of histogram i are numbers[starts[i] : ends[i]].
    ends = np.searchsorted(last_bytes, np.cumsum([len(payload) for payload in payloads]))
    starts = np.concatenate(([0], ends[:-1]))
    if (ends - starts < _MIN_NUMBERS).any():
        return None
    unique, shots = numbers[starts + _UNIQUE], numbers[starts + _SHOTS]
    block = starts + _GAPS + unique  # the length of the run-length block; the number of runs follows
    if not _all(
        (unique == numbers[starts + _NUM_GAPS]) & (unique > 0) & (unique < ends) & (block + 2 < ends)
    ):
        return None
    num_runs, first = numbers[block + 1], numbers[block + 2]
    runs_end = block + 3 + num_runs  # the number of extras
    if not _all((num_runs > 0) & (first <= 1) & (num_runs < ends) & (runs_end < ends)):
        return None
    num_extras = numbers[runs_end]
    block_bytes = last_bytes[runs_end - 1] - last_bytes[block]
    if not _all((runs_end + 1 + num_extras == ends) & (numbers[block] == block_bytes)):
        return None
    integers = _integers(numbers[_places(starts + _GAPS, unique)], _first_places(unique), n_bits)
    runs = numbers[_places(block + 3, num_runs)]
    extras = numbers[_places(runs_end + 1, num_extras)]
    counts = _counts(unique, num_runs, first, runs, num_extras, extras)
    if integers is None or counts is None or not _all(_sums(counts, unique) == shots):
        return None
    bitstrings, values = bitstrings_of_integers(integers, n_bits), counts.tolist()
    bounds = pairwise([0, *np.cumsum(unique).tolist()])
    return [dict(zip(bitstrings[start:end], values[start:end], strict=True)) for start, end in bounds]


def _numbers(joined: NDArray[np.uint8], last_bytes: _Row) -> _Row | None:
    """Read all numbers; return ``None`` if a number is padded or too wide."""
    sizes = np.diff(last_bytes, prepend=-1)
    widest = int(sizes.max())
    if widest > _MAX_NUMBER_BYTES or ((sizes > 1) & (joined[last_bytes] == 0)).any():
        return None
    numbers = joined[last_bytes].astype(np.int64)
    for place in range(1, widest):
        longer = np.flatnonzero(sizes > place)
        numbers[longer] = numbers[longer] << 7 | (joined[last_bytes[longer] - place] & 0x7F)
    return numbers


def _integers(gaps: _Row, firsts: _Row, n_bits: int) -> _Row | None:
    """Add up the gaps of each histogram; return ``None`` if an integer repeats or does not fit."""
    sums = np.cumsum(gaps)
    lengths = np.diff(firsts, append=len(gaps))
    integers: _Row = sums - np.repeat(sums[firsts] - gaps[firsts], lengths)
    is_repeated = gaps == 0
    is_repeated[firsts] = False
    # The sums of several histograms may overflow, but their differences are right. A sum of gaps of one
    # histogram that overflows is negative at the place where it overflows first.
    return None if is_repeated.any() or (integers >> n_bits).any() else integers


def _counts(
    unique: _Row, num_runs: _Row, first: _Row, runs: _Row, num_extras: _Row, extras: _Row
) -> _Row | None:
    """Return the counts of all bitstrings; return ``None`` if the runs or the extras break a rule."""
    # No run is longer than all bitstrings together, so the sums do not overflow.
    if not _all((runs > 0) & (runs <= unique.sum())) or not _all(_sums(runs, num_runs) == unique):
        return None
    places = np.arange(len(runs)) - np.repeat(_first_places(num_runs), num_runs)
    is_other = np.repeat((places + np.repeat(first, num_runs)) % 2 == 0, runs)
    if not _all(_sums(is_other.astype(np.int64), unique) == num_extras) or not _all(extras < _MAX_EXTRA):
        return None
    counts = np.ones(len(is_other), np.int64)
    counts[is_other] = extras + 2
    return counts


def _first_places(lengths: _Row) -> _Row:
    """Return where each segment begins, if segments of these lengths follow each other."""
    firsts: _Row = np.cumsum(lengths) - lengths
    return firsts


def _places(starts: _Row, lengths: _Row) -> _Row:
    """Return the places of all elements of segments that begin at ``starts``."""
    places: _Row = np.arange(lengths.sum()) + np.repeat(starts - _first_places(lengths), lengths)
    return places


def _sums(values: _Row, lengths: _Row) -> _Row:
    """Add up each segment. No segment is empty."""
    sums: _Row = np.add.reduceat(values, _first_places(lengths))
    return sums


def _all(conditions: NDArray[np.bool_]) -> bool:
    return bool(conditions.all())
