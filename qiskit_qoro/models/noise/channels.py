"""Channels of one and two qubits as matrices.

A channel is the matrix that maps the entries of a density matrix, row by row, to those of the result.
Channels are therefore composed by multiplication. Qubit 0 is the least significant bit of the indices of a
density matrix, as in Qiskit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

__all__ = [
    "TOLERANCE",
    "Matrix",
    "Relaxation",
    "depolarizing",
    "depolarizing_probability",
    "from_kraus_operators",
    "from_superoperator",
    "is_close",
    "kraus_operators",
    "pauli_channel",
    "pauli_probabilities",
    "product",
    "reduced",
    "relaxation_and_depolarizing",
    "swapped",
]

Matrix = npt.NDArray[np.complex128]

TOLERANCE = 1e-10
"""Channels are equal if no entry of their matrices differs by more."""

_NEGLIGIBLE = 1e-13

_PAULIS = {
    "I": np.array([[1, 0], [0, 1]]),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]]),
}


@dataclass(frozen=True)
class Relaxation:
    """Thermal relaxation of a qubit.

    Attributes:
        population: How much of the difference of the populations from equilibrium is left.
        coherence: How much of the coherence is left.
        excited: The population of state 1 in equilibrium.
    """

    population: float
    coherence: float
    excited: float = 0.0

    @property
    def is_possible(self) -> bool:
        """Whether there is such a channel with T1 and T2 above 0."""
        return (
            0 < self.population <= 1 + _NEGLIGIBLE
            and 0 < self.coherence <= 1 + _NEGLIGIBLE
            and self.coherence**2 <= self.population + _NEGLIGIBLE
            and -_NEGLIGIBLE <= self.excited <= 1 + _NEGLIGIBLE
        )

    @property
    def is_trivial(self) -> bool:
        """Whether nothing changes."""
        return min(self.population, self.coherence) > 1 - _NEGLIGIBLE

    @property
    def times(self) -> tuple[float, float]:
        """T1 and T2 in units of the duration."""
        t1 = -1 / math.log(self.population) if self.population < 1 else math.inf
        t2 = -1 / math.log(self.coherence) if self.coherence < 1 else math.inf
        return t1, min(t2, 2 * t1)

    @property
    def channel(self) -> Matrix:
        """The channel."""
        lost = 1 - self.population
        matrix = np.diag([0, self.coherence, self.coherence, 0]).astype(complex)
        matrix[0, 0], matrix[0, 3] = 1 - lost * self.excited, lost * (1 - self.excited)
        matrix[3, 0], matrix[3, 3] = lost * self.excited, 1 - lost * (1 - self.excited)
        return matrix

    def is_close(self, other: Relaxation) -> bool:
        """Whether another relaxation is the same."""
        return is_close(self.channel, other.channel)


def from_superoperator(superoperator: npt.ArrayLike) -> Matrix:
    """Return the channel of a superoperator that maps density matrices column by column, as Qiskit's do."""
    data = np.asarray(superoperator, dtype=complex)
    size = math.isqrt(len(data))
    return data.reshape((size,) * 4).transpose(1, 0, 3, 2).reshape(data.shape)


def from_kraus_operators(operators: Iterable[npt.ArrayLike]) -> Matrix:
    """Return the channel with some Kraus operators."""
    matrices = np.array([np.asarray(operator, dtype=complex) for operator in operators])
    size = matrices.shape[1] ** 2
    channel: Matrix = np.einsum("aij,akl->ikjl", matrices, matrices.conj()).reshape(size, size)
    return channel


def is_close(first: Matrix, second: Matrix) -> bool:
    """Whether two channels are equal."""
    return first.shape == second.shape and bool(np.abs(first - second).max() <= TOLERANCE)


def depolarizing(num_qubits: int, p: float) -> Matrix:
    """Return depolarizing noise whose Pauli errors have a total probability."""
    size = 2**num_qubits
    mixed = p / (1 - 1 / size**2)
    identity = np.eye(size).ravel()
    matrix: Matrix = (1 - mixed) * np.eye(size**2) + mixed / size * np.outer(identity, identity)
    return matrix


