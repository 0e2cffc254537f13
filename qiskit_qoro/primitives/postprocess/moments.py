"""Mean and variance of weighted sums of Pauli strings, estimated from counts of one measured group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["find_letters", "weighted_moments"]

_MAX_BLOCK_VALUES = 2**21  # bounds the size of the matrices


def weighted_moments(
    counts: Mapping[str, int], pauli_strings: Sequence[str], basis: str, weights: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate weighted sums of the Pauli strings of a group.

    Args:
        counts: Bitstring to count, not empty. The circuit measured in ``basis`` as
            :func:`~qiskit_qoro.primitives.planning.grouping.measurement_suffix` does: the rightmost character
            belongs to the first letter of the basis that is not ``I``.
        pauli_strings: The strings. The letters of each are those of the basis, or ``I``.
        basis: The measured basis.
        weights: The weight of each string in each sum, shape (sums, strings).

    Returns:
        The mean of each sum over the shots and the variance of this mean, both of shape (sums,).
    """
    measured = [index for index, letter in enumerate(basis) if letter != "I"]
    # Column k marks the bits whose parity is the value of string k. The first letter is the rightmost bit.
    masks = find_letters(pauli_strings, "XYZ")[:, measured[::-1]].T.astype(np.float32)
    matrix = np.asarray(weights, dtype=np.float64).reshape(-1, len(pauli_strings)).T
    # First and second moment of each sum, relative to the origin.
    first = np.zeros(matrix.shape[1])
    second = np.zeros(matrix.shape[1])
    origin: NDArray[np.float64] | None = None
    for bits, shares in _blocks(counts, len(measured), len(pauli_strings)):
        # The product counts how many of a string's bits are set. float32 holds such numbers exactly, and its
        # matrix product is fast.
        is_odd = (bits @ masks).astype(np.int32) & 1
        # The value of a string is 1 - 2 * is_odd, so that the sums need only one matrix product.
        values = is_odd.astype(np.float64) @ (-2.0 * matrix) + matrix.sum(axis=0)
        # Take moments about the first value. About 0, digits would cancel if all values are nearly equal.
        origin = values[0].copy() if origin is None else origin
        values -= origin
        first += shares @ values
        second += shares @ np.square(values)
    if origin is None:
        raise ValueError("weighted_moments: there are no counts")
    variances = np.maximum(second - np.square(first), 0.0) / sum(counts.values())
    return origin + first, variances


def _blocks(
    counts: Mapping[str, int], num_bits: int, num_strings: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """Yield blocks of outcomes as rows of bits, with each outcome's share of the shots."""
    outcomes = list(counts)
    shares = np.array(list(counts.values()), dtype=np.float64) / sum(counts.values())
    step = max(1, _MAX_BLOCK_VALUES // max(1, num_strings, num_bits))
    for start in range(0, len(outcomes), step):
        block = outcomes[start : start + step]
        yield find_letters(block, "1").astype(np.float32), shares[start : start + step]


def find_letters(strings: Sequence[str], letters: str) -> NDArray[np.bool_]:
    """Return whether each letter of some strings is one of ``letters``, shape (strings, length)."""
    text = np.frombuffer("".join(strings).encode("ascii"), dtype=np.uint8)
    mask = np.isin(text, np.frombuffer(letters.encode(), dtype=np.uint8))
    return mask.reshape(len(strings), len(strings[0]))
