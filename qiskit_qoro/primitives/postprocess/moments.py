"""Moments of weighted sums of Pauli strings, from the counts of one measured group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["find_letters", "weighted_moments"]

_VALUES_AT_ONCE = 2**21


def weighted_moments(
    counts: Mapping[str, int], words: Sequence[str], basis: str, weights: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate weighted sums of the words of a group.

    Args:
        counts: Bitstring to count, not empty, measured as :func:`measurement_suffix` has it: the rightmost
            character belongs to the first letter of the basis that is not ``I``.
        words: The words, each a part of the basis.
        basis: The basis.
        weights: The sums, one row each: the weight of each word; shape (sums, words).

    Returns:
        The mean of each sum over the shots and the variance of this mean, shape (sums,).
    """
    measured = [place for place, letter in enumerate(basis) if letter != "I"]
    masks = find_letters(words, "XYZ")[:, measured[::-1]].T.astype(np.float32)
    matrix = np.asarray(weights, dtype=np.float64).reshape(-1, len(words)).T
    first = np.zeros(matrix.shape[1])
    second = np.zeros(matrix.shape[1])
    origin: NDArray[np.float64] | None = None
    for bits, shares in _pieces(counts, len(measured), len(words)):
        # How many of a word's bits are set: float32, where multiplying is quick, holds such numbers exactly.
        is_odd = (bits @ masks).astype(np.int32) & 1
        values = is_odd.astype(np.float64) @ (-2.0 * matrix) + matrix.sum(axis=0)
        # Moments about one of the values: no digits are lost where all of them are nearly equal.
        origin = values[0].copy() if origin is None else origin
        values -= origin
        first += shares @ values
        second += shares @ np.square(values)
    if origin is None:
        raise ValueError("weighted_moments: there are no counts")
    variances = np.maximum(second - np.square(first), 0.0) / sum(counts.values())
    return origin + first, variances


def _pieces(
    counts: Mapping[str, int], num_bits: int, num_words: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """The outcomes as rows of bits, and their shares of the shots, some at a time."""
    outcomes = list(counts)
    shares = np.array(list(counts.values()), dtype=np.float64) / sum(counts.values())
    step = max(1, _VALUES_AT_ONCE // max(1, num_words, num_bits))
    for start in range(0, len(outcomes), step):
        some = outcomes[start : start + step]
        yield find_letters(some, "1").astype(np.float32), shares[start : start + step]


def find_letters(words: Sequence[str], letters: str) -> NDArray[np.bool_]:
    """Where words have one of some letters, shape (words, length)."""
    text = np.frombuffer("".join(words).encode("ascii"), dtype=np.uint8)
    return np.isin(text, np.frombuffer(letters.encode(), dtype=np.uint8)).reshape(len(words), len(words[0]))
