"""Weighted sums of Pauli strings, applied to state vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["PauliSum"]

Complexes = npt.NDArray[np.complex128]

_CACHE_BYTES = 1 << 24
_BYTES_PER_AMPLITUDE = 16
# Letter -> the factors of the amplitudes in which its qubit is 0 and 1, if they are not 1 and 1.
_FACTORS = {"Y": np.array([-1.0, 1.0]), "Z": np.array([1.0, -1.0])}


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
            diagonal += weight * 1j ** (pauli_string.count("Y") % 4) * _signs(pauli_string)
        return diagonal


def _signs(pauli_string: str) -> npt.NDArray[np.float64]:
    """Return the factor of each amplitude after the flips of a Pauli string, without the factors i of Y."""
    signs = np.ones(1)
    # Qubit 0 is the lowest bit of an index, so its factors vary fastest.
    for letter in pauli_string:
        factors = _FACTORS.get(letter)
        signs = np.tile(signs, 2) if factors is None else np.multiply.outer(factors, signs).ravel()
    return signs