def depolarizing_probability(channel: Matrix) -> float | None:
    """Return the total probability of Pauli errors if a channel is depolarizing, else ``None``."""
    size = math.isqrt(len(channel))
    # The trace of the channel is 1 more than the sum of the factors by which Pauli operators shrink.
    factor = (np.trace(channel).real - 1) / (size**2 - 1)
    p = (1 - factor) * (1 - 1 / size**2)
    num_qubits = size.bit_length() - 1
    if not -_NEGLIGIBLE <= p <= 1 + _NEGLIGIBLE or not is_close(channel, depolarizing(num_qubits, p)):
        return None
    return min(p, 1.0) if p > _NEGLIGIBLE else 0.0


@lru_cache(maxsize=64)
def pauli_channel(paulis: str) -> Matrix:
    """Return the channel of a Pauli error, given as Pauli string with qubit 0 last."""
    return from_kraus_operators([reduce(np.kron, [_PAULIS[letter] for letter in paulis])])


def pauli_probabilities(channel: Matrix) -> tuple[float, float, float] | None:
    """Return the probabilities of X, Y and Z if a channel of one qubit is a mixture of them."""
    errors = [pauli_channel(letter) for letter in "IXYZ"]
    weights = [max(float(np.vdot(error, channel).real) / 4, 0.0) for error in errors]
    mixture = np.tensordot(np.array(weights, dtype=complex), errors, 1)
    return (weights[1], weights[2], weights[3]) if is_close(channel, mixture) else None


def relaxation_and_depolarizing(channel: Matrix) -> tuple[Relaxation, float] | None:
    """Write a channel of one qubit as relaxation followed by depolarizing noise.

    Returns:
        The relaxation and the total probability of Pauli errors, or ``None`` if this is not possible.
    """
    # The Bloch vector (x, y, z) becomes (b x, b y, a z + s).
    a = (channel[0, 0] - channel[0, 3]).real
    s = (channel[0, 0] + channel[0, 3] - 1).real
    b = channel[1, 1].real
    candidates = []
    if a > 0:
        # Relaxation towards state 0, and depolarizing noise that shrinks the vector by a + s.
        candidates.append((Relaxation(a / (a + s), b / (a + s)), 0.75 * (1 - a - s)) if a + s > 0 else None)
        # Relaxation towards a mixture, without depolarizing noise.
        excited = 0.5 - 0.5 * s / (1 - a) if a < 1 else 0.0
        candidates.append((Relaxation(a, b, excited), 0.0))
    for candidate in candidates:
        if candidate is None or not candidate[0].is_possible:
            continue
        relaxation, p = candidate
        p = 0.0 if abs(p) < _NEGLIGIBLE else p
        if 0 <= p <= 1 and is_close(channel, depolarizing(1, p) @ relaxation.channel):
            excited = min(max(relaxation.excited, 0.0), 1.0)
            return Relaxation(relaxation.population, relaxation.coherence, excited), p
    return None


def product(low: Matrix, high: Matrix) -> Matrix:
    """Return the channel of two qubits that applies ``low`` to qubit 0 and ``high`` to qubit 1."""
    tensors = [channel.reshape((2,) * 4) for channel in (high, low)]
    combined: Matrix = np.einsum("ijkl,mnop->imjnkolp", *tensors).reshape(16, 16)
    return combined


def reduced(channel: Matrix, qubit: int) -> Matrix:
    """Return what a channel of two qubits does to one of them if the other is maximally mixed."""
    # The indices are row and column of the result, row and column of the argument, each with qubit 1 first.
    subscripts = "aiajckcl->ijkl" if qubit == 0 else "iajakclc->ijkl"
    traced: Matrix = np.einsum(subscripts, channel.reshape((2,) * 8)).reshape(4, 4) / 2
    return traced


def swapped(channel: Matrix) -> Matrix:
    """Return a channel of two qubits with the qubits exchanged."""
    return channel.reshape((2,) * 8).transpose(1, 0, 3, 2, 5, 4, 7, 6).reshape(16, 16)


def kraus_operators(channel: Matrix) -> list[Matrix] | None:
    """Return Kraus operators of a map, or ``None`` if it is not completely positive."""
    size = math.isqrt(len(channel))
    # The Choi matrix: rows are (result row, argument row), columns (result column, argument column).
    choi = channel.reshape((size,) * 4).transpose(0, 2, 1, 3).reshape(size**2, size**2)
    values, vectors = np.linalg.eigh((choi + choi.conj().T) / 2)
    if values.min() < -TOLERANCE:
        return None
    return [
        np.sqrt(value) * vectors[:, index].reshape(size, size)
        for index, value in enumerate(values)
        if value > _NEGLIGIBLE
    ]
