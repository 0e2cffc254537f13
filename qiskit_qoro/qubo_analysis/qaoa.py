"""Simulate QAOA by state vector, for up to 16 variables.

``|ψ⟩ = Π_l e^{-iβ_l B} e^{-iγ_l C} |s⟩`` with a diagonal cost C. The mixers and their initial states are::

    x    B = Σ X_i                           |s⟩ = uniform superposition of all states
    xy   Π e^{-iβ(X_i X_j + Y_i Y_j)/2}      |s⟩ = uniform superposition of the states of one
         on the pairs (0,1), …, (n-1,0)            Hamming weight (Dicke state)
         of a ring, in this order
    I    no mixer                            |s⟩ = uniform superposition of all states

Strategy: amplitudes are stored for a basis, which is all states or those of one Hamming weight. A cost layer
is one multiplication by phases. The points of a sweep with the same γ share these phases. An x layer is a
product of four-qubit rotations. Each is one matrix product, which also moves its qubits to the end of the
index, so that after all groups the qubits are in their original order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qiskit_qoro.qubo_analysis.request.request_values import Mixer

__all__ = ["MAX_VARIABLES", "Circuit", "Sweep", "ramp"]

MAX_VARIABLES = 16
"""The largest problem whose circuit is simulated."""

# The number of qubits that one matrix product rotates.
_GROUP = 4

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def ramp(gamma: float, beta: float, layers: int) -> tuple[list[float], list[float]]:
    """Return the angles of each layer: γ rises linearly to ``gamma``, and β falls linearly from ``beta``.

    They are ``γ_l = γ·l/p`` and ``β_l = β·(p-l+1)/p`` for l = 1 … p.
    """
    steps = range(1, layers + 1)
    return [gamma * step / layers for step in steps], [beta * (layers - step + 1) / layers for step in steps]


@dataclass(frozen=True)
class Sweep:
    """The mean cost on a grid of angles.

    Attributes:
        gammas: The cost angles.
        betas: The mixer angles.
        expectation: The mean costs, one row for each γ and one column for each β.
    """

    gammas: Real
    betas: Real
    expectation: Real

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the lowest mean cost: the first such point by γ, then by β, up to rounding."""
        lowest = self.expectation.min()
        slack = 1e-12 * np.abs(self.expectation).max()
        row, column = divmod(int((self.expectation <= lowest + slack).argmax()), len(self.betas))
        return row, column

    @property
    def is_best_at_the_edge(self) -> bool:
        """Whether the best point has the largest γ, or the smallest or largest β."""
        row, column = self.best
        edges = (row == len(self.gammas) - 1 > 0, len(self.betas) > 1 and column in (0, len(self.betas) - 1))
        return any(edges)


class Circuit:
    """The QAOA circuit for one problem.

    Args:
        costs: The cost of every state: 2^n values, n at most 16.
        mixer: The mixer.
        layers: The number of layers, 1 or more.
        weight: The Hamming weight of the xy mixer's initial state, which the mixer preserves.
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
        """The probability of every state in the initial state: 2^n values."""
        return self._spread(np.full(len(self._basis), 1 / len(self._basis)))

    def probabilities(self, gammas: Sequence[float], betas: Sequence[float]) -> Real:
        """Return the probability of every state after the circuit: 2^n values.

        Args:
            gammas: One cost angle for each layer.
            betas: One mixer angle for each layer.
        """
        state = self._run([self._phases(gamma) for gamma in gammas], betas)
        return self._spread(np.abs(state) ** 2)

    def expectation(self, gammas: Sequence[float], betas: Sequence[float]) -> float:
        """Return the mean cost after the circuit. The arguments are those of :meth:`probabilities`."""
        state = self._run([self._phases(gamma) for gamma in gammas], betas)
        return float(np.abs(state) ** 2 @ self._costs)

    def sweep(self, gammas: Real, betas: Real) -> Sweep:
        """Compute the mean cost at each point of a grid. Several layers use :func:`ramp`."""
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
        """Return the values of all states, given those of the basis. The others are 0."""
        all_values = np.zeros(self._size)
        all_values[self._basis] = values
        return all_values

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
    """Apply ``e^{-iβX}`` to every qubit."""
    rotation = np.array([[np.cos(beta), -1j * np.sin(beta)], [-1j * np.sin(beta), np.cos(beta)]])
    done = 0
    while done < num_qubits:
        size = min(_GROUP, num_qubits - done)
        # The matrix is symmetric, so it needs no transpose.
        group = reduce(np.kron, [rotation] * size)
        state = (state.reshape(2**size, -1).T @ group).reshape(-1)
        done += size
    return state


def _hamming_weights(num_variables: int) -> NDArray[np.int64]:
    """Return the Hamming weight of every number below 2^n."""
    weights = np.zeros(1, np.int64)
    for _ in range(num_variables):
        weights = np.concatenate([weights, weights + 1])
    return weights


def _ring_pairs(
    basis: NDArray[np.int64], num_variables: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the basis positions of the states with 10 and with 01 on each pair of the ring."""
    ring = [(i, (i + 1) % num_variables) for i in range(num_variables)]
    if num_variables <= 2:
        ring = ring[: num_variables - 1]
    pairs = []
    for i, j in ring:
        high, low = 1 << (num_variables - 1 - i), 1 << (num_variables - 1 - j)
        positions = np.flatnonzero((basis & high != 0) & (basis & low == 0))
        pairs.append((positions, np.searchsorted(basis, basis[positions] ^ high ^ low)))
    return pairs
