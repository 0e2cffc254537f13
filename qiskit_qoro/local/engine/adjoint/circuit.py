"""Exact expectation values and gradients of a circuit, by adjoint differentiation of its state vector.

The state vector of all rows is computed once, going forward through the circuit. Then the circuit is undone
gate by gate, for the state and for each observable applied to it. At each gate with an angle, the derivative
follows from a 2x2 matrix of overlaps of the two vectors. So a gradient costs about as much as three values,
whatever the number of angles.

This is done in NumPy. The engine has adjoint derivatives too, but it applies each gate to one amplitude after
the other without vector instructions. It takes ten times as long at 12 qubits, and longer at larger widths.

Every gate is a 2x2 matrix on a target qubit, with none, one or two control qubits, except for swaps.
Consecutive gates on one qubit form one step, because gates on the other qubits do not change the overlaps on
this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.local.engine.adjoint.matrices import Matrices
from qiskit_qoro.local.engine.adjoint.pauli_sum import PauliSum

__all__ = ["AdjointCircuit", "GateCall"]

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

# Gate -> the gate on its target.
_BASES: Mapping[str, str] = {
    "u1": "p",
    "u3": "u",
    "cx": "x",
    "cy": "y",
    "cz": "z",
    "ch": "h",
    "csx": "sx",
    "crx": "rx",
    "cry": "ry",
    "crz": "rz",
    "cp": "p",
    "cu1": "p",
    "cu3": "u",
    "ccx": "x",
}
_DIAGONAL = frozenset({"id", "z", "s", "sdg", "t", "tdg", "rz", "p"})


@dataclass(frozen=True)
class GateCall:
    """A gate of the table of gates, with its angles and qubits.

    Attributes:
        name: The name.
        angles: An ``int`` is the index of a free angle, a ``float`` is a constant.
        qubits: The qubits.
    """

    name: str
    angles: tuple[float | int, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class _Step:
    """Matrices on one target qubit, or a swap.

    Attributes:
        shape: The shape in which the amplitudes of a state have an axis for each qubit of the step.
        both: Selects the amplitudes for which all controls are 1, from states of that shape.
        halves: Selects those that the step combines: with the target 0 and 1, or for a swap those that it
            exchanges.
        overlaps: The axes of ``both`` for the function ``einsum``, with a further axis of the target.
        matrices: The numbers of the matrices, in the order in which they are applied. Empty for a swap.
        is_diagonal: Whether the product of the matrices is diagonal.
        is_exchange: Whether the step only exchanges amplitudes.
        is_differentiable: Whether a matrix has a free angle.
    """

    shape: tuple[int, ...]
    both: tuple[Any, ...]
    halves: tuple[tuple[Any, ...], tuple[Any, ...]]
    overlaps: tuple[list[int], list[int], list[int]]
    matrices: tuple[int, ...] = ()
    is_diagonal: bool = False
    is_exchange: bool = False
    is_differentiable: bool = False


class AdjointCircuit:
    """A circuit that is prepared for values and gradients.

    Args:
        gates: The gates, in order.
        num_qubits: The number of qubits, at least 1.
        num_angles: The number of free angles.
    """

    def __init__(self, gates: Iterable[GateCall], num_qubits: int, num_angles: int) -> None:
        self._num_qubits = num_qubits
        self._num_angles = num_angles
        self._matrices = Matrices()
        self._steps: list[_Step] = []
        # Matrices on a qubit since the last gate on several qubits.
        pending: dict[int, list[int]] = {}
        for gate in gates:
            base = _BASES.get(gate.name, gate.name)
            if len(gate.qubits) == 1:
                if base != "id":
                    number = self._matrices.add(base, gate.angles)
                    pending.setdefault(gate.qubits[0], []).append(number)
                continue
            for qubit in gate.qubits:
                self._add_matrices((qubit,), pending.pop(qubit, []))
            if base in ("swap", "cswap"):
                self._steps.append(self._layout(gate.qubits[:-2], gate.qubits[-2:]))
            else:
                self._add_matrices(gate.qubits, [self._matrices.add(base, gate.angles)])
        for qubit, numbers in pending.items():
            self._add_matrices((qubit,), numbers)

    def values_and_gradients(self, observables: Sequence[PauliSum], angles: Floats) -> tuple[Floats, Floats]:
        """Compute the expectation values of observables and their derivatives.

        Args:
            observables: The observables.
            angles: The free angles of each row, shape (rows, angles).

        Returns:
            The values, shape (rows, observables), and the derivatives, shape (rows, observables, angles).
        """
        num_rows = len(angles)
        gradients = np.zeros((self._num_angles, len(observables), num_rows))
        matrices, left = self._matrices.evaluate(angles) if self._matrices.names else (None, None)
        state = np.zeros((1, num_rows, 1 << self._num_qubits), dtype=np.complex128)
        state[..., 0] = 1
        products = []
        for step in self._steps:
            product = None
            if matrices is not None and step.matrices:
                product = reduce(lambda before, after: after @ before, [matrices[m] for m in step.matrices])
            products.append(product)
            _apply(state, step, product)
        # The first of these states is that of the circuit, the others are the observables applied to it.
        states = np.concatenate([state, *(observable.apply(state) for observable in observables)])
        values = np.einsum("ri,kri->rk", state[0].conj(), states[1:]).real
        differentiable = [index for index, step in enumerate(self._steps) if step.is_differentiable]
        if matrices is not None and left is not None and differentiable:
            overlaps = np.zeros((len(matrices), len(observables), num_rows, 2, 2), dtype=np.complex128)
            for index in range(len(self._steps) - 1, differentiable[0] - 1, -1):
                step, product = self._steps[index], products[index]
                if step.is_differentiable:
                    _overlap(states, step, matrices, overlaps)
                if index > differentiable[0]:
                    _apply(states, step, None if product is None else product.conj().swapaxes(-1, -2))
            self._matrices.differentiate(overlaps, matrices, left, gradients)
        return values, gradients.transpose(2, 1, 0)

    def _add_matrices(self, qubits: Sequence[int], numbers: Sequence[int]) -> None:
        """Add a step with matrices on the last of some qubits; the others are its controls."""
        if not numbers:
            return
        names = {self._matrices.names[number] for number in numbers}
        self._steps.append(
            replace(
                self._layout(qubits[:-1], qubits[-1:]),
                matrices=tuple(numbers),
                is_diagonal=names <= _DIAGONAL,
                is_exchange=names == {"x"} and len(numbers) == 1,
                is_differentiable=any(map(self._matrices.is_free, numbers)),
            )
        )

    def _layout(self, controls: Sequence[int], targets: Sequence[int]) -> _Step:
        """Return a step without matrices on one target, or a swap of two."""
        descending = sorted([*controls, *targets], reverse=True)
        shape, above = [], self._num_qubits
        for qubit in descending:
            shape += [1 << (above - 1 - qubit), 2]
            above = qubit
        # The first two axes are those of the states and of the rows.
        axis = {qubit: 3 + 2 * place for place, qubit in enumerate(descending)}
        both: list[Any] = [slice(None)] * (3 + len(shape))
        for qubit in controls:
            both[axis[qubit]] = 1
        first, second = list(both), list(both)
        for place, qubit in enumerate(targets):
            first[axis[qubit]], second[axis[qubit]] = place, 1 - place
        if len(targets) > 1:
            return _Step(
                (*shape, 1 << above), (), (tuple(first), tuple(second)), ([], [], []), is_exchange=True
            )
        kept = [index for index, selected in enumerate(both) if selected != 1]
        target, other = axis[targets[0]], len(both)
        overlaps = (kept, [other if index == target else index for index in kept[1:]], [0, 1, target, other])
        return _Step((*shape, 1 << above), tuple(both), (tuple(first), tuple(second)), overlaps)


def _apply(states: Complexes, step: _Step, matrix: Complexes | None) -> None:
    """Apply a step to states, in place. ``matrix`` is its matrix for each row."""
    view = states.reshape(*states.shape[:2], *step.shape)
    first, second = view[step.halves[0]], view[step.halves[1]]
    if matrix is None or step.is_exchange:
        old = first.copy()
        first[...] = second
        second[...] = old
        return
    # One axis for each of the further axes of a half.
    entries = matrix.reshape(*matrix.shape, *(1,) * (first.ndim - 2))
    if step.is_diagonal:
        first *= entries[:, 0, 0]
        second *= entries[:, 1, 1]
        return
    old = first * entries[:, 1, 0]
    first *= entries[:, 0, 0]
    first += second * entries[:, 0, 1]
    second *= entries[:, 1, 1]
    second += old


def _overlap(states: Complexes, step: _Step, matrices: Complexes, overlaps: Complexes) -> None:
    """Compute the overlaps after each matrix of a step."""
    view = states.reshape(*states.shape[:2], *step.shape)[step.both]
    kept, others, result = step.overlaps
    found = np.einsum(view[1:].conj(), kept, view[0], others, result)
    for number in reversed(step.matrices):
        overlaps[number] = found
        # Undo this matrix on both vectors.
        matrix = matrices[number]
        found = matrix.swapaxes(-1, -2) @ found @ matrix.conj()
