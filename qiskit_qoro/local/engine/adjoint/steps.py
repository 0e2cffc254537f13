"""The steps of a circuit for state vectors of many rows: how they are applied and undone, and their overlaps.

There are three kinds of steps:

- :class:`TargetStep`: matrices on one target qubit, perhaps with control qubits.
- :class:`BlockStep`: matrices on some of up to four neighbouring qubits, applied as one matrix. This takes
  about as long as one matrix on one qubit.
- :class:`ExchangeStep`: gates that only exchange amplitudes, applied as one permutation if memory permits it.

States have the shape (states, rows, amplitudes). The first state is that of the circuit, the others are the
observables applied to it. The overlaps of a matrix, of shape (observables, rows, 2, 2), are the inner
products of an observable's vector and the state, with the matrix's qubit in each of its two values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK_QUBITS", "BlockStep", "ExchangeStep", "Step", "TargetStep"]

Complexes = npt.NDArray[np.complex128]
Indices = npt.NDArray[np.intp]

_Exchange = tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]
"""A gate that exchanges amplitudes: a shape of states, and the two parts of this shape that it exchanges."""

BLOCK_QUBITS = 4
"""The number of neighbouring qubits whose matrices are combined."""


class Step(ABC):
    """A part of a circuit.

    Attributes:
        numbers: The numbers of its matrices.
        is_differentiable: Whether one of them has a free angle.
    """

    numbers: tuple[int, ...] = ()
    is_differentiable = False

    def product(self, matrices: Complexes) -> Complexes:
        """Return the product of the matrices for each row."""
        return _product_of(matrices, self.numbers)

    @abstractmethod
    def apply(self, states: Complexes, product: Complexes, *, undo: bool = False) -> Complexes:
        """Return the states after the step, or before it. This may change ``states``."""

    @abstractmethod
    def store_overlaps(self, states: Complexes, matrices: Complexes, overlaps: Complexes) -> None:
        """Store the overlaps after each matrix with a free angle, given the states after the step."""


class TargetStep(Step):
    """Matrices on one target qubit, if all controls are 1.

    Args:
        numbers: The numbers of the matrices, in the order in which they are applied.
        controls: The control qubits.
        target: The target qubit.
        num_qubits: The number of qubits of the circuit.
        is_diagonal: Whether the product of the matrices is diagonal.
        is_differentiable: Whether a matrix has a free angle.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        controls: Sequence[int],
        target: int,
        num_qubits: int,
        *,
        is_diagonal: bool,
        is_differentiable: bool,
    ) -> None:
        self.numbers = tuple(numbers)
        self.is_differentiable = is_differentiable
        self._is_diagonal = is_diagonal
        self._shape, axis = _axes_of([*controls, target], num_qubits)
        selected: list[Any] = [slice(None)] * (2 + len(self._shape))
        for qubit in controls:
            selected[axis[qubit]] = 1
        self._selected = tuple(selected)
        self._halves = tuple(
            tuple(value if index == axis[target] else item for index, item in enumerate(selected))
            for value in (0, 1)
        )
        # The axes for einsum: all that are left are summed over, except those of states, rows and the target.
        kept = [index for index, item in enumerate(selected) if item != 1]
        other = len(selected)
        others = [other if index == axis[target] else index for index in kept[1:]]
        self._axes = kept, others, [0, 1, axis[target], other]

    def apply(self, states: Complexes, product: Complexes, *, undo: bool = False) -> Complexes:
        """Change the states in place."""
        if undo:
            product = product.conj().swapaxes(-1, -2)
        view = states.reshape(*states.shape[:2], *self._shape)
        first, second = view[self._halves[0]], view[self._halves[1]]
        # One axis for each of the further axes of a half.
        entries = product.reshape(*product.shape, *(1,) * (first.ndim - 2))
        if self._is_diagonal:
            first *= entries[:, 0, 0]
            second *= entries[:, 1, 1]
            return states
        old = first * entries[:, 1, 0]
        first *= entries[:, 0, 0]
        first += second * entries[:, 0, 1]
        second *= entries[:, 1, 1]
        second += old
        return states

    def store_overlaps(self, states: Complexes, matrices: Complexes, overlaps: Complexes) -> None:
        """Store the overlaps after each matrix."""
        view = states.reshape(*states.shape[:2], *self._shape)[self._selected]
        kept, others, result = self._axes
        _store_undone(
            np.einsum(view[1:].conj(), kept, view[0], others, result), self.numbers, matrices, overlaps
        )


