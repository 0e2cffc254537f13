"""Grouping of Pauli strings that can be measured together, and the measurements of a group.

Two Pauli strings commute qubit by qubit if no qubit has two different letters other than ``I``. Such strings
share one basis and one set of shots. Groups are found by first fit, starting with the strings that have the
most letters. The strings of a group are estimated from the same shots, so their estimates are correlated:
the variance of a weighted sum has to be computed from the sum's value for each shot
(:mod:`qiskit_qoro.primitives.postprocess.moments`), not from the variances of the single strings.

Pauli strings are written as on the wire: the leftmost letter acts on the first qubit. All strings of one call
have the same length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.primitives.postprocess.moments import find_letters

__all__ = ["basis_of", "group_pauli_strings", "measurement_suffix"]


def group_pauli_strings(pauli_strings: Sequence[str]) -> list[list[int]]:
    """Sort Pauli strings into groups that commute qubit by qubit.

    Args:
        pauli_strings: The strings over ``IXYZ``.

    Returns:
        The groups, each as the ascending indices of its strings. The same strings always give the same
        groups.
    """
    if not pauli_strings:
        return []
    # Symplectic form: X is (1, 0), Z is (0, 1), Y is (1, 1), I is (0, 0), one bit for each qubit. Two letters
    # differ if any bit differs, and a qubit has a letter other than I if either bit is set.
    x, z = _symplectic_bits(pauli_strings)
    support = x | z
    order = np.argsort(-find_letters(pauli_strings, "XYZ").sum(axis=1), kind="stable").tolist()
    groups: list[list[int]] = []
    # Row k is the basis of group k. There are never more groups than strings; rows from len(groups) on are
    # still empty.
    group_x, group_z = np.zeros_like(x), np.zeros_like(z)
    for index in order:
        existing = slice(len(groups))
        different = (group_x[existing] ^ x[index]) | (group_z[existing] ^ z[index])
        shared = (group_x[existing] | group_z[existing]) & support[index]
        fits = ~(different & shared).any(axis=1)
        group = int(fits.argmax()) if fits.any() else len(groups)
        if group == len(groups):
            groups.append([])
        groups[group].append(index)
        group_x[group] |= x[index]
        group_z[group] |= z[index]
    return [sorted(members) for members in groups]


def basis_of(pauli_strings: Sequence[str]) -> str:
    """Return the basis in which all Pauli strings of a group can be measured.

    Args:
        pauli_strings: At least one string. All of them commute qubit by qubit.

    Returns:
        A Pauli string with the letters of all strings; ``I`` on qubits on which no string acts.
    """
    columns = zip(*pauli_strings, strict=True)
    return "".join([next((letter for letter in column if letter != "I"), "I") for column in columns])


def measurement_suffix(basis: str) -> list[str]:
    """Return the last lines of a program that measures in a basis.

    Args:
        basis: A Pauli string. Letter *i* is measured on ``q[i]``; qubits with ``I`` are not measured.

    Returns:
        Lines of OpenQASM 2. The measured qubits go into ``c[0]``, ``c[1]``, … in ascending order.
    """
    basis_changes = {"X": ["h {};"], "Y": ["sdg {};", "h {};"], "Z": []}
    measured = [(f"q[{qubit}]", letter) for qubit, letter in enumerate(basis) if letter != "I"]
    lines = [line.format(qubit) for qubit, letter in measured for line in basis_changes[letter]]
    return lines + [f"measure {qubit} -> c[{bit}];" for bit, (qubit, _) in enumerate(measured)]


def _symplectic_bits(pauli_strings: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the X bits and the Z bits, packed in 64-bit integers of shape (strings, integers)."""
    return _pack_bits(find_letters(pauli_strings, "XY")), _pack_bits(find_letters(pauli_strings, "ZY"))


def _pack_bits(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    padded = np.zeros((len(flags), -(-flags.shape[1] // 64) * 64), dtype=np.bool_)
    padded[:, : flags.shape[1]] = flags
    return np.packbits(padded, axis=1).view(np.uint64)
