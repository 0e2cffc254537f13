"""Weighted sums of Pauli strings, applied to state vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["PauliSum"]

Complexes = npt.NDArray[np.complex128]

_CACHE_BYTES = 1 << 24
_BYTES_PER_AMPLITUDE = 16


class PauliSum:
    """A weighted sum of Pauli strings, prepared to be applied to states.

    Strings that flip the same qubits differ only by a diagonal matrix, so these matrices are added up. They
    are kept if they are small, and computed for each application otherwise.

    Args:
        terms: The weights and the Pauli strings, leftmost letter on qubit 0.
        num_qubits: The number of qubits, and of letters of each string.
        cache_bytes: The largest size of the matrices to keep.
    """

    def __init__(
        self, terms: Iterable[tuple[float, str]], num_qubits: int, *, cache_bytes: int = _CACHE_BYTES
    ) -> None:
        self._num_qubits = num_qubits
        # The strings, by the qubits that they flip.
        self._terms: dict[int, list[tuple[float, str]]] = {}
        for weight, pauli_string in terms:
            flips = sum(1 << qubit for qubit, letter in enumerate(pauli_string) if letter in "XY")
            self._terms.setdefault(flips, []).append((weight, pauli_string))
        size = len(self._terms) * _BYTES_PER_AMPLITUDE << num_qubits
        kept = self._terms if size <= cache_bytes else {}
        self._diagonals = {flips: self._diagonal(group) for flips, group in kept.items()}

    @property
    def num_bytes(self) -> int:
        """The size of the matrices that are kept."""
        return sum(diagonal.nbytes for diagonal in self._diagonals.values())

    def apply(self, states: Complexes) -> Complexes:
        """Return the product with each state; the last axis of ``states`` is that of the amplitudes."""
        product = np.zeros_like(states)
        indices = np.arange(states.shape[-1])
        for flips, group in self._terms.items():
            diagonal = self._diagonals.get(flips)
            if diagonal is None:
                diagonal = self._diagonal(group)
            product += diagonal * (states[..., indices ^ flips] if flips else states)
        return product

    def _diagonal(self, terms: Sequence[tuple[float, str]]) -> Complexes:
        """Return the sum of strings that flip the same qubits, after the flips."""
        diagonal = np.zeros(1 << self._num_qubits, dtype=np.complex128)
        for weight, pauli_string in terms:
            diagonal += weight * _signs(pauli_string)
        return diagonal


def _signs(pauli_string: str) -> Complexes:
    """Return the factor of each amplitude after the flips of a Pauli string."""
    factors = {"I": (1, 1), "X": (1, 1), "Y": (-1j, 1j), "Z": (1, -1)}
    # Qubit 0 is the lowest bit of an index, so its factors vary fastest.
    signs: Complexes = np.ones(1, dtype=np.complex128)
    for letter in pauli_string:
        signs = np.multiply.outer(np.array(factors[letter], dtype=np.complex128), signs).ravel()
    return signs
