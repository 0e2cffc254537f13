"""Exact expectation values and gradients of a circuit, by adjoint differentiation of its state vector.

The state vector of all rows is computed once, going forward through the circuit. Then the circuit is undone
gate by gate, for the state and for each observable applied to it. At each gate with an angle, the derivative
follows from a 2x2 matrix of overlaps of the two vectors. So a gradient costs about as much as three values,
whatever the number of angles.

This is done in NumPy. The engine has adjoint derivatives too, but it applies each gate to one amplitude after
the other without vector instructions. It takes ten times as long at 12 qubits, and longer at larger widths.

Every gate is a 2x2 matrix on a target qubit, with none, one or two control qubits, except for swaps. Each
matrix with angles is a case of ``exp(i gamma) u(theta, phi, lambda)`` whose four angles are linear in those
of the gate (:data:`_FORMS`). Consecutive gates on one qubit form one step, because gates on the other qubits
do not change the overlaps on this one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.qasm.gates import GATES

__all__ = ["AdjointCircuit", "GateCall", "PauliSum"]

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

_HALF_TURN = math.pi / 2

# Gate -> the constants of theta, phi, lambda and gamma, and for each of its angles the coefficients of this
# angle in these four.
_FORMS: Mapping[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]] = {
    "rx": ((0, -_HALF_TURN, _HALF_TURN, 0), ((1, 0, 0, 0),)),
    "ry": ((0, 0, 0, 0), ((1, 0, 0, 0),)),
    "rz": ((0, 0, 0, 0), ((0, 0, 1, -0.5),)),
    "p": ((0, 0, 0, 0), ((0, 0, 1, 0),)),
    "u2": ((_HALF_TURN, 0, 0, 0), ((0, 1, 0, 0), (0, 0, 1, 0))),
    "u": ((0, 0, 0, 0), ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))),
    "cu": ((0, 0, 0, 0), ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))),
}
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
_MAX_ANGLES = 4


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


class PauliSum:
    """A weighted sum of Pauli strings, prepared to be applied to states.

    Strings that flip the same qubits differ only by a diagonal matrix, so they are added up.

    Args:
        terms: The weights and the Pauli strings, leftmost letter on qubit 0.
        num_qubits: The number of qubits, and of letters of each string.
    """

    def __init__(self, terms: Iterable[tuple[float, str]], num_qubits: int) -> None:
        self._diagonals: dict[int, Complexes] = {}
        for weight, pauli_string in terms:
            flips = sum(1 << qubit for qubit, letter in enumerate(pauli_string) if letter in "XY")
            diagonal = self._diagonals.setdefault(flips, np.zeros(1 << num_qubits, dtype=np.complex128))
            diagonal += weight * _signs(pauli_string)

    @property
    def num_bytes(self) -> int:
        """The size of the prepared matrices."""
        return sum(diagonal.nbytes for diagonal in self._diagonals.values())

    def apply(self, states: Complexes) -> Complexes:
        """Return the product with each state; the last axis of ``states`` is that of the amplitudes."""
        product = np.zeros_like(states)
        indices = np.arange(states.shape[-1])
        for flips, diagonal in self._diagonals.items():
            product += diagonal * (states[..., indices ^ flips] if flips else states)
        return product


def _signs(pauli_string: str) -> Complexes:
    """Return the factor of each amplitude after the flips of a Pauli string."""
    factors = {"I": (1, 1), "X": (1, 1), "Y": (-1j, 1j), "Z": (1, -1)}
    # Qubit 0 is the lowest bit of an index, so its factors vary fastest.
    signs: Complexes = np.ones(1, dtype=np.complex128)
    for letter in pauli_string:
        signs = np.multiply.outer(np.array(factors[letter], dtype=np.complex128), signs).ravel()
    return signs


class _Matrices:
    """The 2x2 matrices of a circuit, numbered in order, as functions of the free angles."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._constants: list[tuple[float, ...]] = []
        self._angles: list[list[int]] = []
        self._coefficients: list[list[tuple[float, ...]]] = []

    def add(self, name: str, angles: Sequence[float | int]) -> int:
        """Add a matrix and return its number. A negative index stands for no angle."""
        constants, rows = _FORMS.get(name, ((0.0,) * 4, ()))
        free: list[int] = []
        coefficients: list[tuple[float, ...]] = []
        for angle, row in zip(angles, rows, strict=True):
            if type(angle) is int:
                free.append(angle)
                coefficients.append(row)
            else:
                constants = tuple(c + angle * r for c, r in zip(constants, row, strict=True))
        missing = _MAX_ANGLES - len(free)
        self.names.append(name)
        self._constants.append(constants)
        self._angles.append(free + [-1] * missing)
        self._coefficients.append(coefficients + [(0.0,) * 4] * missing)
        return len(self.names) - 1

    def is_free(self, number: int) -> bool:
        """Whether a matrix depends on an angle."""
        return self._angles[number][0] >= 0

    def evaluate(self, angles: Floats) -> tuple[Complexes, Complexes]:
        """Return all matrices for each row, and the factors ``exp(i phi)`` in them.

        Args:
            angles: The free angles, shape (rows, angles).

        Returns:
            Arrays of shape (matrices, rows, 2, 2) and (matrices, rows).
        """
        # The last column, which is 0, stands for the angles that a matrix does not have.
        padded = np.hstack([angles, np.zeros((len(angles), 1))])
        euler = np.einsum("rma,mae->emr", padded[:, self._angles], np.array(self._coefficients))
        theta, phi, lam, gamma = euler + np.array(self._constants).T[:, :, np.newaxis]
        cosine, sine = np.cos(theta / 2), np.sin(theta / 2)
        phase, left, right = np.exp(1j * gamma), np.exp(1j * phi), np.exp(1j * lam)
        entries = (phase * cosine, -phase * right * sine, phase * left * sine, phase * left * right * cosine)
        matrices = np.stack(entries, axis=-1).reshape(*theta.shape, 2, 2)
        for number, name in enumerate(self.names):
            if name not in _FORMS:
                matrices[number] = _constant_matrix(name)
        return matrices, left

    def differentiate(
        self, overlaps: Complexes, matrices: Complexes, left: Complexes, gradients: Floats
    ) -> None:
        """Add the derivatives of all matrices to the gradients.

        Args:
            overlaps: For each matrix the overlaps of an observable's vector and the state after this matrix,
                shape (matrices, observables, rows, 2, 2).
            matrices: The matrices.
            left: The factors ``exp(i phi)``.
            gradients: Shape (angles, observables, rows).
        """
        # Each derivative is 2 Re tr(K^T overlaps), where K is the derivative of the matrix, multiplied from
        # the right with its inverse. The K of gamma, phi, lambda and theta are simple.
        column = matrices[:, np.newaxis, :, :, 1]
        left = left[:, np.newaxis]
        trace = overlaps[..., 0, 0] + overlaps[..., 1, 1]
        by_lambda = np.einsum("mori,mori->mor", column, (overlaps @ column.conj()[..., np.newaxis])[..., 0])
        by_theta = (left * overlaps[..., 1, 0] - left.conj() * overlaps[..., 0, 1]).real
        by_euler = np.stack([by_theta, *(-2 * x.imag for x in (overlaps[..., 1, 1], by_lambda, trace))])
        by_angle = np.einsum("emor,mae->maor", by_euler, np.array(self._coefficients))
        numbers = np.array(self._angles)
        is_free = numbers >= 0
        np.add.at(gradients, numbers[is_free], by_angle[is_free])


@cache
def _constant_matrix(name: str) -> Complexes:
    matrix: Complexes = np.asarray(GATES[name].constructor().to_matrix(), dtype=np.complex128)
    return matrix


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
        self._matrices = _Matrices()
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
