"""QAOA by statevector: up to 16 variables, 1 to 3 layers.

``|ψ⟩ = Π_l e^{-iβ_l B} e^{-iγ_l C} |s⟩`` with the cost C diagonal. Mixers and the states that they start
from::

    x    B = Σ X_i                                |s⟩ = all states alike
    xy   Π e^{-iβ(X_i X_j + Y_i Y_j)/2}           |s⟩ = all states of one Hamming weight alike (Dicke)
         over the ring: pairs (0,1), (1,2), …, (n-1,0), the first one acting first
    I    nothing                                  |s⟩ = all states alike

Strategy: the state lives on a basis of states, all of them or those of one weight. A cost layer is one
product with phases, which the points of a sweep with the same γ share. An x layer is a product of
four-qubit rotations, each one matrix product that also moves its qubits to the end, so that all are back in
place after one round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.qubo_analysis.problem import Mixer

__all__ = ["MAX_VARIABLES", "Circuit", "Sweep", "ramp"]

MAX_VARIABLES = 16
_GROUP = 4

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def ramp(gamma: float, beta: float, layers: int) -> tuple[list[float], list[float]]:
    """The angles of each layer: γ rises to ``gamma``, β falls from ``beta``.

    ``γ_l = γ·l/p`` and ``β_l = β·(p-l+1)/p`` for l = 1 … p.
    """
    steps = range(1, layers + 1)
    return [gamma * step / layers for step in steps], [beta * (layers - step + 1) / layers for step in steps]


@dataclass(frozen=True)
class Sweep:
    """The expectation of the cost on a grid of angles.

    Attributes:
        gammas: The angles of the cost.
        betas: The angles of the mixer.
        expectation: One row for each γ, one column for each β.
    """

    gammas: Real
    betas: Real
    expectation: Real

    @property
    def best(self) -> tuple[int, int]:
        """Where the expectation is lowest; the first such point by γ, then by β, up to rounding."""
        lowest = self.expectation.min()
        slack = 1e-12 * np.abs(self.expectation).max()
        row, column = divmod(int((self.expectation <= lowest + slack).argmax()), len(self.betas))
        return row, column

    @property
    def is_best_at_the_edge(self) -> bool:
        """Whether the largest γ or an outermost β is the best."""
        row, column = self.best
        edges = (row == len(self.gammas) - 1 > 0, len(self.betas) > 1 and column in (0, len(self.betas) - 1))
        return any(edges)


class Circuit:
    """The ansatz on one problem.

    Args:
        costs: The cost of every state, 2^n values at most 2^16.
        mixer: What moves amplitude.
        layers: How often, 1 or more.
        weight: The Hamming weight that the xy mixer starts from and keeps.
    """

    def __init__(self, costs: Real, mixer: Mixer, layers: int = 1, *, weight: int = 0) -> None:
        self.num_variables = len(costs).bit_length() - 1
        self.layers = layers
        self._mixer = mixer
        numbers = np.arange(len(costs))
        if mixer is Mixer.XY:
            numbers = numbers[_hamming_weights(self.num_variables) == weight]
        self._basis = numbers
        self._costs = costs[numbers]
        self._size = len(costs)
        self._pairs = _ring_pairs(numbers, self.num_variables) if mixer is Mixer.XY else []

    @property
    def start(self) -> Real:
        """The probability of every state at the start: 2^n values."""
        return self._spread(np.full(len(self._basis), 1 / len(self._basis)))

    def probabilities(self, gammas: Sequence[float], betas: Sequence[float]) -> Real:
        """The probability of every state after the layers: 2^n values.

        Args:
            gammas: One angle for each layer.
            betas: Likewise.
        """
        state = self._run([self._phases(gamma) for gamma in gammas], betas)
        return self._spread(np.abs(state) ** 2)

    def expectation(self, gammas: Sequence[float], betas: Sequence[float]) -> float:
        """The mean cost after the layers."""
        state = self._run([self._phases(gamma) for gamma in gammas], betas)
        return float(np.abs(state) ** 2 @ self._costs)

    def sweep(self, gammas: Real, betas: Real) -> Sweep:
        """The mean cost at each point of a grid; more layers follow the :func:`ramp`."""
        grid = np.empty((len(gammas), len(betas)))
        for row, gamma in enumerate(gammas):
            phases = [self._phases(angle) for angle in ramp(float(gamma), 0.0, self.layers)[0]]
            for column, beta in enumerate(betas):
                state = self._run(phases, ramp(0.0, float(beta), self.layers)[1])
                grid[row, column] = np.abs(state) ** 2 @ self._costs
        return Sweep(gammas, betas, grid)

    def _phases(self, gamma: float) -> Complex:
        return np.asarray(np.exp(-1j * gamma * self._costs))

    def _spread(self, values: Real) -> Real:
        everywhere = np.zeros(self._size)
        everywhere[self._basis] = values
        return everywhere

    def _run(self, phases: Sequence[Complex], betas: Sequence[float]) -> Complex:
        state = np.full(len(self._basis), len(self._basis) ** -0.5, np.complex128)
        for layer, beta in zip(phases, betas, strict=True):
            state = self._mix(state * layer, beta)
        return state

    def _mix(self, state: Complex, beta: float) -> Complex:
        if self._mixer is Mixer.X:
            return _rotate_all(state, self.num_variables, beta)
        cosine, sine = np.cos(beta), -1j * np.sin(beta)
        for one, other in self._pairs:
            first, second = state[one], state[other]
            state[one] = cosine * first + sine * second
            state[other] = cosine * second + sine * first
        return state


def _rotate_all(state: Complex, num_qubits: int, beta: float) -> Complex:
    """``e^{-iβX}`` on every qubit."""
    rotation = np.array([[np.cos(beta), -1j * np.sin(beta)], [-1j * np.sin(beta), np.cos(beta)]])
    done = 0
    while done < num_qubits:
        size = min(_GROUP, num_qubits - done)
        # The matrix is symmetric: no need to transpose it.
        group = reduce(np.kron, [rotation] * size)
        state = (state.reshape(2**size, -1).T @ group).reshape(-1)
        done += size
    return state


def _hamming_weights(num_variables: int) -> NDArray[np.int64]:
    weights = np.zeros(1, np.int64)
    for _ in range(num_variables):
        weights = np.concatenate([weights, weights + 1])
    return weights


def _ring_pairs(
    basis: NDArray[np.int64], num_variables: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each neighbouring pair, where its states 10 and 01 are in the basis."""
    ring = [(i, (i + 1) % num_variables) for i in range(num_variables)]
    if num_variables <= 2:
        ring = ring[: num_variables - 1]
    pairs = []
    for i, j in ring:
        high, low = 1 << (num_variables - 1 - i), 1 << (num_variables - 1 - j)
        one = np.flatnonzero((basis & high != 0) & (basis & low == 0))
        pairs.append((one, np.searchsorted(basis, basis[one] ^ high ^ low)))
    return pairs
