"""Pauli words from samples: which words are measured together, how, and what the counts say about them.

Words commute qubit by qubit where no qubit has two different letters; such words share one basis and one
set of shots. Groups are found by first fit, the words with most letters first. Since the words of a group are
read from the same shots, their estimates are correlated: the variance of a weighted sum is that of the sum's
value over the shots, not a sum of variances.

Words are the service's: the leftmost letter belongs to the first qubit. Those of one call have one length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["basis_of", "group_words", "measurement_suffix", "weighted_moments"]

_VALUES_AT_ONCE = 2**21


def group_words(words: Sequence[str]) -> list[list[int]]:
    """Sort words into groups that commute qubit by qubit.

    Args:
        words: The words over ``IXYZ``.

    Returns:
        The groups, each the ascending indices of its words. The same words always give the same groups.
    """
    if not words:
        return []
    x, z = _masks(words)
    support = x | z
    order = np.argsort(-_letters(words, "XYZ").sum(axis=1), kind="stable").tolist()
    groups: list[list[int]] = []
    # The bases of the groups so far; no group has been begun in the other rows.
    group_x, group_z = np.zeros_like(x), np.zeros_like(z)
    for index in order:
        begun = slice(len(groups))
        different = (group_x[begun] ^ x[index]) | (group_z[begun] ^ z[index])
        shared = (group_x[begun] | group_z[begun]) & support[index]
        fits = ~(different & shared).any(axis=1)
        place = int(fits.argmax()) if fits.any() else len(groups)
        if place == len(groups):
            groups.append([])
        groups[place].append(index)
        group_x[place] |= x[index]
        group_z[place] |= z[index]
    return [sorted(group) for group in groups]


def basis_of(words: Sequence[str]) -> str:
    """The word that all words of a group are parts of.

    Args:
        words: At least one word; all commute qubit by qubit.
    """
    columns = zip(*words, strict=True)
    return "".join([next((letter for letter in column if letter != "I"), "I") for column in columns])


def measurement_suffix(basis: str) -> list[str]:
    """The end of a program that measures in a basis.

    Args:
        basis: A word; its letter *i* is measured on ``q[i]``, ``I`` is not.

    Returns:
        Lines of OpenQASM 2. The measured qubits go into ``c[0]``, ``c[1]``, … in their order.
    """
    changes = {"X": ["h {};"], "Y": ["sdg {};", "h {};"], "Z": []}
    measured = [(f"q[{qubit}]", letter) for qubit, letter in enumerate(basis) if letter != "I"]
    lines = [line.format(qubit) for qubit, letter in measured for line in changes[letter]]
    return lines + [f"measure {qubit} -> c[{bit}];" for bit, (qubit, _) in enumerate(measured)]


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
    masks = _letters(words, "XYZ")[:, measured[::-1]].T.astype(np.float32)
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
        yield _letters(some, "1").astype(np.float32), shares[start : start + step]


def _letters(words: Sequence[str], letters: str) -> NDArray[np.bool_]:
    """Where words have one of some letters, shape (words, length)."""
    text = np.frombuffer("".join(words).encode("ascii"), dtype=np.uint8)
    return np.isin(text, np.frombuffer(letters.encode(), dtype=np.uint8)).reshape(len(words), len(words[0]))


def _masks(words: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Where words have X or Y, and where Z or Y: bits in 64-bit numbers, shape (words, numbers)."""
    return _bits(_letters(words, "XY")), _bits(_letters(words, "ZY"))


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    padded = np.zeros((len(flags), -(-flags.shape[1] // 64) * 64), dtype=np.bool_)
    padded[:, : flags.shape[1]] = flags
    return np.packbits(padded, axis=1).view(np.uint64)