class BlockStep(Step):
    """Matrices on some of up to :data:`BLOCK_QUBITS` neighbouring qubits.

    Args:
        numbers_of: For each qubit of the block, from the lowest on, the numbers of its matrices.
        lowest: The lowest qubit.
        num_qubits: The number of qubits of the circuit.
        differentiable: The qubits of the block, counted from its lowest one, that have a free angle.
    """

    def __init__(
        self,
        numbers_of: Sequence[Sequence[int]],
        lowest: int,
        num_qubits: int,
        *,
        differentiable: Sequence[int],
    ) -> None:
        self.numbers = tuple(number for numbers in numbers_of for number in numbers)
        self.is_differentiable = bool(differentiable)
        self._numbers_of = [tuple(numbers) for numbers in numbers_of]
        self._differentiable = tuple(differentiable)
        size = len(numbers_of)
        self._shape = (1 << (num_qubits - lowest - size), 1 << size, 1 << lowest)

    def product(self, matrices: Complexes) -> Complexes:
        """Return the tensor product of the matrices for each row, with the highest qubit first."""
        product = np.ones((matrices.shape[1], 1, 1), dtype=np.complex128)
        for numbers in reversed(self._numbers_of):
            factor = _product_of(matrices, numbers)
            size = 2 * product.shape[1]
            outer = product[:, :, np.newaxis, :, np.newaxis] * factor[:, np.newaxis, :, np.newaxis, :]
            product = outer.reshape(-1, size, size)
        return product

    def apply(self, states: Complexes, product: Complexes, *, undo: bool = False) -> Complexes:
        """Return new states."""
        if undo:
            product = product.conj().swapaxes(-1, -2)
        above, size, below = self._shape
        if below == 1:  # one product for each state is faster than one for each group of amplitudes
            view = states.reshape(*states.shape[:2], above, size)
            return (view @ product.swapaxes(-1, -2)).reshape(states.shape)
        view = states.reshape(*states.shape[:2], *self._shape)
        return (product[:, np.newaxis] @ view).reshape(states.shape)

    def store_overlaps(self, states: Complexes, matrices: Complexes, overlaps: Complexes) -> None:
        """Store the overlaps of each qubit with a free angle, after each of its matrices."""
        above, size, below = self._shape
        if below == 1:
            view = states.reshape(*states.shape[:2], above, size)
            found = view[1:].conj().swapaxes(-1, -2) @ view[0]
        else:
            view = states.reshape(*states.shape[:2], *self._shape)
            found = (view[1:].conj() @ view[0].swapaxes(-1, -2)).sum(axis=2)
        for qubit in self._differentiable:
            # The partial trace over the other qubits of the block.
            high, low = size >> (qubit + 1), 1 << qubit
            split = found.reshape(*found.shape[:2], high, 2, low, high, 2, low)
            of_qubit = np.einsum("orhilhjl->orij", split)
            _store_undone(of_qubit, self._numbers_of[qubit], matrices, overlaps)


class ExchangeStep(Step):
    """Gates that only exchange amplitudes: ``x`` and ``swap``, with or without controls.

    They are applied one after the other, or as one permutation after a call of :meth:`tabulate`.

    Args:
        num_qubits: The number of qubits of the circuit.
    """

    def __init__(self, num_qubits: int) -> None:
        self._num_qubits = num_qubits
        self._gates: list[_Exchange] = []
        self._sources: Indices | None = None
        self._targets: Indices | None = None

    def add(self, controls: Sequence[int], targets: Sequence[int]) -> None:
        """Add a gate: ``swap`` if there are two targets, ``x`` if there is one."""
        shape, axis = _axes_of([*controls, *targets], self._num_qubits)
        selected: list[Any] = [slice(None)] * (2 + len(shape))
        for qubit in controls:
            selected[axis[qubit]] = 1
        first, second = list(selected), list(selected)
        for place, qubit in enumerate(targets):
            first[axis[qubit]], second[axis[qubit]] = place, 1 - place
        self._gates.append((shape, tuple(first), tuple(second)))

    @property
    def table_bytes(self) -> int:
        """The memory that :meth:`tabulate` takes."""
        return 2 * np.dtype(np.intp).itemsize << self._num_qubits

    @property
    def num_bytes(self) -> int:
        """The memory of the permutation, 0 if there is none."""
        return 0 if self._sources is None else self.table_bytes

    def tabulate(self) -> None:
        """Compute the permutation."""
        indices = np.arange(1 << self._num_qubits).reshape(1, 1, -1)
        for gate in self._gates:
            _exchange(indices, gate)
        # Each amplitude comes from the place whose index is now at its own place.
        self._sources = indices.ravel()
        self._targets = np.empty_like(self._sources)
        self._targets[self._sources] = np.arange(len(self._sources))

    def apply(self, states: Complexes, product: Complexes, *, undo: bool = False) -> Complexes:
        """Return new states, or change the states in place."""
        del product
        table = self._targets if undo else self._sources
        if table is not None:
            return np.take(states, table, axis=-1)
        # Each gate is its own inverse.
        for gate in reversed(self._gates) if undo else self._gates:
            _exchange(states, gate)
        return states

    def store_overlaps(self, states: Complexes, matrices: Complexes, overlaps: Complexes) -> None:
        """Do nothing: there is no matrix."""


def _exchange(states: npt.NDArray[Any], gate: _Exchange) -> None:
    """Apply a gate to states, in place."""
    shape, *selected = gate
    view = states.reshape(*states.shape[:2], *shape)
    first, second = (view[item] for item in selected)
    old = first.copy()
    first[...] = second
    second[...] = old


def _axes_of(qubits: Sequence[int], num_qubits: int) -> tuple[tuple[int, ...], dict[int, int]]:
    """Return the shape in which states have an axis for each of some qubits, and the axis of each qubit.

    The first two axes, those of states and rows, are not in the shape.
    """
    descending = sorted(qubits, reverse=True)
    shape: list[int] = []
    above = num_qubits
    for qubit in descending:
        shape += [1 << (above - 1 - qubit), 2]
        above = qubit
    return (*shape, 1 << above), {qubit: 3 + 2 * place for place, qubit in enumerate(descending)}


def _product_of(matrices: Complexes, numbers: Sequence[int]) -> Complexes:
    if not numbers:
        return np.eye(2, dtype=np.complex128)[np.newaxis]
    return reduce(lambda before, after: after @ before, [matrices[number] for number in numbers])


def _store_undone(found: Complexes, numbers: Sequence[int], matrices: Complexes, overlaps: Complexes) -> None:
    """Store the overlaps after each of some matrices, given those after the last one."""
    for number in reversed(numbers):
        overlaps[number] = found
        # Undo this matrix on both vectors.
        matrix = matrices[number]
        found = matrix.swapaxes(-1, -2) @ found @ matrix.conj()
