"""Encode histograms. Each histogram has one payload, whatever the order of its counts."""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from operator import index

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.wire.histograms.leb128 import (
    MAX_ARRAY_BITS,
    encode_array,
    encode_integer,
    encode_integers,
    encode_rows,
)

__all__ = ["MAGIC", "MAX_BITS", "encode_histogram", "encode_payloads", "histogram_to_json"]

MAX_BITS = 2**20
"""Width of the widest bitstring."""

MAGIC = {"qh1": b"QH1", "qh2": b"QH2"}
"""The first bytes of a payload, by encoding."""

_MAX_SHOTS = 2**63 - 1
_MAX_QH1_BITS = 255

# Up to this number of entries, lists are faster than arrays.
_FEW = 256


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
    gaps = _encode_gaps([int(bitstring or "0", 2) for bitstring in bitstrings], n_bits)
    payload = _payload(n_bits, len(bitstrings), shots, gaps, _encode_counts(values))
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
    payload = b"".join((MAGIC[encoding], width, encode_integers((unique, shots, unique)), gaps, counts))
    return binascii.b2a_base64(payload, newline=False).decode("ascii")


def _encode_gaps(integers: list[int], n_bits: int) -> bytes:
    if n_bits > MAX_ARRAY_BITS or len(integers) <= _FEW:
        return encode_integers(after - before for before, after in pairwise([0, *integers]))
    gaps = np.array(integers, np.int64)
    gaps[1:] -= gaps[:-1].copy()
    return encode_array(gaps)


def _encode_counts(counts: list[int]) -> bytes:
    """Encode the run-length block and the extras."""
    if len(counts) > _FEW:
        row = np.array(counts, np.int64)
        return next(_encode_count_rows(row, np.array([len(row)])))
    runs = [len(list(run)) for _, run in groupby(counts, (1).__eq__)]
    extras = [count - 2 for count in counts if count != 1]
    kind = bytes([count == 1 for count in counts[:1]])
    return _join_counts(len(runs), kind, encode_integers(runs), len(extras), encode_integers(extras))


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
