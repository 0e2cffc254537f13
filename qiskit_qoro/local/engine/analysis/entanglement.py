"""Estimate how much entanglement a program creates, to predict the cost of a matrix product state.

A matrix product state orders the qubits in a line. Its bond dimension at a cut of the line grows with the
entanglement of the qubits on both sides. A two-qubit gate across the cut multiplies it at most by the
operator Schmidt rank of the gate, which is 2 for CX. A rotation by a small angle has the same rank, but
hardly entangles. So each gate counts with the Rényi entropy of order 1/2 of its Schmidt coefficients, in
bits: 1 for CX, and nearly 0 for a small rotation. The sum over the gates across a cut is the estimate of the
logarithm of the bond dimension.

Three refinements keep the estimate from being far too large:

- SWAP gates only change the places of qubits.
- Consecutive gates on the same two qubits are multiplied, because CX, RZ, CX is one rotation.
- Qubits that are not entangled yet are followed as vectors. A gate that leaves them unentangled, such as CX
  with a control in state 0, counts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qiskit_qoro.local.engine.analysis.gate_list import ListedGate, Matrix, gate_matrix

__all__ = ["estimate_bond_bits"]

# The bits for gates on three qubits.
_BITS = {"ccx": 1.0, "cswap": 2.0}

_NEARLY_ZERO = 1e-9

Vector = npt.NDArray[np.complex128]


def estimate_bond_bits(gates: Sequence[ListedGate], num_qubits: int) -> list[float]:
    """Estimate the logarithm to base 2 of the bond dimension of a program's final state.

    Args:
        gates: The gates of the program.
        num_qubits: The number of its qubits.

    Returns:
        The estimate for each cut; cut number k is between the qubits k and k + 1. It is at most the number of
        qubits on the smaller side.
    """
    estimator = _Estimator(num_qubits)
    estimator.follow(gates)
    # SWAP gates change which gates act across a cut. The larger one of the first and the last order counts.
    both = zip(
        estimator.bits_at_cuts(range(num_qubits)), estimator.bits_at_cuts(estimator.order), strict=True
    )
    return [min(max(bits), cut + 1, num_qubits - cut - 1) for cut, bits in enumerate(both)]


class _Estimator:
    """Follows one program. SWAP gates only change which place each qubit has.

    Attributes:
        order: The qubit at each place.
    """

    def __init__(self, num_qubits: int) -> None:
        self.order = list(range(num_qubits))
        # The bits of the gates on each set of qubits.
        self._bits: dict[tuple[int, ...], float] = {}
        # The state of each qubit that is not entangled, None for the others.
        self._states: list[Vector | None] = [np.array([1, 0], np.complex128) for _ in range(num_qubits)]
        # The product of the last gates on two qubits, under the qubits in ascending order. Each qubit is in
        # at most one of them.
        self._blocks: dict[tuple[int, int], Matrix] = {}
        self._block_of: dict[int, tuple[int, int]] = {}

    def follow(self, gates: Sequence[ListedGate]) -> None:
        for gate in gates:
            qubits = [self.order[place] for place in gate.qubits]
            if gate.operation == "swap":
                for place, qubit in zip(gate.qubits, reversed(qubits), strict=True):
                    self.order[place] = qubit
            elif len(qubits) == 1:
                self._apply_one(gate, qubits[0])
            elif len(qubits) == 2:
                self._apply_two(gate, *qubits)
            else:
                self._apply_three(gate, qubits)
        for pair in list(self._blocks):
            self._close(pair)

    def bits_at_cuts(self, order: Sequence[int]) -> list[float]:
        """Sum the bits of the gates across each cut, if the qubits are in this order."""
        place = {qubit: index for index, qubit in enumerate(order)}
        # Add the bits where a gate begins, and subtract them where it ends.
        steps = np.zeros(len(order))
        for qubits, bits in self._bits.items():
            places = [place[qubit] for qubit in qubits]
            steps[min(places)] += bits
            steps[max(places)] -= bits
        return [float(bits) for bits in np.cumsum(steps)[:-1]]

    def _apply_one(self, gate: ListedGate, qubit: int) -> None:
        state = self._states[qubit]
        if state is not None:
            self._states[qubit] = gate_matrix(gate.operation) @ state
            return
        self._multiply(gate_matrix(gate.operation), qubit)

    def _multiply(self, matrix: Matrix, qubit: int) -> None:
        """Multiply a one-qubit matrix into the block of its qubit. Without a block it changes nothing."""
        pair = self._block_of.get(qubit)
        if pair is None:
            return
        block = self._blocks[pair]
        # The high qubit is the first index of the rows, and the low qubit the second.
        if qubit == pair[0]:
            self._blocks[pair] = (matrix @ block.reshape(2, 2, 4)).reshape(4, 4)
        else:
            self._blocks[pair] = (matrix @ block.reshape(2, 8)).reshape(4, 4)

    def _apply_two(self, gate: ListedGate, low: int, high: int) -> None:
        matrix = gate_matrix(gate.operation)
        if low > high:
            low, high = high, low
            matrix = matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
        if self._stays_unentangled(matrix, low, high):
            return
        if self._block_of.get(low) != (low, high):
            for qubit in (low, high):
                if qubit in self._block_of:
                    self._close(self._block_of[qubit])
            self._block_of |= dict.fromkeys((low, high), (low, high))
            self._blocks[low, high] = np.eye(4, dtype=np.complex128)
        self._blocks[low, high] = matrix @ self._blocks[low, high]
        self._states[low] = self._states[high] = None

    def _stays_unentangled(self, matrix: Matrix, low: int, high: int) -> bool:
        """Apply a gate if at least one of its qubits is not entangled, neither before nor after it."""
        first, second = self._states[low], self._states[high]
        # The indices of the tensor: output of the high and low qubit, input of the high and low qubit.
        tensor = matrix.reshape(2, 2, 2, 2)
        if first is not None and second is not None:
            factors = _factors(np.einsum("hlij,i,j->lh", tensor, second, first))
            if factors is None:
                return False
            self._states[low], self._states[high] = factors
            return True
        # One state is known. The other qubit may be entangled, so the gate has to be an operator on it alone.
        if first is not None:
            factors = _factors(np.einsum("hlij,j->lhi", tensor, first).reshape(2, 4))
            known, other = low, high
        elif second is not None:
            factors = _factors(np.einsum("hlij,i->hlj", tensor, second).reshape(2, 4))
            known, other = high, low
        else:
            return False
        if factors is None:
            return False
        self._states[known] = factors[0]
        self._multiply(factors[1].reshape(2, 2), other)
        return True

    def _apply_three(self, gate: ListedGate, qubits: Sequence[int]) -> None:
        states = [self._states[qubit] for qubit in qubits]
        known = [state for state in states if state is not None]
        if len(known) == 3:
            # The first qubit is the lowest bit, so it is the last index.
            vector = gate_matrix(gate.operation) @ np.kron(known[2], np.kron(known[1], known[0]))
            outer = _factors(vector.reshape(2, 4))
            inner = None if outer is None else _factors(outer[1].reshape(2, 2))
            if outer is not None and inner is not None:
                new = (inner[1], inner[0], outer[0])
                for qubit, state in zip(qubits, new, strict=True):
                    self._states[qubit] = state
                return
        for qubit in qubits:
            self._states[qubit] = None
            if qubit in self._block_of:
                self._close(self._block_of[qubit])
        self._add(tuple(sorted(qubits)), _BITS[gate.operation])

    def _close(self, pair: tuple[int, int]) -> None:
        matrix = self._blocks.pop(pair)
        for qubit in pair:
            del self._block_of[qubit]
        self._add(pair, _entropy_bits(matrix))

    def _add(self, qubits: tuple[int, ...], bits: float) -> None:
        self._bits[qubits] = self._bits.get(qubits, 0.0) + bits


def _factors(matrix: npt.NDArray[np.complex128]) -> tuple[Vector, Vector] | None:
    """Write a matrix as the outer product of a normalized vector and another one, or return ``None``."""
    left, singular_values, right = np.linalg.svd(matrix, full_matrices=False)
    if singular_values[1] > _NEARLY_ZERO * singular_values[0]:
        return None
    return left[:, 0], singular_values[0] * right[0]


def _entropy_bits(matrix: Matrix) -> float:
    """Return the Rényi entropy of order 1/2 of the Schmidt coefficients of a two-qubit gate, in bits."""
    # Rows: output and input of the high qubit; columns: those of the low qubit.
    operator = matrix.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    coefficients = np.linalg.svd(operator, compute_uv=False)
    return float(np.log2(coefficients.sum() ** 2 / np.square(coefficients).sum()))
