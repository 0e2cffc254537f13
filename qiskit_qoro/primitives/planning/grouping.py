"""Pauli words from samples: which words are measured together, how, and what the counts say about them.

Words commute qubit by qubit where no qubit has two different letters; such words share one basis and one
set of shots. Groups are found by first fit, the words with most letters first. Since the words of a group are
read from the same shots, their estimates are correlated: the variance of a weighted sum is that of the sum's
value over the shots, not a sum of variances.

Words are the service's: the leftmost letter belongs to the first qubit. Those of one call have one length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.primitives.postprocess.moments import find_letters

__all__ = ["basis_of", "group_pauli_strings", "measurement_suffix"]


def group_pauli_strings(words: Sequence[str]) -> list[list[int]]:
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
    order = np.argsort(-find_letters(words, "XYZ").sum(axis=1), kind="stable").tolist()
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


def _masks(words: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Where words have X or Y, and where Z or Y: bits in 64-bit numbers, shape (words, numbers)."""
    return _bits(find_letters(words, "XY")), _bits(find_letters(words, "ZY"))


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    padded = np.zeros((len(flags), -(-flags.shape[1] // 64) * 64), dtype=np.bool_)
    padded[:, : flags.shape[1]] = flags
    return np.packbits(padded, axis=1).view(np.uint64)
